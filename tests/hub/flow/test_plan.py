"""A planner may die at any moment: whoever takes over goes on behind what stands, nobody twice, nobody left out."""

import asyncio
import gc
import signal
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import delete, select, update

from hub.context import Hub
from hub.flow import dispatch as dispatching
from hub.flow.approve import approve
from hub.flow.dispatch import dispatch
from hub.flow.enlist import enlist
from hub.flow.plan import PLANNED
from hub.flow.submit import submit
from hub.intake import file
from hub.model.staff import Role
from hub.now import parse_instant
from hub.store import dispatches, journal, parts, persons
from hub.store.tables import bodies, chunks, deliveries, memberships
from hub.store.tables import dispatches as dispatches_table
from tests import a
from tests.hub.flow.changes import TABLES, change, concerned, forget, in_chunks, restore

HEAD = "id;email;téléphone;canal;langue;commune;secteur;audience;flux"
PEOPLE = f"""{HEAD}
1;un@example.org;;email;fr;Namur;elderly.residential;staff;directives
2;;0470/12.34.02;sms;fr;Namur;elderly.residential;family;directives
3;trois@example.org;0470/12.34.03;email;nl;Namur;elderly.residential;staff;directives
4;un@example.org;0470/12.34.04;email;fr;Namur;elderly.residential;family;directives
5;cinq@example.org;;email;fr;Namur;elderly.residential;direction;duty
6;six@example.org;0470/12.34.06;sms;fr;Namur;elderly.residential;staff;directives
7;sept@example.org;;email;de;Namur;elderly.residential;family;directives
8;;0470/12.34.06;sms;fr;Namur;elderly.residential;staff;directives
9;neuf@example.org;;email;fr;Namur;elderly.residential;staff;directives
10;dix@example.org;;email;fr;Namur;elderly.residential;staff;directives
11;onze@example.org;0470/12.34.11;sms;nl;Namur;elderly.residential;family;directives
12;cinq@example.org;;email;fr;Namur;elderly.residential;staff;directives
"""
MOST = 30
"""More writes than a plan of these people has."""


