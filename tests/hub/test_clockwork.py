"""What the clockwork makes of a clock that somebody sets, and of a fault that passes."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hub import clockwork
from hub.clockwork import Pace
from hub.flow import hold
from tests import plans
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
