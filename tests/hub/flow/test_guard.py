"""An unusual audience is confirmed by its number, and nobody is counted for that on the day."""

import random
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import event, func, insert, select

from hub.context import Hub
from hub.errors import Refusal
from hub.flow import guard
from hub.flow.approve import approve
from hub.flow.enlist import enlist
from hub.flow.examine import examine
from hub.flow.submit import submit
from hub.flow.unsubscribe import start_number, stop_number, unsubscribe
from hub.model.review import Kind
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import journal, tallies
from hub.store.tables import directives, dispatches, memberships, persons, revisions
from hub.store.tables import tallies as table
from tests import a

APPROVER = a.staff("Direction de crise", Role.APPROVER)


@pytest.fixture(autouse=True)
def in_march(hub: Hub) -> None:
    hub.clock.set(parse_instant("2020-03-10T18:00"))


async def people(hub: Hub, *rows: str) -> None:
    text = "\n".join(["email;téléphone;langue;commune;secteur;audience;flux", *rows])
    await enlist(hub, text.encode(), "personnes.csv", dry_run=False, actor="Opérations")


def families(number: int, first: int = 0) -> list[str]:
    return [
        f"famille{i}@example.org;;fr;5000;elderly.residential;family;directives"
        for i in range(first, first + number)
    ]


async def submitted(hub: Hub) -> None:
    submission = await submit(hub, a.covered(a.directive()), by=a.staff("Rédaction"))
    assert submission.accepted, submission.findings


async def past(hub: Hub, *audiences: int) -> None:
    """Dispatches of other acts, with as many readers each."""
    now = hub.clock.now()
    async with hub.store.write() as tx:
        for number, audience in enumerate(audiences):
            id_ = f"autre-{number}"
            await tx.execute(insert(directives).values(id=id_, code=id_))
            await tx.execute(
                insert(revisions).values(
                    directive=id_, number=1, stage="draft", kind="new", mode="Exercise", sheet={},
                    sheet_digest="", editors=[], audience_count=audience, findings=[],
                )
            )  # fmt: skip
            await tx.execute(
                insert(dispatches).values(
                    directive=id_, revision=1, mode="Exercise", urgency="Expected", approved_at=now,
                    expires_at=now, planned_at=now, cancelled_at=now,
                )
            )  # fmt: skip


async def doubts(hub: Hub, count: int) -> list[str]:
    async with hub.store.read() as tx:
        act = a.covered(a.directive())
        examined = await examine(hub, tx, act, kind=Kind.NEW, at=hub.clock.now())
        return await guard.doubts(hub, tx, examined, count)


async def test_a_usual_audience_needs_no_further_word(hub: Hub) -> None:
    await people(hub, *families(3))
    await submitted(hub)

    await approve(hub, "visites", by=APPROVER)


async def test_above_the_limit_the_number_is_typed_exactly(hub: Hub) -> None:
    hub = replace(hub, config=a.config(hub.config.service.data_dir, approval__confirm_above="2"))
    await people(hub, *families(3))
    await submitted(hub)

    with pytest.raises(Refusal, match=r"3 people are more than 2 .* --count 3"):
        await approve(hub, "visites", by=APPROVER)
    with pytest.raises(Refusal, match="would reach 3 people, not 4"):
        await approve(hub, "visites", by=APPROVER, count=4)
    approved = await approve(hub, "visites", by=APPROVER, count=3)

    assert approved.revision.audience_count == 3
    async with hub.store.read() as tx:
        entry = await journal.latest(tx, subject="visites", action="approve")
    assert entry is not None
    assert entry.detail["confirmed"] == ["3 people are more than 2 (approval.confirm_above)"]


@pytest.mark.parametrize(
    ("audiences", "count", "said"),
    [
        ((200, 300, 400), 3001, ["3001 people are 10 times what the last dispatches reached (300)"]),
        ((200, 300, 400), 3000, []),
        ((300, 300), 9000, []),
        ((1, 1, 1), 99, []),
        ((1, 1, 1), 101, ["101 people are 101 times what the last dispatches reached (1)"]),
        ((0, 0, 0), 5000, []),
    ],
)
async def test_what_is_usual_is_the_median_of_the_last_dispatches(
    hub: Hub, audiences: tuple[int, ...], count: int, said: list[str]
) -> None:
    await past(hub, *audiences)

    assert await doubts(hub, count) == said


