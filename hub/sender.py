"""One sender's life: its lanes, and the tasks that feed, watch and stop them."""

import asyncio
import contextlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from channels.contract import Answering, Paced, Relayed, RelayState
from hub import clockwork, minding
from hub.breaker import Health
from hub.config import Config
from hub.context import Hub
from hub.errors import UnivoqueError
from hub.flow import dispatch, reconcile, spend
from hub.flow.deliver import Post
from hub.heart import Heart, Pause
from hub.now import came
from hub.queue.contract import Ledger, LedgerWaits, Settled
from hub.queue.desk import Desk
from hub.store import deliveries
from hub.store.deliveries import Try

log = structlog.get_logger(__name__)

LOOK = 0.1
"""Seconds between two looks at what is new, due or stopped."""
_UNPLANNED = 1.0
"""Seconds between two looks at what is approved and not planned; whoever approves plans it, unless they die."""

_HEAR = 1.0
"""Seconds between two looks at what the far side has said of those in doubt."""

_NAP = (0.25, 5.0)
_BREATH = timedelta(seconds=1)
"""How long a far side that asked for less, and not for how long, gets nothing."""
_LONGEST_BREATH = timedelta(minutes=5)
_REST = 60.0
"""Seconds after which what could not be planned is tried again."""


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


class Sender:
    """The lanes of one life, and the tasks that feed and stop them."""

    def __init__(
        self,
        hub: Hub,
        ledger: Ledger,
        posts: Mapping[str, Post],
        answering: Mapping[str, Answering],
        purse: spend.Purse,
        stopping: Stopping,
        *,
        inherited: int = 0,
    ) -> None:
        """`inherited` is how many deliveries the slot's last life left in doubt."""
        self._hub = hub
        self._ledger = ledger
        self._posts = posts
        self._answering = answering
        self._purse = purse
        self._stopping = stopping
        most = {name: post.channel.traits.per_second for name, post in posts.items()}
        announcing = [name for name, post in posts.items() if post.channel.traits.announces]
        self._desk = Desk(ledger, hub.clock, most, announcing=announcing, quiet=_nights(hub, posts))
        self._health = {name: Health() for name in posts}
        self._heart = Heart(hub, ledger, self._desk, self._lanes(), self._pause_of, relays_of=self._relays_of)
        self._heart.inherit(inherited)

    async def run(self) -> None:
        names = [name for name, post in self._posts.items() for _ in range(post.channel.traits.lanes)]
        try:
            async with asyncio.TaskGroup() as group:
                lanes = [group.create_task(self._lane(name, number)) for number, name in enumerate(names)]
                always = (
                    self._desk.run(),
                    self._look(),
                    self._renew(),
                    self._hear(),
                    self._plan(),
                    clockwork.run(self._hub),
                    minding.the_disk(self._hub, self._desk),
                    self._heart.beat(),
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

    def _relays_of(self, name: str) -> Sequence[RelayState]:
        channel = self._posts[name].channel
        return channel.relays() if isinstance(channel, Relayed) else ()

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
                if (work := await self._desk.exchange(name, number, settled)) is None:
                    return
                settled, error = await post.send(lane, work.item, number, ahead=work.ahead)
                health.judge(name, self._desk, settled, error)
                if error is None or not (error.asks_less or health.holds_up(error)):
                    nap = 0.0
                    continue
                if error.asks_less:
                    rest = min(max(error.retry_after or _BREATH, _BREATH), _LONGEST_BREATH)
                    whose = work.item.address if error.asks_less == "domain" else None
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

    async def _renew(self) -> None:
        lease = lease_of(self._hub.config)
        while True:
            await asyncio.sleep(lease.total_seconds() / 10)
            now = self._hub.clock.now()
            with contextlib.suppress(LedgerWaits):
                taken = await self._ledger.renew(at=now, until=now + lease)
                if taken:
                    log.warning("took over from a silent sender", uncertain=taken)
                    self._heart.inherit(taken)

    async def _hear(self) -> None:
        """Tell the breaker who in doubt is reported as taken: a callback or a list may say so, where no lane can."""
        failing = False
        while True:
            await asyncio.sleep(_HEAR)
            try:
                for name, health in self._health.items():
                    if health.in_doubt:
                        health.hear(name, self._desk, await self._taken(health.in_doubt))
            except Exception:
                if not failing:
                    log.exception("what is reported cannot be read; it is tried again")
                failing = True
            else:
                failing = False

    async def _taken(self, doubted: Collection[Try]) -> set[Try]:
        async with self._hub.store.read() as tx:
            return await deliveries.reported_taken(tx, doubted)

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
                await asyncio.sleep(_REST)
            else:
                resting |= dict.fromkeys(failed, loop.time() + _REST)
            await asyncio.sleep(_UNPLANNED)


async def all_done(tasks: list[asyncio.Task[None]]) -> None:
    """Wait for all of them, whatever came of each."""
    if tasks:
        await asyncio.wait(tasks)


def _nights(hub: Hub, names: Iterable[str]) -> Callable[[str], datetime | None]:
    """Asks when the quiet hours of a channel end, where they hold now."""
    nights = {name: hub.config.quiet.hours(name) for name in names}

    def quiet(channel: str) -> datetime | None:
        hours = nights[channel]
        return hours.end_after(hub.clock.now()) if hours is not None else None

    return quiet
