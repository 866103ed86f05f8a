"""Puts the house to work: `serve` keeps a web process and a sender, `work` is a sender alone."""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import structlog

from channels.contract import WrongSettings
from channels.registry import open_channels
from hub import config as settings
from hub import log as hub_log
from hub import worker
from hub.children import READY, Child, command
from hub.config import Config
from hub.context import database_url, demand_instance, keep_loaded, open_hub
from hub.errors import ConfigError, EnvironmentFailed, UnivoqueError, WrongUse, refused_by_system
from hub.lock import Lock
from hub.now import for_mode
from hub.sender import Stopping, all_done
from hub.store import schema
from hub.store.engine import sqlite_file
from hub.web import server

log = structlog.get_logger(__name__)

ROLES = ("web", "sender")
_GRACE = 5.0
"""Seconds that a process may take to end beyond the time it has for draining."""


def serve(file: Path | None, *, ready: Callable[[], None] = lambda: None) -> int:
    """Serve pages and send, until SIGTERM or SIGINT; a second one ends it at once. `file` holds the settings.

    Raises EnvironmentFailed where there is no instance, beside another `serve` or a `work` on its database, and
    when a process cannot start.
    """
    config = settings.load(file)
    hub_log.configure(config.log)
    demand_instance(config)
    with _alone(config, "serve"):
        run(_serve(config, file, ready))
    return 0


def work(file: Path | None, slot: str | None = None) -> int:
    """Send only, without a web process; `slot` names this sender among several on one PostgreSQL database.

    Raises EnvironmentFailed where there is no instance and, with SQLite, beside a `serve`; WrongUse for a slot there.
    """
    config = settings.load(file)
    hub_log.configure(config.log)
    demand_instance(config)
    if slot is not None and sqlite_file(database_url(config)) is not None:
        raise WrongUse(
            "--slot names one of several senders, and with SQLite a database has one; leave it out"
        )
    with _alone(config, "work"):
        at_work = partial(log.info, "at work")
        run(_send(config, Stopping(), patience=0.0, ready=at_work, slot=slot))
    return 0


def _alone(config: Config, command: str) -> AbstractContextManager[object]:
    """One lock for `serve` and `work`: with SQLite there is one sender (decision 22), and either has it."""
    file = sqlite_file(database_url(config))
    return nullcontext() if file is None else Lock(_beside(file, "serve"), f"univoque {command}")


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run on uvloop where it is installed."""
    with contextlib.suppress(ImportError):
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(main)
    return asyncio.run(main)


async def _serve(config: Config, file: Path | None, ready: Callable[[], None]) -> None:
    async with open_hub(config) as hub:
        await schema.demand_current(hub.store)
    arguments = ["--config", str(file)] if file else []
    children = [Child(role, command(role, *arguments)) for role in ROLES]
    asked = Stopping()
    failures: list[Exception] = []
    with _signals(asked):
        try:
            async with asyncio.TaskGroup() as group:
                lives = [group.create_task(child.keep()) for child in children]
                starting = group.create_task(_announce(children, ready))
                await asked.drain.wait()
                starting.cancel()
                await _end(children, lives, asked, config)
        except* EnvironmentFailed as failed:
            failures += failed.exceptions
    if failures:  # outside of the handler, which would wrap it in a group again
        raise failures[0] from None


async def _announce(children: list[Child], ready: Callable[[], None]) -> None:
    for child in children:
        await child.ready.wait()
    ready()


async def _end(
    children: list[Child], lives: list[asyncio.Task[None]], asked: Stopping, config: Config
) -> None:
    for child in children:
        child.stop()
    at_once = asyncio.create_task(asked.now.wait())
    ended = asyncio.create_task(all_done(lives))
    allowed = config.delivery.drain.total_seconds() + _GRACE
    await asyncio.wait([ended, at_once], timeout=allowed, return_when=asyncio.FIRST_COMPLETED)
    if not ended.done():
        for child in children:
            child.stop()
        await asyncio.wait([ended], timeout=_GRACE)
    at_once.cancel()
    ended.cancel()
    for life in lives:
        life.cancel()  # which kills a child that is still there


async def _web(config: Config) -> None:
    stopping = Stopping()
    async with open_hub(config, for_mode(config.service.mode)) as hub, _until_parent_ends(stopping):
        with _signals(stopping):
            await server.run(hub, stop=stopping.drain, ready=lambda _port: _say_ready())


async def _send(
    config: Config,
    stopping: Stopping,
    *,
    patience: float,
    ready: Callable[[], None],
    slot: str | None = None,
) -> None:
    file = sqlite_file(database_url(config))
    lock = None if file is None else Lock(_beside(file, "sender"))
    async with open_hub(config, for_mode(config.service.mode)) as hub:
        await schema.demand_current(hub.store)
        keep_loaded()
        if lock is not None:
            await lock.take_within(patience)
        opened = open_channels(
            email=config.email,
            standby=config.standby,
            sms=config.sms,
            mode=config.service.mode,
            site_url=config.service.base_url,
            now=hub.clock.now,
        )
        try:
            with _signals(stopping):
                async with opened as channels:
                    await worker.run(hub, channels, stopping=stopping, slot=slot, ready=ready)
        except WrongSettings as error:
            raise ConfigError(str(error)) from error
    if lock is not None:
        lock.release()


async def _sender(config: Config) -> None:
    stopping = Stopping()
    # The sender of a `serve` that was killed may still be draining.
    patience = config.delivery.drain.total_seconds() + _GRACE
    async with _until_parent_ends(stopping):
        await _send(config, stopping, patience=patience, ready=_say_ready)


@asynccontextmanager
async def _until_parent_ends(stopping: Stopping) -> AsyncIterator[None]:
    """Stop when the pipe from the parent closes, which it also does after its SIGKILL."""
    loop = asyncio.get_running_loop()

    def on_pipe() -> None:
        if not os.read(sys.stdin.fileno(), 1):
            loop.remove_reader(sys.stdin.fileno())
            stopping.ask()

    loop.add_reader(sys.stdin.fileno(), on_pipe)
    try:
        yield
    finally:
        loop.remove_reader(sys.stdin.fileno())


@contextlib.contextmanager
def _signals(stopping: Stopping) -> Any:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.ask)
    try:
        yield
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _say_ready() -> None:
    with contextlib.suppress(BrokenPipeError):  # the parent has ended; the pipe to it says so too
        os.write(sys.stdout.fileno(), READY)


def _beside(file: Path, role: str) -> Path:
    """A lock's file beside the database."""
    return file.with_name(f"{file.name}.{role}.lock")


def _end_with(error: UnivoqueError, role: str) -> int:
    log.error("the process ends", role=role, reason=str(error))
    return error.exit_code


def main() -> int:
    """What a child process runs."""
    parser = argparse.ArgumentParser(prog="hub.app", description=__doc__)
    parser.add_argument("role", choices=ROLES)
    parser.add_argument("--config", type=Path)
    chosen = parser.parse_args()
    try:
        config = settings.load(chosen.config)
        hub_log.configure(config.log)
        run(_web(config) if chosen.role == "web" else _sender(config))
    except UnivoqueError as error:
        return _end_with(error, chosen.role)
    except OSError as error:
        return _end_with(refused_by_system(error), chosen.role)
    return 0


if __name__ == "__main__":
    sys.exit(main())
