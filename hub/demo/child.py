"""The service as the demo runs it: `serve`'s own two processes, on the demo's settings and clock."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.children import Child, command
from hub.demo.place import Place
from hub.errors import EnvironmentFailed
from hub.now import CLOCK_FILE

ROLES = ("web", "sender")
START, END = 45.0, 6.0
"""Seconds that the processes may take to be at work, and to end when asked."""


@asynccontextmanager
async def serving(place: Place) -> AsyncIterator[None]:
    """Run the service while the context is open; what it logs goes to the demo's directory.

    The processes also end when this one does, in whatever way. Raises EnvironmentFailed, with the end of
    their log, where one does not start.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("UNIVOQUE")}
    environ[CLOCK_FILE] = str(place.clock)
    with place.log.open("wb") as log:
        children = [
            Child(role, command(role, "--config", str(place.settings)), environ=environ, stderr=log.fileno())
            for role in ROLES
        ]
        lives = [asyncio.create_task(child.keep()) for child in children]
        try:
            await _at_work(children, lives, place)
            yield
        finally:
            await _end(children, lives)


async def _at_work(children: list[Child], lives: list[asyncio.Task[None]], place: Place) -> None:
    ready = asyncio.create_task(_ready(children))
    try:
        await asyncio.wait([ready, *lives], timeout=START, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            raise EnvironmentFailed(f"The service does not start; {place.log} ends with:\n{_tail(place)}")
    finally:
        ready.cancel()


async def _end(children: list[Child], lives: list[asyncio.Task[None]]) -> None:
    """Ask, wait, and take what is left by force: nothing that the demo started stays behind."""
    for child in children:
        child.stop()
    await asyncio.wait(lives, timeout=END)
    for life in lives:
        life.cancel()  # which kills a child that is still there
    with contextlib.suppress(asyncio.CancelledError):
        await asyncio.gather(*lives, return_exceptions=True)


async def _ready(children: list[Child]) -> None:
    for child in children:
        await child.ready.wait()


def _tail(place: Place) -> str:
    return "\n".join(place.log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
