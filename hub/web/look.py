"""One look at the house for all who ask within a second, so that asking often costs nothing."""

import asyncio

from aiohttp import web

from hub.context import Hub
from hub.flow.observe import Seen, observe

FRESH = 1.0
"""Seconds for which a look is handed to others too."""


class Look:
    """The last look, and one that is under way at most."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._lock = asyncio.Lock()
        self._seen: Seen | None = None
        self._at = 0.0

    async def now(self) -> Seen:
        """How the house stands. Raises EnvironmentFailed where the database does not answer."""
        async with self._lock:
            loop = asyncio.get_running_loop()
            if self._seen is None or loop.time() - self._at >= FRESH:
                self._seen = await observe(self._hub)
                self._at = loop.time()
            return self._seen


LOOK = web.AppKey("look", Look)
