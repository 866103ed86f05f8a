"""What a sender keeps an eye on besides its lanes: the room on the disk."""

import asyncio

import structlog

from hub.context import Hub
from hub.errors import refused_by_system
from hub.queue.desk import Desk
from hub.store import reserve

log = structlog.get_logger(__name__)

EVERY = 0.25
"""Seconds between two looks."""


async def the_disk(hub: Hub, desk: Desk) -> None:
    """Begin nothing on a disk that is almost full; what is under way is written down in the reserve's room."""
    held = reserve.beside(str(hub.store.engine.url))
    had_room, looked = True, True
    while held is not None:
        try:
            room, free = held.keep(), held.free()
        except OSError as error:
            if looked:
                log.warning("the disk cannot be looked at", reason=str(refused_by_system(error)))
            # What is under way finds out whether it can be written.
            room, free, looked = had_room, 0, False
        else:
            looked = True
        if room and not had_room:
            log.info("the disk has room again: sending goes on")
        if had_room and not room:
            log.error("the disk is almost full: nothing new is sent until there is room", free=free)
        if not room:
            desk.hold_back(4 * EVERY)
        elif not had_room:
            desk.hold_back(0)
        had_room = room
        await asyncio.sleep(EVERY)
