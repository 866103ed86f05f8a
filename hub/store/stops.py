"""Stops in force: everything, one channel, that of one dispatch (`sms/12`), or the dispatches of one directive."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import delete, insert, select, update

from hub.store.engine import Tx
from hub.store.holds import HOLDERS
from hub.store.tables import chunks, dispatches, due, settings

EVERYTHING = "*"
_PREFIX = "stop/"  # hub.queue.statements reads these keys


def of_dispatch(channel: str, dispatch: int) -> str:
    """The scope of one channel of one dispatch."""
    return f"{channel}/{dispatch}"


async def put(tx: Tx, scope: str, *, at: datetime, cause: str = "") -> bool:
    """Stop a channel, that of one dispatch, or EVERYTHING; False where it is stopped already.

    `cause` is the far side's code where it refuses what the message says, or ours where it cannot be prepared.
    """
    if scope in await in_force(tx):
        return False
    await tx.execute(insert(settings).values(key=_PREFIX + scope, value=f"{at.isoformat()} {cause}".rstrip()))
    return True


async def lift(tx: Tx, scope: str) -> bool:
    """Let a channel, or EVERYTHING, go on; False where it was not stopped."""
    result = await tx.execute(delete(settings).where(settings.c.key == _PREFIX + scope))
    return result.rowcount > 0


async def in_force(tx: Tx) -> frozenset[str]:
    """The channels that are stopped, and EVERYTHING where everything is."""
    keys = (await tx.execute(select(settings.c.key).where(settings.c.key.startswith(_PREFIX)))).scalars()
    return frozenset(key.removeprefix(_PREFIX) for key in keys)


async def since(tx: Tx, *, of: Collection[int]) -> dict[str, datetime]:
    """The channels that are stopped, those of the dispatches `of` too, or EVERYTHING, and since when."""
    among = {None, *of}
    return {
        scope: datetime.fromisoformat(value.partition(" ")[0])
        for scope, value in await _all(tx)
        if _dispatch_of(scope) in among
    }


async def causes(tx: Tx) -> dict[str, str]:
    """The channels of dispatches whose message is refused for what it says, or cannot be prepared, and the code."""
    return {scope: cause for scope, value in await _all(tx) if (cause := value.partition(" ")[2])}


async def lift_refused(tx: Tx, directive: str) -> int:
    """Let the dispatches of a directive go on that were stopped with a cause; returns how many channels of them."""
    of = await tx.execute(select(dispatches.c.id).where(dispatches.c.directive == directive))
    own = set(of.scalars())
    return await _lift_all(tx, [scope for scope in await causes(tx) if _dispatch_of(scope) in own])


async def put_directive(tx: Tx, directive: str, *, at: datetime) -> int:
    """Stop all dispatches of a directive; returns how many were not stopped yet."""
    where = (dispatches.c.directive == directive) & dispatches.c.stopped_at.is_(None)
    return (await tx.execute(update(dispatches).where(where).values(stopped_at=at))).rowcount


async def lift_directive(tx: Tx, directive: str) -> int:
    """Let the dispatches of a directive go on, unless they were cancelled; returns how many were stopped."""
    where = (dispatches.c.directive == directive) & dispatches.c.stopped_at.is_not(None)
    free = where & dispatches.c.cancelled_at.is_(None)
    return (await tx.execute(update(dispatches).where(free).values(stopped_at=None))).rowcount


async def cancel_directive(tx: Tx, directive: str, *, at: datetime) -> int:
    """End the dispatches of a directive for good: what has not left becomes `cancelled`; returns how many."""
    where = (dispatches.c.directive == directive) & dispatches.c.cancelled_at.is_(None)
    ended = (await tx.execute(select(dispatches.c.id).where(where))).scalars().all()
    values = {"cancelled_at": at, "held": None, "held_until": None}
    await tx.execute(update(dispatches).where(dispatches.c.id.in_(ended)).values(values))
    # What waited for an hour or a pause is recorded as cancelled too, by whichever sender takes it in hand.
    waited = chunks.c.dispatch.in_(ended) & chunks.c.owner.in_(HOLDERS) & chunks.c.done_at.is_(None)
    await tx.execute(update(chunks).where(waited).values(owner=None))
    # Their retries come up at once, to be recorded as cancelled; one in doubt that is held stays in doubt.
    await tx.execute(update(due).where(due.c.dispatch.in_(ended), due.c.held.is_(False)).values(due_at=at))
    await _lift_all(tx, [scope for scope in await in_force(tx) if _dispatch_of(scope) in ended])
    return len(ended)


async def _all(tx: Tx) -> list[tuple[str, str]]:
    rows = await tx.execute(
        select(settings.c.key, settings.c.value).where(settings.c.key.startswith(_PREFIX))
    )
    return [(key.removeprefix(_PREFIX), value) for key, value in rows]


async def _lift_all(tx: Tx, scopes: Collection[str]) -> int:
    keys = [_PREFIX + scope for scope in scopes]
    return (await tx.execute(delete(settings).where(settings.c.key.in_(keys)))).rowcount if keys else 0


def _dispatch_of(scope: str) -> int | None:
    _, _, dispatch = scope.partition("/")
    return int(dispatch) if dispatch else None
