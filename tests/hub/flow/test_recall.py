"""Correct, extend, cancel, all clear: whoever may hold the old text hears first what changed, and nobody else does."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.publish import publish
from hub.flow.submit import submit
from hub.model.delivery import Outcome
from hub.model.directive import Directive
from hub.model.review import Kind, Level, Stage
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import directives, dispatches, journal
from hub.store.tables import attempts, bodies, deliveries
from tests import a

EDITOR = a.staff("Rédaction", Role.EDITOR)
APPROVER = a.staff("Direction de crise", Role.APPROVER)
WHEN = parse_instant("2020-03-10T18:00")
PEOPLE = """email;langue;organisation;commune;secteur;audience;flux
direction@tilleuls.example;fr;Les Tilleuls;Namur;elderly.residential;direction;duty
soignante@example.org;fr;Les Tilleuls;Namur;elderly.residential;staff;directives
fille@example.org;fr;;Namur;elderly.residential;family;directives
fils@example.org;fr;;Liège;elderly.residential;family;directives
"""
LATER = [kind for kind in Kind if kind != Kind.NEW]
DIRECTION, NURSE, DAUGHTER, SON = (line.partition(";")[0] for line in PEOPLE.splitlines()[1:])


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")


def act(**given: Any) -> Directive:
    return a.covered(a.directive(**{"territory": ("WAL-FR",), **given}))


SHORTER = act(effective_to=parse_instant("2020-03-25"))


async def issue(hub: Hub, sheet: Directive, kind: Kind = Kind.NEW) -> dict[str, str]:
    """Submit, approve and dispatch; what everybody gets, by address."""
    submission = await submit(hub, sheet, by=EDITOR, kind=kind)
    assert submission.accepted, submission.findings
    approved = await approve(hub, sheet.id, by=APPROVER)
    await dispatch(hub, directive=sheet.id, number=approved.revision.number)
    return await texts(hub, approved.revision.number)


async def texts(hub: Hub, revision: int) -> dict[str, str]:
    async with hub.store.read() as tx:
        found = await dispatches.get(tx, "visites", revision)
        query = select(deliveries.c.address, bodies.c.text).join(bodies, bodies.c.id == deliveries.c.body)
        rows = (await tx.execute(query.where(deliveries.c.dispatch == found.id))).all()
    assert len(dict(rows)) == len(rows)
    return {address: text.replace("\N{NO-BREAK SPACE}", " ") for address, text in rows}


async def mark(hub: Hub, revision: int, **outcomes: Outcome) -> None:
    """What became of messages, by the name before the @; what is not named is still queued."""
    async with hub.store.write() as tx:
        found = await dispatches.get(tx, "visites", revision)
        query = select(deliveries.c.seq, deliveries.c.address).where(deliveries.c.dispatch == found.id)
        for seq, address in (await tx.execute(query)).all():
            outcome = outcomes.get(address.partition("@")[0])
            for state in (Outcome.ATTEMPTING, outcome) if outcome else ():
                row = {"dispatch": found.id, "seq": seq, "attempt": 1, "outcome": state.value}
                who = {"owner": "sender", "epoch": 1, "lane": 0, "code": "", "provider_id": ""}
                await tx.execute(insert(attempts).values(**row, **who, at=hub.clock.now()))


async def everybody_got(hub: Hub, revision: int) -> None:
    names = {address.partition("@")[0] for address in (DIRECTION, NURSE, DAUGHTER, SON)}
    await mark(hub, revision, **dict.fromkeys(names, Outcome.ACCEPTED))


def later(hub: Hub, **duration: float) -> None:
    hub.clock.set(hub.clock.now() + timedelta(**duration))


def feed(hub: Hub, reader: str) -> dict[str, Any]:
    path = hub.config.public_dir / f"feeds/elderly.residential/{reader}.json"
    (item,) = json.loads(path.read_text(encoding="utf-8"))["items"]
    return dict(item)


async def page(hub: Hub) -> str:
    async with hub.store.read() as tx:
        revision = await directives.get(tx, "visites")
    return (hub.config.public_dir / f"d/{revision.code}/index.html").read_text(encoding="utf-8")


async def test_who_may_hold_the_old_text_reads_first_what_changed_and_others_read_the_whole(hub: Hub) -> None:
    await issue(hub, act())
    await mark(
        hub, 1, direction=Outcome.ACCEPTED, soignante=Outcome.UNCERTAIN, fille=Outcome.REFUSED
    )  # the son's is queued

    told = await issue(hub, SHORTER, Kind.CORRECTION)

    changed = (
        "Fin. Avant : jusqu'au mardi 31 mars 2020 inclus. Maintenant : jusqu'au mardi 24 mars 2020 inclus."
    )
    assert {address: changed in text for address, text in told.items()} == {
        DIRECTION: True,
        NURSE: True,
        DAUGHTER: False,
        SON: False,
    }
    for text in told.values():
        assert "mardi 24 mars 2020 inclus" in text
        assert "interdites" in text or "interdit à la direction" in text
    assert "Correction" not in told[DAUGHTER]


async def test_what_is_left_of_the_old_text_ends_with_the_approval_of_the_new(hub: Hub) -> None:
    await issue(hub, act())
    await submit(hub, SHORTER, by=EDITOR, kind=Kind.CORRECTION)
    async with hub.store.read() as tx:
        assert (await dispatches.get(tx, "visites", 1)).cancelled_at is None

    await approve(hub, "visites", by=APPROVER)

    async with hub.store.read() as tx:
        old = await dispatches.get(tx, "visites", 1)
        new = await dispatches.get(tx, "visites", 2)
    assert old.cancelled_at == new.approved_at
    assert new.cancelled_at is None


async def test_who_is_not_concerned_any_more_is_told_so_and_no_rule(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)

    told = await issue(hub, act(territory=("92094",), audiences=("staff", "family")), Kind.UPDATE)

    gone = "Cette consigne ne vous concerne plus. Ce message remplace le précédent."
    assert {address for address, text in told.items() if gone in text} == {DIRECTION, SON}
    for address in (DIRECTION, SON):
        assert "interdit" not in told[address].replace("Interdiction", "")
    assert "Avant" in told[DAUGHTER]


async def test_who_was_told_that_it_is_not_for_them_is_not_told_again(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)
    await issue(hub, act(audiences=("staff", "family")), Kind.UPDATE)
    await everybody_got(hub, 2)

    later_on = replace(
        SHORTER, audiences=("staff", "family"), coverage=act(audiences=("staff", "family")).coverage
    )
    told = await issue(hub, later_on, Kind.CORRECTION)

    assert DIRECTION not in told
    assert set(told) == {NURSE, DAUGHTER, SON}


async def test_who_missed_a_revision_reads_what_changed_since_the_one_they_hold(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)
    await issue(hub, SHORTER, Kind.CORRECTION)
    await mark(hub, 2, fille=Outcome.ACCEPTED)

    told = await issue(hub, act(effective_to=parse_instant("2020-04-20")), Kind.CORRECTION)

    assert "Avant : jusqu'au mardi 24 mars 2020 inclus" in told[DAUGHTER]
    assert "Avant : jusqu'au mardi 31 mars 2020 inclus" in told[SON]


async def test_an_address_that_changed_is_where_the_correction_goes(hub: Hub) -> None:
    table = "identifiant;email;langue;commune;secteur;audience\nX1;{};fr;Namur;elderly.residential;family\n"
    await enlist(hub, table.format("avant@example.org").encode(), "f.csv", dry_run=False, actor="Opérations")
    await issue(hub, act())
    await mark(hub, 1, avant=Outcome.ACCEPTED)
    await enlist(hub, table.format("apres@example.org").encode(), "f.csv", dry_run=False, actor="Opérations")

    told = await issue(hub, SHORTER, Kind.CORRECTION)

    assert "Avant :" in told["apres@example.org"]
    assert "avant@example.org" not in told


async def test_that_the_old_text_reached_more_people_meanwhile_holds_no_correction_up(hub: Hub) -> None:
    rows = [f"f{number}@example.org;fr;Liège;elderly.residential;family" for number in range(30)]
    table = "\n".join(["email;langue;commune;secteur;audience", *rows])
    await enlist(hub, table.encode(), "familles.csv", dry_run=False, actor="Opérations")
    await issue(hub, act())
    narrower = act(territory=("92094",))
    submission = await submit(hub, narrower, by=EDITOR, kind=Kind.CORRECTION)
    later(hub, minutes=1)
    await mark(hub, 1, **{f"f{number}": Outcome.ACCEPTED for number in range(30)})

    await approve(hub, "visites", by=APPROVER)

    await dispatch(hub, directive="visites", number=2)
    assert submission.revision.audience_count == 3
    assert len(await texts(hub, 2)) == 33


async def test_a_cancellation_reaches_exactly_those_who_may_hold_the_text(hub: Hub) -> None:
    await issue(hub, act())
    await mark(hub, 1, direction=Outcome.DELIVERED, soignante=Outcome.ATTEMPTING, fille=Outcome.BOUNCED)

    told = await issue(hub, act(), Kind.CANCEL)

    assert set(told) == {DIRECTION, NURSE}
    for text in told.values():
        assert "Annulation : cette consigne n'est plus valable." in text
        assert "Ne vaut plus : visites." in text
        assert "Exception" not in text
    async with hub.store.read() as tx:
        assert (await directives.get(tx, "visites")).stage == Stage.CANCELLED


async def test_an_end_lives_longer_than_the_rules_it_ends(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)
    hub.clock.set(parse_instant("2020-04-02T09:00"))

    told = await issue(hub, act(), Kind.ALL_CLEAR)

    assert "Dernier jour : mardi 31 mars 2020." in told[DAUGHTER]
    async with hub.store.read() as tx:
        revision = await directives.get(tx, "visites")
    assert revision.submitted_at is not None
    assert revision.expires_at == revision.submitted_at + hub.config.delivery.life


async def test_an_end_asks_for_no_decision_on_sectors(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)

    submission = await submit(hub, act(), by=EDITOR, kind=Kind.CANCEL)

    assert not [finding for finding in submission.findings if finding.code[:2] in ("U3", "U4")]


async def test_an_all_clear_that_does_not_say_when_is_stopped_at_the_gate(hub: Hub) -> None:
    await issue(hub, act(effective_to=None))

    submission = await submit(hub, act(effective_to=None), by=EDITOR, kind=Kind.ALL_CLEAR)

    assert [(f.code, f.level) for f in submission.findings if f.level == Level.BLOCKER] == [
        ("U407", Level.BLOCKER)
    ]
    assert (await submit(hub, SHORTER, by=EDITOR, kind=Kind.ALL_CLEAR)).accepted


async def test_an_end_changes_nothing_but_the_end(hub: Hub) -> None:
    await issue(hub, act())

    for kind in (Kind.CANCEL, Kind.ALL_CLEAR):
        with pytest.raises(Refusal, match=r"more than its end \(title\)"):
            await submit(hub, act(title=a.text("Autre chose")), by=EDITOR, kind=kind)
        assert (await submit(hub, SHORTER, by=EDITOR, kind=kind)).accepted


async def test_what_was_never_published_cannot_be_changed(hub: Hub) -> None:
    for kind in LATER:
        with pytest.raises(Refusal, match="never published"):
            await submit(hub, act(), by=EDITOR, kind=kind)


async def test_what_is_cancelled_stays_cancelled(hub: Hub) -> None:
    await issue(hub, act())
    await issue(hub, act(), Kind.CANCEL)

    for kind in LATER:
        with pytest.raises(Refusal, match="is over since revision 2"):
            await submit(hub, act(), by=EDITOR, kind=kind)


async def test_the_day_of_an_all_clear_can_be_corrected(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)
    await issue(hub, SHORTER, Kind.ALL_CLEAR)
    await everybody_got(hub, 2)

    told = await issue(hub, act(effective_to=parse_instant("2020-03-23")), Kind.ALL_CLEAR)

    assert "Dernier jour : dimanche 22 mars 2020." in told[SON]
    with pytest.raises(Refusal, match="is over"):
        await submit(hub, act(), by=EDITOR, kind=Kind.UPDATE)


async def test_two_people_are_needed_for_every_kind(hub: Hub) -> None:
    await issue(hub, act())
    both = a.staff("Cheffe", Role.EDITOR, Role.APPROVER)

    for kind in LATER:
        await submit(hub, act(), by=both, kind=kind)
        with pytest.raises(Refusal, match="somebody else"):
            await approve(hub, "visites", by=both)


@pytest.mark.parametrize(
    ("kind", "mark_of_it", "tag"),
    [(Kind.CORRECTION, "Correction", "Correction"), (Kind.CANCEL, "Annulation", "Annulée")],
)
async def test_page_and_feed_show_it_under_the_identity_that_it_had(
    hub: Hub, kind: Kind, mark_of_it: str, tag: str
) -> None:
    await issue(hub, act())
    await publish(hub)
    before = feed(hub, "family")
    later(hub, hours=2)

    await issue(hub, SHORTER, kind)
    await publish(hub)

    after = feed(hub, "family")
    assert after["id"] == before["id"]
    assert after["date_published"] == before["date_published"]
    assert after["date_modified"] > before["date_modified"]
    assert after["title"] == f"EXERCICE – {mark_of_it} – Interdiction des visites"
    assert mark_of_it in after["content_text"]
    assert tag in await page(hub)


async def test_a_minor_change_alerts_nobody_and_shows_the_mended_words(hub: Hub) -> None:
    mistaken = a.measure(exceptions=(a.text("fin de vei"),), audiences=("staff",))
    await issue(hub, act(measures=(mistaken, a.measure(id="m2", topic="outings", actor="beneficiary"))))
    await publish(hub)
    before = {reader: feed(hub, reader) for reader in ("staff", "family")}
    later(hub, hours=2)
    mended = replace(mistaken, exceptions=(a.text("fin de vie"),))
    sheet = act(measures=(mended, a.measure(id="m2", topic="outings", actor="beneficiary")))

    await submit(hub, sheet, by=EDITOR, kind=Kind.MINOR)
    approved = await approve(hub, "visites", by=APPROVER)
    await publish(hub)

    after = {reader: feed(hub, reader) for reader in ("staff", "family")}
    assert not approved.sends
    async with hub.store.read() as tx:
        assert await dispatches.find(tx, "visites", 2) is None
        assert (await dispatches.get(tx, "visites", 1)).cancelled_at is None
    assert "fin de vie" in after["staff"]["content_text"]
    assert after["staff"]["date_modified"] > before["staff"]["date_modified"]
    assert after["staff"]["id"] == before["staff"]["id"]
    assert after["family"] == before["family"]
    assert "Correction de forme" in await page(hub)


async def test_a_minor_change_after_a_correction_still_says_what_was_corrected(hub: Hub) -> None:
    await issue(hub, act())
    await issue(hub, SHORTER, Kind.CORRECTION)
    await publish(hub)
    before = feed(hub, "family")
    later(hub, hours=1)

    await submit(hub, replace(SHORTER, sources=()), by=EDITOR, kind=Kind.MINOR)
    await approve(hub, "visites", by=APPROVER)
    await publish(hub)

    assert "Avant" in before["content_text"]
    assert feed(hub, "family") == before


async def test_a_correction_after_a_minor_change_goes_to_those_who_hold_the_first_text(hub: Hub) -> None:
    await issue(hub, act())
    await everybody_got(hub, 1)
    await submit(hub, replace(act(), title=a.text("Interdiction de visite")), by=EDITOR, kind=Kind.MINOR)
    await approve(hub, "visites", by=APPROVER)

    told = await issue(hub, replace(SHORTER, title=a.text("Interdiction de visite")), Kind.CORRECTION)

    assert set(told) == {DIRECTION, NURSE, DAUGHTER, SON}
    assert all("Avant : jusqu'au mardi 31 mars 2020 inclus" in text for text in told.values())


async def test_the_journal_says_how_each_was_reached(hub: Hub) -> None:
    await issue(hub, act())
    await mark(hub, 1, direction=Outcome.ACCEPTED, soignante=Outcome.ACCEPTED)

    await issue(hub, act(audiences=("staff", "family")), Kind.UPDATE)

    async with hub.store.read() as tx:
        lines = [e async for e in journal.entries(tx, subject="visites") if e.action == "dispatch planned"]
    assert {key: lines[-1].detail[key] for key in ("again", "first", "left")} == {
        "again": 1,
        "first": 2,
        "left": 1,
    }
    assert "again" not in lines[0].detail
