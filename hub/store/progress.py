"""What is left to send, read from chunks and from what is due: never from the deliveries themselves."""

from collections.abc import Collection
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import case, func, or_, select

from hub.model.pulse import Pulse
from hub.store.engine import Tx
from hub.store.tables import chunks, dispatches, due, slots

Place = tuple[int, str]
"""A dispatch and a channel."""


class Due(NamedTuple):
    """What has to be tried again: how many by itself, how many when a person says so, and since when."""

    waiting: int
    held: int
    held_since: datetime | None


class Slot(NamedTuple):
    """A place for a sender, and what the life in it said last."""

    name: str
    epoch: int
    entered_at: datetime
    beat_at: datetime | None
    pulse: Pulse


async def planned(tx: Tx, among: Collection[int]) -> dict[Place, int]:
    """How many deliveries were planned, from the ranges of the chunks."""
    size = func.sum(chunks.c.last - chunks.c.first + 1)
    group = (chunks.c.dispatch, chunks.c.channel)
    query = select(*group, size).where(chunks.c.dispatch.in_(among)).group_by(*group).order_by(*group)
    return {(dispatch, channel): int(number) for dispatch, channel, number in await tx.execute(query)}


async def open_chunks(tx: Tx) -> dict[Place, int]:
    """Where chunks are not done, and how many of them."""
    group = (chunks.c.dispatch, chunks.c.channel)
    query = select(*group, func.count()).where(chunks.c.done_at.is_(None)).group_by(*group)
    return {(dispatch, channel): number for dispatch, channel, number in await tx.execute(query)}


async def due_again(tx: Tx) -> dict[Place, Due]:
    """What is due or held, by dispatch and channel."""
    group = (due.c.dispatch, due.c.channel)
    query = select(
        *group,
        func.sum(case((due.c.held, 0), else_=1)),
        func.sum(case((due.c.held, 1), else_=0)),
        func.min(case((due.c.held, due.c.due_at))),
    ).group_by(*group)
    return {
        (dispatch, channel): Due(int(waiting), int(held), since)
        for dispatch, channel, waiting, held, since in await tx.execute(query)
    }


async def under_way(tx: Tx) -> list[int]:
    """Dispatches that a sender or a person has work left for."""
    query = select(dispatches.c.id).where(
        or_(
            dispatches.c.planned_at.is_(None),
            dispatches.c.id.in_(select(chunks.c.dispatch).where(chunks.c.done_at.is_(None))),
            dispatches.c.id.in_(select(due.c.dispatch)),
        )
    )
    return list((await tx.execute(query.order_by(dispatches.c.id))).scalars())


async def senders(tx: Tx) -> list[Slot]:
    """All slots that a sender ever had, by name."""
    rows = await tx.execute(select(slots).order_by(slots.c.slot))
    return [
        Slot(
            row.slot,
            row.epoch,
            row.entered_at,
            row.beat_at,
            Pulse.from_json(row.state) if row.state else Pulse(),
        )
        for row in rows
    ]
