"""A wrong password is told in one line, however many lanes meet it and whoever stands in meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest
from structlog.testing import capture_logs

from channels.smtp import EmailChannel
from hub import heart, worker
from hub.model.pulse import RelayPulse
from hub.sender import Stopping
from hub.store import progress
from tests.doubles.smtp import Slow, SmtpDouble
from tests.hub.mail import House, opened

RIGHT, LOGIN = ("hub", "right"), {"email__username": "hub", "email__password": "wrong"}


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=200) as house:
        house.relay.login = RIGHT
        yield house


@pytest.mark.parametrize(
    ("standby", "slow"), [("none", False), ("none", True), ("wrong too", False), ("right", False)]
)
async def test_a_wrong_password_is_one_error_line(
    house: House, monkeypatch: pytest.MonkeyPatch, standby: str, slow: bool
) -> None:
    monkeypatch.setattr(heart, "BEAT", 0.05)
    dispatch = await house.plan(100)
    async with SmtpDouble(login=RIGHT if standby == "wrong too" else None) as other:
        if slow:
            for relay in (house.relay, other):
                relay.on("ehlo", Slow(0.3), times=None)
        beside = {"email_standby__host": "127.0.0.1", "email_standby__port": other.port}
        beside |= {"email_standby__security": "none"}
        if standby == "wrong too":
            beside |= {"email_standby__username": "hub", "email_standby__password": "wrong"}
        hub = house.hub(email__lanes=32, **LOGIN, **(beside if standby != "none" else {}))
        channel = EmailChannel(
            hub.config.email, mode="Exercise", now=hub.clock.now, standby=hub.config.standby
        )
        stopping = Stopping()
        with capture_logs() as logs:
            task = asyncio.create_task(
                worker.run(hub, {"email": channel}, stopping=stopping, random=Random(1))
            )
            await asyncio.sleep(2.5)  # the first two pauses, and who tries after each
            if standby == "right":
                await house.until(dispatch, accepted=100)
                await asyncio.sleep(0.2)
            async with house.store.read() as tx:
                (slot,) = await progress.senders(tx)
            stopping.drain.set()
            await task

    errors = [line for line in logs if line["log_level"] == "error"]
    assert [line["code"] for line in errors] == ["535 5.7.8"]
    assert "email.username" in errors[0]["reason"]
    first = f"127.0.0.1:{house.relay.port}"
    assert RelayPulse(first, in_use=False, rests=True) == slot.pulse.channels["email"].relays[0]
    if standby == "right":
        assert slot.pulse.channels["email"].relays[1] == RelayPulse(f"127.0.0.1:{other.port}", True, False)
