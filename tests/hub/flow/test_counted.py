"""Nobody is counted twice for one question, and whatever changes of anybody makes everybody be counted anew."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime
from random import Random
from typing import Any

import pytest
from sqlalchemy import event, select, text

from hub.context import Hub
from hub.errors import NotAllowed, Refusal
from hub.flow import guard
from hub.flow.approve import approve
from hub.flow.enlist import enlist
from hub.flow.examine import Examined, examine, look_ahead
from hub.flow.submit import submit
from hub.flow.unsubscribe import start_number, stop_number, unsubscribe
from hub.gate import Spoken, speech
from hub.model.delivery import Outcome
from hub.model.review import Kind
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import engine, persons, postgres, stops, suppressions
from hub.store.tables import counts
from hub.store.tables import persons as persons_table
from subscribers.audience import AudienceCount
from tests import a
from tests.hub.flow.changes import change
from tests.hub.flow.revisions import issue
from tests.hub.flow.revisions import mark as became
from tests.hub.flow.signatories import APPROVER, EDITOR, act

HEAD = "id;email;téléphone;canal;langue;organisation;commune;secteur;audience;flux"
PEOPLE = [
    f"{n};{n}@example.org;0470/12.34.{n:02};{('email', 'sms')[n % 2]};{('fr', 'nl', 'de')[n % 3]};"
    f"{('', 'Les Tilleuls')[n % 2]};Namur;elderly.residential;{('family', 'staff')[n % 2]};directives"
    for n in range(1, 13)
]
FAILS = "falsch@example.org"


@pytest.fixture
async def ready(hub: Hub) -> Hub:
    """Twelve people, an organisation that nobody belongs to, and an address that is suppressed."""
    hub.clock.set(parse_instant("2020-03-10T18:00"))
    await people(hub, *PEOPLE)
    async with hub.store.write() as tx:
        await tx.execute(text("INSERT INTO organisations (name) VALUES ('Ancienne')"))
        await suppressions.add(tx, channel="email", value=FAILS, reason="bounced", at=hub.clock.now())
    return hub


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Each time that people are counted, and what for."""
    found: list[dict[str, Any]] = []
    count = persons.count_audience

    async def counting(tx: engine.Tx, **question: Any) -> AudienceCount:
        found.append(question)
        return await count(tx, **question)

    monkeypatch.setattr(persons, "count_audience", counting)
    return found


async def people(hub: Hub, *rows: str) -> None:
    data = "\n".join([HEAD, *rows]).encode()
    report = await enlist(hub, data, "personnes.csv", dry_run=False, actor="Opérations")
    assert report.plan.refused == ()


async def look(hub: Hub, **given: Any) -> Examined:
    async with hub.store.read() as tx:
        return await examine(hub, tx, act(**given), at=hub.clock.now())


async def fresh(hub: Hub, examined: Examined) -> AudienceCount:
    async with hub.store.read() as tx:
        return await persons.count_audience(
            tx,
            cells=examined.case.cells,
            urgent=examined.case.directive.urgency == "Immediate",
            languages=hub.config.service.languages,
        )


@pytest.mark.usefixtures("database")
async def test_who_was_counted_for_a_submission_is_not_counted_for_its_approval(
    ready: Hub, asked: list[dict[str, Any]]
) -> None:
    submitted = await submit(ready, act(), by=EDITOR)
    keeps = ready.store.engine.dialect.name == "sqlite"
    assert len(asked) == 1
    asked.clear()

    await guard.look(ready, "visites")
    approved = await approve(ready, "visites", by=APPROVER)

    assert len(asked) == (0 if keeps else 2)
    assert approved.revision.audience_count == submitted.revision.audience_count == 12


async def test_an_approval_reads_no_row_of_a_person(ready: Hub) -> None:
    await submit(ready, act(), by=EDITOR)
    statements: list[str] = []
    listen = lambda *given: statements.append(given[2])  # noqa: E731
    event.listen(ready.store.engine.sync_engine, "before_cursor_execute", listen)

    await approve(ready, "visites", by=APPROVER)

    assert statements
    grows_with_people = ("persons", "memberships", "addresses", "suppressions")
    assert [asked for asked in statements if any(name in asked for name in grows_with_people)] == []


async def test_what_is_kept_is_all_that_a_fresh_count_says(ready: Hub) -> None:
    await people(ready, "20;;0470/12.34.01;sms;fr;;Namur;elderly.residential;family;directives")
    before = await look(ready)

    await look_ahead(ready, act(), kind=Kind.NEW)

    after = await look(ready)
    assert after.audience == before.audience == await fresh(ready, after)
    assert after.audience is not None
    assert (after.audience.total, after.audience.same_address) == (12, 1)
    assert after.findings == before.findings


