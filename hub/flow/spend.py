"""Counts what SMS cost while they leave, and lets none leave that a ceiling forbids; nobody is marked as failed."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import NamedTuple

import structlog

from channels import gsm
from channels.contract import Channel, Lane, Outgoing, Paced, Priced, Receipt, Refused, Unavailable, Words
from hub.context import Hub
from hub.errors import EnvironmentFailed, NotFound, Refusal
from hub.model.message import Message, Variant
from hub.now import BRUSSELS, came
from hub.store import deliveries, dispatches, journal, spending, stops
from hub.store.engine import Tx
from hub.store.instance import Instance
from hub.store.spending import Spent
from subscribers.audience import AudienceCount

log = structlog.get_logger(__name__)

SMS = "sms"

BLOCK = 50
"""Segments taken from the counters at once: a sender that is killed leaves at most so many counted and not sent."""

IDLE = 5.0
"""Seconds after which segments that nobody sent go back to the counters."""

_LATER = timedelta(minutes=1)
"""When a message is tried again that a ceiling held back; until then somebody may have lifted it."""


class Withheld(Unavailable):
    """We ourselves do not send it now."""


class _Key(NamedTuple):
    dispatch: int
    day: date


@dataclass(frozen=True, slots=True)
class Tariff:
    """What a segment costs, and the settings' ceilings in cents; 0 for none."""

    price: Decimal
    dispatch: int
    day: int

    def cost(self, segments: int) -> Decimal:
        """In EUR."""
        return segments * self.price


def tariff(hub: Hub) -> Tariff:
    """The settings' prices as exact numbers."""
    sms = hub.config.sms
    return Tariff(
        price=Decimal(str(sms.cost_per_segment)),
        dispatch=cents(Decimal(str(sms.dispatch_ceiling))),
        day=cents(Decimal(str(sms.day_ceiling))),
    )


def cents(euros: Decimal) -> int:
    """An amount in EUR as cents, what is less than one cut off."""
    return int(euros * 100)


def today(hub: Hub) -> date:
    """The day in Brussels."""
    return hub.clock.now().astimezone(BRUSSELS).date()


def estimate(counted: AudienceCount, messages: Mapping[Variant, Message]) -> int:
    """The segments that a directive may take: everybody reached by SMS reads the longest of its texts.

    Who has several hats may read more; what is sent is counted as it leaves.
    """
    longest = max((gsm.measure(m.text).segments for v, m in messages.items() if v.channel == SMS), default=0)
    return counted.channels.get(SMS, 0) * longest


async def lift(hub: Hub, *, by: str, euros: Decimal, directive: str | None = None) -> bool:
    """Let the SMS of a directive, or of this day, cost so much at most; what was held back goes on.

    False where that was its ceiling already. Raises NotFound for a directive that is not on its way.
    """
    async with hub.store.write() as tx:
        if directive is None:
            scope, held = spending.of_day(today(hub)), None
        else:
            found = await dispatches.of_directive(tx, directive)
            if not found:
                raise NotFound(f"{directive!r} is not on its way; `univoque status` lists what is")
            scope, held = spending.of_dispatch(found[-1].id), _scope(found[-1].id)
        before = await spending.get(tx, scope)
        if before.ceiling == cents(euros):
            return False
        await spending.set_ceiling(tx, scope, cents(euros))
        if held is not None:
            await stops.lift(tx, held)
        await journal.append(
            tx,
            at=hub.clock.now(),
            actor=by,
            action="SMS ceiling set",
            subject=directive or scope,
            detail={"scope": scope, "cents": cents(euros), "before": before.ceiling},
        )
    return True


async def demand_affordable(
    hub: Hub, tx: Tx, directive: str, segments: int, *, allowed: Decimal | None
) -> None:
    """Raises Refusal where SMS of so many segments would cost more than a ceiling lets them; `allowed` in EUR.

    Asked at approval, with an estimate: the ceiling itself is held to what is sent.
    """
    rates = tariff(hub)
    cost = rates.cost(segments)
    ceiling = Decimal(rates.dispatch) / 100 if allowed is None else allowed
    if (rates.dispatch or allowed is not None) and cost > ceiling:
        raise Refusal(
            f"the SMS of {directive} would cost up to {cost:.2f} EUR, more than the {ceiling:.2f} EUR that one "
            f"dispatch may: sign it with --sms-cost {cost:.2f}, or raise sms.dispatch_ceiling"
        )
    spent = await spending.get(tx, spending.of_day(today(hub)))
    left = spending.room(spent, rates.day, rates.price)
    if left is not None and segments > left:
        raise Refusal(
            f"the SMS of {directive} would cost up to {cost:.2f} EUR, and today {rates.cost(left):.2f} EUR are "
            "left: move today's ceiling with `univoque sms lift --to EUR`, or raise sms.day_ceiling"
        )


