"""Waits were meant as spans of time: when the clock is set, what they end at moves with it."""

from datetime import timedelta

from sqlalchemy import Interval, String, cast, func, literal, type_coerce, update

from hub.store.engine import Tx
from hub.store.tables import due


async def shift(tx: Tx, by: timedelta) -> int:
    """Move every time at which something is to be tried again; returns how many."""
    if tx.dialect.name == "sqlite":
        # As the ledger writes it: with six digits of a second, of which SQLite computes three.
        text = type_coerce(due.c.due_at, String)
        moved = cast(func.strftime("%Y-%m-%d %H:%M:%f", text, f"{by.total_seconds():+.3f} seconds"), String)
        changed = await tx.execute(
            update(due).values({due.c.due_at: type_coerce(moved + "000", due.c.due_at.type)})
        )
    else:
        changed = await tx.execute(update(due).values({due.c.due_at: due.c.due_at + literal(by, Interval())}))
    return int(changed.rowcount)
