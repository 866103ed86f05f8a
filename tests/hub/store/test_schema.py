"""The migrations lead to exactly the tables of the code."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import text

from hub.errors import EnvironmentFailed
from hub.model.review import Waiver
from hub.store import instance, lives, schema, tallies, waivers
from hub.store.engine import Store, open_store, sqlite_url


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


OLD_PEOPLE = """
INSERT INTO persons (id, language, preferred, preferred_urgent, token, added_at, opted_out_at) VALUES
    (1, 'fr', 'email', 'email', 'a', '2020-04-01', NULL), (2, 'fr', 'email', 'email', 'b', '2020-04-01', '2020-04-02')
"""
OLD_HATS = """
INSERT INTO memberships (person, sector, audience, stream) VALUES
    (1, 'youth.care', 'staff', 'directives'), (2, 'youth.care', 'staff', 'directives'),
    (2, 'youth.care', 'direction', 'duty')
"""
OLD_DISPATCH = """
INSERT INTO dispatches (directive, revision, mode, urgency, approved_at, expires_at, planned_at, cancelled_at)
VALUES ('visites', 1, 'Actual', 'Expected', '2020-04-01', '2020-04-02', {planned}, NULL)
"""


async def upgraded_from_0002(file: Path, *statements: str) -> Store:
    store = open_store(sqlite_url(file))
    async with store.write() as tx:
        await tx.run_sync(lambda connection: command.upgrade(schema.alembic_config(connection), "0002"))
        for statement in statements:
            await tx.execute(text(statement))
    await schema.upgrade(store)
    return store


async def test_people_of_an_earlier_version_are_counted_once_in_their_cells(tmp_path: Path) -> None:
    store = await upgraded_from_0002(tmp_path / "univoque.db", OLD_PEOPLE, OLD_HATS)

    async with store.read() as tx:
        found = await tallies.of(tx, [("youth.care", "staff"), ("youth.care", "direction")])

    assert found == {("youth.care", "staff"): (1, 1), ("youth.care", "direction"): (1, 1)}
    await store.close()


@pytest.mark.parametrize(("planned", "asks"), [("NULL", True), ("'2020-04-01'", False)])
async def test_a_database_of_an_earlier_version_with_something_left_to_send_is_adopted_first(
    tmp_path: Path, planned: str, asks: bool
) -> None:
    store = await upgraded_from_0002(tmp_path / "univoque.db", OLD_DISPATCH.format(planned=planned))

    async with store.read() as tx:
        assert bool(await lives.known(tx)) is asks
    await store.close()
