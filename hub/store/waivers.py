"""Signed exceptions: who let which finding pass, for which sheet, and why."""

from sqlalchemy import insert, select

from hub.model.review import Waiver
from hub.store.engine import Tx
from hub.store.tables import waivers


async def add(tx: Tx, waiver: Waiver) -> None:
    """Keep a waiver; it holds for its sheet alone."""
    await tx.execute(
        insert(waivers).values(
            directive=waiver.directive,
            code=waiver.code,
            cell=waiver.cell,
            sheet_digest=waiver.sheet_digest,
            by=waiver.by,
            reason=waiver.reason,
            at=waiver.at,
            words=dict(waiver.words),
        )
    )


async def of_sheet(tx: Tx, directive: str, sheet_digest: str) -> tuple[Waiver, ...]:
    """The waivers given for exactly this sheet, oldest first."""
    query = (
        select(waivers)
        .where(waivers.c.directive == directive, waivers.c.sheet_digest == sheet_digest)
        .order_by(waivers.c.id)
    )
    rows = await tx.execute(query)
    return tuple(
        Waiver(row.directive, row.code, row.cell, row.sheet_digest, row.by, row.reason, row.at, row.words)
        for row in rows
    )