class Died(Exception):
    """The planner's process is gone."""


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two people to a page and to a commit."""
    monkeypatch.setattr(dispatching, "BATCH", 2)
    monkeypatch.setattr(persons, "PAGE", 2)


@pytest.fixture
async def approved(hub: Hub, database: str, tmp_path: Path) -> Hub:
    """An instance with an approved directive that is not planned; one of its staff gets it first."""
    del database
    staff = tmp_path / "staff.txt"
    staff.write_text("dix@example.org\n+32470123411\n", encoding="utf-8")
    canary = hub.config.canary.model_copy(update={"file": str(staff)})
    hub = replace(hub, config=hub.config.model_copy(update={"canary": canary}))
    await prepare(hub)
    return hub


async def prepare(hub: Hub) -> None:
    hub.clock.set(parse_instant("2020-03-10T18:00"))
    await enlist(hub, PEOPLE.encode(), "personnes.csv", dry_run=False, actor="Opérations")
    act = a.covered(file.read(a.DIRECTIVES / "a-visits.toml", hub.register).directives[0])
    act = replace(act, urgency="Expected")
    submission = await submit(hub, act, by=a.staff("Rédaction"))
    assert submission.accepted, submission.findings
    await approve(hub, act.id, by=a.staff("Direction de crise", Role.APPROVER))


async def directive(hub: Hub) -> str:
    async with hub.store.read() as tx:
        return (await dispatches.of_directive(tx))[0].directive


async def planned(hub: Hub) -> list[tuple[Any, ...]]:
    """Every delivery with its words."""
    d, b = deliveries.c, bodies.c
    query = select(d.seq, d.person, d.channel, d.address, d.token, b.language, b.stream, b.text, b.id)
    async with hub.store.read() as tx:
        found = await tx.execute(query.join(bodies, b.id == d.body).order_by(d.seq))
        return [tuple(row) for row in found]


async def outcome(hub: Hub) -> tuple[Any, ...]:
    """All that a plan leaves: deliveries, chunks, and what the journal says."""
    c = chunks.c
    async with hub.store.read() as tx:
        cut = await tx.execute(select(c.channel, c.first, c.last, c.owner).order_by(c.first))
        entry = await journal.latest(tx, subject=await directive(hub), action=PLANNED)
        return [row[:-1] for row in await planned(hub)], cut.all(), entry and entry.detail


async def die(hub: Hub, monkeypatch: pytest.MonkeyPatch, write: int) -> bool:
    """Plan, and be gone in the midst of the so-and-so-many-th write; False where there were fewer."""
    writes = 0
    upheld = dispatches.uphold

    async def uphold(*given: Any, **named: Any) -> None:
        nonlocal writes
        writes += 1
        await upheld(*given, **named)
        if writes == write:
            raise Died

    with monkeypatch.context() as patch:
        patch.setattr(dispatches, "uphold", uphold)
        try:
            await dispatch(hub, directive=await directive(hub), number=1)
        except Died:
            return True
    return False


async def unread(*_: Any) -> persons._Page:
    raise OSError("the disk is gone")


async def unanswered(*_: Any) -> persons._Page:
    await asyncio.sleep(60)
    raise AssertionError("nobody waits for this")


def from_page(number: int, read: Any, monkeypatch: pytest.MonkeyPatch) -> asyncio.Event:
    """From this page on reading goes otherwise; the event says when it began to."""
    pages, begun, as_ever = 0, asyncio.Event(), persons._page

    async def page(*given: Any) -> Any:
        nonlocal pages
        pages += 1
        if pages < number:
            return await as_ever(*given)
        begun.set()
        return await read(*given)

    monkeypatch.setattr(persons, "_page", page)
    return begun


async def take_over(hub: Hub) -> None:
    hub.clock.set(hub.clock.now() + dispatches.CLAIM_HOLDS + timedelta(seconds=1))
    assert await dispatching.resume(hub) == frozenset()


async def test_wherever_a_planner_dies_the_plan_ends_as_if_it_had_not(
    approved: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    await dispatch(approved, directive=await directive(approved), number=1)
    undisturbed = await outcome(approved)
    went_on = set()

    for write in range(1, MOST):
        await forget(approved)
        if not await die(approved, monkeypatch, write):
            break
        stood = await planned(approved)
        await take_over(approved)

        assert await outcome(approved) == undisturbed, write
        assert (await planned(approved))[: len(stood)] == stood, write  # and nothing of it was written twice
        went_on.add(len(stood))
    assert len(went_on) >= 4
    assert write < MOST - 1
    assert undisturbed[2]["staff_first"] == 2


async def test_a_planner_may_die_again_and_again(approved: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    await dispatch(approved, directive=await directive(approved), number=1)
    undisturbed = await outcome(approved)
    await forget(approved)

    lives = 1
    # Of each life's writes the first is the take-over, and up to four freeze words before the next batch.
    while await die(approved, monkeypatch, 6):
        lives += 1
        assert lives < MOST
        approved.clock.set(approved.clock.now() + dispatches.CLAIM_HOLDS + timedelta(seconds=1))

    assert lives > 2
    assert await outcome(approved) == undisturbed


async def test_whatever_changes_meanwhile_nobody_is_planned_twice_or_left_out(
    approved: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with approved.store.read() as tx:
        people = {table: [dict(row._mapping) for row in await tx.execute(select(table))] for table in TABLES}

    for seed in range(14):
        dice = Random(seed)
        await restore(approved, people)
        assert await die(approved, monkeypatch, dice.randrange(4, 12))
        stood = await planned(approved)
        for _ in range(dice.randrange(1, 6)):
            await change(approved, dice)
        later = f"{HEAD}\n99;apres@example.org;;email;fr;Namur;elderly.residential;staff;directives\n"
        await enlist(approved, later.encode(), "apres.csv", dry_run=False, actor="Opérations")
        await take_over(approved)

        found = await planned(approved)
        assert found[: len(stood)] == stood, seed
        assert [seq for seq, *_ in found] == list(range(1, len(found) + 1)), seed
        told, reached = {row[1] for row in found}, [(row[2], row[3]) for row in found]
        assert len(told) == len(found), seed
        assert len(set(reached)) == len(found), seed
        assert "apres@example.org" not in {address for _, address in reached}, seed
        missing = [
            person
            for person, *at in await concerned(approved)
            if person not in told and tuple(at) not in reached
        ]
        assert missing == [], seed
        assert await in_chunks(approved) == [(row[0], row[2]) for row in found], seed


@pytest.mark.parametrize("kept", ["another version", "another page's address"])
async def test_what_cannot_be_gone_on_from_is_made_anew(
    approved: Hub, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    await dispatch(approved, directive=await directive(approved), number=1)
    undisturbed = await outcome(approved)
    await forget(approved)
    assert await die(approved, monkeypatch, 8)
    stood = await planned(approved)
    assert stood
    async with approved.store.write() as tx:
        part = await parts.find(tx, 1)
        assert part is not None
        left = part.kept() | ({"version": 0} if kept == "another version" else {"basis": "[]"})
        await tx.execute(update(dispatches_table).values(plan=left))
        await tx.execute(update(bodies).values(text="what nobody approved"))

    await take_over(approved)

    assert await outcome(approved) == undisturbed


async def test_a_planner_that_finds_nobody_for_long_still_says_that_it_lives(
    approved: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with approved.store.write() as tx:
        await tx.execute(delete(memberships).where(memberships.c.person > 1))
    read = persons.pages
    beats = []

    async def slow(*given: Any, **named: Any) -> Any:
        async for page in read(*given, **named):
            approved.clock.set(approved.clock.now() + timedelta(seconds=20))
            yield page
            async with approved.store.write() as tx:
                beats.append(await dispatches.claim(tx, 1, claim="another", at=approved.clock.now()))

    monkeypatch.setattr(persons, "pages", slow)

    await dispatch(approved, directive=await directive(approved), number=1)

    assert len(beats) >= 6
    assert not any(beats)


KILLED = """
import asyncio, os, signal, sys
from pathlib import Path
from hub.context import open_hub
from hub.flow import dispatch as dispatching
from hub.store import dispatches, persons
from tests import a
from tests.hub.flow.changes import TABLES, change, concerned, forget, in_chunks, restore

