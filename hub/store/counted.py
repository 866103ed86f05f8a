"""How many an audience is, kept until anybody's data change: nobody is counted twice for one question.

With SQLite, triggers (migration 0007) empty the table with the first row that is added, changed or removed of what a
count rests on, in the same transaction: a count that is there is the one that a fresh look would find, in every
snapshot, however the row was written. With PostgreSQL nothing is kept and everybody is counted each time: counting
holds up no sender there, and who writes past this program's locks neither is seen by a count nor sees it.

Whatever stood here, a wrong number sends nothing by itself: whoever plans the dispatch reads everybody again, and
stops it where their number is further from the approved one than people may come and go (`Plan.demand_approved`).
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from sqlalchemy import delete, func, insert, select, text, update

from hub.model.message import Hat
from hub.register import Places
from hub.store import persons, tables
from hub.store.engine import Store, Tx
from hub.store.tables import counts
from subscribers.audience import AudienceCount

VERSION = 1
"""Of the rules by which `persons.count_audience` counts; raised with them, else old counts would be believed."""

BASIS = (
    tables.organisations,
    tables.persons,
    tables.addresses,
    tables.memberships,
    tables.suppressions,
)
"""The tables that a count rests on. That a hash of an address stays its hash is a promise of `instance`."""

MANY = 8
"""So many counts are kept at most."""

_TRIGGERS = frozenset(
    f"{table.name}_{change}_counts" for table in BASIS for change in ("insert", "update", "delete")
)


@dataclass(frozen=True, slots=True)
class Question:
    """Whom a directive concerns, and in which languages it has words; nobody holds an earlier message of it."""

    cells: Mapping[Hat, Places]
    urgent: bool
    languages: tuple[str, ...]

    @property
    def digest(self) -> str:
        """The SHA-256 of all that an answer depends on, but for the people."""
        cells = [[*hat, *_place(places)] for hat, places in self.cells.items()]
        asked = json.dumps([VERSION, cells, self.urgent, self.languages], sort_keys=True)
        return hashlib.sha256(asked.encode()).hexdigest()


async def count(tx: Tx, question: Question) -> AudienceCount:
    """As `persons.count_audience`, which is asked only where the answer is not kept."""
    if not question.cells:
        return AudienceCount()
    kept = await _find(tx, question.digest) if await keeps(tx) else None
    return await _count(tx, question) if kept is None else kept


async def beforehand(store: Store, question: Question) -> None:
    """Count in a snapshot, while others write, and keep it: whoever holds the lock next need not count.

    The mark is put down before the snapshot. Whatever changes from then on takes it away, and nothing is kept.
    """
    digest, mark = question.digest, uuid4().hex
    async with store.read() as tx:
        if not question.cells or not await keeps(tx) or await _find(tx, digest) is not None:
            return
    async with store.write_beside() as tx:
        others = select(func.count()).select_from(counts).where(counts.c.question != digest)
        full = (await tx.execute(others)).scalar_one() >= MANY
        await tx.execute(delete(counts) if full else delete(counts).where(counts.c.question == digest))
        await tx.execute(insert(counts).values(question=digest, mark=mark))
    async with store.read() as tx:
        counted = await _count(tx, question)
    async with store.write_beside() as tx:
        await tx.execute(update(counts).where(counts.c.mark == mark).values(found=_to_json(counted)))


async def keeps(tx: Tx) -> bool:
    """Whether this database takes counts out by itself: who makes a table anew loses its triggers, and says nothing."""
    if tx.dialect.name != "sqlite":
        return False
    names = await tx.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'"))
    return _TRIGGERS.issubset(names.scalars())


async def _find(tx: Tx, digest: str) -> AudienceCount | None:
    found = (await tx.execute(select(counts.c.found).where(counts.c.question == digest))).scalar()
    return None if found is None else _from_json(found)


async def _count(tx: Tx, question: Question) -> AudienceCount:
    return await persons.count_audience(
        tx, cells=question.cells, urgent=question.urgent, languages=question.languages
    )


def _place(places: Places) -> tuple[list[str], dict[str, list[str]], list[str] | None]:
    named = places.establishments
    return (
        sorted(places.nis),
        {community: sorted(nis) for community, nis in places.nis_if_community.items()},
        None if named is None else sorted(named),
    )


def _to_json(counted: AudienceCount) -> dict[str, Any]:
    return asdict(counted) | {"hats": [[*hat, number] for hat, number in counted.hats.items()]}


def _from_json(found: Mapping[str, Any]) -> AudienceCount:
    hats = {(sector, audience): number for sector, audience, number in found["hats"]}
    return AudienceCount(**{**found, "hats": hats})
