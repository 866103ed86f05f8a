"""Waits move with a clock that is set, to the very instant."""

from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from hub.store import waits
from hub.store.tables import due
from tests import plans
from tests.plans import NOON


@pytest.mark.parametrize("by", [timedelta(hours=1), timedelta(days=-2, seconds=0.25)])
async def test_each_wait_moves_by_as_much_as_the_clock(database: str, by: timedelta) -> None:
    store = await plans.new_store(database)
    await plans.people(store, 2)
    dispatch = await plans.plan(store, recipients=2)
    at = {1: NOON, 2: NOON + timedelta(seconds=1.5)}
    rows = [
        {"dispatch": dispatch, "seq": seq, "channel": "email", "attempt": 1, "due_at": when, "held": False}
        for seq, when in at.items()
    ]
    async with store.write() as tx:
        await tx.execute(insert(due), rows)

        moved = await waits.shift(tx, by)

        found = {seq: when for seq, when in await tx.execute(select(due.c.seq, due.c.due_at))}
    await store.close()
    assert moved == 2
    assert found == {seq: when + by for seq, when in at.items()}