DIRECTLY = [
    "INSERT INTO organisations (name) VALUES ('Nouvelle')",
    "UPDATE organisations SET commune = '62063'",
    "DELETE FROM organisations WHERE name = 'Ancienne'",
    "INSERT INTO persons (language, preferred, preferred_urgent, token, added_at)"
    " VALUES ('fr', 'sms', 'sms', 'x', '2020-03-10')",
    "UPDATE persons SET preferred_urgent = 'email' WHERE id = 3",
    "UPDATE persons SET erased_at = '2020-03-10'",
    "DELETE FROM persons WHERE token = 'nobody'",
    "INSERT INTO addresses (person, channel, value) VALUES (13, 'email', 'x@example.org')",
    "UPDATE addresses SET value = '+32470999999' WHERE person < 3 AND channel = 'sms'",
    "DELETE FROM addresses WHERE channel = 'sms'",
    "INSERT INTO memberships (person, sector, audience, stream)"
    " VALUES (13, 'elderly.residential', 'direction', 'duty')",
    "UPDATE memberships SET audience = 'direction' WHERE person = 1",
    "DELETE FROM memberships WHERE person < 5",
    "DELETE FROM memberships",
    "INSERT INTO suppressions (channel, value_hash, reason, at) VALUES ('sms', 'x', 'failed', '2020-03-10')",
    "UPDATE suppressions SET reason = 'unsubscribed'",
    "DELETE FROM suppressions",
    "REPLACE INTO suppressions (channel, value_hash, reason, at) VALUES ('sms', 'x', 'failed', '2020-03-10')",
    "INSERT INTO suppressions (channel, value_hash, reason, at) SELECT channel, value_hash, 'failed', at"
    " FROM suppressions WHERE true ON CONFLICT DO UPDATE SET reason = excluded.reason",
]


@pytest.mark.parametrize("statement", DIRECTLY)
async def test_any_row_that_changes_makes_everybody_be_counted_anew(
    ready: Hub, asked: list[dict[str, Any]], statement: str
) -> None:
    async with ready.store.write() as tx:
        nobody = {"language": "fr", "preferred": "sms", "preferred_urgent": "sms", "token": "nobody"}
        await tx.execute(persons_table.insert().values(id=13, added_at=ready.clock.now(), **nobody))
    await look_ahead(ready, act(), kind=Kind.NEW)
    asked.clear()
    await look(ready)
    assert asked == []

    async with ready.store.write() as tx:
        await tx.execute(text(statement))

    examined = await look(ready)
    assert len(asked) == 1
    assert examined.audience == await fresh(ready, examined)


Step = Callable[[Hub], Awaitable[Any]]


async def opt_out(hub: Hub) -> None:
    async with hub.store.read() as tx:
        query = select(persons_table.c.token).where(persons_table.c.opted_out_at.is_(None)).limit(1)
        token = (await tx.execute(query)).scalar()
    if token is not None:
        await unsubscribe(hub, token)


async def bounce(hub: Hub) -> None:
    async with hub.store.write() as tx:
        await suppressions.add_all(tx, {("email", "2@example.org"): "bounced"}, at=hub.clock.now())


async def lift(hub: Hub) -> None:
    async with hub.store.write() as tx:
        for value in (FAILS, "2@example.org"):
            await suppressions.lift(tx, channel="email", value=value)


async def newcomer(hub: Hub) -> None:
    await people(hub, "99;99@example.org;;email;fr;;Namur;elderly.residential;family;directives")


async def mover(hub: Hub) -> None:
    await people(
        hub, "1;1@example.org;0470/12.34.77;sms;de;Les Tilleuls;Liège;elderly.residential;direction;duty"
    )


STEPS: list[Step] = [
    opt_out,
    bounce,
    lift,
    newcomer,
    mover,
    lambda hub: stop_number(hub, "0470123403"),
    lambda hub: start_number(hub, "0470123403"),
]


@pytest.mark.parametrize("step", STEPS[:-1])
async def test_whatever_people_and_lists_change_makes_everybody_be_counted_anew(
    ready: Hub, asked: list[dict[str, Any]], step: Step
) -> None:
    await look_ahead(ready, act(), kind=Kind.NEW)
    asked.clear()

    await step(ready)

    examined = await look(ready)
    assert len(asked) == 1
    assert examined.audience == await fresh(ready, examined)


async def test_a_list_that_changes_nothing_makes_nobody_be_counted(
    ready: Hub, asked: list[dict[str, Any]]
) -> None:
    await look_ahead(ready, act(), kind=Kind.NEW)
    asked.clear()

    await people(ready, *PEOPLE)

    await look(ready)
    assert asked == []


class TakenBack(Exception):
    """A step that does not come to its end."""


async def interrupted(hub: Hub, found: list[Examined]) -> None:
    async with hub.store.write() as tx:
        await tx.execute(text("DELETE FROM memberships"))
        found.append(await examine(hub, tx, act()))
        raise TakenBack


