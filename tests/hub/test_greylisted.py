"""Who is put off alone holds up nobody else; a far side that puts off everybody does not go unnoticed."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.model.delivery import Outcome
from tests.doubles.smtp import Fault
from tests.hub.mail import House, opened, sending, until

EACH_ITS_OWN = "d{}.example"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=400) as house:
        yield house


@pytest.mark.parametrize(
    "reply",
    [
        "451 4.7.1 Greylisted, try again in 300 seconds",
        "450 4.7.1 Please try again later",
        "451 Greylisting in action",
        "451 4.4.3 No name server for that domain",
    ],
)
async def test_half_who_are_put_off_hold_up_the_other_half_for_no_moment(house: House, reply: str) -> None:
    dispatch = await house.plan(300)
    for seq in range(2, 301, 2):
        house.relay.on("rcpt", reply, to=f"person-{seq}@example.org", times=None)

    started_at = time.monotonic()
    with capture_logs() as logs:
        async with sending(house.hub(delivery__first_retry=60)):
            await house.until(dispatch, accepted=150, deferred=150)
    took = time.monotonic() - started_at

    assert took < 4, "a quarter of a second each for four lanes would be nine"
    assert [line["event"] for line in logs if "far side" in line["event"]] == []


async def test_where_everybody_is_greylisted_all_are_tried_at_full_speed(house: House) -> None:
    dispatch = await house.plan(300)
    house.relay.on("rcpt", "451 4.7.1 Greylisted", times=None)

    started_at = time.monotonic()
    async with sending(house.hub()):
        await house.until(dispatch, deferred=300)
    took = time.monotonic() - started_at

    assert took < 4


NO_ROOM = "452 4.3.1 Insufficient system storage"


@pytest.mark.parametrize(
    ("phase", "answer"), [("rcpt", NO_ROOM), ("dot", NO_ROOM), ("rcpt", Fault.CUT), ("data", Fault.CUT)]
)
async def test_a_relay_without_room_or_that_breaks_off_for_hours_refuses_nobody_and_is_told_once(
    house: House, phase: Any, answer: Any
) -> None:
    dispatch = await house.plan(100)
    house.relay.on(phase, answer, times=None)

    with capture_logs() as logs:
        async with sending(
            house.hub(delivery__attempts=2, delivery__first_retry=0.01, delivery__longest_retry=0.02)
        ):
            await until(lambda: _has_tried(house, 45))
            standing = await house.standing(dispatch)
            house.relay.script.lines.clear()
            await house.until(dispatch, accepted=100)

    assert set(standing) <= {Outcome.QUEUED, Outcome.DEFERRED, Outcome.ATTEMPTING}
    assert [line["event"] for line in logs].count("the far side takes nothing") == 1


async def _has_tried(house: House, number: int) -> bool:
    return len(house.relay.misbehaved) >= number
