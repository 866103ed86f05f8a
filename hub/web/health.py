"""Whether this process lives, and whether it can do its work."""

import asyncio

from aiohttp import web

from hub.store import instance, schema
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


async def mark(request: web.Request) -> web.Response:
    """That it is this instance which answers here: only it can know the answer to a nonce."""
    hub = request.app[HUB]
    async with hub.store.read() as tx:
        who = await instance.get(tx)
    return _said(instance.mark(who, request.match_info["nonce"]))


def _said(word: str, *, status: int = 200) -> web.Response:
    return web.Response(text=f"{word}\n", status=status, headers={"Cache-Control": "no-store"})
