"""How many deliveries stand at which outcome: counted from what was appended since, never by walking all attempts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Select, and_, case, delete, func, insert, literal, select, update

from hub.model.delivery import FINISHED, TAKEN, Outcome
from hub.store.engine import Tx
from hub.store.tables import Instant, attempts, deliveries, paces, settings, sums

BATCH = 50_000
"""Attempts counted in one go."""

PATIENCE = timedelta(seconds=60)
"""How long a number that is missing among the attempts may still be on its way: no commit takes so long."""

STEP = timedelta(seconds=5)
"""Between two notes of how far a dispatch is."""

_UPTO = "tally/upto"


class Key(NamedTuple):
    """What is counted together."""

    dispatch: int
    channel: str
    outcome: Outcome
    code: str


class Tally(NamedTuple):
    """How many stand there, and when the last one came."""

    number: int
    last_at: datetime


class Pace(NamedTuple):
    """How far it was at an instant: deliveries with no work left, and those that the far side ever took."""

    at: datetime
    finished: int
    handed: int


@dataclass(frozen=True, slots=True)
class News:
    """What the attempts after `since` up to `upto` changed; `more` where there are others behind them."""

    since: int
    upto: int
    change: Mapping[Key, Tally]
    more: bool


async def news(tx: Tx, *, at: datetime) -> News:
    """What was appended since the last count, a batch at most."""
    since = await _upto(tx)
    upto, full = await _end(tx, since, at)
    if upto == since:
        return News(since, since, {}, more=False)
    batch = (
        select(attempts.c.dispatch, attempts.c.seq, func.max(attempts.c.id).label("newest"))
        .where(attempts.c.id > since, attempts.c.id <= upto)
        .group_by(attempts.c.dispatch, attempts.c.seq)
        .cte("batch")
    )
    earlier = attempts.alias("earlier")
    before = (
        select(func.max(earlier.c.id))
        .where(earlier.c.dispatch == batch.c.dispatch, earlier.c.seq == batch.c.seq, earlier.c.id <= since)
        .scalar_subquery()
    )
    change: dict[Key, Tally] = {}
    for sign, which in ((1, batch.c.newest), (-1, before)):
        for dispatch, channel, outcome, code, number, last_at in await tx.execute(_counted(batch, which)):
            key = Key(dispatch, channel, Outcome(outcome), code)
            known = change.get(key, Tally(0, last_at))
            change[key] = Tally(known.number + sign * number, max(known.last_at, last_at))
    return News(since, upto, change, more=full)


def _counted(batch: Any, which: Any) -> Select[Any]:
    """The rows that `which` names, counted by what they say."""
    group = (attempts.c.dispatch, deliveries.c.channel, attempts.c.outcome, attempts.c.code)
    one = and_(deliveries.c.dispatch == batch.c.dispatch, deliveries.c.seq == batch.c.seq)
    joined = batch.join(attempts, attempts.c.id == which).join(deliveries, one)
    return select(*group, func.count(), func.max(attempts.c.at)).select_from(joined).group_by(*group)


async def keep(tx: Tx, found: News, *, history: timedelta) -> bool:
    """Add what was found to the counts; False where somebody else did meanwhile, then look for news again.

    How far each dispatch is, is noted for as long as `history`.
    """
    if not await _advance(tx, found):
        return False
    for key, tally in found.change.items():
        own = and_(*(sums.c[name] == value for name, value in key._asdict().items()))
        at = literal(tally.last_at, Instant)
        newer = case((sums.c.last_at < at, at), else_=sums.c.last_at)
        change = {"number": sums.c.number + tally.number, "last_at": newer}
        if not (await tx.execute(update(sums).where(own).values(**change))).rowcount:
            await tx.execute(insert(sums).values(**key._asdict(), **tally._asdict()))
    ends: dict[tuple[int, str], datetime] = {}
    for key, tally in found.change.items():
        place = key.dispatch, key.channel
        ends[place] = max(ends.get(place, tally.last_at), tally.last_at)
    for (dispatch, channel), end in ends.items():
        await _note_pace(tx, dispatch, channel, end)
    if ends:
        await tx.execute(delete(paces).where(paces.c.at < max(ends.values()) - history))
    return True


async def _note_pace(tx: Tx, dispatch: int, channel: str, at: datetime) -> None:
    own = (paces.c.dispatch == dispatch) & (paces.c.channel == channel)
    last = (await tx.execute(select(func.max(paces.c.at)).where(own))).scalar_one()
    if last is not None and at - last < STEP:
        return
    query = select(_sum_of(FINISHED), _sum_of(TAKEN)).where(
        sums.c.dispatch == dispatch, sums.c.channel == channel
    )
    finished, handed = (await tx.execute(query)).one()
    await tx.execute(
        insert(paces).values(dispatch=dispatch, channel=channel, at=at, finished=finished, handed=handed)
    )


async def by_code(tx: Tx, dispatches: Collection[int]) -> dict[Key, Tally]:
    """The counts of these dispatches; a delivery that was never tried is in none of them."""
    query = select(sums).where(sums.c.dispatch.in_(dispatches), sums.c.number > 0)
    return {
        Key(row.dispatch, row.channel, Outcome(row.outcome), row.code): Tally(row.number, row.last_at)
        for row in await tx.execute(query)
    }


async def totals(tx: Tx) -> dict[tuple[str, Outcome], int]:
    """Per channel and outcome, over all dispatches there ever were."""
    group = (sums.c.channel, sums.c.outcome)
    rows = await tx.execute(select(*group, func.sum(sums.c.number)).group_by(*group).order_by(*group))
    return {(channel, Outcome(outcome)): int(number) for channel, outcome, number in rows}


async def paces_of(tx: Tx, dispatches: Collection[int]) -> dict[tuple[int, str], list[Pace]]:
    """How far each was, oldest first, by dispatch and channel."""
    query = select(paces).where(paces.c.dispatch.in_(dispatches)).order_by(paces.c.at)
    found: dict[tuple[int, str], list[Pace]] = {}
    for row in await tx.execute(query):
        found.setdefault((row.dispatch, row.channel), []).append(Pace(row.at, row.finished, row.handed))
    return found


async def waiting_for_reports(tx: Tx, channel: str) -> list[int]:
    """Dispatches of which this channel's far side took messages that it has not reported on."""
    query = select(sums.c.dispatch).where(
        sums.c.channel == channel,
        sums.c.outcome == Outcome.ACCEPTED.value,
        sums.c.number > 0,
    )
    return list((await tx.execute(query.distinct())).scalars())


