"""The migrations lead to exactly the tables of the code."""

from datetime import UTC, datetime

import pytest
from alembic import command
from sqlalchemy import text

from hub.errors import EnvironmentFailed
from hub.model.review import Waiver
from hub.store import instance, schema, waivers
from hub.store.engine import open_store


async def test_migrations_and_tables_agree(empty: str) -> None:
    store = open_store(empty)

    await schema.upgrade(store)

    await schema.check(store)
    assert await schema.is_current(store)
    await store.close()


async def test_upgrading_again_keeps_the_instance_s_name(empty: str) -> None:
    store = open_store(empty)
    await schema.upgrade(store)
    async with store.read() as tx:
        first = await instance.get(tx)

    await schema.upgrade(store)

    async with store.read() as tx:
        assert await instance.get(tx) == first
    await store.close()


async def test_a_database_without_tables_is_told_from_a_current_one(empty: str) -> None:
    store = open_store(empty)

    with pytest.raises(EnvironmentFailed, match="univoque init"):
        await schema.demand_current(store)
    await store.close()


async def test_a_waiver_of_the_first_version_is_kept_without_its_words(empty: str) -> None:
    store = open_store(empty)
    when = datetime(2020, 4, 1, tzinfo=UTC)
    async with store.write() as tx:
        await tx.run_sync(lambda connection: command.upgrade(schema.alembic_config(connection), "0001"))
        await tx.execute(
            text(
                'INSERT INTO waivers (directive, code, cell, sheet_digest, "by", reason, at) '
                "VALUES ('visites', 'U301', 'youth.care', 'sheet', 'x', 'Une raison.', '2020-04-01 00:00:00.000000')"
            )
        )

    await schema.upgrade(store)

    async with store.read() as tx:
        assert await waivers.of_sheet(tx, "visites", "sheet") == (
            Waiver("visites", "U301", "youth.care", "sheet", "x", "Une raison.", when, {}),
        )
    await store.close()
