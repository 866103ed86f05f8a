"""All that waits for one channel: the lanes that ask, and the rows in hand for them, at the pace that is wanted."""

import asyncio
import math
from collections import deque
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from itertools import groupby
from typing import NamedTuple

from hub.queue.contract import Item, Lease
from hub.queue.pace import Domains, Pace

PARKED = 100_000
"""How many rows of domains that asked for less are kept in hand while others are looked for: some 30 MB."""

TRIAL = 60.0
"""Seconds after which another lane tries whether a channel works again, where the one that does so hangs."""

_WINDOW = 0.1
"""Seconds at least over which a rate is reckoned: what a far side takes in an instant, it may not take in a second."""


class Work(NamedTuple):
    """What a lane is to send, and what follows on it unless something comes between."""

    item: Item
    ahead: Item | None


class Call(NamedTuple):
    """A lane that asks for work."""

    lane: int
    answer: asyncio.Future[Work | None]


@dataclass(slots=True, eq=False)
class Hand:
    """A lease in this sender's hand; `flying` rows are with lanes, a `dropped` chunk goes back unfinished.

    `parked` rows wait because their domain asked for less. Those `ahead` follow on the lanes of these numbers:
    nothing is written of them, and any of them may be taken back.
    """

    lease: Lease
    rows: deque[Item]
    parked: dict[str, deque[Item]] = field(default_factory=dict)
    ahead: dict[int, Item] = field(default_factory=dict)
    flying: int = 0
    dropped: bool = False

    @property
    def is_fresh(self) -> bool:
        """Whether these were never tried."""
        return bool(self.lease.chunk)

    @property
    def spent(self) -> bool:
        return not (self.rows or self.flying or self.parked or self.ahead)

    def holds_any_of(self, dispatches: AbstractSet[int]) -> bool:
        """Whether a row of these dispatches waits in it."""
        waiting = (self.rows, *self.parked.values(), self.ahead.values())
        return bool(dispatches) and any(item.dispatch in dispatches for rows in waiting for item in rows)

    def drop(self) -> list[Item]:
        """Let go of what is not with a lane; returns the rows that were due again, which go back one by one."""
        parked = (item for rows in self.parked.values() for item in rows)
        waiting = (*self.rows, *parked, *self.ahead.values())
        self.rows.clear()
        self.parked.clear()
        self.ahead.clear()
        self.dropped = True
        return [item for item in waiting if item.due]


