"""Tells a message that the far side refuses for what it says from an address that it refuses, and stops the former.

docs/decisions/0034 says why, and why so many; hub.flow.doorstep tells the address from everybody's.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, auto

import structlog

from channels.contract import Refused, Unavailable
from hub import causes
from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow.doorstep import DOMAINS, Doorstep, Key
from hub.flow.spend import Withheld
from hub.queue.contract import Item
from hub.queue.pace import domain_of
from hub.store import deliveries, dispatches, journal, stops
from hub.store.dispatches import Dispatch

log = structlog.get_logger(__name__)

ACTOR = "univoque"
STOPPED = "message refused"
"""What the journal says of it."""
UNPREPARED = "message unprepared"
"""What it says of one that we ourselves cannot make ready to leave."""

SETTLES = 1.0
"""Seconds after which a stop is in force in every sender, this one included: they look ten times a second."""


class Consequence(Enum):
    """What follows from a refusal for what the message says."""

    ADDRESS = auto()
    """Others get it: it is this recipient's own."""
    LATER = auto()
    """Nobody can say yet; it is tried again, and no try of this delivery's."""
    STOP = auto()
    """Nobody would get it."""


@dataclass(slots=True)
class _Row:
    """Who was refused one body: `row` since it was last accepted, with their domains; `waiting` for a second try."""

    row: dict[Key, str] = field(default_factory=dict)
    waiting: set[Key] = field(default_factory=set)
    ever: bool = False
    """Whether anybody is known to have got it."""


class Rows:
    """The rule, and what it has seen in this sender's life; `most` refusals in a row stop anything, 0 nothing."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.open: dict[int, _Row] = {}
        """By body; empty while nothing is refused for what it says."""

    def taken(self, body: int, key: Key) -> None:
        """Somebody's was accepted: the row is over."""
        if (found := self.open.get(body)) is not None:
            found.row.clear()
            found.ever = True
            self._settle(body, found, key)

    async def weigh(
        self, body: int, key: Key, address: str, ever: Callable[[], Awaitable[bool]]
    ) -> Consequence:
        """What follows from a refusal; `ever` asks whether anybody at all has got this body, and is asked seldom."""
        if not self._most:
            return Consequence.ADDRESS
        found = self.open.setdefault(body, _Row())
        again = key in found.waiting
        if again and key not in found.row:
            self._settle(body, found, key)
            return Consequence.ADDRESS
        found.waiting.add(key)
        found.row[key] = domain_of(address)
        wide = len(set(found.row.values())) >= DOMAINS
        if len(found.row) >= self._most or (wide and again):
            return Consequence.STOP
        if not wide and not again:
            return Consequence.LATER
        found.ever = found.ever or await ever()
        if not found.ever:
            return Consequence.STOP
        if wide:
            return Consequence.LATER
        self._settle(body, found, key)
        return Consequence.ADDRESS

    def forget(self, body: int) -> None:
        """Begin anew: what was at fault is being mended."""
        self.open.pop(body, None)

    def _settle(self, body: int, found: _Row, key: Key) -> None:
        found.waiting.discard(key)
        found.row.pop(key, None)
        if not found.waiting:
            self.open.pop(body, None)


