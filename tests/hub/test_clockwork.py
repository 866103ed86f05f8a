"""What the clockwork makes of a clock that somebody sets, and of a fault that passes."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from hub import clockwork
from hub.clockwork import Pace
from hub.errors import EnvironmentFailed
from hub.flow import hold, life
from hub.now import Clock
from hub.store import dispatches as planned
from hub.store import holds, waits
from hub.store.engine import Store
from hub.store.tables import chunks, dispatches
from tests import plans
from tests.doubles.smtp import SmtpDouble
from tests.hub.mail import sending
from tests.plans import NOON


@pytest.mark.parametrize(
    ("wall", "steady", "leap"),
    [(1.0, 1.0, 0), (3601.0, 1.0, 3600), (-3599.0, 1.0, -3600), (10.0, 1.0, 0), (3600.0, 3600.0, 0)],
)
def test_a_clock_that_is_set_is_told_from_time_that_passes(wall: float, steady: float, leap: int) -> None:
    passed = iter([100.0, 100.0 + steady])
    pace = Pace(lambda: next(passed))
    pace.leap(NOON)

    found = pace.leap(NOON + timedelta(seconds=wall))

    assert found == timedelta(seconds=leap)


async def test_a_fault_is_said_once_and_the_clockwork_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[timedelta] = []

    async def failing(_: object, *, leap: timedelta) -> None:
        calls.append(leap)
        raise RuntimeError("no")

    store = await plans.new_store(tmp_path / "univoque.db")
    monkeypatch.setattr(hold, "review", failing)
    monkeypatch.setattr(clockwork, "TICK", 0.01)
    with capture_logs() as logs:
        running = asyncio.create_task(clockwork.run(plans.hub_on(store, plans.config_for(tmp_path))))
        while len(calls) < 4:  # noqa: ASYNC110 - it rings no bell
            await asyncio.sleep(0.01)
        running.cancel()
    await store.close()

    assert len([line for line in logs if line["log_level"] == "error"]) == 1


@pytest.mark.parametrize("chore", ["review", "note", "shift"])
async def test_a_chore_that_fails_keeps_nothing_from_expiring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chore: str
) -> None:
    """Such as a directory of the epoch that has become read-only."""

    failed = asyncio.Event()

    async def failing(*_: object, **__: object) -> None:
        failed.set()
        raise EnvironmentFailed("no")

    monkeypatch.setattr({"review": hold, "note": life, "shift": waits}[chore], chore, failing)
    monkeypatch.setattr(clockwork, "TICK", 0.01)
    monkeypatch.setattr(clockwork, "LEAP", timedelta(seconds=-1))  # the clock is set at every look
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 3)
    dispatch = await plans.plan(store, recipients=3)
    hub = plans.hub_on(store, plans.config_for(tmp_path), Clock(lambda: NOON + timedelta(days=3)))
    with capture_logs() as logs:
        running = asyncio.create_task(clockwork.run(hub))
        async with asyncio.timeout(10):
            while await unfinished(store, dispatch):  # noqa: ASYNC110 - it rings no bell
                await asyncio.sleep(0.02)
            await failed.wait()
            await asyncio.sleep(0.02)
        running.cancel()
        await asyncio.wait([running])
    await store.close()

    assert [line["what"] for line in logs if line["log_level"] == "error"] == [
        {"review": "holds", "note": "mark", "shift": "waits"}[chore]
    ]


async def unfinished(store: Store, dispatch: int) -> bool:
    async with store.read() as tx:
        return await planned.unfinished(tx, dispatch)


async def test_an_hour_that_was_leapt_over_is_known_after_a_fault_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leaps: list[timedelta] = []

    async def failing_thrice(_: object, *, leap: timedelta) -> None:
        leaps.append(leap)
        if len(leaps) <= 3:
            raise RuntimeError("no")

    monkeypatch.setattr(hold, "review", failing_thrice)
    monkeypatch.setattr(clockwork, "TICK", 0.01)
    store = await plans.new_store(tmp_path / "univoque.db")
    clock = Clock()
    running = asyncio.create_task(clockwork.run(plans.hub_on(store, plans.config_for(tmp_path), clock)))
    while not leaps:  # noqa: ASYNC110 - it rings no bell
        await asyncio.sleep(0.001)
    clock.offset = timedelta(hours=1)
    while len(leaps) < 6:  # noqa: ASYNC110 - it rings no bell
        await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.wait([running])
    await store.close()

    hours = [round(leap / timedelta(hours=1)) for leap in leaps]
    assert hours[0] == 0
    assert hours[3] == 1
    assert hours[4:6] == [0, 0]


async def test_a_sender_lets_go_what_is_scheduled_and_not_before(tmp_path: Path) -> None:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 5)
    async with SmtpDouble() as relay:
        hub = plans.hub_on(store, plans.config_for(tmp_path, email__port=relay.port))
        dispatch = await plans.plan(store, recipients=5, at=hub.clock.now(), urgency="Expected")
        async with store.write() as tx:
            await tx.execute(update(chunks).values(owner=holds.SCHEDULE))
            hour = hub.clock.now() + timedelta(seconds=1.5)
            await tx.execute(update(dispatches).values(held="scheduled", scheduled_at=hour))

        async with sending(hub):
            await asyncio.sleep(1)
            before = len(relay.messages)
            async with asyncio.timeout(10):
                while len(relay.messages) < 5:  # noqa: ASYNC110 - the relay rings no bell
                    await asyncio.sleep(0.02)
            arrived = hub.clock.now()
    async with store.read() as tx:
        left = await holds.waiting(tx)
    await store.close()

    assert (before, left) == (0, [])
    assert arrived >= hour, f"dispatch {dispatch} left before its hour"
