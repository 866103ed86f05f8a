"""Addresses that are not to be used, as keyed hashes: they outlive the person, so that an import revives nobody."""

import hmac
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, insert, select, update

from hub.store import instance
from hub.store.engine import Tx
from hub.store.tables import suppressions
from subscribers.audience import UNSUBSCRIBED

BATCH = 900
"""How many hashes one question names: below every engine's limit."""


def hasher(secret: bytes) -> Callable[[str, str], str]:
    """The hash of a channel's address. Without the key nobody can try out addresses against the table."""
    keyed = hmac.new(secret, digestmod="sha256")

    def fingerprint(channel: str, value: str) -> str:
        found = keyed.copy()  # for many addresses half the cost of beginning with the key
        found.update(f"{channel}:{value}".encode())
        return found.hexdigest()

    return fingerprint


async def add(tx: Tx, *, channel: str, value: str, reason: str, at: datetime) -> bool:
    """Suppress an address; False where it was already. An address that fails outweighs one that unsubscribed."""
    hash_ = await _hash(tx, channel, value)
    known = await _reason(tx, channel, hash_)
    if known is None:
        await tx.execute(insert(suppressions).values(channel=channel, value_hash=hash_, reason=reason, at=at))
    elif known == UNSUBSCRIBED and reason != UNSUBSCRIBED:
        await tx.execute(update(suppressions).where(_is(channel, hash_)).values(reason=reason, at=at))
    return known is None


async def add_all(tx: Tx, reasons: Mapping[tuple[str, str], str], *, at: datetime) -> None:
    """The same as `add` for many: each (channel, value) with its reason."""
    known = await among(tx, reasons)
    fingerprint = hasher((await instance.get(tx)).secret)
    fresh = [
        {"channel": channel, "value_hash": fingerprint(channel, value), "reason": reason, "at": at}
        for (channel, value), reason in reasons.items()
        if (channel, value) not in known
    ]
    if fresh:
        await tx.execute(insert(suppressions), fresh)
    for address, before in known.items():
        if before == UNSUBSCRIBED:
            await add(tx, channel=address[0], value=address[1], reason=reasons[address], at=at)


async def lift(tx: Tx, *, channel: str, value: str) -> bool:
    """Let an address be used again; False where it was not suppressed. Only its owner may ask for it."""
    hash_ = await _hash(tx, channel, value)
    return (await tx.execute(delete(suppressions).where(_is(channel, hash_)))).rowcount > 0


async def find(tx: Tx, *, channel: str, value: str) -> str | None:
    """Why an address is suppressed; None where it is not."""
    return await _reason(tx, channel, await _hash(tx, channel, value))


async def among(tx: Tx, addresses: Collection[tuple[str, str]]) -> Mapping[tuple[str, str], str]:
    """Which of these (channel, value) are suppressed, and why."""
    if not await any_at_all(tx):
        return {}
    fingerprint = hasher((await instance.get(tx)).secret)
    by_channel: dict[str, dict[str, str]] = defaultdict(dict)
    for channel, value in addresses:
        by_channel[channel][fingerprint(channel, value)] = value
    found: dict[tuple[str, str], str] = {}
    for channel, by_hash in by_channel.items():
        hashes = list(by_hash)
        for start in range(0, len(hashes), BATCH):
            # Without the channel the index would be of no use.
            asked = (suppressions.c.channel == channel) & suppressions.c.value_hash.in_(
                hashes[start : start + BATCH]
            )
            rows = await tx.execute(select(suppressions.c.value_hash, suppressions.c.reason).where(asked))
            found |= {(channel, by_hash[hash_]): reason for hash_, reason in rows}
    return found


async def any_at_all(tx: Tx) -> bool:
    """Whether anything is suppressed."""
    return bool((await tx.execute(select(exists(select(suppressions.c.channel))))).scalar())


async def _hash(tx: Tx, channel: str, value: str) -> str:
    return hasher((await instance.get(tx)).secret)(channel, value)


async def _reason(tx: Tx, channel: str, hash_: str) -> str | None:
    reason: str | None = (await tx.execute(select(suppressions.c.reason).where(_is(channel, hash_)))).scalar()
    return reason


def _is(channel: str, hash_: str) -> ColumnElement[bool]:
    return (suppressions.c.channel == channel) & (suppressions.c.value_hash == hash_)
