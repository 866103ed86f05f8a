"""Where lanes hand in an outcome and get the next delivery: one ledger turn for all that are ready."""

import asyncio
import math
from collections.abc import Callable, Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

import structlog

from hub.model.delivery import Outcome
from hub.now import Clock
from hub.queue.bell import Bell
from hub.queue.contract import Intent, Item, Lease, Ledger, LedgerBusy, LedgerWaits, Orders, Settled
from hub.queue.line import Call, Hand, Line, Work
from hub.queue.pace import Pace, domain_of

log = structlog.get_logger(__name__)

DUE_AT_ONCE = 200
"""How many deliveries that are due again are taken in hand at once."""

IMMEDIATE = 0
"""The urgency that quiet hours do not hold back."""

ORDINARY = 10.0
"""Seconds for which another process may hold the ledger before anybody is told: a submission or an import does."""


@dataclass(slots=True)
class Wait:
    """How long the ledger cannot be written, and whether that was said: once for each time."""

    since: float | None = None
    said: bool = False

    def goes_on(self, reason: LedgerWaits) -> None:
        """It still cannot be written. A full disk is told at once, another process that writes only if it goes on."""
        now = asyncio.get_running_loop().time()
        self.since = now if self.since is None else self.since
        if not self.said and (not isinstance(reason, LedgerBusy) or now - self.since >= ORDINARY):
            log.warning("ledger waits", reason=str(reason))
            self.said = True

    def is_over(self) -> None:
        if self.said:
            log.info("ledger goes on")
        self.since, self.said = None, False


_Chosen = tuple[Intent, Call]
"""What the next commit is to bring about, and who asked for it; it counts as a flight from here on."""


