"""The store: durable, exclusive where it writes, and clear about what its surroundings refuse."""

import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import StatementError

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow.enlist import enlist
from hub.lock import Lock
from hub.store import journal, tables
from hub.store.engine import open_store, sqlite_url


async def test_a_commit_is_on_the_disk_before_it_is_acknowledged(hub: Hub) -> None:
    async with hub.store.read() as tx:
        synchronous = (await tx.execute(text("PRAGMA synchronous"))).scalar()
        mode = (await tx.execute(text("PRAGMA journal_mode"))).scalar()

    assert (synchronous, mode) == (2, "wal")  # 2 is FULL


async def test_a_write_holds_the_lock_from_its_first_moment(hub: Hub) -> None:
    file = hub.config.service.data_dir / "univoque.db"
    async with hub.store.write() as tx:
        await tx.execute(select(tables.staff))  # only a read so far

        with (
            closing(sqlite3.connect(file, timeout=0.05)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")


async def test_a_full_disk_is_said_with_its_remedy_and_loses_nothing(hub: Hub) -> None:
    await enlist(hub, b"email;langue;commune;secteur;audience\na@example.org;fr;5000;sport;family\n", "a.csv",
                 dry_run=False, actor="console")  # fmt: skip

    with pytest.raises(EnvironmentFailed, match="make room"):
        await _fill(hub)

    async with hub.store.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(tables.persons))).scalar() == 1
        assert (await journal.verify(tx)).fault is None


async def test_a_database_that_is_not_there_says_what_to_do(hub: Hub) -> None:
    store = open_store(sqlite_url(hub.config.service.data_dir / "other.db"))

    with pytest.raises(EnvironmentFailed, match="univoque init"):
        async with store.read() as tx:
            await tx.execute(select(tables.staff))

    await store.close()


async def test_a_lock_that_cannot_be_written_is_said_with_its_file() -> None:
    with pytest.raises(EnvironmentFailed, match="/dev/full: "):
        Lock(Path("/dev/full")).take()


async def test_an_instant_without_offset_is_refused(hub: Hub) -> None:
    with pytest.raises(StatementError, match="without an offset"):
        async with hub.store.write() as tx:
            await journal.append(tx, at=datetime(2020, 1, 1), actor="a", action="b", subject="c")  # noqa: DTZ001


async def _fill(hub: Hub) -> None:
    """Write on after the last page that the disk has."""
    async with hub.store.write() as tx:
        pages = (await tx.execute(text("PRAGMA page_count"))).scalar()
        await tx.execute(text(f"PRAGMA max_page_count = {pages}"))
        for number in range(500):
            await journal.append(
                tx, at=datetime.now(UTC), actor="x" * 500, action="fill", subject=str(number)
            )
