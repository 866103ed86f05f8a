"""The store: durable, exclusive where it writes, and clear about what its surroundings refuse."""

import asyncio
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import asyncpg
import pytest
from sqlalchemy import func, make_url, select, text
from sqlalchemy.exc import IntegrityError, StatementError

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.flow.enlist import enlist
from hub.lock import Lock
from hub.store import journal, tables
from hub.store.engine import Store, open_store, sqlite_url
from hub.store.postgres import WRITER, connect, explained
from tests.doubles.wire import wire
from tests.processes import ROOT

if TYPE_CHECKING:
    from tests.postgres import Server


Test = TypeVar("Test", bound=Callable[..., object])
on_both = pytest.mark.usefixtures("database")


def on_postgresql(test: Test) -> Test:
    marked: Test = pytest.mark.parametrize("database", ["postgresql"], indirect=True)(on_both(test))
    return marked


async def test_a_commit_is_on_the_disk_before_it_is_acknowledged(hub: Hub) -> None:
    async with hub.store.read() as tx:
        synchronous = (await tx.execute(text("PRAGMA synchronous"))).scalar()
        mode = (await tx.execute(text("PRAGMA journal_mode"))).scalar()

    assert (synchronous, mode) == (2, "wal")  # 2 is FULL


@on_postgresql
async def test_a_commit_is_an_acknowledgement_even_where_the_server_says_otherwise(hub: Hub) -> None:
    setting = f"ALTER DATABASE {hub.store.engine.url.database}"
    async with hub.store.write() as tx:
        await tx.execute(text(f"{setting} SET synchronous_commit = off"))
    await hub.store.close()

    async with hub.store.write() as tx:
        commit = (await tx.execute(text("SHOW synchronous_commit"))).scalar()
        await tx.execute(text(f"{setting} RESET synchronous_commit"))

    assert commit == "on"


@on_both
async def test_whoever_writes_finds_what_the_one_before_has_written(hub: Hub) -> None:
    async def append(number: int) -> None:
        async with hub.store.write() as tx:
            await tx.execute(select(tables.journal))
            await journal.append(tx, at=datetime.now(UTC), actor="a", action="b", subject=str(number))

    await asyncio.gather(*map(append, range(8)))

    async with hub.store.read() as tx:
        verdict = await journal.verify(tx)
    assert (verdict.entries, verdict.fault) == (8, None)


@on_both
async def test_a_reader_sees_one_snapshot_while_another_writes(hub: Hub) -> None:
    async with hub.store.read() as reader:
        before = await journal.last(reader)
        async with hub.store.write() as tx:
            await journal.append(tx, at=datetime.now(UTC), actor="a", action="b", subject="c")

        assert await journal.last(reader) == before


async def test_a_write_holds_the_lock_from_its_first_moment(hub: Hub) -> None:
    file = hub.config.service.data_dir / "univoque.db"
    async with hub.store.write() as tx:
        await tx.execute(select(tables.staff))  # only a read so far

        with (
            closing(sqlite3.connect(file, timeout=0.05)) as other,
            pytest.raises(sqlite3.OperationalError, match="locked"),
        ):
            other.execute("BEGIN IMMEDIATE")


@on_postgresql
async def test_a_write_that_takes_too_long_is_told_to_whoever_waits(hub: Hub) -> None:
    async with hub.store.write():
        with pytest.raises(EnvironmentFailed, match="another process is writing to the database"):
            await _write_within(hub.store, "50ms")


@on_postgresql
async def test_a_value_that_is_refused_stands_in_no_error(hub: Hub) -> None:
    row = {"channel": "email", "value_hash": "of-somebody", "reason": "stop", "at": datetime.now(UTC)}

    async def insert() -> None:
        async with hub.store.write() as tx:
            await tx.execute(tables.suppressions.insert(), row)

    await insert()
    with pytest.raises(IntegrityError) as refused:
        await insert()

    said = "".join(traceback.format_exception(refused.value))
    assert "pk_suppressions" in said
    assert "of-somebody" not in said


@pytest.mark.parametrize(
    ("change", "remedy"),
    [
        ({"database": "nowhere"}, "create the database first"),
        ({"username": "nobody"}, "give its user and password in database.url"),
        ({"host": "127.0.0.1", "port": 1, "query": {}}, "see whether the server runs"),
    ],
)
async def test_a_server_that_cannot_be_used_is_told_with_its_remedy_and_no_password(
    postgres: "Server", change: dict[str, Any], remedy: str
) -> None:
    url = make_url(postgres.url("tables")).set(password="pass-word", **change)
    store = open_store(url.render_as_string(hide_password=False))

    with pytest.raises(EnvironmentFailed, match=remedy) as failed:
        async with store.read() as tx:
            await tx.execute(select(tables.staff))

    assert failed.value.exit_code == 3
    assert "pass-word" not in "".join(traceback.format_exception(failed.value))
    await store.close()


async def test_who_is_called_off_while_connecting_leaves_no_connection_behind(postgres: "Server") -> None:
    async with wire(postgres.socket) as cable:
        arrived = cable.keep_back(b"synchronous_commit")
        url = make_url(postgres.url("tables")).set(host="127.0.0.1", port=cable.port, query={})
        connecting = asyncio.create_task(connect(url))
        await arrived.wait()

        connecting.cancel()
        await asyncio.wait([connecting])

        assert connecting.cancelled()
        await asyncio.wait_for(cable.deserted.wait(), 5)


def test_where_its_driver_is_not_installed_it_is_told_what_to_install() -> None:
    code = (
        "import sys; sys.modules['asyncpg'] = None; from hub.store.engine import open_store; "
        "open_store('postgresql+asyncpg://a@localhost/b')"
    )

    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert "EnvironmentFailed" in found.stderr
    assert "pip install 'univoque[postgres]'" in found.stderr


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


@on_both
async def test_an_instant_without_offset_is_refused(hub: Hub) -> None:
    with pytest.raises(StatementError, match="without an offset"):
        async with hub.store.write() as tx:
            await journal.append(tx, at=datetime(2020, 1, 1), actor="a", action="b", subject="c")  # noqa: DTZ001


async def _write_within(store: Store, patience: str) -> None:
    url = store.engine.url
    connection = await connect(url, lock_timeout=patience)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({WRITER})")
    except asyncpg.PostgresError as error:
        raise explained(error, url) from error
    finally:
        await connection.close()


async def _fill(hub: Hub) -> None:
    """Write on after the last page that the disk has."""
    async with hub.store.write() as tx:
        pages = (await tx.execute(text("PRAGMA page_count"))).scalar()
        await tx.execute(text(f"PRAGMA max_page_count = {pages}"))
        for number in range(500):
            await journal.append(
                tx, at=datetime.now(UTC), actor="x" * 500, action="fill", subject=str(number)
            )
