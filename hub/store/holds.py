"""Dispatches that wait though they are planned: their chunks are lent to an owner that no sender is."""

from datetime import datetime

from sqlalchemy import exists, or_, select, update

from hub.model.delivery import Outcome
from hub.model.hold import Hold
from hub.store import dispatches
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx
from hub.store.tables import attempts, chunks, due
from hub.store.tables import dispatches as table

SCHEDULE, CANARY = "(schedule)", "(canary)"
"""Owners of chunks that wait for an hour, or for the end of the pause: no slot is called so, and none leases them."""

HOLDERS = (SCHEDULE, CANARY)


async def waiting(tx: Tx, directive: str | None = None) -> list[Dispatch]:
    """The dispatches that wait, or those of one directive; not what was cancelled."""
    where = table.c.held.is_not(None) & table.c.cancelled_at.is_(None)
    found = select(table.c.directive).where(where).distinct()
    if directive is not None:
        found = found.where(table.c.directive == directive)
    return [
        each
        for name in (await tx.execute(found)).scalars().all()
        for each in await dispatches.of_directive(tx, name)
        if each.held is not None and each.cancelled_at is None
    ]


async def move(
    tx: Tx, dispatch: int, before: Hold | None, after: Hold | None, *, until: datetime | None = None
) -> bool:
    """Let it wait for something else, or for nothing; False where another process did so meanwhile."""
    same = table.c.held.is_(None) if before is None else table.c.held == before.value
    where = (table.c.id == dispatch) & same & table.c.cancelled_at.is_(None)
    values = {"held": after.value if after else None, "held_until": until}
    return (await tx.execute(update(table).where(where).values(**values))).rowcount == 1


async def free(tx: Tx, dispatch: int, *holders: str) -> None:
    """Give chunks to whichever sender comes first."""
    where = (chunks.c.dispatch == dispatch) & chunks.c.owner.in_(holders) & chunks.c.done_at.is_(None)
    await tx.execute(update(chunks).where(where).values(owner=None))


async def has_canaries(tx: Tx, dispatch: int) -> bool:
    """Whether the staff gets it before the others."""
    return bool(
        (
            await tx.execute(select(exists().where(chunks.c.dispatch == dispatch, chunks.c.owner == CANARY)))
        ).scalar_one()
    )


async def staff_tried(tx: Tx, dispatch: int) -> bool:
    """Whether each message to the staff was tried once."""
    theirs = or_(chunks.c.owner.is_(None), chunks.c.owner != CANARY)
    left = exists().where(chunks.c.dispatch == dispatch, chunks.c.done_at.is_(None), theirs)
    return not (await tx.execute(select(left))).scalar_one()


async def staff_reached(tx: Tx, dispatch: int) -> bool | None:
    """Whether somebody of the staff has it; None while that may still become so."""
    have = (Outcome.ACCEPTED.value, Outcome.DELIVERED.value)
    arrived = exists().where(attempts.c.dispatch == dispatch, attempts.c.outcome.in_(have))
    again = exists().where(due.c.dispatch == dispatch, due.c.held.is_(False))
    reached, open_ = (await tx.execute(select(arrived, again))).one()
    return True if reached else None if open_ else False
