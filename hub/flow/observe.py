"""One look at the whole house: how far each dispatch is, how the senders do, and how old the oldest unsent is."""

import shutil
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from hub.config import Quiet
from hub.context import Hub
from hub.flow import publish
from hub.flow.tally import tally
from hub.model.delivery import FAILED, FINISHED, Outcome
from hub.store import dispatches, journal, progress, stops, sums
from hub.store.dispatches import Dispatch
from hub.store.engine import Tx
from hub.store.progress import Due, Place, Slot
from hub.store.sums import Key, Pace, Tally

WINDOW = timedelta(minutes=1)
"""The rate is that of the last minute."""

LOST = frozenset({*FAILED, Outcome.EXPIRED})
"""It will not arrive by itself."""


@dataclass(frozen=True, slots=True)
class Progress:
    """One channel of one dispatch. `causes` are the codes of what failed or waits, the most frequent first."""

    dispatch: Dispatch
    channel: str
    planned: int
    outcomes: Mapping[Outcome, int]
    causes: Mapping[tuple[Outcome, str], int]
    due: Due
    rate: float
    """Deliveries finished a second, over the last minute."""
    finished: bool
    """No sender has work left; what is held waits for a person."""
    refused: str = ""
    """The far side's code where it refuses what this says, and it is stopped for that."""
    quiet: timedelta = timedelta(0)
    """How long quiet hours kept it back since it might leave."""

    @property
    def scope(self) -> str:
        """What a stop of it alone is called."""
        return stops.of_dispatch(self.channel, self.dispatch.id)

    @property
    def left(self) -> int:
        """Deliveries that a sender has yet to finish."""
        done = sum(number for outcome, number in self.outcomes.items() if outcome in FINISHED)
        return max(self.planned - done - self.due.held, 0)

    @property
    def time_left(self) -> timedelta | None:
        """How long the rest takes at this rate; None where nothing moves."""
        if not self.left:
            return timedelta(0)
        return timedelta(seconds=self.left / self.rate) if self.rate > 0 else None

    def age(self, at: datetime) -> timedelta:
        """For how long its oldest unsent message might have left; negative before its hour."""
        return at - self.dispatch.might_leave_at - self.quiet

    def count(self, *outcomes: Outcome) -> int:
        return sum(self.outcomes.get(outcome, 0) for outcome in outcomes)


@dataclass(frozen=True, slots=True)
class Silence:
    """What the far side took and has not reported on for too long, of all that it took by then."""

    number: int = 0
    of: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """The house at an instant. `current` is false where the counts could not be brought up to date."""

    at: datetime
    current: bool
    progress: tuple[Progress, ...]
    unplanned: tuple[Dispatch, ...]
    totals: Mapping[tuple[str, Outcome], int]
    slots: tuple[Slot, ...]
    stops: Mapping[str, datetime]
    """Which channel is stopped, that of which dispatch under way (`sms/12`), or everything (`*`), and since when."""
    silence: Silence
    journal: int
    free_space: int
    published_at: datetime | None
    unpublished_since: datetime | None
    under_way: frozenset[int]
    """The dispatches that a sender or a person has work left for."""

    def of(self, among: Collection[int]) -> "Seen":
        """The same instant, with these dispatches alone."""
        return replace(
            self,
            progress=tuple(each for each in self.progress if each.dispatch.id in among),
            unplanned=tuple(each for each in self.unplanned if each.id in among),
        )


async def observe(hub: Hub, among: Collection[int] | None = None, *, beside: Collection[int] = ()) -> Seen:
    """Look at the dispatches that are under way, or at those in `among`, and at those `beside` them."""
    current = await tally(hub)
    at = hub.clock.now()
    async with hub.store.read() as tx:
        under_way = await progress.under_way(tx)
        wanted = {*(under_way if among is None else among), *beside}
        found = [each for each in await dispatches.of_directive(tx) if each.id in wanted]
        return Seen(
            at=at,
            current=current,
            progress=tuple(await _progress(tx, found, at, hub.config.quiet)),
            unplanned=tuple(each for each in found if each.planned_at is None),
            totals=await sums.totals(tx),
            slots=tuple(await progress.senders(tx)),
            stops=await stops.since(tx, of=under_way),
            silence=await _silence(tx, at - hub.config.alarms.silent),
            journal=await journal.height(tx),
            free_space=shutil.disk_usage(hub.config.service.data_dir).free,
            published_at=publish.written_at(hub),
            unpublished_since=await publish.unpublished_since(hub, tx),
            under_way=frozenset(under_way),
        )


