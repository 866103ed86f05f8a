"""A relay that refuses everybody at RCPT pauses the channel once; one that refuses somebody refuses them alone."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from structlog.testing import capture_logs

from hub.flow import doorstep
from hub.model.delivery import Outcome
from hub.store.tables import suppressions
from tests.hub.mail import House, opened, sending, until

EVERYWHERE = "d{}.example"
"""Each recipient has a domain of their own."""

OF_US = [
    pytest.param("554 5.7.1 <hub[192.0.2.1]>: Client host rejected: Access denied", id="client"),
    pytest.param("553 5.7.1 <hub@x.example>: Sender address rejected: not owned by user", id="sender"),
    pytest.param("554 5.7.1 Service unavailable; blocked using zen.example", id="blocklist"),
    pytest.param("550 5.1.1 User unknown in relay recipient table", id="recipient map"),
    pytest.param("550 5.7.1 Not today", id="policy"),
    pytest.param("550 No", id="uncoded"),
]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=400) as house:
        yield house


async def barred(house: House) -> int:
    async with house.store.read() as tx:
        return int((await tx.execute(select(func.count()).select_from(suppressions))).scalar_one())


@pytest.mark.parametrize("domain", [EVERYWHERE, "example.org"], ids=["everywhere", "one domain"])
@pytest.mark.parametrize("reply", OF_US)
async def test_a_relay_that_refuses_everybody_pauses_the_channel_and_fails_and_bars_nobody(
    house: House, monkeypatch: pytest.MonkeyPatch, reply: str, domain: str
) -> None:
    monkeypatch.setattr(doorstep, "PATIENCE", 0.5)
    dispatch = await house.plan(200, domain=domain)
    house.relay.on("rcpt", reply, times=None)

    with capture_logs() as logs:
        async with sending(house.hub()):
            await until(lambda: _is_paused(logs))
            await asyncio.sleep(0.3)
            standing = await house.standing(dispatch)
            noted = await barred(house)
            house.relay.script.lines.clear()
            # One domain goes on slowly first: it was taken for its own until nobody else was there to ask.
            await until(lambda: house.has_sent(200 if domain is EVERYWHERE else 5))

    assert set(standing) <= {Outcome.DEFERRED, Outcome.QUEUED, Outcome.ATTEMPTING}
    assert noted == 0
    errors = [line for line in logs if line["log_level"] == "error"]
    assert [line["event"] for line in errors] == ["the channel is paused"]
    assert errors[0]["code"].startswith(reply[:3])


async def _is_paused(logs: object) -> bool:
    return any(line["event"] == "the channel is paused" for line in logs)  # type: ignore[attr-defined]


@pytest.mark.parametrize("reply", OF_US)
async def test_a_relay_that_begins_to_refuse_everybody_in_the_middle_costs_one_at_most(
    house: House, reply: str
) -> None:
    dispatch = await house.plan(400, domain=EVERYWHERE)
    house.relay.on("rcpt", reply, after=200, times=None)

    with capture_logs() as logs:
        async with sending(house.hub(delivery__first_retry=2)):
            await until(lambda: _is_paused(logs))
            standing = await house.standing(dispatch)
            tried = len(house.relay.turned_away)
            house.relay.script.lines.clear()
            await until(lambda: house.has_sent(399))
            noted = await barred(house)

    assert standing.get(Outcome.REFUSED, 0) <= 1
    assert noted <= 1
    assert tried <= 30 + 4


@pytest.mark.parametrize("reply", ["550 5.1.1 No such user", "550 5.7.1 Not for this reader"])
async def test_a_recipient_who_is_refused_among_others_is_refused_at_once(house: House, reply: str) -> None:
    dispatch = await house.plan(60)
    house.relay.on("rcpt", reply, to="person-30@example.org", times=None)

    async with sending(house.hub(email__lanes=1)):
        await house.until(dispatch, accepted=59, refused=1)

    assert house.relay.commands.count("RCPT") == 60, "once each"


async def test_who_is_refused_alone_and_knows_no_other_is_refused_and_not_barred(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("rcpt", "550 5.1.1 No such user", times=None)

    async with sending(house.hub()):
        await house.until(dispatch, refused=1)

    assert await barred(house) == 0


async def test_a_list_with_many_dead_addresses_is_worked_off_and_they_are_barred(house: House) -> None:
    dispatch = await house.plan(400, domain=EVERYWHERE)
    for seq in range(1, 401):
        if seq % 5 < 2:
            house.relay.on("rcpt", "550 5.1.1 No such user", to=f"person-{seq}@d{seq}.example", times=None)

    with capture_logs() as logs:
        async with sending(house.hub()):
            await house.until(dispatch, accepted=240, refused=160)

    assert await barred(house) >= 155
    assert not await _is_paused(logs)


async def test_a_dead_domain_that_fills_a_stretch_of_the_list_holds_up_nobody_else(house: House) -> None:
    dead = await house.plan(100, directive="d1", domain="dead.example")
    for seq in range(1, 101):
        house.relay.on("rcpt", "550 5.1.2 No such domain", to=f"person-{seq}@dead.example", times=None)
    other = await house.plan(200, directive="d2", domain=EVERYWHERE)

    with capture_logs() as logs:
        async with sending(house.hub(delivery__first_retry=1)):
            await until(lambda: house.has_sent(200), 5)
            standing = await house.standing(other)

    assert standing[Outcome.ACCEPTED] >= 190
    assert not await _is_paused(logs)
    assert Outcome.ACCEPTED not in await house.standing(dead)
