"""F17: the clock is set in mid-sending, by an hour forth and by two back."""

import asyncio
import time
from pathlib import Path

from hub.now import CLOCK_FILE
from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import address, open_house

HOUR = 3600
HINT = 3
"""Seconds that the relay asks ten of them to wait."""


async def test_f17_a_clock_that_is_set_delays_nobody_by_what_it_was_set(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients = 10_000 if large else 600
    clock = tmp_path / "clock"
    clock.write_text("0")
    async with open_house(tmp_path) as house:
        house.variables[CLOCK_FILE] = str(clock)
        house.relay.on("dot", Slow(0.01), times=None)
        for seq in range(1, 11):
            house.relay.on("rcpt", f"450 4.2.0 Greylisted, try again in {HINT} seconds", to=address(seq))
        # One chunk, behind which they come: none of them is in hand yet when the clock is set back.
        dispatch = await house.plan(recipients, chunk=recipients)

        async with house.sending():
            for offset in (HOUR, -HOUR):
                await house.taken(len(house.relay.messages) + 50)
                clock.write_text(str(offset))
                set_at = time.time()
                await asyncio.sleep(0.5)
            await house.finished(dispatch, 600)  # however slow the machine, that is no hour

        row = await house.row("F17", "the clock is set by +1 h, then by -2 h", dispatch, fault_at=set_at)
    refused_at = dict(house.relay.turned_away)
    again = {mail.recipient: mail.at for mail in house.relay.messages if mail.recipient in refused_at}
    last_of_others = max(mail.at for mail in house.relay.messages if mail.recipient not in refused_at)
    assert len(again) == len(house.relay.turned_away) == 10
    assert min(again[to] - refused_at[to] for to in again) > HINT - 0.1
    assert max(again.values()) < max(last_of_others, max(refused_at.values()) + HINT) + 10
    assert house.log.count("the clock was set") == 2
    judge(row)
