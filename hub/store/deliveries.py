"""Deliveries: how they stand, which are in doubt or failed, and what others report of them."""

import hashlib
import hmac
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, exists, func, insert, select

from hub.model.delivery import FINISHED, TAKEN, Outcome, Writer
from hub.store.engine import Tx
from hub.store.instance import Instance
from hub.store.tables import attempts, deliveries, due, inquiries

NAMESPACE = UUID("6b1a7c52-3a0e-5c8e-9d2f-0f5d4b1e7a90")
"""Of all delivery keys; with the instance's own id in the name, two instances never share one."""


class Try(NamedTuple):
    """One attempt at one delivery."""

    dispatch: int
    seq: int
    attempt: int


class Latest(NamedTuple):
    """How a delivery stands, and how many tries of it were begun."""

    outcome: Outcome
    tries: int


class Told(NamedTuple):
    """What is to be appended of what the far side reports."""

    made: Try
    outcome: Outcome
    code: str
    provider_id: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How one delivery stands; never its address."""

    dispatch: int
    seq: int
    channel: str
    outcome: Outcome
    at: datetime
    attempt: int
    code: str
    held: bool = False


_SPACE = NAMESPACE.bytes
_VARIANT = {digit: f"{int(digit, 16) & 0x3 | 0x8:x}" for digit in "0123456789abcdef"}


def key_of(instance: Instance, dispatch: int, seq: int) -> str:
    """The delivery's UUID: the same for every attempt, so its Message-ID repeats."""
    name = f"{instance.id}/{dispatch}/{seq}".encode()
    found = hashlib.sha1(_SPACE + name, usedforsecurity=False).hexdigest()
    # RFC 9562 §5.5, as uuid.uuid5 makes it, for a tenth of its cost: version 5, variant 10.
    variant = _VARIANT[found[16]]
    return f"{found[:8]}-{found[8:12]}-5{found[13:16]}-{variant}{found[17:20]}-{found[20:32]}"


def attempt_id(instance: Instance, made: Try) -> str:
    """What stands in a callback's path: which attempt, and a mark that only this instance can make."""
    plain = "-".join(map(str, made))
    return f"{plain}-{_mark(instance, plain)}"


def read_attempt_id(instance: Instance, text: str) -> Try | None:
    """The attempt that a callback names, None where this instance never gave out such an id."""
    plain, _, mark = text.rpartition("-")
    if not hmac.compare_digest(mark.encode(), _mark(instance, plain).encode()):
        return None
    dispatch, seq, attempt = plain.split("-")
    return Try(int(dispatch), int(seq), int(attempt))


def _mark(instance: Instance, plain: str) -> str:
    return hashlib.blake2s(plain.encode(), key=instance.secret[:32], digest_size=10).hexdigest()


async def counts(tx: Tx, dispatch: int) -> Mapping[str, Mapping[Outcome, int]]:
    """Per channel, how many deliveries stand at which outcome."""
    # A question for each delivery: joining with all latest rows has no index, and is quadratic on SQLite.
    last = attempts.alias("last")
    latest = select(last.c.outcome).where(
        last.c.dispatch == deliveries.c.dispatch, last.c.seq == deliveries.c.seq
    )
    outcome = func.coalesce(
        latest.order_by(last.c.id.desc()).limit(1).scalar_subquery(), Outcome.QUEUED.value
    )
    each = select(deliveries.c.channel, outcome.label("outcome")).where(deliveries.c.dispatch == dispatch)
    of = each.subquery()
    rows = await tx.execute(
        select(of.c.channel, of.c.outcome, func.count())
        .group_by(of.c.channel, of.c.outcome)
        .order_by(of.c.channel)
    )
    found: dict[str, dict[Outcome, int]] = {}
    for channel, state, number in rows:
        found.setdefault(channel, {})[Outcome(state)] = number
    return found


async def uncertain(tx: Tx, dispatch: int) -> list[Standing]:
    """Deliveries that the far side may or may not have; those `held` wait for a person."""
    return await _standing(tx, dispatch, Outcome.UNCERTAIN)


