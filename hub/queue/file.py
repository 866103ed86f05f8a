"""The ledger's own connection to SQLite's file: one write at a time, and in words what the file will not do."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from hub.errors import EnvironmentFailed, UnivoqueError
from hub.queue.contract import LedgerBusy, LedgerWaits
from hub.store.engine import PRAGMAS

# A lock that is held longer than this is waited for by the desk, not inside a call that stops the event loop.
_PATIENCE = "busy_timeout = 250"


class File:
    """The open file; `turns` is whose turn it is among all that write to it in this process.

    Raises EnvironmentFailed where there is none, LedgerBusy or LedgerWaits where it does not answer now.
    """

    def __init__(self, path: Path, turns: asyncio.Lock) -> None:
        try:
            # One statement for every number of lanes that may be ready at once.
            self.db = sqlite3.connect(path, isolation_level=None, cached_statements=1024)
            for pragma in (*PRAGMAS, _PATIENCE):
                self.db.execute(f"PRAGMA {pragma}")
        except sqlite3.Error as error:
            raise EnvironmentFailed(f"{path}: {error}; run `univoque init` first") from error
        self._turns = turns

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT; any failure rolls back."""
        async with self._turns:
            try:
                self.db.execute("BEGIN IMMEDIATE")
                try:
                    yield self.db
                    self.db.execute("COMMIT")
                except BaseException:
                    if self.db.in_transaction:
                        self.db.execute("ROLLBACK")
                    raise
            except sqlite3.OperationalError as error:
                raise _explained(error) from error

    def query(self, query: str, *values: object) -> list[Any]:
        """Read without taking the write lock."""
        try:
            return self.db.execute(query, values).fetchall()
        except sqlite3.OperationalError as error:
            raise _explained(error) from error

    def close(self) -> None:
        self.db.close()


def _explained(error: sqlite3.OperationalError) -> UnivoqueError:
    if "no such" in str(error):
        return EnvironmentFailed(f"{error}: run `univoque init` first")
    # Locked, full, read-only, an I/O error: all may pass, and nothing is half done.
    waits = LedgerBusy if "locked" in str(error) else LedgerWaits
    return waits(f"{error}; it is tried again")
