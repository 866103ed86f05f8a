"""Opens the database: SQLite or PostgreSQL, durable commits, writes that take the lock at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection, event, make_url, text
from sqlalchemy.exc import DBAPIError, IntegrityError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from hub.errors import EnvironmentFailed
from hub.store import postgres

PATIENCE = 10.0
"""Seconds for which a write waits for another one's end."""

Tx = AsyncConnection
"""An open transaction; every function of the store takes one first."""


@dataclass(frozen=True, slots=True)
class Store:
    """The live database. `write()` commits at its end or rolls back; `read()` sees one snapshot."""

    engine: AsyncEngine
    turns: asyncio.Lock = field(default_factory=asyncio.Lock)
    """With SQLite, whoever of this process writes has it, a ledger too.

    A ledger waits for the database without giving the event loop back: for a transaction of this very loop that
    would be as long as it waits at all.
    """

    @asynccontextmanager
    async def write(self) -> AsyncIterator[Tx]:
        """A transaction that holds the write lock from its first moment: what it reads stays so until its end.

        Nobody else writes meanwhile, senders included; so it is short. (A deferred one that reads and then writes
        would fail at once with SQLITE_BUSY_SNAPSHOT.)
        """
        async with self._turn(), self._begin(self.engine) as tx:
            yield tx

    @asynccontextmanager
    async def write_beside(self) -> AsyncIterator[Tx]:
        """The same for what takes long: with PostgreSQL senders go on.

        So nothing that they write too may be written in it, and what it reads of theirs may have changed with the next
        statement, until `alone` comes before.
        """
        async with self._turn(), self._begin(self.engine.execution_options(univoque_begin="beside")) as tx:
            yield tx

    async def alone(self, tx: Tx) -> None:
        """Make a `write_beside` a `write` from here to its end; with SQLite it was one from the start.

        What was read of senders' rows before is to be read again.
        """
        if self.engine.dialect.name == "postgresql":
            await tx.execute(text(postgres.ALONE))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[Tx]:
        """A transaction that only reads."""
        reads = postgres.READS if self.engine.dialect.name == "postgresql" else {}
        async with self._begin(self.engine.execution_options(univoque_begin="read", **reads)) as tx:
            yield tx

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self.engine.dialect.name != "sqlite":
            yield
            return
        try:
            async with asyncio.timeout(PATIENCE):
                await self.turns.acquire()
        except TimeoutError as error:
            raise EnvironmentFailed(_advice("database is locked")) from error
        try:
            yield
        finally:
            self.turns.release()

    @asynccontextmanager
    async def _begin(self, engine: AsyncEngine) -> AsyncIterator[Tx]:
        try:
            async with engine.begin() as tx:
                yield tx
        except DBAPIError as error:
            if engine.dialect.name == "postgresql":
                postgres.hush(error)
                if getattr(error.orig, "sqlstate", None) == postgres.NO_TABLE:
                    raise postgres.explained(error.orig or error, engine.url) from error
            if isinstance(error, IntegrityError | ProgrammingError):
                raise  # a fault of this program, which no operator can mend
            if engine.dialect.name == "postgresql":
                raise postgres.explained(error.orig or error, engine.url) from error
            raise EnvironmentFailed(_advice(str(error.orig))) from error

    async def close(self) -> None:
        await self.engine.dispose()


def open_store(url: str) -> Store:
    """Open the database at `url`: sqlite+aiosqlite:///… or postgresql+asyncpg://….

    Raises EnvironmentFailed where PostgreSQL's driver is not installed.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        engine = postgres.open_engine(parsed)
        event.listen(engine.sync_engine, "begin", _on_begin_postgres)
        return Store(engine)
    # An error's text must not carry addresses into a log.
    engine = create_async_engine(url, hide_parameters=True)
    # To a table with triggers a statement of its own for each row costs several times what the row does.
    engine.dialect.use_insertmanyvalues_wo_returning = True
    event.listen(engine.sync_engine, "connect", _on_connect)
    event.listen(engine.sync_engine, "begin", _on_begin)
    return Store(engine)


def open_to_read(file: Path) -> Store:
    """Open an instance's SQLite file for reading alone: not even its journal mode is touched."""
    url = f"sqlite+aiosqlite:///file:{quote(str(file.resolve()))}?mode=ro&uri=true"
    engine = create_async_engine(url, hide_parameters=True)
    event.listen(engine.sync_engine, "begin", _on_begin)
    return Store(engine)


def is_database(file: Path) -> bool:
    """Whether a file is an SQLite database, by its first octets."""
    try:
        with file.open("rb") as octets:
            return octets.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


_MAGIC = b"SQLite format 3\0"


def sqlite_url(file: Path) -> str:
    """The URL of an SQLite file."""
    return f"sqlite+aiosqlite:///{file}"


def sqlite_file(url: str) -> Path | None:
    """The file behind an SQLite URL, None for another engine."""
    parsed = make_url(url)
    return Path(parsed.database) if parsed.get_backend_name() == "sqlite" and parsed.database else None


PRAGMAS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    f"busy_timeout = {PATIENCE * 1000:.0f}",
    "foreign_keys = ON",
)
"""FULL, because a commit is an acknowledgement: NORMAL loses some of them in a power cut (reliability)."""


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    cursor = connection.cursor()
    for pragma in PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _on_begin(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN" if _purpose(connection) == "read" else "BEGIN IMMEDIATE")


def _on_begin_postgres(connection: Connection) -> None:
    if _purpose(connection) != "read":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({postgres.WRITER})")
    if _purpose(connection) == "write":
        connection.exec_driver_sql(postgres.ALONE)


def _purpose(connection: Connection) -> str:
    return str(connection.get_execution_options().get("univoque_begin", "write"))


def _advice(message: str) -> str:
    if "locked" in message:
        return f"{message}: another process holds the database; try again, or see who does with `univoque doctor`"
    if "full" in message:
        return f"{message}: make room on the disk; nothing was lost, and sending goes on by itself"
    if "no such table" in message or "unable to open" in message:
        return f"{message}: run `univoque init` first, or name the right file with --config"
    if "not a database" in message or "malformed" in message:
        return f"{message}: restore the database from its last backup, or name the right file in the settings"
    if "readonly" in message:
        return f"{message}: give this user the right to write the database and its directory"
    return message
