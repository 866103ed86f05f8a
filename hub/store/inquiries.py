"""What a provider must be asked: SMS that are in doubt, and those that it took and reports nothing of."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, case, delete, exists, func, insert, select, text, tuple_, update

from hub.model.delivery import Outcome
from hub.store.deliveries import Try
from hub.store.engine import Tx
from hub.store.tables import (
    BY_SID,
    attempts,
    bodies,
    deliveries,
    dispatches,
    due,
    inquiries,
    settings,
)

_SEEN = "inquiries/seen"
"""Names in `settings` the attempt up to which all were looked through."""

LOOKED_THROUGH = 5_000
"""How many attempts are looked through at once."""


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question to the provider: about one message by its id, or, without one, about the address."""

    made: Try
    provider_id: str
    since: datetime
    """When it was taken, or fell into doubt."""
    first_tried_at: datetime
    asked: int
    outcome: Outcome
    """How the delivery stands now."""
    address: str
    token: str
    text: str
    urgency: str
    expires_at: datetime
    ask_at: datetime


@dataclass(frozen=True, slots=True)
class Looked:
    """Attempts that were looked through, and the questions that they leave."""

    above: int
    upto: int
    questions: Sequence[Mapping[str, object]]
    more: bool
    """Whether older ones than was asked for are left."""


async def look_through(tx: Tx, *, channel: str, before: datetime, silent_after: timedelta) -> Looked | None:
    """Read on through the attempts, each once in its life; None when none from before an instant is left.

    What is still in doubt, or still without news since it was taken, is a question. `before` lies in the past by
    more than a commit takes, so that none turns up behind the place already reached.
    """
    seen = await _seen(tx)
    window = (
        select(attempts.c.id, attempts.c.at)
        .where(attempts.c.id > seen)
        .order_by(attempts.c.id)
        .limit(LOOKED_THROUGH)
        .subquery()
    )
    too_young = func.min(case((window.c.at > before, window.c.id)))
    last, young = (await tx.execute(select(func.max(window.c.id), too_young))).one()
    upto = last if young is None else young - 1
    if upto is None or upto <= seen:
        return None
    found = await _questions(
        tx, channel=channel, above=seen, upto=upto, alive=before, silent_after=silent_after
    )
    return Looked(seen, upto, found, more=young is None)


async def note(tx: Tx, looked: Looked) -> None:
    """Keep the questions and the place reached, unless another sender was quicker."""
    place = settings.c.key == _SEEN
    moved = (
        update(settings).where(place, settings.c.value == str(looked.above)).values(value=str(looked.upto))
    )
    if (await tx.execute(moved)).rowcount == 0:
        if await _seen(tx) != 0:
            return
        await tx.execute(insert(settings).values(key=_SEEN, value=str(looked.upto)))
    keys = [(row["dispatch"], row["seq"]) for row in looked.questions]
    for start in range(0, len(keys), 400):
        some = tuple_(inquiries.c.dispatch, inquiries.c.seq).in_(keys[start : start + 400])
        await tx.execute(delete(inquiries).where(some))
    if looked.questions:
        await tx.execute(insert(inquiries), list(looked.questions))


async def to_ask(tx: Tx, *, at: datetime, limit: int) -> list[Inquiry]:
    """The questions whose time has come, oldest first."""
    one = (deliveries.c.dispatch == inquiries.c.dispatch) & (deliveries.c.seq == inquiries.c.seq)
    own = (attempts.c.dispatch == inquiries.c.dispatch) & (attempts.c.seq == inquiries.c.seq)
    latest = (
        select(attempts.c.outcome).where(own).order_by(attempts.c.id.desc()).limit(1).correlate(inquiries)
    ).scalar_subquery()
    first = (select(func.min(attempts.c.at)).where(own).correlate(inquiries)).scalar_subquery()
    i = inquiries.c
    rows = await tx.execute(
        select(i.dispatch, i.seq, i.attempt, i.provider_id, i.since, i.asked, i.ask_at)
        .add_columns(first.label("first_tried_at"), latest.label("outcome"))
        .add_columns(deliveries.c.address, deliveries.c.token, bodies.c.text)
        .add_columns(dispatches.c.urgency, dispatches.c.expires_at)
        .select_from(
            inquiries.join(deliveries, one)
            .join(bodies, bodies.c.id == deliveries.c.body)
            .join(dispatches, dispatches.c.id == inquiries.c.dispatch)
        )
        .where(i.ask_at <= at)
        .order_by(i.ask_at)
        .limit(limit)
    )
    return [
        Inquiry(
            made=Try(row.dispatch, row.seq, row.attempt),
            provider_id=row.provider_id,
            since=row.since,
            first_tried_at=row.first_tried_at,
            asked=row.asked,
            outcome=Outcome(row.outcome),
            address=row.address,
            token=row.token,
            text=row.text,
            urgency=row.urgency,
            expires_at=row.expires_at,
            ask_at=row.ask_at,
        )
        for row in rows
    ]


async def claim(tx: Tx, inquiry: Inquiry, *, until: datetime) -> bool:
    """Keep a question from other senders while it is asked; False where another one has it."""
    mine = update(inquiries).where(_is(inquiry), inquiries.c.ask_at == inquiry.ask_at)
    return (await tx.execute(mine.values(ask_at=until))).rowcount == 1