async def _upto(tx: Tx) -> int:
    found = (await tx.execute(select(settings.c.value).where(settings.c.key == _UPTO))).scalar_one_or_none()
    return int(found or 0)


async def _advance(tx: Tx, found: News) -> bool:
    own = settings.c.key == _UPTO
    if found.since == 0 and (await tx.execute(select(settings.c.key).where(own))).first() is None:
        await tx.execute(insert(settings).values(key=_UPTO, value=str(found.upto)))
        return True
    moved = update(settings).where(own, settings.c.value == str(found.since)).values(value=str(found.upto))
    return (await tx.execute(moved)).rowcount == 1


async def _end(tx: Tx, since: int, at: datetime) -> tuple[int, bool]:
    """Up to which attempt may be counted, and whether a whole batch is there.

    Where several senders write, a higher number may be there before a lower one: it is waited for.
    """
    part = select(attempts.c.id).where(attempts.c.id > since).order_by(attempts.c.id).limit(BATCH).subquery()
    last, number = (await tx.execute(select(func.max(part.c.id), func.count()).select_from(part))).one()
    if last is None:
        return since, False
    if last - since == number:
        return last, number == BATCH
    follower = attempts.alias("follower")
    gaps = (
        select(part.c.id)
        .select_from(part.outerjoin(follower, follower.c.id == part.c.id - 1))
        .where(follower.c.id.is_(None), part.c.id > since + 1)
        .order_by(part.c.id)
    )
    # A gap whose far side is old is none: its number was given out and never used.
    young = select(attempts.c.id).where(attempts.c.id.in_(gaps), attempts.c.at > at - PATIENCE)
    gap = (await tx.execute(young.order_by(attempts.c.id).limit(1))).scalar_one_or_none()
    if gap is None:
        return last, number == BATCH
    ahead = select(func.max(attempts.c.id)).where(attempts.c.id > since, attempts.c.id < gap)
    return (await tx.execute(ahead)).scalar_one() or since, False


def _sum_of(outcomes: Collection[Outcome]) -> Any:
    among = sums.c.outcome.in_([outcome.value for outcome in outcomes])
    return func.coalesce(func.sum(case((among, sums.c.number), else_=0)), 0)
