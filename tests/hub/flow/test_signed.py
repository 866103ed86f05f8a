"""What an approver signs while senders go on: how many hold an earlier message, and at which instant."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import delete, func, insert, select

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.approve import Appointment, approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.submit import submit
from hub.model.delivery import Outcome
from hub.model.review import Kind, Stage
from hub.store import directives, dispatches, engine, persons, postgres
from hub.store.tables import attempts, deliveries, journal, memberships
from subscribers.audience import AudienceCount
from tests.hub.flow.revisions import (
    APPROVER,
    DAUGHTER,
    EDITOR,
    NURSE,
    PEOPLE,
    SHORTER,
    WHEN,
    act,
    issue,
    later,
    mark,
)

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")


Happens = Callable[[dict[str, Any]], Awaitable[object]]


def whenever_counted(monkeypatch: pytest.MonkeyPatch, happens: Happens) -> None:
    """Let something happen at the end of each count, which is told what was asked."""
    count = persons.count_audience

    async def counting(tx: engine.Tx, **question: Any) -> AudienceCount:
        found = await count(tx, **question)
        await happens(question)
        return found

    monkeypatch.setattr(persons, "count_audience", counting)


async def sends(hub: Hub, address: str) -> datetime | None:
    """When a sender begins to send the first revision to an address; None where it is kept waiting."""
    if hub.store.engine.dialect.name == "sqlite":
        return None if hub.store.turns.locked() else await _begin(hub, address)
    return await _begin(hub, address)


async def _begin(hub: Hub, address: str) -> datetime | None:
    async with hub.store.engine.execution_options(univoque_begin="read").begin() as tx:
        if tx.dialect.name == "postgresql":
            lock = select(func.pg_try_advisory_xact_lock_shared(postgres.SENDERS))
            if not (await tx.execute(lock)).scalar():
                return None
        sent = await dispatches.get(tx, "visites", 1)
        where = (deliveries.c.dispatch == sent.id) & (deliveries.c.address == address)
        seq = (await tx.execute(select(deliveries.c.seq).where(where))).scalar_one()
        row = {"dispatch": sent.id, "seq": seq, "attempt": 1, "outcome": Outcome.ATTEMPTING.value}
        who = {"owner": "sender", "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
        at = hub.clock.now()
        await tx.execute(insert(attempts).values(**row, **who, at=at))
        return at


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.NEW, Kind.MINOR)])
async def test_nobody_comes_to_hold_the_old_text_while_its_holders_are_counted(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, kind: Kind
) -> None:
    await issue(hub, act())
    await mark(hub, 1, direction=Outcome.ACCEPTED)
    async with hub.store.write() as tx:  # so that nobody is told but for what they hold
        await tx.execute(delete(memberships))
    await submit(hub, SHORTER, by=EDITOR, kind=kind)
    signed: list[datetime | None] = []

    async def sending(question: dict[str, Any]) -> None:
        if "earlier" in question and question["earlier"].as_of is None:
            signed.append(await sends(hub, NURSE))

    whenever_counted(monkeypatch, sending)
    approved = await approve(hub, "visites", by=APPROVER)
    planned = await dispatch(hub, directive="visites", number=approved.revision.number)

    assert signed == [None]
    assert planned.recipients + planned.without_words == approved.revision.audience_count == 1


async def test_whoever_is_sent_the_old_text_before_that_is_counted_and_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await issue(hub, act())
    await mark(hub, 1, direction=Outcome.ACCEPTED)
    await submit(hub, SHORTER, by=EDITOR, kind=Kind.CANCEL)
    waiting, went = [NURSE, DAUGHTER], []

    async def sending(_: dict[str, Any]) -> None:
        later(hub, minutes=5)
        address = waiting.pop(0)
        if await sends(hub, address) is not None:
            went.append(address)

    whenever_counted(monkeypatch, sending)
    approved = await approve(hub, "visites", by=APPROVER)
    planned = await dispatch(hub, directive="visites", number=2)

    assert went == ([NURSE] if hub.store.engine.dialect.name == "postgresql" else [])
    assert planned.recipients == approved.revision.audience_count == 1 + len(went)


async def test_an_approval_is_dated_when_its_count_is_done(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await issue(hub, act())
    await mark(hub, 1, direction=Outcome.ACCEPTED)
    await submit(hub, SHORTER, by=EDITOR, kind=Kind.CORRECTION)
    went: list[datetime] = []

    async def sending(question: dict[str, Any]) -> None:
        later(hub, minutes=5)
        if not went:
            went.append(await sends(hub, NURSE) or hub.clock.now())

    whenever_counted(monkeypatch, sending)
    approved = await approve(hub, "visites", by=APPROVER)

    async with hub.store.read() as tx:
        old, new = [await dispatches.get(tx, "visites", number) for number in (1, 2)]
        noted = select(journal.c.at).order_by(journal.c.id.desc()).limit(1)
        at = (await tx.execute(noted)).scalar_one()
    assert went[0] <= new.approved_at
    assert old.cancelled_at == new.approved_at == approved.revision.approved_at == at


async def test_what_expires_while_people_are_counted_is_not_approved(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await issue(hub, act())
    await submit(hub, SHORTER, by=EDITOR, kind=Kind.CORRECTION)

    async def waiting(_: dict[str, Any]) -> None:
        later(hub, days=60)

    whenever_counted(monkeypatch, waiting)
    with pytest.raises(Refusal, match="has expired"):
        await approve(hub, "visites", by=APPROVER)

    async with hub.store.read() as tx:
        assert (await directives.get(tx, "visites")).stage == Stage.SUBMITTED


async def test_an_hour_that_passes_while_people_are_counted_is_not_promised(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await issue(hub, act())
    await submit(hub, SHORTER, by=EDITOR, kind=Kind.CORRECTION)
    soon = hub.clock.now()
    later(hub, minutes=-3)

    async def waiting(_: dict[str, Any]) -> None:
        later(hub, minutes=5)

    whenever_counted(monkeypatch, waiting)
    with pytest.raises(Refusal, match="18:00 has passed"):
        await approve(hub, "visites", by=APPROVER, appointment=Appointment(soon, "18:00"))


async def test_who_is_enlisted_while_people_are_counted_is_not_in_the_plan(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await issue(hub, act())
    await submit(hub, SHORTER, by=EDITOR, kind=Kind.CORRECTION)
    head, *_ = PEOPLE.splitlines()
    newcomer = f"{head}\nvoisine@example.org;fr;;Namur;elderly.residential;family;directives"
    comes: list[asyncio.Task[Any]] = []

    async def enlisting(_: dict[str, Any]) -> None:
        later(hub, minutes=5)
        if not comes:
            coming = enlist(hub, newcomer.encode(), "voisine.csv", dry_run=False, actor="Opérations")
            comes.append(asyncio.create_task(coming))
        await asyncio.sleep(0.2)

    whenever_counted(monkeypatch, enlisting)
    approved = await approve(hub, "visites", by=APPROVER)
    (report,) = await asyncio.gather(*comes)
    planned = await dispatch(hub, directive="visites", number=2)

    assert report.new == 1
    assert planned.recipients == approved.revision.audience_count
