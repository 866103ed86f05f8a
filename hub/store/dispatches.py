"""Dispatches: one revision on its way, its frozen words, its recipients and their chunks."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import exists, func, insert, or_, select, update
from sqlalchemy.engine import Row

from hub.errors import EnvironmentFailed, NotFound
from hub.model.message import Message
from hub.store import parts
from hub.store.engine import Tx
from hub.store.parts import Part
from hub.store.tables import bodies, chunks, deliveries, dispatches, due

URGENCIES = {"Immediate": 0, "Expected": 1, "Future": 2}
"""The order in which chunks leave; less is sooner."""

_AT_ONCE = 100
"""Deliveries that one statement writes on SQLite."""

# A planner that wrote nothing for so long is dead; it writes a batch several times a second.
CLAIM_HOLDS = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Dispatch:
    """Nothing leaves before `planned_at`; stopped holds what is left, cancelled ends it."""

    id: int
    directive: str
    revision: int
    mode: str
    urgency: str
    approved_at: datetime
    expires_at: datetime
    planned_at: datetime | None
    stopped_at: datetime | None
    cancelled_at: datetime | None
    scheduled_at: datetime | None = None
    scheduled_as: str | None = None
    """The hour as the approver wrote it; `scheduled_at` is what counts."""
    held: str | None = None
    """What it waits for (hub.model.hold), besides a person's stop."""
    held_until: datetime | None = None
    """Until when it waits, or did."""

    @property
    def might_leave_at(self) -> datetime:
        """From when on nothing but a stop, the night and the lanes keep its messages from leaving."""
        return max(
            self.approved_at, self.scheduled_at or self.approved_at, self.held_until or self.approved_at
        )


class NewDelivery(NamedTuple):
    """One message to one address, as planned; in the order of the table's columns."""

    seq: int
    person: int
    channel: str
    address: str
    token: str
    body: int


_COLUMNS = [dispatches.c[name] for name in Dispatch.__dataclass_fields__]


async def announce(
    tx: Tx,
    *,
    directive: str,
    revision: int,
    mode: str,
    urgency: str,
    approved_at: datetime,
    expires_at: datetime,
    scheduled_at: datetime | None = None,
    scheduled_as: str | None = None,
) -> Dispatch:
    """Note that this approved revision has to go out; doing so again changes nothing.

    Within the approval's own transaction, so that a crash after it cannot forget the dispatch.
    """
    known = await find(tx, directive, revision)
    if known is not None:
        return known
    await tx.execute(
        insert(dispatches).values(
            directive=directive,
            revision=revision,
            mode=mode,
            urgency=urgency,
            approved_at=approved_at,
            expires_at=expires_at,
            scheduled_at=scheduled_at,
            scheduled_as=scheduled_as,
        )
    )
    return await get(tx, directive, revision)


async def find(tx: Tx, directive: str, revision: int) -> Dispatch | None:
    """The dispatch of one revision, None where it has none."""
    where = (dispatches.c.directive == directive) & (dispatches.c.revision == revision)
    row = (await tx.execute(select(*_COLUMNS).where(where))).one_or_none()
    return None if row is None else _dispatch(row)


async def get(tx: Tx, directive: str, revision: int) -> Dispatch:
    """Raises NotFound."""
    found = await find(tx, directive, revision)
    if found is None:
        raise NotFound(f"Revision {revision} of {directive} was never dispatched; approve it first")
    return found


async def of_directive(tx: Tx, directive: str | None = None) -> list[Dispatch]:
    """All dispatches, or those of one directive, oldest first."""
    query = select(*_COLUMNS).order_by(dispatches.c.id)
    if directive is not None:
        query = query.where(dispatches.c.directive == directive)
    return [_dispatch(row) for row in await tx.execute(query)]


async def of_id(tx: Tx, id_: int) -> Dispatch:
    """One that exists."""
    return _dispatch((await tx.execute(select(*_COLUMNS).where(dispatches.c.id == id_))).one())


async def unplanned(tx: Tx) -> list[Dispatch]:
    """Those that were announced and are not planned to the end."""
    query = select(*_COLUMNS).where(dispatches.c.planned_at.is_(None)).order_by(dispatches.c.id)
    return [_dispatch(row) for row in await tx.execute(query)]


async def unfinished(tx: Tx, dispatch: int, *, at: datetime | None = None) -> bool:
    """Whether a sender still has work: unplanned, a chunk not done, or a delivery due again and not held.

    With the present instant `at`, also while the provider is still being asked about one that is held.
    """
    waits = due.c.held.is_(False) if at is None else or_(due.c.held.is_(False), due.c.due_at > at)
    row = await tx.execute(
        select(
            or_(
                exists().where(dispatches.c.id == dispatch, dispatches.c.planned_at.is_(None)),
                exists().where(chunks.c.dispatch == dispatch, chunks.c.done_at.is_(None)),
                exists().where(due.c.dispatch == dispatch, waits),
            )
        )
    )
    return bool(row.scalar_one())


async def planned_counts(tx: Tx, dispatch: int) -> dict[str, int]:
    """How many deliveries were planned per channel."""
    query = select(deliveries.c.channel, func.count()).where(deliveries.c.dispatch == dispatch)
    return {channel: number for channel, number in await tx.execute(query.group_by(deliveries.c.channel))}


