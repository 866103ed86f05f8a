"""Calls the desk to a turn: at once, or when so many lanes are ready that they share its commit."""

import asyncio
from collections.abc import Collection

from hub.queue.line import Line

GATHERING = 0.002
"""Seconds for which a lane that is ready may wait for others: a small part of what a mail server takes a message."""


class Bell:
    """Rings for a turn; lanes that become ready in the same instants are called to it together."""

    def __init__(self, lines: Collection[Line]) -> None:
        self._lines = lines
        self._rings = asyncio.Event()
        self._gathering: asyncio.Handle | None = None
        self._gathers_until = 0.0

    def ring(self) -> None:
        """Have a turn as soon as the loop comes to it."""
        self._rings.set()

    def ring_in(self, seconds: float) -> None:
        """Have a turn when that time is over."""
        asyncio.get_running_loop().call_later(seconds, self._rings.set)

    def ready(self, line: Line) -> None:
        """A lane is ready: have a turn as soon as a round of the loop brings no further one.

        Where fewer of a channel's are ready than are under way, all wait until its last is there, or for GATHERING:
        so lanes share their commits, and those of a slow far side wait no longer than they would notice.
        """
        line.ready += 1
        if self._gathering is None:
            loop = asyncio.get_running_loop()
            self._gathers_until = loop.time() + GATHERING
            self._gathering = loop.call_soon(self._gather, self._ready)
        elif not line.flying:
            self._rings.set()

    async def wait(self) -> None:
        """Until it rings; whoever was ready has been called then."""
        await self._rings.wait()
        self._rings.clear()
        for line in self._lines:
            line.ready = 0
        if self._gathering is not None:
            self._gathering.cancel()
            self._gathering = None

    @property
    def _ready(self) -> int:
        return sum([line.ready for line in self._lines])

    def _gather(self, before: int) -> None:
        loop, ready = asyncio.get_running_loop(), self._ready
        if ready > before:
            self._gathering = loop.call_soon(self._gather, ready)
        elif any(0 < line.ready < line.flying for line in self._lines):
            self._gathering = loop.call_at(self._gathers_until, self._rings.set)
        else:
            self._rings.set()
