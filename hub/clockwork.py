"""What a sender does by the clock: schedules, pauses, waits when it is set, expiry, the mark outside the database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from hub.context import Hub
from hub.flow import hold, life
from hub.flow.expire import expire
from hub.store import waits
from hub.store.engine import sqlite_file

log = structlog.get_logger(__name__)

TICK = 0.5
"""Seconds between two looks at what waits for the clock."""

NOTED, SWEPT = 2, 10
"""Every how many ticks the mark is written, and what has expired is listed."""

LEAP = timedelta(seconds=30)
"""The clock may drift so much between two ticks; beyond that somebody has set it."""


@dataclass(slots=True)
class Pace:
    """Holds the clock on the wall against the one that nobody can set."""

    steady: Callable[[], float]
    _before: tuple[datetime, float] | None = None

    def leap(self, now: datetime) -> timedelta:
        """How far the clock was set since it was asked last: forward, backward (negative), or not at all."""
        before, self._before = self._before, (now, self.steady())
        if before is None:
            return timedelta(0)
        found = (now - before[0]) - timedelta(seconds=self._before[1] - before[1])
        return found if abs(found) > LEAP else timedelta(0)


@dataclass(slots=True)
class _Chores:
    """Each by itself: one that fails is said once, tried again, and holds up no other."""

    failing: set[str] = field(default_factory=set)

    async def do(self, what: str, work: Awaitable[object]) -> bool:
        """Whether it could be done."""
        try:
            await work
        except Exception:
            if what not in self.failing:
                log.exception("the clockwork is held up; it is tried again", what=what)
            self.failing.add(what)
            return False
        self.failing.discard(what)
        return True


async def run(hub: Hub) -> None:
    """Tick until cancelled; what fails is logged once and tried again."""
    pace, chores = Pace(asyncio.get_running_loop().time), _Chores()
    # With PostgreSQL others wait by clocks of their own.
    alone = sqlite_file(str(hub.store.engine.url)) is not None
    ticks, owed, leapt = 0, timedelta(0), timedelta(0)
    while True:
        leap = pace.leap(hub.clock.now())
        if leap:
            log.warning("the clock was set", seconds=int(leap.total_seconds()))
            owed, leapt = owed + leap, leapt + max(leap, timedelta(0))
        if not (owed and alone) or await chores.do("waits", _shift(hub, owed)):
            owed = timedelta(0)
        if await chores.do("holds", hold.review(hub, leap=leapt)):
            leapt = timedelta(0)
        if ticks % NOTED == 0:
            await chores.do("mark", life.note(hub))
        if ticks % SWEPT == 0:
            await chores.do("expiry", expire(hub))
        ticks += 1
        await asyncio.sleep(TICK)


async def _shift(hub: Hub, by: timedelta) -> None:
    async with hub.store.write_beside() as tx:
        await waits.shift(tx, by)
