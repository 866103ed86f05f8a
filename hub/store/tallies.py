"""How many people a cell has, kept as they come and go, so that nobody counts them on the day."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import case, func, insert, select, update

from hub.model.review import Kind
from hub.store.engine import Tx
from hub.store.tables import dispatches, memberships, persons, revisions, tallies

Cell = tuple[str, str]
"""Sector and audience."""


class Tally(NamedTuple):
    """A cell's memberships that get messages now, and the most that there ever were."""

    people: int
    most: int


async def add(tx: Tx, changes: Mapping[Cell, int]) -> None:
    """Count people in, or with a negative number out."""
    for (sector, audience), number in changes.items():
        if not number:
            continue
        people = tallies.c.people + number
        own = (tallies.c.sector == sector) & (tallies.c.audience == audience)
        most = case((people > tallies.c.most, people), else_=tallies.c.most)
        changed = await tx.execute(update(tallies).where(own).values(people=people, most=most))
        if not changed.rowcount:
            first = max(number, 0)
            await tx.execute(
                insert(tallies).values(sector=sector, audience=audience, people=first, most=first)
            )


async def of(tx: Tx, cells: Iterable[Cell]) -> dict[Cell, Tally]:
    """The tallies of cells; one that never had anybody has none."""
    wanted = set(cells)
    rows = await tx.execute(select(tallies.c.sector, tallies.c.audience, tallies.c.people, tallies.c.most))
    return {
        (sector, audience): Tally(*counts)
        for sector, audience, *counts in rows
        if (sector, audience) in wanted
    }


async def leaving(tx: Tx, people: Iterable[int]) -> dict[Cell, int]:
    """In which cells these persons get messages that they may end: what an opt-out takes from each."""
    return await _optional(tx, people, opted_out=False)


async def coming_back(tx: Tx, people: Iterable[int]) -> dict[Cell, int]:
    """In which cells these persons would get messages again that they had ended."""
    return await _optional(tx, people, opted_out=True)


async def _optional(tx: Tx, people: Iterable[int], *, opted_out: bool) -> dict[Cell, int]:
    out = persons.c.opted_out_at
    query = (
        select(memberships.c.sector, memberships.c.audience, func.count())
        .join(persons, persons.c.id == memberships.c.person)
        .where(memberships.c.person.in_(list(people)), memberships.c.stream != "duty")
        .where(persons.c.erased_at.is_(None), out.is_not(None) if opted_out else out.is_(None))
        .group_by(memberships.c.sector, memberships.c.audience)
    )
    return {(sector, audience): number for sector, audience, number in await tx.execute(query)}


async def recent_audiences(tx: Tx, *, mode: str, limit: int) -> list[int]:
    """How many people each of the last dispatches was approved for, the newest first; ends of acts left out."""
    query = (
        select(revisions.c.audience_count)
        .join(
            dispatches,
            (dispatches.c.directive == revisions.c.directive) & (dispatches.c.revision == revisions.c.number),
        )
        .where(dispatches.c.mode == mode, revisions.c.audience_count.is_not(None))
        .where(revisions.c.kind.not_in([Kind.CANCEL.value, Kind.ALL_CLEAR.value]))
        .order_by(dispatches.c.id.desc())
        .limit(limit)
    )
    return list((await tx.execute(query)).scalars())