@dataclass(slots=True, eq=False)
class Line:
    """One channel's lanes and rows, the most urgent first."""

    pace: Pace
    announces: bool = False
    """Whether its lanes are told what follows on them."""
    domains: Domains = field(default_factory=Domains)
    calls: deque[Call] = field(default_factory=deque)
    hands: list[Hand] = field(default_factory=list)
    flying: int = 0
    dry: bool = False
    """Nothing to lease when last asked; the next look at the ledger clears it."""
    paused_until: float = 0.0
    probing: bool = False
    """The channel failed as a whole: one lane at a time tries, until one succeeds."""
    trials: set[int] = field(default_factory=set)
    """The lanes that try; what others had in hand before, they may have for long."""
    tried_at: float = -math.inf
    tried: int = 0
    """How many have tried."""
    quiet: bool = False
    """It was quiet when last looked at: only what is immediate is in hand."""
    ready: int = 0
    """How many lanes handed something in or asked since the last turn began."""
    taken: int = 0
    """What the far side took since the last look."""

    @property
    def parked(self) -> int:
        return sum(len(rows) for hand in self.hands for rows in hand.parked.values())

    @property
    def urgency(self) -> int:
        """Of the most urgent that is in hand; 0, beyond which nothing is, where nothing is in hand."""
        waiting = (hand for hand in self.hands if hand.rows or hand.parked or hand.ahead)
        return min((hand.lease.urgency for hand in waiting), default=0)

    @property
    def needs_more(self) -> bool:
        """Whether too few rows are in hand for the lanes that ask, or for all to know what follows on them."""
        if self.domains and self.parked >= PARKED:
            return False
        wanted = 3 * (len(self.calls) + self.flying) if self.announces else len(self.calls)
        return self._rows < wanted

    @property
    def wants_fresh(self) -> bool:
        """Whether somebody new is to try next, and nobody new is in hand."""
        return self._tries_fresh and not any(
            hand.is_fresh and (hand.rows or hand.parked) for hand in self.hands
        )

    def take(self, lease: Lease | None) -> None:
        """Take a lease in hand."""
        if lease is not None and lease.items:
            self.hands.append(Hand(lease, deque(lease.items)))
            self.hands.sort(key=lambda hand: hand.lease.urgency)

    def observe(self, seconds: float) -> None:
        """Learn how fast the far side took messages since the last look."""
        self.pace.observe(self.taken / max(seconds, _WINDOW))
        self.taken = 0

    def notice(self, seconds: float) -> None:
        """Learn before the next look how fast it took them, where somebody asks for less."""
        self.pace.notice(self.taken / max(seconds, _WINDOW))

    def offers(self, now: float) -> Iterator[tuple[Hand, Item, Call]]:
        """Rows that may leave at this instant, each taken out of its hand, and for whom; others are parked.

        Whoever takes no more of them stops asking, and so does who has left no call.
        """
        if not self.calls or not self._may_try(now) or self.pace.room(now) < 1:
            return
        for hand in self.hands:  # a word given is kept: that costs one message, to break it a connection
            if hand.ahead:
                yield from self._following(hand)
        hands = self.hands
        if self._tries_fresh:
            hands = sorted(hands, key=lambda hand: not hand.is_fresh)
        for _, alike in groupby(hands, key=lambda hand: hand.lease.urgency):
            yield from self._alike([*alike], now)

    def depart(self, hand: Hand, lane: int, now: float) -> None:
        """A row of this hand is with a lane from here on."""
        self.flying += 1
        hand.flying += 1
        if self.probing:
            self.trials.add(lane)
            self.tried_at = now
            self.tried += 1

    def land(self, hand: Hand, lane: int) -> None:
        """It no longer is."""
        self.flying -= 1
        hand.flying -= 1
        self.trials.discard(lane)

    def foresee(self, lane: int) -> Item | None:
        """What follows on this lane; None where the others may need it sooner, or it may not leave at once."""
        if not self.announces or self._hindered:
            return None
        urgency = math.inf
        for hand in self.hands:
            if (item := hand.ahead.get(lane)) is not None:
                return item
            if hand.rows:
                return self._reserve(hand, lane) if hand.lease.urgency <= urgency else None
            if hand.ahead:  # of a lane that may hang: this one is not bound to what is less urgent
                urgency = min(urgency, hand.lease.urgency)
        return None

    def _reserve(self, hand: Hand, lane: int) -> Item | None:
        """From the first hand that has rows, or none: what is left in that one would come between."""
        if len(hand.rows) <= self.flying and self._rows <= self.flying:
            return None
        while self.domains and hand.rows and (slow := self.domains.of(hand.rows[0].address)):
            hand.parked.setdefault(slow[0], deque()).append(hand.rows.popleft())
        if not hand.rows:
            return None
        item = hand.ahead[lane] = hand.rows.popleft()
        return item

    def _may_try(self, now: float) -> bool:
        return not self.probing or not self.trials or now >= self.tried_at + TRIAL

    @property
    def _tries_fresh(self) -> bool:
        """Every second trial is somebody new: those who are due again may be the very ones that failed."""
        return self.probing and self.tried % 2 == 1

    @property
    def _rows(self) -> int:
        return sum([len(hand.rows) for hand in self.hands])

    @property
    def _hindered(self) -> bool:
        return self.probing or self.pace.is_limited

    def _following(self, hand: Hand) -> Iterator[tuple[Hand, Item, Call]]:
        """What was to follow on the lanes that ask now; back among the rows where it may not leave at once."""
        for _ in range(len(self.calls)):  # once round: who is given nothing stands in the same order again
            call = self.calls.popleft()
            item = hand.ahead.pop(call.lane, None)
            if item is not None and not (self.domains and self.domains.of(item.address)):
                yield hand, item, call
                continue
            self.calls.append(call)
            if item is not None:
                hand.rows.appendleft(item)

    def _alike(self, hands: list[Hand], now: float) -> Iterator[tuple[Hand, Item, Call]]:
        """Rows of one urgency; at last those reserved for a busy lane, which an idle one need not wait for."""
        for hand in hands:
            yield from self._parked(hand, now)
            while hand.rows:
                item = hand.rows.popleft()
                if not self.domains or self._may_leave(hand, item, now):
                    yield hand, item, self.calls.popleft()
        for hand in hands:
            while hand.ahead:
                _, item = hand.ahead.popitem()
                if not self.domains or self._may_leave(hand, item, now):
                    yield hand, item, self.calls.popleft()

    def _may_leave(self, hand: Hand, item: Item, now: float) -> bool:
        """Whether nobody asked for less, or there is room for it; else it is parked."""
        slow = self.domains.of(item.address)
        if slow is None:
            return True
        domain, pace = slow
        if pace.room(now) >= 1 and domain not in hand.parked:
            pace.take()
            return True
        hand.parked.setdefault(domain, deque()).append(item)
        return False

    def _parked(self, hand: Hand, now: float) -> Iterator[tuple[Hand, Item, Call]]:
        for domain, rows in list(hand.parked.items()):
            pace = self.domains.pace(domain)
            while rows and pace.room(now) >= 1:
                pace.take()
                item = rows.popleft()
                if not rows:
                    del hand.parked[domain]
                yield hand, item, self.calls.popleft()
