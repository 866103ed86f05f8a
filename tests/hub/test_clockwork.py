"""What the clockwork makes of a clock that somebody sets, and of a fault that passes."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from hub import clockwork
from hub.clockwork import Pace
from hub.flow import hold
from hub.store import holds
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
