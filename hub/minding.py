"""What a sender keeps an eye on besides its lanes: the room on the disk, and a clock that somebody sets."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta

import structlog

from hub.context import Hub
from hub.queue.desk import Desk
from hub.store import reserve, waits
from hub.store.engine import sqlite_file

log = structlog.get_logger(__name__)

EVERY = 0.25
"""Seconds between two looks."""

CLOCK_STEP = timedelta(minutes=1)
"""By so much a clock does not go wrong by itself: somebody has set it."""


async def the_disk(hub: Hub, desk: Desk, channels: Iterable[str]) -> None:
    """Begin nothing on a disk that is almost full; what is under way is written down in the reserve's room."""
    held = reserve.beside(str(hub.store.engine.url))
    had_room = True
    while held is not None:
        room = held.keep()
        if room and not had_room:
            log.info("the disk has room again: sending goes on")
        if had_room and not room:
            log.error("the disk is almost full: nothing new is sent until there is room", free=held.free())
        for name in channels:
            if not room:
                desk.pause(name, 4 * EVERY)
            elif not had_room:
                desk.resume(name)
        had_room = room
        await asyncio.sleep(EVERY)


async def the_clock(hub: Hub) -> None:
    """When the clock was set, let waits last as long as they were meant to; expiry goes by the clock."""
    loop, clock = asyncio.get_running_loop(), hub.clock
    # With PostgreSQL others wait by clocks of their own.
    alone = sqlite_file(str(hub.store.engine.url)) is not None
    since, at = loop.time(), clock.now()
    while True:
        await asyncio.sleep(EVERY)
        step = clock.now() - at - timedelta(seconds=loop.time() - since)
        if abs(step) < CLOCK_STEP:
            continue
        since, at = loop.time(), clock.now()
        if alone:
            async with hub.store.write() as tx:
                await waits.shift(tx, step)