class Purse:
    """The segments that this sender may still send, taken from the counters in blocks.

    So the counters are never behind what was sent, and no ceiling is passed by senders that do not know each other.
    """

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._stock: dict[_Key, int] = defaultdict(int)
        self._used: set[_Key] = set()
        self._taking = asyncio.Lock()

    async def take(self, dispatch: int, segments: int) -> date:
        """Spend segments; the day on which they count. Raises Withheld where a ceiling is reached."""
        key = _Key(dispatch, today(self._hub))
        while self._stock[key] < segments:  # another lane may have spent of it while this one asked for more
            async with self._taking:
                if self._stock[key] < segments:  # or have taken a block meanwhile
                    await self._fill(key, segments)
        self._stock[key] -= segments
        self._used.add(key)
        return key.day

    def put_back(self, dispatch: int, day: date, segments: int) -> None:
        """What was not taken by the provider costs nothing."""
        self._stock[_Key(dispatch, day)] += segments

    async def empty(self) -> None:
        """Give back what was not spent; the counters say then what was sent."""
        async with self._taking:
            await self._return(set(self._stock))

    async def keep(self, until: asyncio.Event) -> None:
        """Give back what lies idle, for others to send, until told to end."""
        said = False
        while not await came(until, IDLE):
            try:
                async with self._taking:
                    await self._return(self._stock.keys() - self._used)
                self._used.clear()
            except EnvironmentFailed:
                continue
            except Exception:
                if not said:
                    log.exception("idle SMS segments cannot be given back; it is tried again")
                said = True
            else:
                said = False

    async def _return(self, keys: Collection["_Key"]) -> None:
        if not any(self._stock[key] for key in keys):
            return
        async with self._hub.store.write() as tx:
            # Read within the lock, without a pause up to here: a lane may spend while the lock is waited for.
            back: dict[str, int] = defaultdict(int)
            for key in keys:
                number = self._stock.pop(key, 0)
                back[spending.of_dispatch(key.dispatch)] += number
                back[spending.of_day(key.day)] += number
            await spending.give_back(tx, back)

    async def _fill(self, key: "_Key", segments: int) -> None:
        rates = tariff(self._hub)
        ceilings = {spending.of_dispatch(key.dispatch): rates.dispatch, spending.of_day(key.day): rates.day}
        try:
            while True:
                missing, fresh = segments - self._stock[key], False
                async with self._hub.store.write() as tx:
                    taken = await spending.take(
                        tx, ceilings, price=rates.price, at_least=missing, at_most=max(BLOCK, missing)
                    )
                    lies_idle = any(self._stock.values())
                    if taken.short is not None and not lies_idle:
                        # Within the look that found it short: who lifts it, does so before or after both.
                        fresh = await self._reached(tx, key.dispatch, taken.short)
                if taken.short is None or not lies_idle:
                    break
                await self._return(set(self._stock))  # it may be lying with a dispatch that needs no more
        except EnvironmentFailed as error:
            raise Withheld("not-counted", error.said, counts=False) from error
        except Exception as error:
            # Nothing has left: what nobody foresaw here leaves no doubt about the message.
            log.exception("SMS cannot be counted")
            raise Withheld("not-counted", type(error).__name__, counts=False) from error
        if taken.short is not None:
            raise self._told(key.dispatch, taken.short, rates, fresh=fresh)
        self._stock[key] += taken.segments

    async def _reached(self, tx: Tx, dispatch: int, short: Spent) -> bool:
        """Hold what is left of the dispatch, or let the whole channel wait for the next day; once for each."""
        now = self._hub.clock.now()
        if short.scope == spending.of_dispatch(dispatch):
            await stops.put(tx, _scope(dispatch), at=now)
        if not await spending.reach(tx, short.scope, at=now):
            return False
        detail = {"scope": short.scope, "segments": short.segments}
        await journal.append(
            tx, at=now, actor="univoque", action="SMS ceiling reached", subject=short.scope, detail=detail
        )
        return True

    def _told(self, dispatch: int, short: Spent, rates: Tariff, *, fresh: bool) -> Withheld:
        whole = short.scope != spending.of_dispatch(dispatch)
        remedy = f"`univoque sms lift {'' if whole else 'ID '}--to EUR` lets it go on"
        if fresh:
            cost = f"{rates.cost(short.segments):.2f} EUR"
            log.error("an SMS ceiling is reached; nobody is marked as failed",
                      scope=short.scope, spent=cost, remedy=remedy)  # fmt: skip
        if whole:
            return Withheld("ceiling", f"what SMS may cost a day; {remedy}", counts=False, channel_wide=True)
        return Withheld("ceiling", f"what its SMS may cost; {remedy}", retry_after=_LATER, counts=False)


class Metered:
    """A channel whose messages cost: each is paid from a purse before it leaves."""

    def __init__(self, channel: Channel, purse: Purse, instance: Instance) -> None:
        self.traits = channel.traits
        self._channel = channel
        self._purse = purse
        self._instance = instance

    def prepare(self, words: Words, *, stream: str, headers: Mapping[str, str]) -> object:
        """What the channel makes of the words."""
        return self._channel.prepare(words, stream=stream, headers=headers)

    @asynccontextmanager
    async def lane(self) -> AsyncIterator["_MeteredLane"]:
        """A lane of the channel that pays."""
        async with self._channel.lane() as lane:
            yield _MeteredLane(lane, self._purse, self._instance)


class _MeteredLane:
    def __init__(self, lane: Lane, purse: Purse, instance: Instance) -> None:
        self._lane = lane
        self._purse = purse
        self._instance = instance

    def wait(self) -> float:
        return self._lane.wait() if isinstance(self._lane, Paced) else 0.0

    async def send(self, outgoing: Outgoing, ahead: Outgoing | None = None) -> Receipt:
        """Pay, then send; what the provider did not take is paid back, what is in doubt is not."""
        made = deliveries.read_attempt_id(self._instance, outgoing.attempt)
        if made is None or not isinstance(outgoing.body, Priced):
            raise TypeError("a message of another instance, or one that costs nothing")
        units = outgoing.body.units(outgoing.personal_link)
        day = await self._purse.take(made.dispatch, units)
        try:
            return await self._lane.send(outgoing)
        except (Refused, Unavailable):
            self._purse.put_back(made.dispatch, day, units)
            raise


def _scope(dispatch: int) -> str:
    """What is stopped when a dispatch's ceiling is reached: its SMS, and nothing else of it."""
    return f"{SMS}/{dispatch}"
