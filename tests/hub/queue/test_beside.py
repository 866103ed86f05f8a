"""A sender's own writes beside its ledger, on SQLite: its lanes never wait for a lock that their loop holds."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.errors import EnvironmentFailed
from hub.queue.contract import Intent, LedgerBusy
from hub.queue.sqlite import SqliteLedger
from hub.store import journal
from hub.store.engine import Store
from tests import plans
from tests.hub.queue.test_contract import LEASE, REPEATS, accepted, lease
from tests.plans import NOON


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 20)
    yield store
    await store.close()


@pytest.fixture
async def ledger(store: Store, tmp_path: Path) -> AsyncIterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "univoque.db", lambda _, address: address, "Exercise", turns=store.turns)
    await ledger.enter("sender", at=NOON, until=NOON + LEASE, repeats=REPEATS)
    yield ledger
    await ledger.close()


async def note(store: Store, times: int) -> None:
    for _ in range(times):
        async with store.write_beside() as tx:
            await journal.append(tx, at=NOON, actor="a", action="b", subject="c")


async def test_a_turn_goes_through_while_the_same_process_writes_something_else(
    store: Store, ledger: SqliteLedger
) -> None:
    await plans.plan(store, recipients=20)
    items = await lease(ledger)
    noting = asyncio.create_task(note(store, 20))

    for item in items:
        await asyncio.sleep(0.001)
        await ledger.turn(at=NOON, settled=[], intents=[Intent(item, 1, 0)])
        await ledger.turn(at=NOON, settled=[accepted(item)], intents=[])

    await noting


async def test_another_process_that_writes_is_told_at_once_all_the_same(
    store: Store, tmp_path: Path, ledger: SqliteLedger
) -> None:
    other = await plans.new_store(tmp_path / "univoque.db")
    async with other.write():
        with pytest.raises(LedgerBusy):
            await ledger.turn(at=NOON, settled=[], intents=[], done=[1])
    await other.close()


async def test_a_write_waits_for_one_of_its_own_process_only_so_long(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.store.engine.PATIENCE", 0.05)

    async with store.write():
        with pytest.raises(EnvironmentFailed, match="another process holds the database"):
            await note(store, 1)