async def _progress(tx: Tx, found: list[Dispatch], at: datetime, nights: Quiet) -> list[Progress]:
    ids = [each.id for each in found]
    planned = await progress.planned(tx, ids)
    counts = await sums.by_code(tx, ids)
    paces = await sums.paces_of(tx, ids)
    open_chunks = await progress.open_chunks(tx)
    due = await progress.due_again(tx)
    refused = await stops.causes(tx)
    by_id = {each.id: each for each in found}
    return [
        replace(each, refused=refused.get(each.scope, ""), quiet=_quiet(each, at, nights))
        for each in (
            _one(by_id[place[0]], place, number, counts, paces.get(place, []), place in open_chunks, due, at)
            for place, number in planned.items()
        )
    ]


def _one(
    dispatch: Dispatch,
    place: Place,
    planned: int,
    counts: Mapping[Key, Tally],
    paces: list[Pace],
    has_open_chunks: bool,
    due: Mapping[Place, Due],
    at: datetime,
) -> Progress:
    own = {key: tally.number for key, tally in counts.items() if (key.dispatch, key.channel) == place}
    outcomes: dict[Outcome, int] = {}
    for key, number in own.items():
        outcomes[key.outcome] = outcomes.get(key.outcome, 0) + number
    if queued := planned - sum(outcomes.values()):
        outcomes[Outcome.QUEUED] = queued
    telling = {*LOST, Outcome.DEFERRED, Outcome.UNCERTAIN, Outcome.SUPPRESSED}
    causes = {(key.outcome, key.code): number for key, number in own.items() if key.outcome in telling}
    again = due.get(place, Due(0, 0, None))
    finished = sum(number for outcome, number in outcomes.items() if outcome in FINISHED)
    return Progress(
        dispatch=dispatch,
        channel=place[1],
        planned=planned,
        outcomes=outcomes,
        causes=dict(sorted(causes.items(), key=lambda item: -item[1])),
        due=again,
        rate=_rate(paces, Pace(at, finished, 0), dispatch.planned_at),
        finished=dispatch.planned_at is not None and not has_open_chunks and not again.waiting,
    )


def _quiet(each: Progress, at: datetime, nights: Quiet) -> timedelta:
    """How much of the time in which it might have left the channel was to be silent; what is immediate passes."""
    hours = nights.hours(each.channel)
    if hours is None or each.dispatch.urgency == "Immediate":
        return timedelta(0)
    return hours.within(each.dispatch.might_leave_at, at)


def _rate(paces: list[Pace], now: Pace, began_at: datetime | None) -> float:
    """Deliveries a second since a minute ago, or since the plan was complete where that is less."""
    start = now.at - WINDOW
    known = [Pace(began_at, 0, 0), *paces] if began_at is not None else paces
    before = [pace for pace in known if pace.at <= start]
    since = before[-1] if before else next(iter(known), None)
    if since is None or since.at >= now.at:
        return 0.0
    return max(now.finished - since.finished, 0) / (now.at - max(since.at, start)).total_seconds()


async def _silence(tx: Tx, before: datetime) -> Silence:
    """SMS taken before an instant that nothing was reported of since: at least so many."""
    ids = await sums.waiting_for_reports(tx, "sms")
    counts = await sums.by_code(tx, ids)
    paces = await sums.paces_of(tx, ids)
    silent = of = 0
    for id_ in ids:
        own = {key: t for key, t in counts.items() if (key.dispatch, key.channel) == (id_, "sms")}
        waiting = sum(tally.number for key, tally in own.items() if key.outcome is Outcome.ACCEPTED)
        told = sum(
            tally.number for key, tally in own.items() if key.outcome in (Outcome.DELIVERED, Outcome.BOUNCED)
        )
        last = max(tally.last_at for key, tally in own.items() if key.outcome is Outcome.ACCEPTED)
        if last <= before:
            taken = waiting + told
        else:
            taken = max((pace.handed for pace in paces.get((id_, "sms"), []) if pace.at <= before), default=0)
        silent += min(waiting, max(taken - told, 0))
        of += taken
    return Silence(silent, of)