async def test_a_cell_that_has_lost_everybody_is_told(hub: Hub) -> None:
    await people(
        hub,
        *families(2),
        "soignante@example.org;0470/12.34.56;fr;5000;elderly.residential;staff;directives",
    )
    async with hub.store.read() as tx:
        token = (
            await tx.execute(select(persons.c.token).order_by(persons.c.id.desc()).limit(1))
        ).scalar_one()
    before = await doubts(hub, 3)

    await unsubscribe(hub, token)

    assert before == []
    assert await doubts(hub, 2) == ["elderly.residential × staff has nobody any more, and had 1"]


async def counted_anew(hub: Hub) -> dict[tuple[str, str], int]:
    async with hub.store.read() as tx:
        gets = persons.c.opted_out_at.is_(None) | (memberships.c.stream == "duty")
        rows = await tx.execute(
            select(memberships.c.sector, memberships.c.audience, func.count())
            .join(persons, persons.c.id == memberships.c.person)
            .where(gets)
            .group_by(memberships.c.sector, memberships.c.audience)
        )
        return {(sector, audience): number for sector, audience, number in rows}


async def kept(hub: Hub) -> dict[tuple[str, str], int]:
    async with hub.store.read() as tx:
        rows = await tx.execute(select(table.c.sector, table.c.audience, table.c.people))
        return {(sector, audience): number for sector, audience, number in rows if number}


@pytest.mark.parametrize("seed", range(3))
async def test_tallies_are_what_counting_would_find_whatever_happens(hub: Hub, seed: int) -> None:
    chance = random.Random(seed)
    cells = ["elderly.residential;family", "elderly.residential;staff", "youth.care;staff"]

    for _ in range(12):
        who = chance.randrange(6)
        stream = chance.choice(["duty", "directives"])
        match chance.randrange(5):
            case 0 | 1:
                await people(
                    hub, f"p{who}@example.org;0470/12.34.5{who};fr;5000;{chance.choice(cells)};{stream}"
                )
            case 2:
                async with hub.store.read() as tx:
                    tokens = (await tx.execute(select(persons.c.token))).scalars().all()
                if tokens:
                    await unsubscribe(hub, chance.choice(tokens))
            case 3:
                await stop_number(hub, f"047012345{who}")
            case 4:
                await start_number(hub, f"047012345{who}")

        assert await kept(hub) == await counted_anew(hub)


async def test_a_dry_run_counts_nobody_in(hub: Hub) -> None:
    text = "\n".join(["email;langue;commune;secteur;audience", "a@example.org;fr;5000;youth.care;staff"])

    await enlist(hub, text.encode(), "personnes.csv", dry_run=True, actor="Opérations")

    assert await kept(hub) == {}


async def test_the_most_that_there_were_is_kept(hub: Hub) -> None:
    async with hub.store.write() as tx:
        for change in (3, 2, -4):
            await tallies.add(tx, Counter({("youth.care", "staff"): change}))

        found = await tallies.of(tx, [("youth.care", "staff"), ("sport", "staff")])

    assert found == {("youth.care", "staff"): tallies.Tally(1, 5)}


async def test_ten_times_the_planned_volume_makes_the_guard_read_no_more_rows(hub: Hub) -> None:
    """2,280,000 people stand in the tallies; no statement of the guard names a table with a row per person."""
    asked: list[str] = []
    async with hub.store.write() as tx:
        await tallies.add(tx, {("elderly.residential", "family"): 2_280_000})
    act = a.covered(a.directive())
    async with hub.store.read() as tx:
        examined = await examine(hub, tx, act, kind=Kind.NEW, at=hub.clock.now())
        listen = lambda *given: asked.append(given[2])  # noqa: E731
        event.listen(hub.store.engine.sync_engine, "before_cursor_execute", listen)

        found = await guard.doubts(hub, tx, examined, 2_280_000)

    assert found == ["2280000 people are more than 250000 (approval.confirm_above)"]
    assert 1 <= len(asked) <= 2
    grows_with_people = ("persons", "memberships", "addresses", "deliveries", "attempts", "chunks")
    assert [query for query in asked if any(name in query for name in grows_with_people)] == []