class Refusals:
    """Judges what one channel's lanes meet, and stops what nobody would get: in this sender at once, then for all."""

    def __init__(self, hub: Hub, channel: str) -> None:
        self._hub = hub
        self._channel = channel
        self._deciding = asyncio.Lock()
        self.rows = Rows(hub.config.delivery.refused_in_a_row)
        self.doorstep = Doorstep(hub.config.delivery.refused_in_a_row)
        self.halted: set[int] = set()
        """Dispatches that this sender has just stopped: rows of them that it has in hand do not leave either."""

    async def weigh(self, item: Item, error: Refused) -> Consequence:
        """What follows from a refusal for what the message says. By STOP it is stopped for all senders."""
        async with self._deciding:  # lanes meet it side by side; one of them decides
            if item.dispatch in self.halted:
                return Consequence.LATER
            try:
                consequence = await self.rows.weigh(
                    item.body, (item.dispatch, item.seq), item.address, lambda: self._ever(item)
                )
            except EnvironmentFailed:
                return Consequence.LATER
            if consequence is Consequence.STOP:
                self.halted.add(item.dispatch)
        if consequence is Consequence.STOP:
            try:
                await self._stop(item, error)
            finally:
                asyncio.get_running_loop().call_later(SETTLES, self.halted.discard, item.dispatch)
        return consequence

    async def unprepared(self, item: Item, error: Exception) -> Withheld:
        """Stop a message whose words cannot be made ready to leave, for all senders; why this row does not leave."""
        stopped = Withheld(causes.UNPREPARED, counts=False)
        if item.dispatch in self.halted:
            return stopped
        self.halted.add(item.dispatch)
        try:
            await stop_unprepared(self._hub, self._channel, item, error)
        except EnvironmentFailed as failed:
            log.warning("a message that cannot be prepared is not stopped yet", reason=failed.said)
        finally:
            asyncio.get_running_loop().call_later(SETTLES, self.halted.discard, item.dispatch)
        return stopped

    async def _ever(self, item: Item) -> bool:
        async with self._hub.store.read() as tx:
            return await deliveries.was_taken(tx, item.dispatch, body=item.body)

    async def _stop(self, item: Item, error: Refused) -> None:
        try:
            await stop_message(self._hub, self._channel, item.dispatch, error)
        except EnvironmentFailed as failed:
            log.warning("a refused message is not stopped yet", reason=failed.said)
        else:
            self.rows.forget(item.body)


async def stop_message(hub: Hub, channel: str, dispatch: int, error: Refused) -> None:
    """Stop one channel of a dispatch for all senders, and say so once. Idempotent; raises EnvironmentFailed."""
    found = await _stop(hub, channel, dispatch, action=STOPPED, cause=error.code)
    if found is None:
        return
    log.error(
        "a message is refused for what it says, and stopped",
        directive=found.directive,
        channel=channel,
        code=error.code,
        reason=error.detail,
        remedy=f"`univoque resume {found.directive}` once it is mended",
    )


async def stop_unprepared(hub: Hub, channel: str, item: Item, error: Exception) -> None:
    """The same for one that cannot be made ready to leave; the trace is logged with it."""
    found = await _stop(hub, channel, item.dispatch, action=UNPREPARED, cause=causes.UNPREPARED)
    if found is None:
        return
    log.error(
        "a message cannot be made ready to leave, and is stopped",
        directive=found.directive,
        channel=channel,
        body=item.body,
        exc_info=error,
        remedy=f"mend the setting that is named, or approve a correction; then `univoque resume {found.directive}`",
    )


async def _stop(hub: Hub, channel: str, dispatch: int, *, action: str, cause: str) -> Dispatch | None:
    """Stop it and write it in the journal; None where it is stopped already."""
    now, scope = hub.clock.now(), stops.of_dispatch(channel, dispatch)
    async with hub.store.write() as tx:
        if not await stops.put(tx, scope, at=now, cause=cause):
            return None
        found = await dispatches.of_id(tx, dispatch)
        detail = {"revision": found.revision, "channel": channel, "code": cause}
        await journal.append(tx, at=now, actor=ACTOR, action=action, subject=found.directive, detail=detail)
    return found


def withheld() -> Withheld:
    """Why a row of a stopped dispatch that is in a lane's hand does not leave: it is no attempt."""
    return Withheld("stopped", "its message is refused for what it says", counts=False)


def nobody_is_let_in(error: Refused) -> Unavailable:
    """Why a channel pauses whose far side refuses one recipient after the other; nobody is marked as failed."""
    why = f"all are refused, one after the other, and nobody is marked as failed: {error.detail}"
    return Unavailable(error.code, why, counts=False, channel_wide=True)