dispatching.BATCH = persons.PAGE = 2
add, batches = dispatches.add_deliveries, 0

async def add_deliveries(*given):
    global batches
    await add(*given)
    batches += 1
    if batches == 3:
        os.kill(os.getpid(), signal.SIGKILL)

dispatches.add_deliveries = add_deliveries

async def main():
    async with open_hub(a.config(Path(sys.argv[1]))) as hub:
        await dispatching.resume(hub)

asyncio.run(main())
"""


async def test_a_planner_that_is_killed_is_followed_by_one_that_goes_on(hub: Hub, tmp_path: Path) -> None:
    await prepare(hub)
    await dispatch(hub, directive=await directive(hub), number=1)
    undisturbed = await outcome(hub)
    await forget(hub)

    victim = await asyncio.create_subprocess_exec(sys.executable, "-c", KILLED, str(tmp_path))
    assert await victim.wait() == -signal.SIGKILL
    stood = await planned(hub)
    async with hub.store.write() as tx:
        await tx.execute(update(dispatches_table).values(claimed_at=hub.clock.now()))
    await take_over(hub)

    assert len(stood) == 4  # the third batch was not committed
    assert (await planned(hub))[:4] == stood
    assert await outcome(hub) == undisturbed


async def test_a_plan_that_fails_leaves_nothing_being_read(
    approved: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asyncio.all_tasks()

    for write in range(1, MOST):
        await die(approved, monkeypatch, write)
        approved.clock.set(approved.clock.now() + dispatches.CLAIM_HOLDS + timedelta(seconds=1))
        assert asyncio.all_tasks() == before


async def test_where_reading_fails_behind_a_failed_write_the_write_is_told(
    approved: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context))
    from_page(3, unread, monkeypatch)

    died = await die(approved, monkeypatch, 3)
    gc.collect()

    assert died
    assert said == []


async def test_a_planner_that_is_called_off_waits_for_no_page(
    approved: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = from_page(3, unanswered, monkeypatch)
    task = asyncio.create_task(dispatch(approved, directive=await directive(approved), number=1))
    await asyncio.wait_for(begun.wait(), 10)
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
