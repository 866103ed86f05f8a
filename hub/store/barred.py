"""Addresses that are not used because they failed, of people who want messages there."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select

from hub.store import instance, suppressions
from hub.store.engine import Tx
from hub.store.tables import addresses, persons
from hub.store.tables import suppressions as table
from subscribers.audience import UNSUBSCRIBED


@dataclass(frozen=True, slots=True)
class Barred:
    """One of them, by its hash, with the far side's code."""

    value_hash: str
    code: str


async def of_people(
    tx: Tx, *, channel: str, value: str | None = None, since: datetime | None = None
) -> list[Barred]:
    """Those noted `since` then, or the one that is named.

    Left out are addresses of anybody who opted out, and of nobody who is on the lists: no import may revive those.
    """
    fingerprint = suppressions.hasher((await instance.get(tx)).secret)
    noted = select(table.c.value_hash, table.c.reason).where(
        table.c.channel == channel, table.c.reason != UNSUBSCRIBED
    )
    reached = (
        select(addresses.c.value, persons.c.opted_out_at)
        .join_from(addresses, persons)
        .where(addresses.c.channel == channel, persons.c.erased_at.is_(None))
    )
    if since is not None:
        noted = noted.where(table.c.at >= since)
    if value is not None:
        noted = noted.where(table.c.value_hash == fingerprint(channel, value))
        reached = reached.where(addresses.c.value == value)
    codes = {hash_: code for hash_, code in await tx.execute(noted)}
    if not codes:
        return []
    wanted: set[str] = set()
    opted_out: set[str] = set()
    async for row in await tx.stream(reached):
        hash_ = fingerprint(channel, row.value)
        if hash_ in codes:
            (wanted if row.opted_out_at is None else opted_out).add(hash_)
    return [Barred(hash_, codes[hash_]) for hash_ in sorted(wanted - opted_out)]


async def lift(tx: Tx, chosen: list[Barred], *, channel: str) -> None:
    """Let them be used again."""
    hashes = [each.value_hash for each in chosen]
    for start in range(0, len(hashes), suppressions.BATCH):
        some = table.c.value_hash.in_(hashes[start : start + suppressions.BATCH])
        await tx.execute(delete(table).where(table.c.channel == channel, some))