async def ask_again(tx: Tx, inquiry: Inquiry, *, at: datetime) -> None:
    """Ask once more, later."""
    await tx.execute(update(inquiries).where(_is(inquiry)).values(ask_at=at, asked=inquiry.asked + 1))


async def put_off(tx: Tx, inquiry: Inquiry, *, at: datetime) -> None:
    """Ask later what was not answered: the question does not count as asked."""
    await tx.execute(update(inquiries).where(_is(inquiry)).values(ask_at=at))


async def follow(tx: Tx, inquiry: Inquiry, *, provider_id: str, at: datetime) -> None:
    """A doubt is over, the message was taken: ask for its fate next."""
    found = {"provider_id": provider_id, "ask_at": at, "asked": 0}
    await tx.execute(update(inquiries).where(_is(inquiry)).values(**found))


async def close(tx: Tx, inquiry: Inquiry) -> None:
    """Ask no more."""
    await tx.execute(delete(inquiries).where(_is(inquiry)))


async def known_ids(tx: Tx, provider_ids: Collection[str]) -> frozenset[str]:
    """Which of these ids belong to attempts of ours."""
    found: set[str] = set()
    ids = sorted(provider_ids)
    for start in range(0, len(ids), 500):
        # The second condition is that of the partial index.
        where = attempts.c.provider_id.in_(ids[start : start + 500]) & text(BY_SID)
        found.update((await tx.execute(select(attempts.c.provider_id).where(where))).scalars())
    return frozenset(found)


async def ids_taken(tx: Tx, *, channel: str, start: datetime, end: datetime) -> set[str]:
    """The provider's ids of what it took from us in [start, end)."""
    a = attempts.c
    one = (deliveries.c.dispatch == a.dispatch) & (deliveries.c.seq == a.seq)
    taken = (a.outcome == Outcome.ACCEPTED.value) & (a.provider_id != "") & (a.at >= start) & (a.at < end)
    query = select(a.provider_id).select_from(attempts.join(deliveries, one))
    return set((await tx.execute(query.where(taken, deliveries.c.channel == channel))).scalars())


async def waits_for(tx: Tx, made: Try) -> bool:
    """Whether a delivery in doubt is held for us to decide."""
    held = _due(made) & due.c.held.is_(True)
    return bool((await tx.execute(select(exists().where(held)))).scalar())


async def repeat(tx: Tx, made: Try, *, at: datetime) -> bool:
    """Let a sender try a held delivery again; False where it is not held any more."""
    changed = update(due).where(_due(made), due.c.held.is_(True)).values(held=False, due_at=at)
    return (await tx.execute(changed)).rowcount > 0


async def leave(tx: Tx, made: Try, *, at: datetime) -> None:
    """Leave a held delivery to a person: the time for asking is over."""
    later = update(due).where(_due(made), due.c.held.is_(True), due.c.due_at > at).values(due_at=at)
    await tx.execute(later)


async def count(tx: Tx, dispatch: int) -> dict[str, int]:
    """How many questions about a dispatch are open: those in doubt, and those about silent ones."""
    doubt = inquiries.c.provider_id == ""
    query = select(doubt, func.count()).where(inquiries.c.dispatch == dispatch).group_by(doubt)
    found = {bool(in_doubt): number for in_doubt, number in await tx.execute(query)}
    return {"in_doubt": found.get(True, 0), "silent": found.get(False, 0)}


async def _questions(
    tx: Tx, *, channel: str, above: int, upto: int, alive: datetime, silent_after: timedelta
) -> list[dict[str, object]]:
    """The attempts between two ids that are the last word on their delivery, and leave something to ask."""
    a, later = attempts.c, attempts.alias("later")
    one = (deliveries.c.dispatch == a.dispatch) & (deliveries.c.seq == a.seq)
    in_doubt = a.outcome == Outcome.UNCERTAIN.value
    taken = (a.outcome == Outcome.ACCEPTED.value) & (a.provider_id != "")
    superseded = exists().where(later.c.dispatch == a.dispatch, later.c.seq == a.seq, later.c.id > a.id)
    rows = await tx.execute(
        select(a.dispatch, a.seq, a.attempt, a.outcome, a.provider_id, a.at)
        .select_from(attempts.join(deliveries, one).join(dispatches, dispatches.c.id == a.dispatch))
        .where(a.id > above, a.id <= upto, in_doubt | taken, deliveries.c.channel == channel)
        .where(dispatches.c.expires_at > alive, ~superseded)
    )
    return [
        {
            "dispatch": dispatch,
            "seq": seq,
            "attempt": attempt,
            "provider_id": id_,
            "since": at,
            "ask_at": at if outcome == Outcome.UNCERTAIN else at + silent_after,
            "asked": 0,
        }
        for dispatch, seq, attempt, outcome, id_, at in rows
    ]


async def _seen(tx: Tx) -> int:
    return int((await tx.execute(select(settings.c.value).where(settings.c.key == _SEEN))).scalar() or 0)


def _is(inquiry: Inquiry) -> ColumnElement[bool]:
    """The question about this very try: there may be one about a later try by now."""
    i, made = inquiries.c, inquiry.made
    return (i.dispatch == made.dispatch) & (i.seq == made.seq) & (i.attempt == made.attempt)


def _due(made: Try) -> ColumnElement[bool]:
    return (due.c.dispatch == made.dispatch) & (due.c.seq == made.seq) & (due.c.attempt == made.attempt)
