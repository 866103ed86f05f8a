"""The web server: which address leads where, and how it starts and stops."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import structlog
from aiohttp import web

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow import publish
from hub.web import files, guard, health, hooks, personal, reports
from hub.web.pages import HUB, PUBLIC, Public

LONGEST_BODY = 64 * 1024
"""No form or callback of ours is larger."""
REFRESH = 30.0
"""Seconds between two looks whether the public files lag behind."""

log = structlog.get_logger(__name__)


def application(hub: Hub) -> web.Application:
    """The web application of one open instance."""
    app = web.Application(
        client_max_size=LONGEST_BODY, middlewares=[guard.errors_as_pages, guard.same_origin]
    )
    app[HUB] = hub
    app[PUBLIC] = Public(hub)
    app[files.CACHE] = files.Cache()
    app[reports.REPORTS] = reports.Reports(hub)
    app.on_cleanup.append(reports.close)
    app.on_response_prepare.append(guard.secure)
    app.add_routes([
        web.get("/health", health.alive, name="health"),
        web.get("/health/{nonce:[0-9a-f]{32}}", health.mark, name="mark"),
        web.get("/ready", health.ready, name="ready"),
        web.get("/u/{token}", personal.show, name="personal"),
        web.post("/u/{token}", personal.stop, name="personal-stop"),
        web.post("/u/{token}/one-click", personal.one_click, name="one-click"),
        web.post("/hooks/twilio/inbound", hooks.inbound, name="twilio-inbound"),
        web.post("/hooks/twilio/status/{attempt}", hooks.status, name="twilio-status"),
        web.get("/static/{path:.+}", files.static, name="static"),
        web.get("/{path:.*}", files.public, name="public"),
    ])  # fmt: skip
    return app


async def run(hub: Hub, *, stop: asyncio.Event, ready: Callable[[int], None] | None = None) -> None:
    """Serve until `stop` is set. `ready` is told the port once requests are taken.

    The public files are brought up to date meanwhile; when that fails, what lies there is served on.
    """
    runner = web.AppRunner(application(hub), handle_signals=False, access_log=None, keepalive_timeout=15)
    await runner.setup()
    try:
        await _listen(runner, hub)
        port = runner.addresses[0][1]
        log.info("web.listening", host=hub.config.web.host, port=port)
        if ready is not None:
            ready(port)
        await _keep_fresh(hub, stop)
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, hub: Hub) -> None:
    host, port = hub.config.web.host, hub.config.web.port
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise EnvironmentFailed(
            f"{host}:{port} cannot be listened on ({error.strerror}): another program may hold it; "
            "end that one, or set web.port to another"
        ) from error


async def _keep_fresh(hub: Hub, stop: asyncio.Event) -> None:
    """Publish again whenever the files lag behind, until told to stop."""
    # The software or its words may be newer than the files: once at the start, whatever they say.
    step = publish.publish
    while not stop.is_set():
        try:
            await step(hub)
            step = publish.refresh  # type: ignore[assignment]
        except Exception:
            # The files that lie there are served on; the next look may find the database or the disk back.
            log.exception("web.refresh_failed")
        with suppress(TimeoutError):
            async with asyncio.timeout(REFRESH):
                await stop.wait()
