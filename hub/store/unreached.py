"""Who did not get it: the deliveries that failed or wait for a person, and having them tried again."""

from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, and_, exists, func, insert, literal, select, update

from hub.model.delivery import FAILED, Outcome
from hub.store import suppressions
from hub.store.deliveries import is_latest
from hub.store.engine import Tx
from hub.store.tables import Instant, attempts, deliveries, due, memberships, organisations, persons

BATCH = 500
"""Deliveries whose people are looked up at once."""

MISSED: tuple[Outcome, ...] = (*sorted(FAILED), Outcome.EXPIRED, Outcome.SUPPRESSED)
"""They have not got it; besides them those in doubt that are held, who may not have got it."""

PERSON = "person"
"""The owner of what a person had tried again, in the ledger."""


@dataclass(frozen=True, slots=True)
class Unreached:
    """One person who did not get it, or may not have. Holds an address: for whoever asked by name, never for a log."""

    seq: int
    channel: str
    address: str
    outcome: Outcome
    code: str
    at: datetime
    attempt: int
    held: bool
    external_id: str | None
    organisations: tuple[str, ...]
    may_be_sent: bool
    """Nobody asked us not to, and the address is not known to fail."""


async def of_dispatch(tx: Tx, dispatch: int, *, channel: str | None = None) -> AsyncIterator[Unreached]:
    """All of them by their place in the plan; those who opted out or were erased are not among them."""
    batch: list[Row[Any]] = []
    # Read to the end first: the same connection answers the questions about people.
    for row in (await tx.execute(_query(dispatch, channel))).all():
        batch.append(row)
        if len(batch) == BATCH:
            for each in await _told(tx, batch):
                yield each
            batch.clear()
    for each in await _told(tx, batch):
        yield each


def _query(dispatch: int, channel: str | None) -> Any:
    one = and_(deliveries.c.dispatch == attempts.c.dispatch, deliveries.c.seq == attempts.c.seq)
    again = and_(due.c.dispatch == attempts.c.dispatch, due.c.seq == attempts.c.seq)
    missed = attempts.c.outcome.in_([outcome.value for outcome in MISSED])
    held = (attempts.c.outcome == Outcome.UNCERTAIN.value) & due.c.held
    query = (
        select(attempts.c.seq, attempts.c.outcome, attempts.c.code, attempts.c.at, attempts.c.attempt)
        .add_columns(deliveries.c.channel, deliveries.c.address, deliveries.c.person, persons.c.external_id)
        .add_columns(func.coalesce(due.c.held, False).label("held"))
        .select_from(attempts.join(deliveries, one).join(persons).outerjoin(due, again))
        .where(attempts.c.dispatch == dispatch, missed | held, is_latest())
        .where(persons.c.opted_out_at.is_(None), persons.c.erased_at.is_(None))
        .order_by(attempts.c.seq)
    )
    return query if channel is None else query.where(deliveries.c.channel == channel)


async def _told(tx: Tx, batch: Sequence[Row[Any]]) -> list[Unreached]:
    barred = await suppressions.among(tx, {(row.channel, row.address) for row in batch})
    names = await _organisations(tx, [row.person for row in batch])
    return [
        Unreached(
            seq=row.seq,
            channel=row.channel,
            address=row.address,
            outcome=Outcome(row.outcome),
            code=row.code or barred.get((row.channel, row.address), ""),
            at=row.at,
            attempt=row.attempt,
            held=bool(row.held),
            external_id=row.external_id,
            organisations=tuple(names.get(row.person, ())),
            may_be_sent=(row.channel, row.address) not in barred,
        )
        for row in batch
    ]


async def _organisations(tx: Tx, people: Collection[int]) -> dict[int, list[str]]:
    query = (
        select(memberships.c.person, organisations.c.name)
        .join(organisations, organisations.c.id == memberships.c.organisation)
        .where(memberships.c.person.in_(people))
        .distinct()
        .order_by(memberships.c.person, organisations.c.name)
    )
    found: dict[int, list[str]] = {}
    for person, name in await tx.execute(query):
        found.setdefault(person, []).append(name)
    return found


async def put_due(tx: Tx, dispatch: int, chosen: Sequence[Unreached], *, at: datetime) -> int:
    """Have those tried again now that still stand as they were seen; returns how many.

    A failed one gets a row that says so, as the table of outcomes wants it; a held one is only let go.
    """
    number = 0
    for start in range(0, len(chosen), BATCH):
        batch = chosen[start : start + BATCH]
        held = [each.seq for each in batch if each.held]
        own = (due.c.dispatch == dispatch) & due.c.seq.in_(held) & due.c.held.is_(True)
        number += (await tx.execute(update(due).where(own).values(held=False, due_at=at))).rowcount
        number += await _reopen(tx, dispatch, [each.seq for each in batch if not each.held], at)
    return number


async def _reopen(tx: Tx, dispatch: int, seqs: Sequence[int], at: datetime) -> int:
    among = (attempts.c.dispatch == dispatch) & attempts.c.seq.in_(seqs) & is_latest()
    when = literal(at, Instant)
    said = {
        "dispatch": attempts.c.dispatch,
        "seq": attempts.c.seq,
        "attempt": attempts.c.attempt,
        "outcome": literal(Outcome.DEFERRED.value),
        "at": when,
        "owner": literal(PERSON),
        "epoch": literal(0),
        "lane": literal(-1),
        "code": literal("retry"),
        "provider_id": literal(""),
    }
    failed = attempts.c.outcome.in_([outcome.value for outcome in FAILED])
    again = insert(attempts).from_select(list(said), select(*said.values()).where(among, failed))
    number = (await tx.execute(again)).rowcount
    one = and_(deliveries.c.dispatch == attempts.c.dispatch, deliveries.c.seq == attempts.c.seq)
    said = {
        "dispatch": attempts.c.dispatch,
        "seq": attempts.c.seq,
        "channel": deliveries.c.channel,
        "attempt": attempts.c.attempt,
        "due_at": when,
        "held": literal(False),
    }
    ours = (attempts.c.owner == PERSON) & (attempts.c.outcome == Outcome.DEFERRED.value)
    known = exists().where(due.c.dispatch == attempts.c.dispatch, due.c.seq == attempts.c.seq)
    rows = select(*said.values()).select_from(attempts.join(deliveries, one)).where(among, ours, ~known)
    await tx.execute(insert(due).from_select(list(said), rows))
    return number
