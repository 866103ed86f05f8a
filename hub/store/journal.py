"""The journal: who did what when, append-only, each entry holding the hash of the one before.

The count and the last hash are kept beside it, so that a missing end shows too. Who can rewrite the whole
database can rewrite both; a copy of the head that is kept elsewhere finds that.
"""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import func, insert, select, update

from hub.store.engine import Tx
from hub.store.tables import journal, settings

FIRST = "0" * 64
"""What the first entry holds for the entry before it."""

COUNT, _HEAD = "journal/count", "journal/head"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: at an instant, `actor` did `action` to `subject`."""

    id: int
    at: datetime
    actor: str
    action: str
    subject: str
    detail: Mapping[str, Any]
    previous: str
    hash: str

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "at": self.at.isoformat()}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: how many entries hold, and what is wrong with the first that does not."""

    entries: int
    head: str
    fault: str | None


async def append(
    tx: Tx, *, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any] | None = None
) -> str:
    """Add an entry and return its hash. Detail is JSON and holds no address, number or message text.

    It follows the head that is kept beside the journal, not the last entry that is still there.
    """
    count, previous = await _end(tx)
    # One more than the last that is there: a sequence of PostgreSQL would leave a gap where a write failed.
    last_id = (await tx.execute(select(func.max(journal.c.id)))).scalar() or 0
    digest = _hash(previous, at, actor, action, subject, detail or {})
    await tx.execute(
        insert(journal).values(
            id=last_id + 1,
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=dict(detail or {}),
            previous=previous,
            hash=digest,
        )
    )
    await _keep(tx, COUNT, str((count or 0) + 1))
    await _keep(tx, _HEAD, digest)
    return digest


async def entries(tx: Tx, *, subject: str | None = None) -> AsyncIterator[Entry]:
    """All entries, oldest first."""
    query = select(journal).order_by(journal.c.id)
    if subject:
        query = query.where(journal.c.subject == subject)
    async for row in await tx.stream(query):
        yield Entry(**row._mapping)


async def last(tx: Tx) -> Entry | None:
    """The newest entry."""
    row = (await tx.execute(select(journal).order_by(journal.c.id.desc()).limit(1))).first()
    return None if row is None else Entry(**row._mapping)


async def latest(tx: Tx, *, subject: str, action: str) -> Entry | None:
    """The last time that this was done to it."""
    query = select(journal).where(journal.c.subject == subject, journal.c.action == action)
    row = (await tx.execute(query.order_by(journal.c.id.desc()).limit(1))).first()
    return None if row is None else Entry(**row._mapping)


async def height(tx: Tx) -> int:
    """How many entries were ever written."""
    return (await _end(tx))[0] or 0


async def verify(tx: Tx) -> Verdict:
    """Walk the chain to the end that is kept beside it.

    The first entry that was altered, dropped or moved is named, and so is a missing end.
    """
    previous, count, last_id = FIRST, 0, 0
    async for entry in entries(tx):
        if entry.id != last_id + 1:
            return Verdict(count, previous, f"entry {last_id + 1} is missing: the next one is {entry.id}")
        if entry.previous != previous:
            return Verdict(count, previous, f"entry {entry.id} does not follow entry {last_id}")
        expected = _hash(previous, entry.at, entry.actor, entry.action, entry.subject, entry.detail)
        if entry.hash != expected:
            return Verdict(count, previous, f"entry {entry.id} was altered")
        previous, count, last_id = entry.hash, count + 1, entry.id
    return Verdict(count, previous, _fault_at_the_end(*await _end(tx), count=count, last=previous))


def _fault_at_the_end(kept: int | None, head: str, *, count: int, last: str) -> str | None:
    if kept is None:
        return "the count of entries was altered"
    if count < kept:
        missing = kept - count
        return (
            f"{missing} {'entry is' if missing == 1 else 'entries are'} missing at the end: it was truncated"
        )
    if count > kept:
        return f"it has {count} entries, more than were ever counted ({kept})"
    return None if head == last else f"entry {count} is not the last one written"


async def _end(tx: Tx) -> tuple[int | None, str]:
    """How many entries were ever written (None where that was altered), and the hash of the last one."""
    rows = await tx.execute(
        select(settings.c.key, settings.c.value).where(settings.c.key.in_((COUNT, _HEAD)))
    )
    kept = {key: value for key, value in rows}
    count = kept.get(COUNT, "0")
    return int(count) if count.isdecimal() else None, kept.get(_HEAD, FIRST)


async def _keep(tx: Tx, key: str, value: str) -> None:
    changed = await tx.execute(update(settings).where(settings.c.key == key).values(value=value))
    if not changed.rowcount:
        await tx.execute(insert(settings).values(key=key, value=value))


def _hash(
    previous: str, at: datetime, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> str:
    text = json.dumps(
        [previous, at.astimezone(UTC).isoformat(timespec="microseconds"), actor, action, subject, detail],
        ensure_ascii=False,
        sort_keys=True,
        separators=(",", ":"),
    )
    return hashlib.sha256(text.encode()).hexdigest()
