"""The web server: which address leads where, and how it starts and stops."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import structlog
from aiohttp import web

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow import publish
from hub.flow.tally import tally
from hub.web import files, guard, health, hooks, metrics, personal, reports
from hub.web.look import LOOK, Look
from hub.web.pages import HUB, PUBLIC, Public

LONGEST_BODY = 64 * 1024
"""No form or callback of ours is larger."""
REFRESH = 30.0
"""Seconds between two looks whether the public files lag behind."""
COUNT = 2.0
"""Seconds between two counts of what was sent, so that nobody who asks has to wait for one."""

log = structlog.get_logger(__name__)


def application(hub: Hub) -> web.Application:
    """The web application of one open instance."""
    app = web.Application(
        client_max_size=LONGEST_BODY, middlewares=[guard.errors_as_pages, guard.same_origin]
    )
    app[HUB] = hub
    app[PUBLIC] = Public(hub)
    app[LOOK] = Look(hub)
    app[files.CACHE] = files.Cache()
    app[reports.REPORTS] = reports.Reports(hub)
    app.on_cleanup.append(reports.close)
    app.on_response_prepare.append(guard.secure)
    app.add_routes([
        web.get("/health/live", health.live, name="live"),
        web.get("/health/ready", health.ready, name="ready"),
        web.get("/health/{nonce:[0-9a-f]{32}}", health.mark, name="mark"),
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
    app = application(hub)
    web_, settings = hub.config.web, hub.config.metrics
    async with _listening(app, web_.host, web_.port, "web") as port, contextlib.AsyncExitStack() as stack:
        if settings.port:
            figures = metrics.application(hub, app[LOOK])
            await stack.enter_async_context(_listening(figures, settings.host, settings.port, "metrics"))
        log.info("web.listening", host=web_.host, port=port)
        if ready is not None:
            ready(port)
        await asyncio.gather(_keep_fresh(hub, stop), _keep_counted(hub, stop))


@contextlib.asynccontextmanager
async def _listening(app: web.Application, host: str, port: int, section: str) -> AsyncIterator[int]:
    """Take requests; yields the port. Raises EnvironmentFailed where it cannot be had."""
    runner = web.AppRunner(app, handle_signals=False, access_log=None, keepalive_timeout=15)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise EnvironmentFailed(
                f"{host}:{port} cannot be listened on ({error.strerror}): another program may hold it; "
                f"end that one, or set {section}.port to another"
            ) from error
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


async def _keep_counted(hub: Hub, stop: asyncio.Event) -> None:
    """Count what was sent, again and again, until told to stop; what cannot be counted now is counted later."""
    while not stop.is_set():
        pause = COUNT
        try:
            await tally(hub)
        except Exception:
            log.exception("web.count_failed")
            pause = REFRESH
        await _unless(stop, pause)


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
        await _unless(stop, REFRESH)


async def _unless(stop: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until told to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()