async def failed(tx: Tx, dispatch: int) -> list[Standing]:
    """Deliveries that will not arrive."""
    return await _standing(tx, dispatch, Outcome.REFUSED, Outcome.BOUNCED, Outcome.EXPIRED)


async def ever_uncertain(tx: Tx, dispatch: int) -> frozenset[int]:
    """The seq of each delivery that was uncertain at any time: only these may have been repeated."""
    where = (attempts.c.dispatch == dispatch) & (attempts.c.outcome == Outcome.UNCERTAIN.value)
    return frozenset((await tx.execute(select(attempts.c.seq).distinct().where(where))).scalars())


async def doubts(tx: Tx, made: Try) -> int:
    """How often a delivery was in doubt, with this try and those before."""
    query = select(func.count()).where(
        attempts.c.dispatch == made.dispatch,
        attempts.c.seq == made.seq,
        attempts.c.outcome == Outcome.UNCERTAIN,
    )
    return int((await tx.execute(query)).scalar_one())


async def outcome_of(tx: Tx, dispatch: int, seq: int) -> Outcome | None:
    """How one delivery stands; None where there is no such delivery."""
    there = (deliveries.c.dispatch == dispatch) & (deliveries.c.seq == seq)
    if (await tx.execute(select(deliveries.c.seq).where(there))).one_or_none() is None:
        return None
    query = select(attempts.c.outcome).where(attempts.c.dispatch == dispatch, attempts.c.seq == seq)
    outcome = (await tx.execute(query.order_by(attempts.c.id.desc()).limit(1))).scalar_one_or_none()
    return Outcome.QUEUED if outcome is None else Outcome(outcome)


async def was_taken(tx: Tx, dispatch: int, *, body: int) -> bool:
    """Whether the far side has taken this body for anybody of a dispatch."""
    own = (attempts.c.dispatch == deliveries.c.dispatch) & (attempts.c.seq == deliveries.c.seq)
    query = select(deliveries.c.seq).where(
        deliveries.c.dispatch == dispatch,
        deliveries.c.body == body,
        exists().where(own, attempts.c.outcome.in_(TAKEN)),
    )
    return (await tx.execute(query.limit(1))).first() is not None


async def reported_taken(tx: Tx, tries: Collection[Try]) -> set[Try]:
    """Which of these tries the far side is reported to have taken; what became of another try says nothing."""
    found: set[Try] = set()
    told = (attempts.c.owner == Writer.REPORT.value) & attempts.c.outcome.in_(TAKEN)
    query = select(attempts.c.dispatch, attempts.c.seq, attempts.c.attempt).where(told)
    for dispatch, seqs in _by_dispatch({made[:2] for made in tries}):
        here = (attempts.c.dispatch == dispatch) & attempts.c.seq.in_(seqs)
        found.update(Try(*row) for row in await tx.execute(query.where(here)))
    return found.intersection(tries)


async def was_delivered(tx: Tx, dispatch: int) -> bool:
    """Whether anybody of a dispatch is reported to have got it."""
    arrived = (attempts.c.dispatch == dispatch) & (attempts.c.outcome == Outcome.DELIVERED.value)
    return (await tx.execute(select(attempts.c.seq).where(arrived).limit(1))).first() is not None


async def address_of(tx: Tx, dispatch: int, seq: int) -> tuple[str, str]:
    """The channel and address of a delivery."""
    query = select(deliveries.c.channel, deliveries.c.address)
    row = (await tx.execute(query.where(deliveries.c.dispatch == dispatch, deliveries.c.seq == seq))).one()
    return row[0], row[1]


async def latest(tx: Tx, keys: Collection[tuple[int, int]]) -> dict[tuple[int, int], Latest]:
    """How each of these deliveries (dispatch, seq) stands; what is none of ours is left out."""
    found: dict[tuple[int, int], Latest] = {}
    own = (attempts.c.dispatch == deliveries.c.dispatch) & (attempts.c.seq == deliveries.c.seq)
    last = select(attempts.c.outcome).where(own).order_by(attempts.c.id.desc()).limit(1)
    tries = select(func.max(attempts.c.attempt)).where(own)
    for dispatch, seqs in _by_dispatch(keys):
        rows = await tx.execute(
            # A question for each delivery, by the index: a join with all latest rows would have none.
            select(deliveries.c.seq, last.scalar_subquery(), tries.scalar_subquery()).where(
                deliveries.c.dispatch == dispatch, deliveries.c.seq.in_(seqs)
            )
        )
        for seq, outcome, begun in rows:
            found[dispatch, seq] = Latest(Outcome(outcome or Outcome.QUEUED), begun or 0)
    return found


