"""F18: an audience that is large for its machine starves nobody, needs no more memory, and stops at once."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

from hub.flow import stop
from tests import plans
from tests.faults.conftest import Judge
from tests.faults.house import House, open_house, until

URGENT = b"Alerte"


async def test_f18_a_large_audience_starves_nobody_and_stops_within_two_seconds(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, few = (200_000, 5_000) if large else (4_000, 200)
    async with open_house(tmp_path, lanes=32) as house:
        small = await house.plan(few, directive="d0", urgency="Expected")
        async with house.sending() as process:
            await house.finished(small)
            memory_for_few = _peak(process.pid)
            house.relay.messages.clear()
            await plans.people(house.store, recipients - few, first=few + 1)
            now = datetime.now(UTC)
            dispatch = await plans.plan(house.store, recipients=recipients, at=now, urgency="Future")

            await house.taken(recipients // 10, 60)
            first, all_of_them = await _urgent(house)
            stopped_at, after_stop = await _stopped(house)
            await house.finished(dispatch, 600)
            memory = _peak(process.pid)

        mails = [mail for mail in house.relay.messages if URGENT not in mail.content]
        copies = [(mail.recipient, mail.at) for mail in mails]
        what = "a large audience, an urgent act among it, stop and go"
        row = await house.row("F18", what, dispatch, copies=copies, fault_at=stopped_at)
        urgent = [mail.at for mail in house.relay.messages if URGENT in mail.content]
    left = sum(1 for _, at in copies if at > max(urgent))
    assert left > 0, "the newsletter was over when the urgent act came"
    assert memory <= 1.5 * memory_for_few
    assert first <= 1
    assert all_of_them < 2
    assert after_stop < 2
    remarked = (
        f"{memory} MB at most, against {memory_for_few} MB for {few:,}; of an urgent act amid a newsletter on "
        f"{house.lanes} connections the first left after {first:.2f} s and all {len(urgent)} after "
        f"{all_of_them:.2f} s; the last message left {after_stop:.2f} s after the stop."
    )
    judge(row, remarked=remarked)


async def _urgent(house: House) -> tuple[float, float]:
    """Seconds from the planning of an urgent act to fifty until the first and the last have it, amid the others."""
    at = datetime.now(UTC)
    began = time.time()
    await plans.plan(house.store, recipients=50, at=at, directive="d2", words=URGENT.decode())

    async def there() -> bool:
        return sum(1 for mail in house.relay.messages[before:] if URGENT in mail.content) == 50

    before = len(house.relay.messages)
    await until(there, 30, lambda: f"the urgent act does not leave: {house.log[-3000:]}")
    instants = [mail.at for mail in house.relay.messages if URGENT in mail.content]
    return min(instants) - began, max(instants) - began


async def _stopped(house: House) -> tuple[float, float]:
    """Stop everything for a while; when, and how many seconds later the last message still left."""
    hub = plans.hub_on(house.store, plans.config_for(house.folder))
    stopped_at = time.time()
    await stop.stop(hub, by="Direction de crise")
    await asyncio.sleep(2)
    before = len(house.relay.messages)
    await asyncio.sleep(0.5)
    assert len(house.relay.messages) == before
    last = house.relay.messages[-1].at
    await stop.resume(hub, by="Direction de crise")
    return stopped_at, max(0.0, last - stopped_at)


def _peak(pid: int) -> int:
    """The most memory that a process has had, in MB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0]) // 1024
