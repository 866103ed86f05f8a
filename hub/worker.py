"""One sender process: its slot, its lanes, and the ways in which it stops."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from socket import gethostname
from typing import TYPE_CHECKING

import structlog

from channels.contract import Answering, Channel, Paced, Unavailable
from hub import clockwork
from hub.config import Config
from hub.context import Hub
from hub.errors import EnvironmentFailed, UnivoqueError
from hub.flow import dispatch, life, reconcile, spend
from hub.flow.deliver import Post
from hub.heart import Heart, Pause
from hub.model.delivery import Outcome
from hub.now import came
from hub.queue.contract import Entered, Item, Ledger, LedgerBusy, LedgerWaits, Repeat, Settled
from hub.queue.desk import Desk
from hub.queue.sqlite import SqliteLedger
from hub.store import instance, reserve, suppressions, waits
from hub.store.engine import sqlite_file
from hub.store.instance import Instance

if TYPE_CHECKING:
    from hub.queue.postgres import PostgresLedger

log = structlog.get_logger(__name__)

SLOT = "sender"
"""The only slot with SQLite."""

ENTRY = 30.0
"""Seconds for which a sender that starts waits for another process to finish writing."""

LOOK = 0.25
"""Seconds between two looks at what is new, due or stopped."""

CLOCK_STEP = timedelta(minutes=1)
"""By so much a clock does not go wrong by itself: somebody has set it."""

_NAP = (0.25, 5.0)
_BREATH = timedelta(seconds=1)
"""How long a far side that asked for less, and not for how long, gets nothing."""
_LONGEST_BREATH = timedelta(minutes=5)
_PAUSE = (1.0, 60.0)


def lease_of(config: Config) -> timedelta:
    """How long a silent sender keeps what it has in hand: longer than the longest attempt may take.

    That is connecting, TLS, login and the commands, each with its own time-out, and then the message itself.
    """
    email, sms = config.email, config.sms
    return max(10 * email.command_timeout + email.dot_timeout, 10 * sms.timeout)


@dataclass(slots=True)
class Stopping:
    """How a sender is told to end: `drain` lets it finish what is in hand, `now` does not."""

    drain: asyncio.Event = field(default_factory=asyncio.Event)
    now: asyncio.Event = field(default_factory=asyncio.Event)

    def ask(self) -> None:
        """The first time: drain; the second time: at once."""
        (self.now if self.drain.is_set() else self.drain).set()


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
                suppress=_suppressor(hub, name),
            )
            for name, channel in channels.items()
        }
        answering = {name: channel for name, channel in channels.items() if isinstance(channel, Answering)}
        await _Sender(hub, ledger, posts, answering, purse, stopping).run()
        with contextlib.suppress(LedgerWaits):
            await ledger.leave()
        with contextlib.suppress(EnvironmentFailed):
            await purse.empty()
    finally:
        await ledger.close()


class _Sender:
    """The lanes of one life, and the tasks that feed and stop them."""

    def __init__(
        self,
        hub: Hub,
        ledger: Ledger,
        posts: Mapping[str, Post],
        answering: Mapping[str, Answering],
        purse: spend.Purse,
        stopping: Stopping,
    ) -> None:
        self._hub = hub
        self._ledger = ledger
        self._posts = posts
        self._answering = answering
        self._purse = purse
        self._stopping = stopping
        most = {name: post.channel.traits.per_second for name, post in posts.items()}
        self._desk = Desk(ledger, hub.clock, most, quiet=_nights(hub, posts))
        self._health = {name: _Health() for name in posts}

    async def run(self) -> None:
        names = [name for name, post in self._posts.items() for _ in range(post.channel.traits.lanes)]
        try:
            async with asyncio.TaskGroup() as group:
                lanes = [group.create_task(self._lane(name, number)) for number, name in enumerate(names)]
                heart = Heart(self._hub, self._ledger, self._desk, self._lanes(), self._pause_of)
                always = (
                    self._desk.run(),
                    self._look(),
                    self._renew(),
                    self._plan(),
                    clockwork.run(self._hub),
                    self._mind_the_disk(),
                    self._mind_the_clock(),
                    heart.beat(),
                )
                others = [group.create_task(work) for work in always]
                drain = self._stopping.drain
                asking = [
                    reconcile.keep_asking(self._hub, channel, name=name, until=drain)
                    for name, channel in self._answering.items()
                ]
                # These end by themselves: what they have in hand is a transaction, or a question already asked.
                asked = [group.create_task(work) for work in (*asking, self._purse.keep(drain))]
                await self._end(lanes)
                await asyncio.wait(asked, timeout=1.0)
                others += asked
                for task in others:
                    task.cancel()
        except* UnivoqueError as failed:
            raise failed.exceptions[0] from None

    def _lanes(self) -> dict[str, int]:
        return {name: post.channel.traits.lanes for name, post in self._posts.items()}

    def _pause_of(self, name: str) -> Pause | None:
        health = self._health[name]
        if not (health.failures or health.silent):
            return None
        return Pause(health.since, max(health.since, health.until), health.code)

    async def _end(self, lanes: list[asyncio.Task[None]]) -> None:
        """Wait until asked to stop, then as long as draining may take, or until asked again."""
        await self._stopping.drain.wait()
        self._desk.close()
        at_once = asyncio.create_task(self._stopping.now.wait())
        drained = asyncio.create_task(all_done(lanes))
        allowed = self._hub.config.delivery.drain.total_seconds()
        await asyncio.wait([drained, at_once], timeout=allowed, return_when=asyncio.FIRST_COMPLETED)
        drained.cancel()
        at_once.cancel()
        for lane in lanes:  # what is still under way becomes uncertain in the next life
            lane.cancel()

    async def _lane(self, name: str, number: int) -> None:
        """One connection: a delivery, its outcome, the next one."""
        post, health = self._posts[name], self._health[name]
        nap = 0.0
        settled: Settled | None = None
        async with post.channel.lane() as lane:
            paced = lane if isinstance(lane, Paced) else None
            while True:
                if paced is not None and (seconds := paced.wait()) > 0:
                    # Before the next intent, not after it: a stop while it waits is in force.
                    if settled is not None:
                        self._desk.record(number, settled)
                        settled = None
                    await self._rest(seconds)
                if (item := await self._desk.exchange(name, number, settled)) is None:
                    return
                settled, error = await post.send(lane, item, number)
                health.judge(name, self._desk, settled, error)
                if error is None or error.counts:
                    nap = 0.0
                    continue
                if error.asks_less:
                    rest = min(max(error.retry_after or _BREATH, _BREATH), _LONGEST_BREATH)
                    whose = item.address if error.asks_less == "domain" else None
                    self._desk.slow_down(name, whose, rest.total_seconds())
                    continue
                self._desk.record(number, settled)
                settled = None
                nap = min(max(nap * 2, _NAP[0]), _NAP[1])
                await self._rest(nap)

    async def _rest(self, seconds: float) -> None:
        """Wait, unless asked to stop meanwhile."""
        await came(self._stopping.drain, seconds)

    async def _look(self) -> None:
        while True:
            with contextlib.suppress(LedgerWaits):  # the desk says so when it matters
                await self._desk.look()
            await asyncio.sleep(LOOK)

    async def _mind_the_disk(self) -> None:
        """Begin nothing on a disk that is almost full; what is under way is written down in the reserve's room."""
        held = reserve.beside(str(self._hub.store.engine.url))
        had_room = True
        while held is not None:
            room = held.keep()
            if room and not had_room:
                log.info("the disk has room again: sending goes on")
            if had_room and not room:
                log.error(
                    "the disk is almost full: nothing new is sent until there is room", free=held.free()
                )
            for name in self._posts:
                if not room:
                    self._desk.pause(name, 4 * LOOK)
                elif not had_room:
                    self._desk.resume(name)
            had_room = room
            await asyncio.sleep(LOOK)

    async def _mind_the_clock(self) -> None:
        """When the clock was set, let waits last as long as they were meant to; expiry goes by the clock."""
        loop, clock = asyncio.get_running_loop(), self._hub.clock
        alone = (
            sqlite_file(str(self._hub.store.engine.url)) is not None
        )  # else others wait by clocks of their own
        since, at = loop.time(), clock.now()
        while True:
            await asyncio.sleep(LOOK)
            step = clock.now() - at - timedelta(seconds=loop.time() - since)
            if abs(step) < CLOCK_STEP:
                continue
            since, at = loop.time(), clock.now()
            if alone:
                async with self._hub.store.write() as tx:
                    await waits.shift(tx, step)

    async def _renew(self) -> None:
        lease = lease_of(self._hub.config)
        while True:
            await asyncio.sleep(lease.total_seconds() / 10)
            now = self._hub.clock.now()
            with contextlib.suppress(LedgerWaits):
                taken = await self._ledger.renew(at=now, until=now + lease)
                if taken:
                    log.warning("took over from a silent sender", uncertain=taken)

    async def _plan(self) -> None:
        """Plan what was approved and not planned, because the process that approved it ended."""
        loop = asyncio.get_running_loop()
        resting: dict[int, float] = {}
        while True:
            resting = {id_: until for id_, until in resting.items() if until > loop.time()}
            try:
                failed = await dispatch.resume(self._hub, resting=resting)
            except Exception:
                log.exception("nothing can be planned; it is tried again")
                await asyncio.sleep(_PAUSE[1])
            else:
                resting |= dict.fromkeys(failed, loop.time() + _PAUSE[1])
            await asyncio.sleep(LOOK)


