"""From an approved revision to one delivery per person, whatever interrupts it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from hub.cli import reading
from hub.context import Hub
from hub.errors import Refusal
from hub.flow import dispatch as dispatching
from hub.flow import stop
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.submit import submit
from hub.intake import file
from hub.model.directive import AUDIENCES, Coverage
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import dispatches, journal, tables
from hub.store.tables import blocks, bodies, chunks, deliveries
from tests import a

pytestmark = pytest.mark.usefixtures("database")

PEOPLE = """email;téléphone;canal;langue;organisation;commune;secteur;audience;flux
direction@tilleuls.example;;email;fr;Les Tilleuls;Namur;elderly.residential;direction;duty
infirmier@example.org;;email;nl;Les Tilleuls;Namur;elderly.residential;staff;directives
soignante@example.org;;email;fr;Les Tilleuls;Namur;elderly.residential;staff;directives
;0470/12.34.56;sms;fr;;5000;elderly.residential;family;directives
"""


@pytest.fixture
async def approved(hub: Hub) -> str:
    """The id of a directive that was approved and not dispatched."""
    hub.clock.set(parse_instant("2020-03-10T18:00"))
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")
    act = a.covered(file.read(a.DIRECTIVES / "a-visits.toml", hub.register).directives[0])
    submission = await submit(hub, act, by=a.staff("Rédaction"))
    assert submission.accepted
    await approve(hub, act.id, by=a.staff("Direction de crise", Role.APPROVER))
    return act.id


async def rows(hub: Hub) -> list[tuple[object, ...]]:
    async with hub.store.read() as tx:
        found = await tx.execute(select(deliveries).order_by(deliveries.c.dispatch, deliveries.c.seq))
        return [tuple(row) for row in found]


async def test_each_person_gets_one_delivery_and_equal_hats_share_their_words(
    hub: Hub, approved: str
) -> None:
    planned = await dispatch(hub, directive=approved, number=1)

    assert dict(planned.channels) == {"email": 3, "sms": 1}
    async with hub.store.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(bodies))).scalar_one() == 3
        assert (await tx.execute(select(chunks.c.channel, chunks.c.first, chunks.c.last))).all() == [
            ("email", 1, 3),
            ("sms", 4, 4),
        ]


async def test_whose_language_is_not_rendered_reads_the_first_that_is(hub: Hub, approved: str) -> None:
    planned = await dispatch(hub, directive=approved, number=1)

    assert (planned.other_language, planned.without_words) == (1, 0)


async def test_who_gets_nothing_for_want_of_words_is_counted_and_told(hub: Hub) -> None:
    hub.clock.set(parse_instant("2020-03-10T18:00"))
    people = PEOPLE.replace("Namur", "Gent").replace("5000", "9000")
    await enlist(hub, people.encode(), "personnes.csv", dry_run=False, actor="Opérations")
    rules = (
        a.measure(audiences=("staff",)),
        a.measure(id="m2", audiences=("family",), exceptions=({"de": "Lebensende"},)),
    )
    act = a.directive(territory=("44021",), audiences=("staff",), measures=rules)
    silent = tuple(audience for audience in AUDIENCES if audience != "staff")
    decided = Coverage(("elderly.residential",), silent, a.text("Un autre envoi suit."), "cellule de crise")
    mute = replace(act, coverage=(a.covered(act).coverage[0], decided))
    submission = await submit(hub, mute, by=a.staff("Rédaction"))
    assert submission.accepted, submission.findings
    await approve(hub, mute.id, by=a.staff("Direction de crise", Role.APPROVER))

    planned = await dispatch(hub, directive=mute.id, number=1)
    again = await dispatch(hub, directive=mute.id, number=1)

    assert (dict(planned.channels), planned.without_words, planned.other_language) == ({"email": 2}, 1, 1)
    assert (again.without_words, again.other_language) == (1, 1)
    async with hub.store.read() as tx:
        standing = await reading.standing(hub, tx, mute.id)
    assert reading.unread(standing) == [
        "1 get nothing: there are no words for them in any language",
        "1 read another language than theirs",
    ]


async def test_planning_twice_changes_nothing(hub: Hub, approved: str) -> None:
    first = await dispatch(hub, directive=approved, number=1)
    before = await rows(hub)

    second = await dispatch(hub, directive=approved, number=1)

    assert dict(second.channels) == dict(first.channels)
    assert await rows(hub) == before


async def test_a_plan_that_was_left_half_way_is_made_anew(
    hub: Hub, approved: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatching, "BATCH", 2)
    async with hub.store.read() as tx:
        found = await dispatches.get(tx, approved, 1)
    await dispatch(hub, directive=approved, number=1)
    complete = await rows(hub)
    async with hub.store.write() as tx:  # as if the planner had died before its last commit
        await tx.execute(
            update(tables.dispatches).values(planned_at=None, claim="dead", claimed_at=hub.clock.now())
        )
        await tx.execute(deliveries.delete().where(deliveries.c.seq > 2))
        await tx.execute(chunks.delete())

    await dispatching.resume(hub)
    while_claimed = await rows(hub)
    hub.clock.set(hub.clock.now() + dispatches.CLAIM_HOLDS + timedelta(seconds=1))
    await dispatching.resume(hub)

    assert len(while_claimed) == 2
    assert [row[:6] for row in await rows(hub)] == [row[:6] for row in complete]
    async with hub.store.read() as tx:
        assert (await dispatches.get(tx, approved, 1)).planned_at is not None
    assert found.planned_at is None


async def test_a_planner_that_was_taken_over_writes_nothing_more(hub: Hub, approved: str) -> None:
    async with hub.store.read() as tx:
        found = await dispatches.get(tx, approved, 1)
    now = hub.clock.now()
    later = now + dispatches.CLAIM_HOLDS + timedelta(seconds=1)

    async with hub.store.write() as tx:
        first = await dispatches.claim(tx, found.id, claim="first", at=now)
        second = await dispatches.claim(tx, found.id, claim="second", at=now)
        third = await dispatches.claim(tx, found.id, claim="third", at=later)

    assert (first, second, third) == (True, False, True)
    with pytest.raises(Exception, match="took over"):
        async with hub.store.write() as tx:
            await dispatches.uphold(tx, found.id, claim="first", at=later)


def staff_at(sector: str, number: int) -> bytes:
    """A list of people who work in a sector."""
    rows = [f"agent{i}@example.org;fr;Namur;{sector};staff;directives" for i in range(number)]
    return "\n".join(["email;langue;commune;secteur;audience;flux", *rows]).encode()


async def joined(hub: Hub, sector: str, number: int) -> None:
    """People join after the approval."""
    hub.clock.set(hub.clock.now() + timedelta(minutes=5))
    await enlist(hub, staff_at(sector, number), "agents.csv", dry_run=False, actor="Opérations")


@pytest.fixture
async def twelve_elsewhere(hub: Hub) -> None:
    """Twelve people who are known already, in a sector that the directive does not concern."""
    hub.clock.set(parse_instant("2020-03-10T17:00"))
    await enlist(hub, staff_at("sport", 12), "agents.csv", dry_run=False, actor="Opérations")


async def test_who_came_after_the_approval_is_not_in_its_plan(hub: Hub, approved: str) -> None:
    await joined(hub, "elderly.residential", 30)

    planned = await dispatch(hub, directive=approved, number=1)

    assert dict(planned.channels) == {"email": 3, "sms": 1}


async def test_an_audience_that_moved_a_little_since_the_approval_is_planned(
    hub: Hub, twelve_elsewhere: None, approved: str
) -> None:
    await joined(hub, "elderly.residential", 10)

    assert dict((await dispatch(hub, directive=approved, number=1)).channels) == {"email": 13, "sms": 1}


async def test_an_audience_that_moved_beyond_the_limits_is_not_planned_but_stopped(
    hub: Hub, twelve_elsewhere: None, approved: str
) -> None:
    await joined(hub, "elderly.residential", 11)

    with pytest.raises(Refusal, match="approved for 4 people and would reach 15"):
        await dispatch(hub, directive=approved, number=1)
    await dispatching.resume(hub)

    async with hub.store.read() as tx:
        found = await dispatches.get(tx, approved, 1)
        entry = await journal.latest(tx, subject=approved, action="dispatch refused")
        assert (await reading.standing(hub, tx, approved))["refused"] == entry.detail  # type: ignore[union-attr]
        assert (await tx.execute(select(func.count()).select_from(bodies))).scalar_one() == 0
    assert found.planned_at is None
    assert found.stopped_at is not None
    assert await rows(hub) == []
    assert entry is not None
    assert entry.detail == {"revision": 1, "approved": 4, "found": 15}


async def test_a_person_lets_a_plan_go_on_whose_audience_is_right_again(
    hub: Hub, twelve_elsewhere: None, approved: str
) -> None:
    await joined(hub, "elderly.residential", 11)
    with pytest.raises(Refusal):
        await dispatch(hub, directive=approved, number=1)
    async with hub.store.write() as tx:
        elsewhere = tables.memberships.c.person.between(1, 12)  # they were imported first
        await tx.execute(tables.memberships.delete().where(elsewhere))

    await stop.resume(hub, by="Olga", directive=approved)
    await dispatching.resume(hub)

    async with hub.store.read() as tx:
        assert (await dispatches.get(tx, approved, 1)).planned_at is not None
    assert len(await rows(hub)) == 4


async def test_the_audience_that_was_counted_at_approval_is_the_approved_one(hub: Hub) -> None:
    hub.clock.set(parse_instant("2020-03-10T18:00"))
    act = a.covered(file.read(a.DIRECTIVES / "a-visits.toml", hub.register).directives[0])
    await submit(hub, act, by=a.staff("Rédaction"))
    await joined(hub, "elderly.residential", 9)

    approval = await approve(hub, act.id, by=a.staff("Direction de crise", Role.APPROVER))

    assert approval.revision.audience_count == 9
    assert dict((await dispatch(hub, directive=act.id, number=1)).channels) == {"email": 9}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)  # it is about waiting, and takes long
async def test_a_plan_that_always_fails_holds_up_none_behind_it(hub: Hub, approved: str) -> None:
    async with hub.store.write() as tx:
        await tx.execute(blocks.delete())
        first = await dispatches.get(tx, approved, 1)
    other = replace(a.covered(a.directive(id="autre", territory=("WAL-FR",))), title=a.text("Autre"))
    await submit(hub, other, by=a.staff("Rédaction"))
    await approve(hub, other.id, by=a.staff("Direction de crise", Role.APPROVER))

    with capture_logs():  # printed, a traceback with all that it met takes a minute
        failed = await dispatching.resume(hub)
        hub.clock.set(hub.clock.now() + dispatches.CLAIM_HOLDS + timedelta(seconds=1))
        while_resting = await dispatching.resume(hub, resting=failed)
        rested = await dispatching.resume(hub)

    assert failed == rested == {first.id}
    assert while_resting == frozenset()
    async with hub.store.read() as tx:
        assert (await dispatches.get(tx, approved, 1)).planned_at is None
        assert (await dispatches.get(tx, other.id, 1)).planned_at is not None


async def test_words_that_were_altered_after_approval_are_not_dispatched(hub: Hub, approved: str) -> None:
    async with hub.store.write() as tx:
        one = (
            await tx.execute(select(blocks.c.block).where(blocks.c.audience == "staff").limit(1))
        ).scalar_one()
        altered = {**one, "title": {**one["title"], "text": "Visites permises"}}
        await tx.execute(update(blocks).where(blocks.c.audience == "staff").values(block=altered))

    with pytest.raises(Refusal, match="not those that were approved"):
        await dispatch(hub, directive=approved, number=1)