class Desk:
    """Groups the exchanges of the lanes that are ready into one durable commit, a turn.

    A lane gets an item only when its previous outcome and its new intent are on disk; so a crash leaves
    at most one uncertain delivery per lane.
    """

    def __init__(
        self,
        ledger: Ledger,
        clock: Clock,
        channels: Mapping[str, float],
        *,
        announcing: Collection[str] = (),
        quiet: Callable[[str], datetime | None] = lambda _: None,
    ) -> None:
        """`channels` with the most that each may send in a second, infinite for no limit.

        The lanes of those that are `announcing` are told what follows on them.
        `quiet` tells when the quiet hours of a channel end, None where none hold.
        """
        self._quiet = quiet
        self._ledger = ledger
        self._clock = clock
        self._lines = {
            channel: Line(Pace(most), announces=channel in announcing) for channel, most in channels.items()
        }
        self._looked_at = -math.inf
        self._held_until = -math.inf
        self._flights: dict[int, tuple[Line, Hand]] = {}
        self._settled: list[Settled] = []
        self._back: list[Item] = []
        self._orders = Orders(False, frozenset(), frozenset())
        self._bell = Bell(self._lines.values())
        self._closing = False

    async def exchange(self, channel: str, lane: int, settled: Settled | None) -> Work | None:
        """Hand in what came of the last item, get the next one; None when the desk closes.

        Waits while there is nothing to do; the outcome is durable by then.
        """
        line = self._lines[channel]
        if settled is not None:
            self._take_in(lane, settled)
        call = Call(lane, asyncio.get_running_loop().create_future())
        line.calls.append(call)
        self._bell.ready(line)
        return await call.answer

    def record(self, lane: int, settled: Settled) -> None:
        """Take an outcome from a lane that wants no next item yet; it goes with the next turn."""
        self._bell.ready(self._take_in(lane, settled))

    def slow_down(self, channel: str, address: str | None, rest: float) -> None:
        """The far side asks for fewer messages a second; with `address`, only the domain of that one does."""
        line, now = self._lines[channel], asyncio.get_running_loop().time()
        line.notice(now - self._looked_at)
        if address is None:
            line.pace.slow_down(now, rest=rest)
        else:
            line.domains.slow_down(domain_of(address), now, rest=rest, observed=line.pace.observed)

    def pause(self, channel: str, seconds: float) -> None:
        """Hand nothing out for a while, then to one lane at a time until `resume`."""
        line, loop = self._lines[channel], asyncio.get_running_loop()
        line.paused_until = max(line.paused_until, loop.time() + seconds)
        line.probing = True
        self._bell.ring_in(seconds)

    def hold_back(self, seconds: float) -> None:
        """Hand nothing out on any channel for so long from now, whatever else each of them waits for."""
        self._held_until = asyncio.get_running_loop().time() + seconds
        self._bell.ring_in(seconds)

    def resume(self, channel: str, *, at_once: bool = False) -> None:
        """The channel works again; `at_once` ends the pause that is under way too."""
        line = self._lines[channel]
        line.probing = False
        if at_once:
            line.paused_until = -math.inf
        line.trials.clear()
        self._bell.ring()

    async def look(self) -> None:
        """Read the stops in force, take in what is more urgent, let idle lanes see what is new or due."""
        self._orders = await self._ledger.orders()
        since, self._looked_at = self._looked_at, asyncio.get_running_loop().time()
        for channel, line in self._lines.items():  # first of all, and on all channels: it waits for no lock
            line.observe(self._looked_at - since)
            line.dry = False
            falls = not line.quiet and self._quiet(channel) is not None
            line.quiet = self._quiet(channel) is not None
            for hand in line.hands:
                if self._stopped(channel, hand) or (falls and hand.lease.urgency > IMMEDIATE):
                    self._back += hand.drop()
        for channel, line in self._lines.items():
            urgency = line.urgency
            if urgency > 0 and not self._closing and not self._rests(channel, line):
                now = self._clock.now()
                lease = await self._ledger.lease_due(channel, at=now, limit=DUE_AT_ONCE, above=urgency)
                self._take(line, lease or await self._ledger.lease(channel, at=now, above=urgency))
        self._bell.ring()

    def busy(self, channel: str) -> int:
        """How many lanes have a delivery in hand."""
        return self._lines[channel].flying

    def close(self) -> None:
        """Hand nothing out any more; lanes end as they come back."""
        self._closing = True
        for line in self._lines.values():
            for hand in line.hands:
                self._back += hand.drop()
        self._bell.ring()

    async def run(self) -> None:
        """Serve the lanes, turn after turn, until cancelled. A locked or full database makes them wait."""
        wait = Wait()
        while True:
            await self._bell.wait()
            try:
                await self._turn()
            except LedgerWaits as reason:
                wait.goes_on(reason)
                await asyncio.sleep(0.5)
                self._bell.ring()
            else:
                wait.is_over()

    def _take_in(self, lane: int, settled: Settled) -> Line:
        self._settled.append(settled)
        line, _ = self._land(lane)
        line.taken += settled.outcome is Outcome.ACCEPTED
        return line

    async def _turn(self) -> None:
        if self._back:
            back, self._back = self._back, []
            try:
                await self._ledger.put_back(back)
            except LedgerWaits:
                self._back += back
                raise
        chosen = await self._give()
        void = await self._commit(chosen)
        for intent, call in chosen:
            if void and intent in void:
                self._land(call.lane)[0].calls.appendleft(call)
                self._bell.ring()
            elif not call.answer.done():
                line, _ = self._flights[call.lane]
                call.answer.set_result(Work(intent.item, line.foresee(call.lane)))
        if self._closing and not self._settled:
            self._dismiss()

    async def _give(self) -> list[_Chosen]:
        """What waiting lanes get; of no channel before all have leased, so that nothing fails then but the commit."""
        for channel, line in self._lines.items():
            if self._serves(channel, line):
                await self._fill(channel, line)
        serving = [line for channel, line in self._lines.items() if self._serves(channel, line)]
        return [choice for line in serving for choice in self._choose(line)]

    async def _commit(self, chosen: list[_Chosen]) -> AbstractSet[Intent]:
        settled, self._settled = self._settled, []
        spent = [(line, hand) for line in self._lines.values() for hand in line.hands if hand.spent]
        chunks = [hand for _, hand in spent if hand.lease.chunk]
        if not (settled or chosen or spent):
            return frozenset()
        try:
            void = await self._ledger.turn(
                at=self._clock.now(),
                settled=settled,
                intents=[intent for intent, _ in chosen],
                done=[hand.lease.chunk for hand in chunks if not hand.dropped],
                released=[hand.lease.chunk for hand in chunks if hand.dropped],
            )
        except LedgerWaits:
            self._settled = settled + self._settled
            for intent, call in reversed(chosen):
                line, hand = self._land(call.lane)
                line.calls.appendleft(call)
                hand.ahead[call.lane] = intent.item
                if hand.dropped:
                    self._back += hand.drop()
            raise
        for line, hand in spent:
            line.hands.remove(hand)
        return void

    async def _fill(self, channel: str, line: Line) -> None:
        """Lease more where lanes wait and too little is in hand."""
        while not line.dry and (line.needs_more or line.wants_fresh):
            now = self._clock.now()
            morning = self._quiet(channel)
            if morning is not None:
                await self._ledger.postpone(channel, at=now, until=morning)
            above = None if morning is None else IMMEDIATE + 1
            lease = await self._ledger.lease(channel, at=now, above=above) if line.wants_fresh else None
            if line.needs_more:
                lease = lease or await self._ledger.lease_due(channel, at=now, limit=DUE_AT_ONCE)
                lease = lease or await self._ledger.lease(channel, at=now, above=above)
            line.dry = lease is None
            self._take(line, lease)
            if lease is not None and not lease.items:
                self._bell.ring()  # a whole chunk was closed without sending: let others have a turn first
                return

    def _choose(self, line: Line) -> list[_Chosen]:
        """What waiting lanes get: the most urgent first, no faster than the far side wants it."""
        chosen: list[_Chosen] = []
        now, monotonic = self._clock.now(), asyncio.get_running_loop().time()
        room = line.pace.room(monotonic)
        for hand, item, call in line.offers(monotonic):
            if item.expires_at <= now:
                self._settled.append(Settled(item, item.attempt, -1, Outcome.EXPIRED))
                line.calls.append(call)  # behind those that were not offered anything yet
                continue
            line.depart(hand, call.lane, monotonic)
            self._flights[call.lane] = (line, hand)
            chosen.append((Intent(item, item.attempt + 1, call.lane), call))
            line.pace.take()
            if len(chosen) >= room or not line.calls or line.probing:
                break
        self._come_back(line, monotonic)
        return chosen

    def _come_back(self, line: Line, now: float) -> None:
        """Look again when there is room, where lanes wait for it."""
        if not line.calls or line.probing:
            return
        if line.pace.room(now) < 1:
            self._bell.ring_in(line.pace.opens_in(now))
        elif line.parked:
            self._bell.ring_in(max(0.01, line.domains.opens_in(now)))
        elif not line.dry:
            self._bell.ring()  # all that was in hand had expired

    def _land(self, lane: int) -> tuple[Line, Hand]:
        line, hand = flight = self._flights.pop(lane)
        line.land(hand, lane)
        return flight

    def _take(self, line: Line, lease: Lease | None) -> None:
        line.take(lease)
        if self._closing:  # it arrived too late: back with it
            for hand in line.hands:
                self._back += hand.drop()

    def _dismiss(self) -> None:
        for line in self._lines.values():
            while line.calls:
                answer = line.calls.popleft().answer
                if not answer.done():
                    answer.set_result(None)

    def _serves(self, channel: str, line: Line) -> bool:
        return bool(line.calls) and not self._closing and not self._rests(channel, line)

    def _rests(self, channel: str, line: Line) -> bool:
        now = asyncio.get_running_loop().time()
        return self._all_stopped(channel) or now < max(line.paused_until, self._held_until)

    def _all_stopped(self, channel: str) -> bool:
        return self._orders.all or channel in self._orders.channels

    def _stopped(self, channel: str, hand: Hand) -> bool:
        scopes = (scope.partition("/") for scope in self._orders.channels)
        here = {int(dispatch) for name, _, dispatch in scopes if name == channel and dispatch}
        return self._all_stopped(channel) or hand.holds_any_of(self._orders.dispatches | here)
