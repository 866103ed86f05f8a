"""What expires while a lane connects, or while the relay thinks, does not leave, and is listed as expired."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs

from hub.store.tables import attempts
from tests.doubles.smtp import ONE_BY_ONE, PIPELINING, Slow
from tests.hub.mail import House, opened, sending


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=10) as house:
        yield house


@pytest.mark.parametrize("offered", [PIPELINING, ONE_BY_ONE], ids=["pipelining", "one by one"])
@pytest.mark.parametrize("phase", ["connect", "rcpt", "data"])
async def test_nothing_leaves_after_its_expiry_however_long_the_relay_takes(
    house: House, phase: Any, offered: tuple[str, ...]
) -> None:
    house.relay.extensions = offered
    house.relay.on(phase, Slow(1.2), times=None)

    with capture_logs() as logs:
        async with sending(house.hub()):
            dispatch = await house.plan(6, life=timedelta(seconds=1))
            await house.until(dispatch, expired=6)

    assert house.relay.messages == []
    assert all(line["log_level"] == "info" for line in logs)
    async with house.store.read() as tx:
        written = (await tx.execute(select(attempts.c.outcome).distinct())).scalars()
    assert set(written) <= {"attempting", "expired"}


async def test_who_comes_in_time_on_the_same_connection_still_gets_theirs(house: House) -> None:
    house.relay.on("rcpt", Slow(1.2), to="person-1@example.org")
    hub = house.hub(email__lanes=1)

    async with sending(hub):
        late = await house.plan(1, directive="d1", life=timedelta(seconds=1))
        await house.until(late, expired=1)
        other = await house.plan(5, directive="d2")
        await house.until(other, accepted=5)

    assert len(house.relay.messages) == 5