async def claim(tx: Tx, dispatch: int, *, claim: str, at: datetime) -> bool:
    """Become the one who plans it, unless it is planned or somebody is at it.

    What a dead one left stays where it can be gone on from (hub.store.parts), else it goes.
    """
    free = or_(dispatches.c.claim.is_(None), dispatches.c.claimed_at < at - CLAIM_HOLDS)
    result = await tx.execute(
        update(dispatches)
        .where(dispatches.c.id == dispatch, dispatches.c.planned_at.is_(None), free)
        .values(claim=claim, claimed_at=at)
    )
    if result.rowcount != 1:
        return False
    if await parts.find(tx, dispatch) is None:
        await parts.clear(tx, dispatch)
    return True


async def uphold(
    tx: Tx,
    dispatch: int,
    *,
    claim: str,
    at: datetime,
    part: Part | None = None,
    planned: datetime | None = None,
) -> None:
    """Say that the planner lives, how far it is (`part`), or with `planned` that the plan is complete.

    First in each of its writes. Raises EnvironmentFailed when another planner took over.
    """
    values: dict[str, Any] = {"claimed_at": at}
    if part is not None:
        values["plan"] = part.kept()
    if planned is not None:
        values |= {"planned_at": planned, "plan": None}
    result = await tx.execute(
        update(dispatches)
        .where(dispatches.c.id == dispatch, dispatches.c.claim == claim, dispatches.c.planned_at.is_(None))
        .values(**values)
    )
    if result.rowcount != 1:
        raise EnvironmentFailed(
            f"Another process took over the planning of dispatch {dispatch}; let it finish"
        )


async def give_up(tx: Tx, dispatch: int, *, claim: str, at: datetime) -> None:
    """Take a plan back that must not leave: its part goes, and the dispatch is stopped until somebody decides.

    Raises EnvironmentFailed when another planner took over.
    """
    await uphold(tx, dispatch, claim=claim, at=at)
    await parts.clear(tx, dispatch)
    own = dispatches.c.id == dispatch
    await tx.execute(update(dispatches).where(own).values(claim=None, claimed_at=None, stopped_at=at))


async def add_body(tx: Tx, dispatch: int, message: Message, *, stream: str) -> int:
    """Freeze the words for one set of hats; returns the body's id, the same for what was frozen before."""
    hats = [list(hat) for hat in message.hats]
    words = (message.channel, message.language, stream, message.subject, message.text, message.html)
    known = select(bodies.c.id, bodies.c.hats).where(bodies.c.dispatch == dispatch)
    for id_, theirs in await tx.execute(
        known.where(bodies.c.digest == body_digest(*words)).order_by(bodies.c.id)
    ):
        if theirs == hats:
            return int(id_)
    result = await tx.execute(
        insert(bodies).values(
            dispatch=dispatch,
            channel=message.channel,
            language=message.language,
            stream=stream,
            hats=hats,
            subject=message.subject,
            text=message.text,
            html=message.html,
            digest=body_digest(*words),
        )
    )
    key = result.inserted_primary_key
    assert key is not None
    return int(key[0])


def body_digest(*words: str | None) -> str:
    """The digest of channel, language, stream, subject, text and html, in this order."""
    return hashlib.sha256(json.dumps(words, ensure_ascii=False).encode()).hexdigest()


async def count_bodies(tx: Tx, dispatch: int) -> int:
    """How many words are frozen."""
    query = select(func.count()).select_from(bodies).where(bodies.c.dispatch == dispatch)
    return int((await tx.execute(query)).scalar_one())


async def add_deliveries(tx: Tx, dispatch: int, rows: Sequence[tuple[int, int, str, str, str, int]]) -> None:
    """Write planned deliveries (each a NewDelivery, or as plain) in bulk."""
    # Positional, in the table's order: a dictionary per row would cost more than the row itself.
    one = str(insert(deliveries).compile(dialect=tx.dialect))
    complete = 0
    if tx.dialect.name == "sqlite":  # a statement for many rows takes half of what one for each would
        head, values = one.split(" VALUES ")
        complete = len(rows) // _AT_ONCE * _AT_ONCE
        starts = range(0, complete, _AT_ONCE)
        many = [tuple(chain(*[(dispatch, *row) for row in rows[at : at + _AT_ONCE]])) for at in starts]
        if many:
            await tx.exec_driver_sql(f"{head} VALUES {', '.join([values] * _AT_ONCE)}", many)
    if rest := [(dispatch, *row) for row in rows[complete:]]:
        await tx.exec_driver_sql(one, rest)


async def add_chunks(
    tx: Tx,
    dispatch: int,
    channel: str,
    *,
    first: int,
    last: int,
    size: int,
    urgency: str,
    owner: str | None = None,
) -> None:
    """Cut the deliveries `first` to `last` of one channel into chunks of `size`; an `owner` holds them back."""
    starts = range(first, last + 1, size)
    if starts:
        await tx.execute(
            insert(chunks),
            [
                {
                    "dispatch": dispatch,
                    "channel": channel,
                    "first": start,
                    "last": min(start + size - 1, last),
                    "urgency": URGENCIES[urgency],
                    "owner": owner,
                }
                for start in starts
            ],
        )


def _dispatch(row: Row[Any]) -> Dispatch:
    return Dispatch(**row._mapping)
