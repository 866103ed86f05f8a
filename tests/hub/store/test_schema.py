"""The migrations lead to exactly the tables of the code."""

from pathlib import Path

import pytest

from hub.errors import EnvironmentFailed
from hub.store import instance, schema
from hub.store.engine import open_store, sqlite_url


async def test_migrations_and_tables_agree(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))

    await schema.upgrade(store)

    await schema.check(store)
    assert await schema.is_current(store)
    await store.close()


async def test_upgrading_again_keeps_the_instance_s_name(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    await schema.upgrade(store)
    async with store.read() as tx:
        first = await instance.get(tx)

    await schema.upgrade(store)

    async with store.read() as tx:
        assert await instance.get(tx) == first
    await store.close()


async def test_a_database_without_tables_is_told_from_a_current_one(tmp_path: Path) -> None:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))

    with pytest.raises(EnvironmentFailed, match="univoque init"):
        await schema.demand_current(store)
    await store.close()