@dataclass(slots=True)
class _Health:
    """Whether a channel works as a whole; where it does not, it pauses and nobody is marked as failed."""

    failures: int = 0
    until: float = 0.0
    silent: bool = False
    slowed: bool = False
    since: float = 0.0
    code: str = ""

    def judge(self, name: str, desk: Desk, settled: Settled, error: Unavailable | None) -> None:
        if error is not None and error.channel_wide:
            now = asyncio.get_running_loop().time()
            if now < self.until:
                return  # another lane met the same fault
            self._begin(now, error)
            self.failures += 1
            seconds = min(_PAUSE[0] * 2 ** (self.failures - 1), _PAUSE[1])
            self.until = now + seconds
            desk.pause(name, seconds)
            if isinstance(error, spend.Withheld):
                return  # who withheld it has said so
            say = log.error if self.failures == 1 else log.warning
            say("the channel is paused", channel=name, code=error.code, reason=error.detail, seconds=seconds)
        elif isinstance(error, spend.Withheld):
            return  # who withheld it has said so
        elif error is not None and error.asks_less:
            if not self.slowed:  # said once: it goes on for as long as the limit does
                log.info("the far side asks for less", channel=name, code=error.code, who=error.asks_less)
            self.slowed = True
        elif error is not None and not error.counts:
            self._begin(asyncio.get_running_loop().time(), error)
            if not self.silent:  # said once: every lane meets it, again and again
                log.warning("the far side takes nothing", channel=name, code=error.code, reason=error.detail)
            self.silent = True
        elif settled.outcome is Outcome.ACCEPTED and (self.failures or self.silent):
            self.failures, self.silent = 0, False
            desk.resume(name)
            log.info("the channel works again", channel=name)

    def _begin(self, now: float, error: Unavailable) -> None:
        self.since = self.since if self.failures or self.silent else now
        self.code = error.code


