"""A sender's heartbeat: every second it says in its slot how its lanes and channels do, and watches the clock."""

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from channels.contract import RelayState
from hub.context import Hub
from hub.model.pulse import ChannelPulse, Pulse, RelayPulse
from hub.now import Clock
from hub.queue.contract import Ledger, LedgerWaits
from hub.queue.desk import Desk

log = structlog.get_logger(__name__)

BEAT = 1.0
"""Seconds between two looks; what has changed is written at once."""

REST = 10.0
"""Seconds after which the same is written again, so that an idle sender is known to live."""

STEP = 2.0
"""A clock that differs by so many seconds from the time that passed has been set."""


class Pause(NamedTuple):
    """A channel whose far side takes nothing, in seconds of the event loop, and its code."""

    since: float
    until: float
    code: str


class Heart:
    """Beats as long as its sender lives."""

    def __init__(
        self,
        hub: Hub,
        ledger: Ledger,
        desk: Desk,
        lanes: Mapping[str, int],
        pause_of: Callable[[str], Pause | None],
        clock: Clock | None = None,
        relays_of: Callable[[str], Sequence[RelayState]] = lambda _: (),
    ) -> None:
        self._hub = hub
        self._ledger = ledger
        self._desk = desk
        self._lanes = lanes
        self._pause_of = pause_of
        self._relays_of = relays_of
        # The system's own: the one of an exercise is moved on purpose.
        self._clock = clock or Clock()
        self._stepped = 0.0
        self._stepped_at: datetime | None = None
        self._inherited = 0
        self._inherited_at: datetime | None = None

    def inherit(self, uncertain: int) -> None:
        """Say from now on that a sender which was cut short left so many deliveries in doubt; none changes nothing."""
        if uncertain:
            self._inherited, self._inherited_at = uncertain, self._hub.clock.now()

    async def beat(self) -> None:
        """Until cancelled. A ledger that cannot be written is tried again at the next beat."""
        loop = asyncio.get_running_loop()
        said, at = "", 0.0
        wall, passed = self._clock.now(), loop.time()
        while True:
            now = loop.time()
            self._watch((self._clock.now() - wall).total_seconds() - (now - passed))
            wall, passed = self._clock.now(), now
            state = json.dumps(self._pulse(now).to_json())
            if state != said or now - at >= REST:
                with contextlib.suppress(LedgerWaits):
                    await self._ledger.beat(at=self._hub.clock.now(), state=state)
                    said, at = state, now
            await asyncio.sleep(BEAT)

    def _watch(self, step: float) -> None:
        if abs(step) >= STEP:
            self._stepped, self._stepped_at = step, self._hub.clock.now()
            log.warning("the clock of this machine jumped", seconds=round(step, 1))

    def _pulse(self, now: float) -> Pulse:
        channels = {name: self._channel(name, number, now) for name, number in self._lanes.items()}
        return Pulse(channels, self._stepped, self._stepped_at, self._inherited, self._inherited_at)

    def _channel(self, name: str, lanes: int, now: float) -> ChannelPulse:
        busy, pause = self._desk.busy(name), self._pause_of(name)
        relays = tuple(RelayPulse(*state) for state in self._relays_of(name))
        if pause is None:
            return ChannelPulse(lanes, busy, relays=relays)
        # To the second, so that the same pause is written once.
        at = self._hub.clock.now()
        since, until = (
            (at + timedelta(seconds=instant - now)).replace(microsecond=0) for instant in pause[:2]
        )
        return ChannelPulse(lanes, busy, since, until, pause.code, relays)
