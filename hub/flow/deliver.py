"""One try at one delivery: the approved words, made personal, through a lane; and what came of it."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from time import monotonic

import structlog

from channels.contract import Channel, Expired, Lane, Outgoing, Refused, Unavailable, Uncertain, Words
from hub.config import Delivery
from hub.flow import refusals
from hub.flow.doorstep import Verdict
from hub.flow.refusals import Consequence, Refusals
from hub.flow.spend import Withheld
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.queue.contract import Again, FencedOff, Item, Ledger, LedgerWaits, Repeat, Settled
from hub.store.deliveries import Try, attempt_id, key_of
from hub.store.dispatches import body_digest
from hub.store.instance import Instance
from subscribers.model import Stream

log = structlog.get_logger(__name__)

DUTY: Stream = "duty"
_BODIES = 512
"""How many compiled bodies are kept at hand."""

JITTER = (0.8, 1.2)
"""Retries spread over this part of their wait, so that they do not all come at once."""


RECONNECT = timedelta(seconds=5)
"""How long a message waits that met no far side at all; its lane waits too, longer each time."""


class NotAsApproved(Exception):
    """A body's words are not those that were frozen at approval."""


@dataclass(frozen=True, slots=True)
class _Compiled:
    body: object
    stream: str


@dataclass(slots=True)
class Post:
    """What delivering through one channel needs."""

    channel: Channel
    ledger: Ledger
    instance: Instance
    site: str
    """The public address that links begin with."""
    settings: Delivery
    repeat: Repeat
    clock: Clock
    random: Random
    suppress: Callable[[Item, str], Awaitable[None]]
    """Takes note of an address not to be used again, with the far side's code."""
    refusals: Refusals
    _compiled: OrderedDict[int, _Compiled] = field(default_factory=OrderedDict)
    _ahead: dict[int, tuple[Item, Outgoing]] = field(default_factory=dict)
    """By lane, the message that follows on it."""

    async def send(
        self, lane: Lane, item: Item, number: int, *, ahead: Item | None = None
    ) -> tuple[Settled, Unavailable | None]:
        """Try once. Returns the outcome, and the error where the far side was not available.

        What is `ahead` follows on this lane, unless something comes between.
        """
        attempt = item.attempt + 1
        if item.dispatch in self.refusals.halted:
            stopped = refusals.withheld()
            return self._later(item, number, stopped), stopped
        try:
            outgoing = self._foreseen(number, item) or self._outgoing(await self._body(item), item)
        except Exception as error:  # noqa: BLE001 - whoever stops its message says so, with the trace
            unready = await self._unready(item, error)
            return self._later(item, number, unready), unready
        following = self._foresee(number, ahead)
        try:
            receipt = await lane.send(outgoing, following)
        except Refused as error:
            if error.concerns == "message":
                return await self._refused_words(item, number, error)
            return await self._turned_away(item, number, error)
        except Unavailable as error:
            return self._unavailable(item, number, error)
        except Uncertain as error:
            return await self._in_doubt(item, number, error.code), None
        except Exception:
            # Whatever a channel did not foresee: it may have sent, so it is in doubt until somebody knows.
            log.exception("a channel failed in an unforeseen way", channel=self.channel.traits.name)
            return await self._in_doubt(item, number, "internal"), None
        self.refusals.doorstep.accepted_at = monotonic()
        if self.refusals.rows.open:
            self.refusals.rows.taken(item.body, (item.dispatch, item.seq))
        return Settled(item, attempt, number, Outcome.ACCEPTED, receipt.code, receipt.provider_id), None

    def _foresee(self, number: int, ahead: Item | None) -> Outgoing | None:
        """The message that follows, made once and kept for when it does; None where it is not at hand."""
        compiled = None if ahead is None else self._compiled.get(ahead.body)
        if ahead is None or compiled is None:
            return None
        try:
            outgoing = self._outgoing(compiled, ahead)
        except Exception:  # noqa: BLE001 - its own turn says why; the present message is another
            return None
        self._ahead[number] = (ahead, outgoing)
        return outgoing

    def _foreseen(self, number: int, item: Item) -> Outgoing | None:
        foreseen, outgoing = self._ahead.pop(number, (None, None))
        return outgoing if foreseen is item else None

    async def _unready(self, item: Item, error: Exception) -> Withheld:
        """Nothing has left. Words that cannot be read now are read later; those that cannot leave are stopped.

        They differ from the approved ones, or the channel cannot carry them.
        """
        if isinstance(error, FencedOff):
            raise error
        if isinstance(error, LedgerWaits):
            return Withheld("ledger", counts=False)
        return await self.refusals.unprepared(item, error)

    async def _body(self, item: Item) -> _Compiled:
        return self._compiled.get(item.body) or await self._compile(item.body)

    def _outgoing(self, compiled: _Compiled, item: Item) -> Outgoing:
        page = f"{self.site}/u/{item.token}"
        return Outgoing(
            body=compiled.body,
            address=item.address,
            key=key_of(self.instance, item.dispatch, item.seq),
            attempt=self._mark(item, item.attempt + 1) if self.channel.traits.calls_back else "",
            expires_at=item.expires_at,
            personal_link=page,
            one_click=None if compiled.stream == DUTY else f"{page}/one-click",
        )

    def _mark(self, item: Item, attempt: int) -> str:
        return attempt_id(self.instance, Try(item.dispatch, item.seq, attempt))

    async def _compile(self, id_: int) -> _Compiled:
        body = await self.ledger.body(id_)
        found = body_digest(body.channel, body.language, body.stream, body.subject, body.text, body.html)
        if found != body.digest:
            raise NotAsApproved(f"body {id_}")
        words = Words(body.subject, body.text, body.html, body.language)
        prepared = self.channel.prepare(words, stream=body.stream, headers={})
        self._compiled[id_] = compiled = _Compiled(prepared, body.stream)
        if len(self._compiled) > _BODIES:
            self._compiled.popitem(last=False)
        return compiled

    async def _refused_words(
        self, item: Item, number: int, error: Refused
    ) -> tuple[Settled, Unavailable | None]:
        """Refused where others get the same words; else they wait, and are stopped where nobody would get them."""
        consequence = await self.refusals.weigh(item, error)
        if consequence is Consequence.ADDRESS:
            return Settled(item, item.attempt + 1, number, Outcome.REFUSED, error.code), None
        later = self._later(item, number, Unavailable(error.code, counts=False))
        return later, refusals.withheld() if consequence is Consequence.STOP else None

    def _unavailable(self, item: Item, number: int, error: Unavailable) -> tuple[Settled, Unavailable | None]:
        """Nothing of it has left: it is tried again, unless its time is over."""
        if isinstance(error, Expired):
            return Settled(item, item.attempt + 1, number, Outcome.EXPIRED), None
        return self._later(item, number, error), error

    async def _turned_away(
        self, item: Item, number: int, error: Refused
    ) -> tuple[Settled, Unavailable | None]:
        """Refused where others are let in; else they wait, and all do where nobody would be."""
        verdict = Verdict.THEIRS
        if error.concerns != "address":
            of_us = error.concerns == "sender"
            verdict = self.refusals.doorstep.weigh((item.dispatch, item.seq), item.address, of_us=of_us)
        if verdict in (Verdict.THEIRS, Verdict.ALONE):
            if error.suppress and verdict is Verdict.THEIRS:
                await self.suppress(item, error.code)
            return Settled(item, item.attempt + 1, number, Outcome.REFUSED, error.code), None
        later = self._later(item, number, Unavailable(error.code, counts=False))
        if verdict is Verdict.NOBODY:
            return later, refusals.nobody_is_let_in(error)
        slower = Unavailable(error.code, counts=False, asks_less="domain")
        return later, slower if verdict is Verdict.SLOWLY else None

    def _later(self, item: Item, number: int, error: Unavailable) -> Settled:
        """Deferred with back-off; refused when its tries are used up."""
        attempt = item.attempt + 1
        if error.counts and attempt >= self.settings.attempts:
            return Settled(item, attempt, number, Outcome.REFUSED, f"gave up after {attempt}: {error.code}")
        counted = attempt if error.counts else item.attempt
        answered = error.counts or error.concerns != "all" or error.code[:1].isdigit()
        of_it = answered and not error.channel_wide
        wait = backoff(self.settings, attempt, self.random) if of_it else RECONNECT
        if error.retry_after is not None:
            wait = max(wait, error.retry_after)
        again = Again(self._by(item, wait), held=False, attempt=counted)
        return Settled(item, attempt, number, Outcome.DEFERRED, error.code, again=again)

    async def _in_doubt(self, item: Item, number: int, code: str) -> Settled:
        """Uncertain, and listed as such before it is repeated or held."""
        attempt = item.attempt + 1
        wait, held = self.repeat.after(await self._doubts(item) + 1)
        held = held or attempt >= self.settings.attempts
        again = Again(self._by(item, wait), held=held, attempt=attempt)
        return Settled(item, attempt, number, Outcome.UNCERTAIN, code, again=again)

    async def _doubts(self, item: Item) -> int:
        """How often it was in doubt before; as often as it was tried, where the ledger cannot say now."""
        if not item.attempt:
            return 0
        try:
            return await self.ledger.doubts(item)
        except LedgerWaits:
            return item.attempt

    def _by(self, item: Item, wait: timedelta) -> datetime:
        """After the wait, or when it expires, whichever is sooner: so it is listed as expired then."""
        return min(self.clock.now() + wait, item.expires_at)


def backoff(settings: Delivery, attempt: int, random: Random) -> timedelta:
    """The wait before the try after `attempt`: doubling, never beyond the longest, spread by jitter."""
    return longer(settings, attempt) * random.uniform(*JITTER)


def longer(settings: Delivery, number: int) -> timedelta:
    """The wait before a further try: the first, and from there doubled up to the longest."""
    return min(settings.first_retry * (1 << min(number - 1, 20)), settings.longest_retry)
