"""Cancellations and all clears: whom they reach, how long they live, and what cannot be changed any more."""

import pytest

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.enlist import enlist
from hub.flow.submit import submit
from hub.model.delivery import Outcome
from hub.model.review import Kind, Level, Stage
from hub.now import parse_instant
from hub.store import directives
from tests import a
from tests.hub.flow.revisions import (
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
    issue,
    mark,
)


@pytest.fixture(autouse=True)
async def in_march(hub: Hub) -> None:
    hub.clock.set(WHEN)
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")


@pytest.mark.usefixtures("database")
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
