"""What SMS cost: segments per dispatch and per day as counters, each with a ceiling that a person may move."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from sqlalchemy import insert, select, update

from hub.store.engine import Tx
from hub.store.tables import spending


@dataclass(frozen=True, slots=True)
class Spent:
    """One counter. `ceiling` in cents, where a person set another than the settings."""

    scope: str
    segments: int = 0
    ceiling: int | None = None
    reached_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """Segments taken from all counters; or none, because the ceiling of one, `short`, leaves too little."""

    segments: int
    short: Spent | None = None


def of_dispatch(dispatch: int) -> str:
    """The counter of a dispatch."""
    return f"dispatch/{dispatch}"


def of_day(day: date) -> str:
    """The counter of a day in Brussels."""
    return f"day/{day.isoformat()}"


async def get(tx: Tx, scope: str) -> Spent:
    """A counter; at nothing where nothing was counted."""
    row = (await tx.execute(select(spending).where(spending.c.scope == scope))).one_or_none()
    return Spent(scope) if row is None else Spent(**row._mapping)


async def take(tx: Tx, ceilings: Mapping[str, int], *, price: Decimal, at_least: int, at_most: int) -> Taken:
    """Take segments from each of these counters, as many as the lowest ceiling leaves.

    `ceilings` are the settings', in cents, 0 for none.
    """
    found = [await _held(tx, scope) for scope in sorted(ceilings)]
    rooms = [(room(spent, ceilings[spent.scope], price), spent) for spent in found]
    tightest = min((each for each in rooms if each[0] is not None), key=_room, default=None)
    if tightest is not None and _room(tightest) < at_least:
        return Taken(0, tightest[1])
    number = at_most if tightest is None else min(at_most, _room(tightest))
    for spent in found:
        await _add(tx, spent.scope, number)
    return Taken(number)


async def give_back(tx: Tx, scopes: Mapping[str, int]) -> None:
    """Segments that were taken and not sent."""
    for scope, number in scopes.items():
        await _add(tx, scope, -number)


async def reach(tx: Tx, scope: str, *, at: datetime) -> bool:
    """Note that a ceiling was reached; False where it was noted before."""
    now = update(spending).where(spending.c.scope == scope, spending.c.reached_at.is_(None))
    return (await tx.execute(now.values(reached_at=at))).rowcount > 0


async def set_ceiling(tx: Tx, scope: str, cents: int) -> None:
    """Give a counter another ceiling than the settings; it counts as not reached yet."""
    await _held(tx, scope)
    moved = update(spending).where(spending.c.scope == scope)
    await tx.execute(moved.values(ceiling=cents, reached_at=None))


def room(spent: Spent, ceiling: int, price: Decimal) -> int | None:
    """How many segments a counter leaves under its ceiling, in cents; None where there is no ceiling."""
    cents = ceiling if spent.ceiling is None else spent.ceiling
    if not price or (not cents and spent.ceiling is None):
        return None
    return max(0, int(Decimal(cents) / (price * 100)) - spent.segments)


def _room(of: tuple[int | None, Spent]) -> int:
    return of[0] or 0


async def _held(tx: Tx, scope: str) -> Spent:
    """A counter that nobody else moves until this transaction ends; made where it is new."""
    query = select(spending).where(spending.c.scope == scope).with_for_update()
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        await tx.execute(insert(spending).values(scope=scope, segments=0))
        return Spent(scope)
    return Spent(**row._mapping)


async def _add(tx: Tx, scope: str, number: int) -> None:
    moved = update(spending).where(spending.c.scope == scope)
    await tx.execute(moved.values(segments=spending.c.segments + number))