async def addresses_of(tx: Tx, keys: Collection[tuple[int, int]]) -> list[tuple[int, int, str, str]]:
    """The dispatch, seq, channel and address of each of these deliveries."""
    columns = (deliveries.c.dispatch, deliveries.c.seq, deliveries.c.channel, deliveries.c.address)
    found: list[tuple[int, int, str, str]] = []
    for dispatch, seqs in _by_dispatch(keys):
        here = (deliveries.c.dispatch == dispatch) & deliveries.c.seq.in_(seqs)
        found += [(row[0], row[1], row[2], row[3]) for row in await tx.execute(select(*columns).where(here))]
    return found


async def append_reports(tx: Tx, told: Sequence[Told], *, at: datetime) -> None:
    """Append what the far side reports, and take the deliveries off the list of those to be tried again.

    Of what is final nobody needs to ask any more either.
    """
    if not told:
        return
    mark = {"at": at, "owner": Writer.REPORT, "epoch": 0, "lane": -1}
    await tx.execute(
        insert(attempts),
        [
            {
                "dispatch": made.dispatch,
                "seq": made.seq,
                "attempt": made.attempt,
                "outcome": outcome.value,
                "code": code,
                "provider_id": provider_id,
                **mark,
            }
            for made, outcome, code, provider_id in told
        ],
    )
    final = [each for each in told if each.outcome in FINISHED and each.outcome is not Outcome.ACCEPTED]
    for table, over in ((due, told), (inquiries, final)):
        keys = {(each.made.dispatch, each.made.seq) for each in over}
        for dispatch, seqs in _by_dispatch(keys):
            await tx.execute(delete(table).where(table.c.dispatch == dispatch, table.c.seq.in_(seqs)))


async def append_report(
    tx: Tx, made: Try, outcome: Outcome, *, at: datetime, code: str, provider_id: str
) -> None:
    """Append one report."""
    await append_reports(tx, [Told(made, outcome, code, provider_id)], at=at)


def _by_dispatch(keys: Collection[tuple[int, int]]) -> Iterator[tuple[int, list[int]]]:
    """Each dispatch with the seqs that belong to it, a few hundred at a time."""
    seqs: dict[int, list[int]] = {}
    for dispatch, seq in keys:
        seqs.setdefault(dispatch, []).append(seq)
    for dispatch, those in seqs.items():
        for start in range(0, len(those), 500):
            yield dispatch, those[start : start + 500]


def is_latest() -> ColumnElement[bool]:
    """Whether an attempts row is the last word on its delivery."""
    later = attempts.alias("later")
    same = (later.c.dispatch == attempts.c.dispatch) & (later.c.seq == attempts.c.seq)
    return attempts.c.id == select(func.max(later.c.id)).where(same).scalar_subquery()


async def _standing(tx: Tx, dispatch: int, *outcomes: Outcome) -> list[Standing]:
    one = and_(deliveries.c.dispatch == attempts.c.dispatch, deliveries.c.seq == attempts.c.seq)
    again = and_(due.c.dispatch == deliveries.c.dispatch, due.c.seq == deliveries.c.seq)
    rows = await tx.execute(
        select(
            attempts.c.seq,
            deliveries.c.channel,
            attempts.c.outcome,
            attempts.c.at,
            attempts.c.attempt,
            attempts.c.code,
            func.coalesce(due.c.held, False),
        )
        .select_from(attempts.join(deliveries, one).outerjoin(due, again))
        .where(
            attempts.c.dispatch == dispatch,
            attempts.c.outcome.in_([outcome.value for outcome in outcomes]),
            is_latest(),
        )
        .order_by(attempts.c.seq)
    )
    return [
        Standing(dispatch, seq, channel, Outcome(outcome), at, attempt, code, bool(held))
        for seq, channel, outcome, at, attempt, code, held in rows
    ]
