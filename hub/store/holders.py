"""Who may hold an earlier message of a directive: what a correction has to reach, whoever they are today."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import ColumnElement, Exists, exists, select

from hub.model.delivery import Outcome
from hub.store.engine import Tx
from hub.store.tables import attempts, bodies, deliveries
from subscribers.model import Stream

HAVE = (Outcome.ACCEPTED, Outcome.DELIVERED)
MAY_HAVE = (*HAVE, Outcome.ATTEMPTING, Outcome.UNCERTAIN)
"""Outcomes of a try after which the message may lie with the reader."""

HAVE_NOT = (Outcome.DEFERRED, Outcome.REFUSED, Outcome.BOUNCED)
"""Outcomes of the same try that say that it does not; that the sending was ended says nothing of it."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """The dispatches of a directive's earlier revisions, the first one first.

    With `as_of` only what was known at that instant counts.
    """

    dispatches: Sequence[int]
    as_of: datetime | None = None


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person may hold: the dispatch of the last message, its stream, and the hats of all that may count.

    Messages before one that certainly arrived do not count: it took their place.
    """

    dispatch: int
    hats: tuple[tuple[str, str], ...]
    stream: Stream


async def find(
    tx: Tx, earlier: Earlier, within: Callable[[ColumnElement[int]], ColumnElement[bool]]
) -> dict[int, Holding]:
    """What each person of a page may hold. Who certainly got a farewell after it holds nothing any more."""
    if not earlier.dispatches:
        return {}
    statement = (
        select(deliveries.c.person, deliveries.c.dispatch, bodies.c.hats, bodies.c.stream)
        .add_columns(_tried(HAVE, earlier.as_of).label("certain"))
        .join(bodies, bodies.c.id == deliveries.c.body)
        .where(deliveries.c.dispatch.in_(earlier.dispatches), within(deliveries.c.person))
        .where(_tried(MAY_HAVE, earlier.as_of))
        .order_by(deliveries.c.dispatch.desc())
    )
    found: dict[int, Holding] = {}
    settled: set[int] = set()
    for person, dispatch, rows, stream, certain in await tx.execute(statement):
        if person in settled:
            continue
        if certain:
            settled.add(person)
        hats = [(sector, audience) for sector, audience in rows]
        newer = found.get(person)
        if newer is not None:
            found[person] = replace(newer, hats=tuple(dict.fromkeys((*newer.hats, *hats))))
        elif hats:  # a body without hats takes leave
            found[person] = Holding(dispatch, tuple(hats), stream)
    return found


def _tried(outcomes: Iterable[Outcome], as_of: datetime | None) -> Exists:
    """Whether some try at the delivery ended so, and nothing said of that try later takes it back.

    An earlier try counts too: one in doubt may have arrived although its repetition was refused.
    """
    later = attempts.alias("later")
    same = (later.c.dispatch == attempts.c.dispatch) & (later.c.seq == attempts.c.seq)
    taken_back = exists().where(
        same, later.c.attempt == attempts.c.attempt, later.c.id > attempts.c.id, later.c.outcome.in_(HAVE_NOT)
    )
    query = exists().where(
        attempts.c.dispatch == deliveries.c.dispatch,
        attempts.c.seq == deliveries.c.seq,
        attempts.c.outcome.in_(tuple(outcomes)),
    )
    if as_of is not None:
        query = query.where(attempts.c.at <= as_of)
        taken_back = taken_back.where(later.c.at <= as_of)
    return query.where(~taken_back)
