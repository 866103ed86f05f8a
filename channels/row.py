"""Places one after the other at the limit of a sender, fewer while the far side asks for less."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

SLOWEST = 0.02
"""The part of the limit below which a far side that takes nothing is asked no less often."""

RECOVERY = 30.0
"""Seconds without a complaint from nothing to the whole limit."""

_FORBEARANCE = 1.0
"""Seconds after a complaint in which further ones say nothing new: they were on their way already."""


@dataclass(slots=True)
class Row:
    """Shared by all lanes of one sender; a unit is whatever the far side counts, such as a segment.

    It keeps to a limit that is known beforehand, and what a message takes is known only when it leaves. The pace
    of hub.queue.pace finds out a limit that nobody told, in whole messages, and hands out what there is room for.
    """

    limit: float
    """Units a second."""
    time: Callable[[], float] = time.monotonic
    _next: float = 0.0
    _kept: float = 1.0
    """The part of the limit that holds since the last complaint."""
    _since: float = field(default=float("-inf"))

    @property
    def rate(self) -> float:
        """Units a second just now."""
        gone = (self.time() - self._since) / RECOVERY
        return self.limit * min(1.0, self._kept + gone)

    def book(self) -> float:
        """Take the next place in the row; returns the seconds until it comes, and books one unit."""
        now = self.time()
        at = max(now, self._next)
        self._next = at + 1 / self.rate
        return at - now

    def add(self, units: int) -> None:
        """A message took more units than the one that was booked for it."""
        self._next += units / self.rate

    def slow(self, pause: timedelta | None) -> None:
        """The far side complains: half the pace, and nothing at all for as long as it asks."""
        now = self.time()
        if now - self._since >= _FORBEARANCE:
            self._kept = max(SLOWEST, self.rate / self.limit / 2)
            self._since = now
        if pause is not None:
            self._next = max(self._next, now + pause.total_seconds())
