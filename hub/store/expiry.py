"""What has expired and is in nobody's hand is listed as expired, also where it is stopped, scheduled or paused."""

from datetime import datetime

from sqlalchemy import and_, delete, exists, func, insert, literal, or_, select, update

from hub.model.delivery import Outcome
from hub.store.engine import Tx
from hub.store.holds import HOLDERS
from hub.store.tables import attempts, chunks, deliveries, dispatches, due

OWNER = "expiry"
"""Who says so in `attempts`; a sender that has rows in hand says so itself."""

_FREE = or_(chunks.c.owner.is_(None), chunks.c.owner.in_(HOLDERS))


async def find(tx: Tx, *, at: datetime, limit: int) -> list[int]:
    """Chunks whose dispatch has expired while nobody had them in hand."""
    over = (dispatches.c.expires_at <= at) & dispatches.c.cancelled_at.is_(None)
    query = select(chunks.c.id).join(dispatches, dispatches.c.id == chunks.c.dispatch)
    return list(
        (await tx.execute(query.where(chunks.c.done_at.is_(None), _FREE, over).limit(limit))).scalars()
    )


async def find_due(tx: Tx, *, at: datetime, limit: int) -> list[tuple[int, int, int]]:
    """Deliveries to be tried again (dispatch, seq, tries) whose time is over; those held in doubt stay in doubt."""
    over = (dispatches.c.expires_at <= at) & dispatches.c.cancelled_at.is_(None)
    query = select(due.c.dispatch, due.c.seq, due.c.attempt).join(
        dispatches, dispatches.c.id == due.c.dispatch
    )
    rows = await tx.execute(query.where(due.c.owner.is_(None), due.c.held.is_(False), over).limit(limit))
    return [(dispatch, seq, attempt) for dispatch, seq, attempt in rows]


async def close(tx: Tx, chunk: int, *, at: datetime) -> int:
    """List what is left of a chunk as expired; returns how many. 0 where a sender took it in hand meanwhile."""
    taken = update(chunks).where(chunks.c.id == chunk, chunks.c.done_at.is_(None), _FREE)
    if (await tx.execute(taken.values(done_at=at, owner=None))).rowcount != 1:
        return 0
    untried = ~exists().where(
        attempts.c.dispatch == deliveries.c.dispatch, attempts.c.seq == deliveries.c.seq
    )
    within = and_(
        chunks.c.id == chunk,
        deliveries.c.dispatch == chunks.c.dispatch,
        deliveries.c.seq.between(chunks.c.first, chunks.c.last),
    )
    rows = select(deliveries.c.dispatch, deliveries.c.seq, *_stamp(0, at)).join(chunks, within).where(untried)
    return (await tx.execute(insert(attempts).from_select(_COLUMNS, rows))).rowcount


async def close_due(tx: Tx, dispatch: int, seq: int, attempt: int, *, at: datetime) -> int:
    """List one that was to be tried again as expired; 0 where a sender or a report was faster."""
    free = due.c.owner.is_(None) & due.c.held.is_(False)
    where = (due.c.dispatch == dispatch) & (due.c.seq == seq) & free
    if (await tx.execute(delete(due).where(where))).rowcount != 1:
        return 0
    values = {
        "dispatch": dispatch,
        "seq": seq,
        "attempt": attempt,
        "outcome": Outcome.EXPIRED.value,
        "at": at,
    }
    plain = {"owner": OWNER, "epoch": 0, "lane": -1, "code": "", "provider_id": ""}
    await tx.execute(insert(attempts).values(**values, **plain))
    return 1


async def end_holds(tx: Tx, *, at: datetime) -> None:
    """What has expired waits for nothing any more."""
    over = dispatches.c.held.is_not(None) & (dispatches.c.expires_at <= at)
    await tx.execute(update(dispatches).where(over).values(held=None, held_until=None))


async def count_open(tx: Tx, dispatch: int) -> int:
    """How many deliveries of a dispatch have not left a chunk yet."""
    span = func.coalesce(func.sum(chunks.c.last - chunks.c.first + 1), 0)
    query = select(span).where(chunks.c.dispatch == dispatch, chunks.c.done_at.is_(None))
    return int((await tx.execute(query)).scalar_one())


async def count_again(tx: Tx, dispatch: int) -> int:
    """How many deliveries of a dispatch are to be tried again."""
    query = select(func.count()).select_from(due).where(due.c.dispatch == dispatch, due.c.held.is_(False))
    return int((await tx.execute(query)).scalar_one())


_COLUMNS = ["dispatch", "seq", "attempt", "outcome", "at", "owner", "epoch", "lane", "code", "provider_id"]


def _stamp(attempt: int, at: datetime) -> list[object]:
    values = (attempt, Outcome.EXPIRED.value)
    return [
        *(literal(value) for value in values),
        literal(at, attempts.c.at.type),
        *(literal(value) for value in (OWNER, 0, -1, "", "")),
    ]
