"""Addresses that a relay ruled out by its own fault are used again; nobody who opted out is revived by that."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, update

from hub.context import Hub
from hub.errors import NotFound, Refusal
from hub.flow import lift
from hub.flow.lift import Choice
from hub.model.staff import Role, Staff
from hub.store import journal, suppressions
from hub.store.engine import Tx
from hub.store.tables import addresses, persons
from subscribers.audience import UNSUBSCRIBED
from tests import plans
from tests.plans import NOON

OLGA = Staff("Olga", frozenset({Role.OPERATOR}), NOON)


def address(person: int) -> str:
    return f"person-{person}@example.org"


@pytest.fixture
async def hub(database: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """Six people; the addresses of the first five failed, by another fault the fifth's, and a stranger's too."""
    store = await plans.new_store(database)
    await plans.people(store, 6)
    async with store.write() as tx:
        reached = [{"person": id_, "channel": "email", "value": address(id_)} for id_ in range(1, 7)]
        await tx.execute(insert(addresses), reached)
        await suppressions.add(tx, channel="email", value=address(1), reason="550 5.1.1", at=NOON)
        for id_ in (2, 3, 4, 9):
            await bar(tx, id_, "550 5.1.1")
        await bar(tx, 5, "550 5.2.1")
        await tx.execute(update(persons).where(persons.c.id == 4).values(opted_out_at=NOON))
    yield plans.hub_on(store, plans.config_for(tmp_path))
    await store.close()


async def bar(tx: Tx, person: int, code: str) -> None:
    later = NOON + timedelta(hours=1)
    await suppressions.add(tx, channel="email", value=address(person), reason=code, at=later)


async def barred(hub: Hub) -> set[int]:
    async with hub.store.read() as tx:
        reasons = [await suppressions.find(tx, channel="email", value=address(id_)) for id_ in range(1, 10)]
    return {id_ for id_, reason in enumerate(reasons, start=1) if reason}


async def test_all_that_failed_with_a_code_since_then_are_used_again_and_the_journal_says_so(
    hub: Hub,
) -> None:
    choice = Choice(cause="5.1.1", since=NOON + timedelta(minutes=1))

    counted = await lift.count(hub, choice)
    lifted = await lift.lift(hub, choice, by=OLGA)

    assert (counted, lifted) == (2, 2)
    assert await barred(hub) == {1, 4, 5, 9}, "an older one, who opted out, another code, a stranger"
    async with hub.store.read() as tx:
        told = [(entry.actor, entry.action, entry.detail) async for entry in journal.entries(tx)]
    assert [(actor, action, detail["number"]) for actor, action, detail in told] == [
        ("Olga", "addresses lifted", 2)
    ]
    assert "@" not in str(told)


async def test_one_address_is_used_again(hub: Hub) -> None:
    assert await lift.lift(hub, Choice(address(1)), by=OLGA) == 1

    assert await barred(hub) == {2, 3, 4, 5, 9}


@pytest.mark.parametrize(
    ("person", "error", "why"),
    [(4, Refusal, "opted out"), (9, Refusal, "nobody on"), (6, NotFound, "go there")],
)
async def test_what_nobody_may_revive_is_refused_with_its_reason(
    hub: Hub, person: int, error: type[Exception], why: str
) -> None:
    with pytest.raises(error, match=why):
        await lift.lift(hub, Choice(address(person)), by=OLGA)

    assert await barred(hub) == {1, 2, 3, 4, 5, 9}


async def test_who_unsubscribed_is_not_lifted(hub: Hub) -> None:
    async with hub.store.write() as tx:
        await suppressions.add(tx, channel="email", value=address(6), reason=UNSUBSCRIBED, at=NOON)

    with pytest.raises(Refusal, match="only they"):
        await lift.lift(hub, Choice(address(6)), by=OLGA)


async def test_a_code_with_which_nothing_failed_is_answered_with_those_there_are(hub: Hub) -> None:
    with pytest.raises(NotFound, match=r"550 5\.1\.1 \(3\), 550 5\.2\.1 \(1\)"):
        await lift.count(hub, Choice(cause="5.7.1"))
