"""F18: an audience that is large for its machine starves nobody, needs no more memory, and stops at once."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from hub.flow import stop
from tests import plans
from tests.faults.conftest import Judge
from tests.faults.house import House, open_house

URGENT = b"Alerte"


async def test_f18_a_large_audience_starves_nobody_and_stops_within_two_seconds(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, few = (200_000, 5_000) if large else (2_000, 200)
    async with open_house(tmp_path, lanes=8) as house:
        small = await house.plan(few, directive="d0", urgency="Expected")
        async with house.sending() as process:
            await house.finished(small)
            memory_for_few = _peak(process.pid)
            house.relay.messages.clear()
            await plans.people(house.store, recipients - few, first=few + 1)
            now = datetime.now(UTC)
            dispatch = await plans.plan(house.store, recipients=recipients, at=now, urgency="Expected")

            await house.taken(recipients // 10, 60)
            urgent_took = await _urgent(house)
            after_stop = await _stopped(house)
            await house.finished(dispatch, 600)
            memory = _peak(process.pid)

        mails = [mail for mail in house.relay.messages if URGENT not in mail.content]
        copies = [(mail.recipient, mail.at) for mail in mails]
        what = "a large audience, an urgent act among it, stop and go"
        row = await house.row("F18", what, dispatch, copies=copies)
    print(  # noqa: T201
        f"{recipients}: {memory} MB against {memory_for_few} MB for {few}; the urgent act took {urgent_took:.2f} s; "
        f"the last message left {after_stop:.2f} s after the stop"
    )
    assert memory <= 1.5 * memory_for_few
    assert urgent_took < 5
    assert after_stop < 2
    judge(row)


async def _urgent(house: House) -> float:
    """Seconds until an urgent act to fifty has left, amid the others."""
    began = time.time()
    at = datetime.now(UTC)
    await plans.plan(house.store, recipients=50, at=at, directive="d2", words=URGENT.decode())
    async with asyncio.timeout(30):
        while sum(1 for mail in house.relay.messages if URGENT in mail.content) < 50:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    return time.time() - began


async def _stopped(house: House) -> float:
    """Stop everything for a while; seconds until the last message that still left."""
    hub = plans.hub_on(house.store, plans.config_for(house.folder))
    stopped_at = time.time()
    await stop.stop(hub, by="Direction de crise")
    await asyncio.sleep(2)
    before = len(house.relay.messages)
    await asyncio.sleep(0.5)
    assert len(house.relay.messages) == before
    last = house.relay.messages[-1].at
    await stop.resume(hub, by="Direction de crise")
    return max(0.0, last - stopped_at)


def _peak(pid: int) -> int:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
