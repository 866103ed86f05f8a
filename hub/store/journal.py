"""The journal: who did what when, append-only, each entry holding the hash of the one before."""

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select

from hub.store.engine import Tx
from hub.store.tables import journal

FIRST = "0" * 64
"""What the first entry holds for the entry before it."""


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
    """Add an entry and return its hash. Detail is JSON and holds no address, number or message text."""
    previous = (await tx.execute(select(journal.c.hash).order_by(journal.c.id.desc()).limit(1))).scalar()
    previous = previous or FIRST
    digest = _hash(previous, at, actor, action, subject, detail or {})
    await tx.execute(
        insert(journal).values(
            at=at,
            actor=actor,
            action=action,
            subject=subject,
            detail=dict(detail or {}),
            previous=previous,
            hash=digest,
        )
    )
    return digest


async def entries(tx: Tx, *, subject: str | None = None) -> AsyncIterator[Entry]:
    """All entries, oldest first."""
    query = select(journal).order_by(journal.c.id)
    if subject:
        query = query.where(journal.c.subject == subject)
    async for row in await tx.stream(query):
        yield Entry(**row._mapping)


async def verify(tx: Tx) -> Verdict:
    """Walk the chain. An entry that was altered, dropped or moved breaks it, and is named."""
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
    return Verdict(count, previous, None)


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
