"""Whether this process lives, and whether it can do its work."""

import asyncio

from aiohttp import web

from hub.store import schema
from hub.web.pages import HUB


async def alive(_: web.Request) -> web.Response:
    """The process answers."""
    return _said("ok")


async def ready(request: web.Request) -> web.Response:
    """The database answers, and its tables are those this version needs."""
    hub = request.app[HUB]
    try:
        async with asyncio.timeout(5):
            current = await schema.is_current(hub.store)
    except Exception:  # noqa: BLE001 - whatever it is, we are not ready
        return _said("database unreachable", status=503)
    return _said("ready") if current else _said("tables of another version", status=503)


def _said(word: str, *, status: int = 200) -> web.Response:
    return web.Response(text=f"{word}\n", status=status, headers={"Cache-Control": "no-store"})
