"""What the database knows of the lives of its senders: it is held against the epoch file of each machine."""

import hashlib
from typing import NamedTuple

from sqlalchemy import delete, func, insert, select, text, update

from hub.store.engine import Tx
from hub.store.journal import COUNT
from hub.store.tables import attempts, settings

_PREFIX = "sender/life"


class Progress(NamedTuple):
    """How far it has got: the last try, and the number of the journal's lines. Neither ever goes back."""

    attempts: int
    entries: int


async def known(tx: Tx) -> dict[str, str]:
    """The life that each machine's sender had last, by seat; empty where nobody ever sent."""
    rows = await tx.execute(
        select(settings.c.key, settings.c.value).where(settings.c.key.startswith(_PREFIX))
    )
    return {key.removeprefix(f"{_PREFIX}/"): value for key, value in rows}


async def put(tx: Tx, seat: str, life: str) -> None:
    """Note that a life begins."""
    key = f"{_PREFIX}/{seat}"
    changed = await tx.execute(update(settings).where(settings.c.key == key).values(value=life))
    if not changed.rowcount:
        await tx.execute(insert(settings).values(key=key, value=life))


async def forget(tx: Tx) -> None:
    """Whoever sent from this database before does so no more."""
    await tx.execute(delete(settings).where(settings.c.key.startswith(_PREFIX)))


async def progress(tx: Tx) -> Progress:
    """How far it has got; two look-ups, whatever its size."""
    last = (await tx.execute(select(func.max(attempts.c.id)))).scalar_one()
    count = (await tx.execute(select(settings.c.value).where(settings.c.key == COUNT))).scalar_one_or_none()
    return Progress(int(last or 0), int(count) if count and count.isdecimal() else 0)


async def mark(tx: Tx) -> str:
    """A mark of these very tables on their server: they are made anew by a restore. Empty with SQLite."""
    if tx.dialect.name != "postgresql":
        return ""
    (named, oids) = (await tx.execute(text(_OIDS))).one()
    if named:
        oids += f" {(await tx.execute(text(_SERVER))).scalar_one()}"
    return hashlib.sha256(oids.encode()).hexdigest()[:16]


_OIDS = """
SELECT has_function_privilege('pg_control_system()', 'execute'), concat_ws(' ', oid, 'attempts'::regclass::oid)
FROM pg_database WHERE datname = current_database()
"""
_SERVER = "SELECT system_identifier FROM pg_control_system()"
