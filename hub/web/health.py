"""Whether this process lives, and whether the house can do its work."""

import asyncio

from aiohttp import web

from hub.flow import alarms
from hub.store import instance, schema
from hub.web.look import LOOK
from hub.web.pages import HUB

AT_ONCE = 5.0
"""Seconds within which the database has to answer."""

STOPPERS = frozenset({"sender", "disk"})
"""Alarms with which nothing can be sent."""


async def live(_: web.Request) -> web.Response:
    """The process answers; nothing else is looked at, so that a slow disk restarts nobody."""
    return _said("live")


async def ready(request: web.Request) -> web.Response:
    """The database answers with the tables of this version, a sender lives, the disk has room.

    Other alarms are named as warnings, without what they found: everybody may ask.
    """
    hub = request.app[HUB]
    try:
        async with asyncio.timeout(AT_ONCE):
            if not await schema.is_current(hub.store):
                return _said("not ready: tables of another version", status=503)
            seen = await request.app[LOOK].now()
    except Exception:  # noqa: BLE001 - whatever it is, we are not ready
        return _said("not ready: the database does not answer", status=503)
    names = list(dict.fromkeys(alarm.name for alarm in alarms.raised(seen, hub.config.alarms)))
    if stopped := [name for name in names if name in STOPPERS]:
        return _said(f"not ready: {', '.join(stopped)}", status=503)
    return _said("\n".join(["ready", *(f"warning: {name}" for name in names)]))


async def mark(request: web.Request) -> web.Response:
    """That it is this instance which answers here: only it can know the answer to a nonce."""
    hub = request.app[HUB]
    async with hub.store.read() as tx:
        who = await instance.get(tx)
    return _said(instance.mark(who, request.match_info["nonce"]))


def _said(word: str, *, status: int = 200) -> web.Response:
    return web.Response(text=f"{word}\n", status=status, headers={"Cache-Control": "no-store"})
