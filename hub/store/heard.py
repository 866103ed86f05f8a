"""Readers' messages that were obeyed: a signature holds no time, so a replayed one must not be obeyed again."""

from datetime import datetime

from sqlalchemy import exists, insert, select

from hub.store.engine import Tx
from hub.store.tables import heard


async def first_time(tx: Tx, sid: str, *, at: datetime) -> bool:
    """Note a message by the provider's id; False where it was noted before. One without an id is always new."""
    if not sid:
        return True
    if (await tx.execute(select(exists().where(heard.c.sid == sid)))).scalar():
        return False
    await tx.execute(insert(heard).values(sid=sid, at=at))
    return True
