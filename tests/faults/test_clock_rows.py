"""F17: the clock is set in mid-sending, by an hour forth and by two back."""

import asyncio
import time
from pathlib import Path

from hub.now import CLOCK_FILE
from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import address, open_house

HOUR = 3600


async def test_f17_a_clock_that_is_set_delays_nobody_by_what_it_was_set(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients = 10_000 if large else 300
    clock = tmp_path / "clock"
    clock.write_text("0")
    async with open_house(tmp_path) as house:
        house.variables[CLOCK_FILE] = str(clock)
        house.relay.on("dot", Slow(0.01), times=None)
        for seq in range(1, 11):
            house.relay.on("rcpt", "450 4.2.0 Greylisted, try again in 3 seconds", to=address(seq))
        dispatch = await house.plan(recipients)

        async with house.sending():
            for offset in (HOUR, -HOUR):
                await house.taken(len(house.relay.messages) + 50)
                clock.write_text(str(offset))
                set_at = time.time()
                await asyncio.sleep(0.5)
            await house.finished(dispatch)

        row = await house.row("F17", "the clock is set by +1 h, then by -2 h", dispatch, fault_at=set_at)
    refused_at = dict(house.relay.turned_away)
    waited = [
        mail.at - refused_at[mail.recipient] for mail in house.relay.messages if mail.recipient in refused_at
    ]
    assert len(waited) == 10
    assert max(waited) < 30
    assert house.log.count("the clock was set") == 2
    judge(row)
