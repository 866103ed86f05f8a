"""One sender process: its slot, its lanes, and the ways in which it stops."""

import asyncio
import contextlib
from collections.abc import Callable, Mapping
from itertools import count
from random import Random
from socket import gethostname
from typing import TYPE_CHECKING

import structlog

from channels.contract import Answering, Channel
from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow import life, reconcile, spend
from hub.flow.deliver import Post, longer
from hub.flow.refusals import Refusals
from hub.queue.contract import Entered, Ledger, LedgerBusy, LedgerWaits, Repeat
from hub.queue.sqlite import SqliteLedger
from hub.sender import Sender, Stopping, lease_of
from hub.store import instance, suppressions
from hub.store.engine import sqlite_file
from hub.store.instance import Instance
from hub.suppressor import Suppressor

if TYPE_CHECKING:
    from hub.queue.postgres import PostgresLedger

log = structlog.get_logger(__name__)

SLOT = "sender"
"""The only slot with SQLite."""

ENTRY = 30.0
"""Seconds for which a sender that starts waits for another process to finish writing."""


async def run(
    hub: Hub,
    channels: Mapping[str, Channel],
    *,
    stopping: Stopping | None = None,
    slot: str | None = None,
    random: Random | None = None,
    ready: Callable[[], None] = lambda: None,
) -> None:
    """Send until asked to stop. One at a time per slot; a later life fences an earlier one off.

    Without a `slot` it is the only one with SQLite, a free one of this machine with PostgreSQL. Raises FencedOff
    when a later life took it.
    """
    stopping = stopping or Stopping()
    if not await _may_send(hub, stopping, ready):
        return
    async with hub.store.read() as tx:
        who = await instance.get(tx)
    ledger = _open_ledger(hub, who)
    try:
        slot = await _slot(ledger, slot)
        repeats = {name: _repeat(hub, channel) for name, channel in channels.items()}
        entered = await _enter(hub, ledger, slot, repeats, stopping)
        if entered.uncertain:
            log.warning("the last life left deliveries in doubt", uncertain=entered.uncertain, slot=slot)
        ready()
        purse = spend.Purse(hub)
        posts = {
            name: Post(
                channel=spend.Metered(channel, purse, who) if name == spend.SMS else channel,
                ledger=ledger,
                instance=who,
                site=hub.config.service.base_url.rstrip("/"),
                settings=hub.config.delivery,
                repeat=repeats[name],
                clock=hub.clock,
                random=random or Random(),  # noqa: S311 - jitter, not a secret
                suppress=Suppressor(hub, name).note,
                refusals=Refusals(hub, name),
            )
            for name, channel in channels.items()
        }
        answering = {name: channel for name, channel in channels.items() if isinstance(channel, Answering)}
        sender = Sender(hub, ledger, posts, answering, purse, stopping, inherited=entered.uncertain)
        await sender.run()
        with contextlib.suppress(LedgerWaits):
            await ledger.leave()
        with contextlib.suppress(EnvironmentFailed):
            await purse.empty()
    finally:
        await ledger.close()


async def _may_send(hub: Hub, stopping: Stopping, ready: Callable[[], None]) -> bool:
    """Begin this machine's next life; from a restored or copied database, wait until somebody adopts it.

    False when asked to stop meanwhile. Pages and reports are served all the same, so this is no failure to start.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ENTRY
    said: str | None = None
    while not stopping.drain.is_set():
        try:
            why = await life.begin(hub)
        except EnvironmentFailed:
            if loop.time() >= deadline:
                raise
            why = said
        else:
            deadline = loop.time() + ENTRY
            if why is None:
                return True
        if why != said:
            ready()
            log.error("this database is not sent from here", reason=why, remedy=life.REMEDY)
            said = why
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopping.drain.wait(), 0.5)
    return False


async def _enter(
    hub: Hub, ledger: Ledger, slot: str, repeats: Mapping[str, Repeat], stopping: Stopping
) -> Entered:
    """Take the slot; while another process writes, as an import does, wait for it. Raises LedgerBusy at the end."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + ENTRY
    while True:
        now = hub.clock.now()
        try:
            return await ledger.enter(slot, at=now, until=now + lease_of(hub.config), repeats=repeats)
        except LedgerBusy:
            if loop.time() >= deadline or stopping.drain.is_set():
                raise
        await asyncio.sleep(0.2)


def _open_ledger(hub: Hub, who: Instance) -> "SqliteLedger | PostgresLedger":
    url, mode = hub.store.engine.url, hub.config.service.mode
    file = sqlite_file(str(url))
    if file is not None:
        return SqliteLedger(file, suppressions.hasher(who.secret), mode, turns=hub.store.turns)
    from hub.queue.postgres import PostgresLedger  # its driver is an extra

    return PostgresLedger(url, suppressions.hasher(who.secret), mode)


async def _slot(ledger: "SqliteLedger | PostgresLedger", wanted: str | None) -> str:
    """The slot to enter. Raises EnvironmentFailed where another sender has the one that is wanted."""
    if isinstance(ledger, SqliteLedger):
        return wanted or SLOT
    if wanted is not None:
        if not await ledger.claim(wanted):
            raise EnvironmentFailed(
                f"A sender is at work in the slot {wanted!r}; stop it, or name another one"
            )
        return wanted
    # The lowest that is free: one that died here left it, and what it had in hand is looked into at once.
    for number in count(1):
        if await ledger.claim(slot := f"{gethostname()}/{number}"):
            return slot
    raise AssertionError("there is always another number")


def _repeat(hub: Hub, channel: Channel) -> Repeat:
    if channel.traits.repeats_uncertain:
        settings = hub.config.delivery
        later = tuple(longer(settings, number) for number in range(1, settings.doubts - 1))
        return Repeat(held=settings.doubts == 1, later=later)
    # The provider is asked first; after that it is repeated where the settings say so (flow.reconcile).
    return Repeat(held=True, wait=hub.config.sms.wait + reconcile.DECIDED)
