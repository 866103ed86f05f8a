"""Holds a day of ours against the provider's: the same SMS, the same segments, and what it charged."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from channels.contract import Answering
from hub.context import Hub
from hub.store import inquiries


@dataclass(frozen=True, slots=True)
class Compared:
    """What the provider sent for us on a day (UTC), and what either side does not know of."""

    day: date
    sent: int
    segments: int
    price: Decimal
    """Of those that have one yet, in the account's currency."""
    unpriced: int
    strangers: tuple[str, ...]
    """SIDs that no attempt of ours has: sent, and never recorded."""
    missing: tuple[str, ...]
    """SIDs that the provider gave us and does not list."""

    @property
    def agrees(self) -> bool:
        return not self.strangers and not self.missing


async def compare(hub: Hub, channel: Answering, day: date, *, name: str = "sms") -> Compared:
    """Ask for all messages of a day, and look each up here. Raises ChannelError."""
    start = datetime.combine(day, time(), UTC)
    async with hub.store.read() as tx:
        ours = await inquiries.ids_taken(tx, channel=name, start=start, end=start + timedelta(days=1))
    sent = segments = unpriced = 0
    price = Decimal(0)
    others: list[str] = []
    async for trace in channel.sent_on(day):
        sent += 1
        segments += trace.units
        price += trace.price or 0
        unpriced += trace.price is None
        if trace.provider_id in ours:
            ours.discard(trace.provider_id)
        else:
            others.append(trace.provider_id)
    # Around midnight one side's day is not the other's.
    async with hub.store.read() as tx:
        known = await inquiries.known_ids(tx, others)
    missing = [sid for sid in sorted(ours) if await channel.trace(sid) is None]
    strangers = tuple(sid for sid in others if sid not in known)
    return Compared(day, sent, segments, price, unpriced, strangers, tuple(missing))