async def test_what_was_taken_back_changed_nothing(ready: Hub, asked: list[dict[str, Any]]) -> None:
    await look_ahead(ready, act(), kind=Kind.NEW)
    within: list[Examined] = []

    with pytest.raises(TakenBack):
        await interrupted(ready, within)

    asked.clear()
    examined = await look(ready)
    assert asked == []
    assert [found.audience for found in within] == [AudienceCount()]
    assert examined.audience is not None
    assert examined.audience.total == 12


@pytest.mark.parametrize("seed", range(4))
async def test_a_kept_count_is_always_a_fresh_one(ready: Hub, seed: int) -> None:
    dice, kept = Random(seed), 0

    for _ in range(25):
        match dice.randrange(4):
            case 0:
                await look_ahead(ready, act(), kind=Kind.NEW)
            case 1:
                await change(ready, dice)
            case 2:
                await dice.choice(STEPS)(ready)

        async with ready.store.read() as tx:
            kept += len((await tx.execute(select(counts.c.found))).all())
        examined = await look(ready)
        assert examined.audience == await fresh(ready, examined)

    assert kept


async def test_who_comes_while_the_others_are_counted_is_counted(
    ready: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    count, comes = persons.count_audience, [newcomer]

    async def counting(tx: engine.Tx, **question: Any) -> AudienceCount:
        found = await count(tx, **question)
        while comes:
            await comes.pop()(ready)
        return found

    monkeypatch.setattr(persons, "count_audience", counting)

    submission = await submit(ready, act(), by=EDITOR)

    assert submission.revision.audience_count == 13


@pytest.mark.usefixtures("database")
async def test_words_are_found_before_anybody_is_kept_waiting(
    ready: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    speak, write, locked = speech.speak, engine.Store.write_beside, []
    waiting = False

    @asynccontextmanager
    async def writing(store: engine.Store) -> AsyncIterator[engine.Tx]:
        nonlocal waiting
        async with write(store) as tx:
            waiting = True
            yield tx
        waiting = False

    def speaking(*given: Any) -> speech.Speech:
        locked.append(waiting)
        return speak(*given)

    monkeypatch.setattr(engine.Store, "write_beside", writing)
    monkeypatch.setattr(speech, "speak", speaking)

    await submit(ready, act(), by=EDITOR)
    await approve(replace(ready, spoken=Spoken()), "visites", by=APPROVER)

    assert locked == [False, False]


async def test_for_who_may_not_sign_or_submit_nobody_is_counted(
    ready: Hub, asked: list[dict[str, Any]]
) -> None:
    await submit(ready, act(), by=EDITOR)
    await bounce(ready)
    asked.clear()

    with pytest.raises(NotAllowed, match="edited or submitted"):
        await approve(ready, "visites", by=a.staff(EDITOR.name, *Role))
    with pytest.raises(Refusal, match="never published"):
        await submit(ready, act(), by=EDITOR, kind=Kind.MINOR)

    assert asked == []


@pytest.mark.usefixtures("database")
async def test_while_people_are_counted_senders_go_on(ready: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody bounced since the submission, so the approval has to count."""
    await submit(ready, act(), by=EDITOR)
    await bounce(ready)
    monkeypatch.setattr(engine, "PATIENCE", 0.5)
    count, cancel = persons.count_audience, stops.cancel_directive
    free: list[bool] = []

    async def counting(tx: engine.Tx, **question: Any) -> AudienceCount:
        free.append(await turn(ready))
        return await count(tx, **question)

    async def cancelling(tx: engine.Tx, directive: str, *, at: datetime) -> int:
        free.append(tx.dialect.name == "postgresql" and await turn(ready))
        return await cancel(tx, directive, at=at)

    monkeypatch.setattr(persons, "count_audience", counting)
    monkeypatch.setattr(stops, "cancel_directive", cancelling)

    await approve(ready, "visites", by=APPROVER)

    assert free == [True, False]


async def turn(hub: Hub) -> bool:
    """Whether a sender's turn would be committed now."""
    if hub.store.engine.dialect.name == "postgresql":
        async with hub.store.read() as tx:
            asked = text(f"SELECT pg_try_advisory_xact_lock_shared({postgres.SENDERS})")
            return bool((await tx.execute(asked)).scalar())
    async with hub.store.write() as tx:
        await tx.execute(text("UPDATE settings SET value = value"))
    return True


async def test_who_holds_an_earlier_message_is_counted_anew(ready: Hub, asked: list[dict[str, Any]]) -> None:
    await issue(ready, act())
    await became(ready, 1, **{"2": Outcome.ACCEPTED})
    await submit(ready, act(effective_to=parse_instant("2020-03-25")), by=EDITOR, kind=Kind.CORRECTION)
    asked.clear()

    await approve(ready, "visites", by=APPROVER)

    assert [bool(question["earlier"].dispatches) for question in asked] == [True, True]
