"""The ledger's connection to PostgreSQL: it comes back after a break, and says what a break leaves open."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import asyncpg
from sqlalchemy.engine import URL

from hub.errors import EnvironmentFailed, UnivoqueError
from hub.queue import statements_postgres as sql
from hub.queue.contract import FencedOff, LedgerBusy, LedgerWaits
from hub.store import postgres

PATIENCE = 30.0
"""Seconds after which a call that brings no answer counts as lost, and its connection too."""

# Every question goes by an index. A plan that was made while the tables were empty must not scan them when
# they are full: a session keeps its plans.
_SETTINGS = {
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "plan_cache_mode": "force_generic_plan",  # with arrays of known length each turn would be planned anew
    "lock_timeout": "5s",
}

_BUSY = "55P03"
_PASSING = ("40", "53", "57", "58", "25006")
"""What the server refuses for now; the transaction is rolled back, so nothing was written."""


class LedgerLost(LedgerWaits):
    """The connection to the ledger broke; whether the last call was committed is open."""


class Session:
    """One connection, made when it is first needed and anew after a break; `again` is told of each new one."""

    def __init__(self, url: URL, again: Callable[[Any], Awaitable[None]]) -> None:
        postgres.demand_driver()
        self._url = url
        self._again = again
        self._db: Any = None
        self._was_there = False

    async def ready(self) -> None:
        """Connect where that is needed. Nothing else does: what a caller knows of its life holds from here on."""
        if not self._is_there():
            with self._explained():
                await self._connect()

    async def fetch(self, query: str, *values: object) -> list[Any]:
        """The rows of one statement, which is a transaction of its own."""
        with self._explained():
            found: list[Any] = await self._there().fetch(query, *values)
            return found

    @asynccontextmanager
    async def transaction(self, first: str, *values: object) -> AsyncIterator[Any]:
        """A transaction that begins with a lock; any failure rolls back."""
        with self._explained():
            db = self._there()
            async with db.transaction():
                await db.execute(first, *values)
                yield db

    def close(self) -> None:
        """Let go of the connection, in whatever state it is."""
        if self._db is not None:
            self._db.terminate()
            self._db = None

    def _is_there(self) -> bool:
        return self._db is not None and not self._db.is_closed()

    def _there(self) -> Any:
        if not self._is_there():
            raise LedgerLost("it was closed; it is tried again")
        return self._db

    async def _connect(self) -> None:
        try:
            self._db = await postgres.connect(
                self._url, application="univoque sender", patience=PATIENCE, **_SETTINGS
            )
        except EnvironmentFailed as error:
            if not self._was_there:
                raise
            raise LedgerLost(error.said) from error
        try:
            await self._db.execute(sql.FUNCTIONS)
            await self._again(self._db)
        except BaseException:
            self.close()
            raise
        self._was_there = True

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """What the server or the network says, in the words of the contract."""
        try:
            yield
        except UnivoqueError:
            raise
        except asyncpg.PostgresError as error:
            state = error.sqlstate or ""
            if state == sql.FENCED:
                raise FencedOff("its slot has a newer life; this one ends here") from error
            if _broke(error):
                self.close()
                raise LedgerLost(f"{postgres.first_line(error)}; it is tried again") from error
            if state == _BUSY:
                raise LedgerBusy(f"{postgres.first_line(error)}; it is tried again") from error
            if state.startswith(_PASSING):
                raise LedgerWaits(f"{postgres.first_line(error)}; it is tried again") from error
            postgres.hush(error)
            if state == postgres.NO_TABLE:
                raise postgres.explained(error, self._url) from error
            raise
        except (asyncpg.InterfaceError, OSError) as error:  # a time-out is an OSError too
            self.close()
            raise LedgerLost(f"{postgres.first_line(error) or 'time-out'}; it is tried again") from error
        except BaseException:
            self.close()  # cancelled in the midst of a call: its state is anybody's guess
            raise


def _broke(error: asyncpg.PostgresError) -> bool:
    """A server that ends the connection may have committed before."""
    ended = getattr(error, "severity_en", None) or getattr(error, "severity", None)
    return isinstance(error, asyncpg.PostgresConnectionError) or ended in ("FATAL", "PANIC")
