"""Correct, extend, cancel, all clear: whoever may hold the old text hears first what changed, and nobody else does."""

from dataclasses import replace

import pytest

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.publish import publish
from hub.flow.submit import submit
from hub.model.delivery import Outcome
from hub.model.review import Kind
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import dispatches, journal
from tests import a
from tests.hub.flow.revisions import (
    APPROVER,
    DAUGHTER,
    DIRECTION,
    EDITOR,
    LATER,
    NURSE,
    PEOPLE,
    SHORTER,
    SON,
    WHEN,
    act,
    everybody_got,
    feed,
    issue,
    later,
    mark,
    page,
    texts,
)


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")


@pytest.mark.usefixtures("database")
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


@pytest.mark.usefixtures("database")
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