async def all_done(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for all of them, whatever came of each."""
    if tasks:
        await asyncio.wait(tasks)


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


def _nights(hub: Hub, names: Iterable[str]) -> Callable[[str], datetime | None]:
    """Asks when the quiet hours of a channel end, where they hold now."""
    nights = {name: hub.config.quiet.hours(name) for name in names}

    def quiet(channel: str) -> datetime | None:
        hours = nights[channel]
        return hours.end_after(hub.clock.now()) if hours is not None else None

    return quiet


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
        return SqliteLedger(file, suppressions.hasher(who.secret), mode)
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
        return Repeat(held=False)
    # The provider is asked first; after that it is repeated where the settings say so (flow.reconcile).
    return Repeat(held=True, wait=hub.config.sms.wait + reconcile.DECIDED)


def _suppressor(hub: Hub, channel: str) -> Callable[[Item, str], Awaitable[None]]:
    async def suppress(item: Item, code: str) -> None:
        try:
            async with hub.store.write_beside() as tx:
                await suppressions.add(
                    tx, channel=channel, value=item.address, reason=code, at=hub.clock.now()
                )
        except (
            EnvironmentFailed
        ) as error:  # the message's own outcome stands; the next refusal notes it again
            log.warning("a refused address was not noted", channel=channel, reason=error.said)

    return suppress
