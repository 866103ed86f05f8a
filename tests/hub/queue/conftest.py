"""A store with people in it, and a hall where lanes work."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from hub.store.engine import Store
from tests import plans
from tests.hub.queue.hall import DAY, PERSONS, Hall
from tests.plans import NOON


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, PERSONS)
    yield store
    await store.close()


@pytest.fixture
async def hall(store: Store, tmp_path: Path) -> AsyncIterator[Hall]:
    hall = Hall(tmp_path / "univoque.db")
    await hall.ledger.enter("sender", at=NOON, until=NOON + DAY, repeats={})
    await hall.desk.look()
    serving = asyncio.create_task(hall.desk.run())
    yield hall
    serving.cancel()
    with suppress(asyncio.CancelledError):
        await serving
    await hall.ledger.close()
