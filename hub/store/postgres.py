"""Connects to PostgreSQL, for the store and for the ledger: durable commits, and errors with their remedy."""

from typing import Any

from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hub.errors import EnvironmentFailed

WRITER = 0x756E69766F717565
"""The advisory lock of whoever writes outside of the ledger: one at a time, as with SQLite."""

SENDERS = WRITER + 1
"""The advisory lock that the turns of all senders share; a write, a take-over and a report have it alone."""

ALONE = f"SELECT pg_advisory_xact_lock({SENDERS})"
"""Waits until no sender has a turn, and lets none have one until the transaction ends."""

READS = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""One snapshot from the first statement to the last."""

CONNECTING = 10.0
"""Seconds that a server may take to let us in."""

_SETTINGS = {
    "application_name": "univoque",
    "lock_timeout": "10s",  # as busy_timeout with SQLite
    # A process that is stopped in the midst of a write must not keep all others waiting for ever.
    "idle_in_transaction_session_timeout": "5min",
    "jit": "off",  # compiling takes longer than any of our statements
}

_REMEDIES = {
    "08": "see whether the server runs, and whether it can be reached from here",
    "28": "give its user and password in database.url, better from UNIVOQUE__DATABASE__URL_FILE",
    "25006": "this server only reads; name the primary in database.url",
    "3D000": "create the database first (docs/operate.md, PostgreSQL)",
    "42501": "make the user the owner of the database (docs/operate.md, PostgreSQL)",
    "42P01": "run `univoque init` first, or name the right database with --config",
    "53100": "make room on the server's disk; nothing was lost, and sending goes on by itself",
    "53300": "raise max_connections, or run fewer senders (docs/operate.md, PostgreSQL)",
    "55P03": "another process is writing to the database; try again",
    "57P": "the server is stopping or starting; try again",
}

NO_TABLE = "42P01"
_ABSENT = (
    "PostgreSQL needs its driver: pip install 'univoque[postgres]', or leave database.url empty for SQLite"
)


def open_engine(url: URL) -> AsyncEngine:
    """An engine whose connections are asked whether they still live before they are used.

    Raises EnvironmentFailed where the driver is not installed.
    """
    demand_driver()
    # An error's text must not carry addresses into a log.
    return create_async_engine(
        url,
        hide_parameters=True,
        pool_pre_ping=True,
        pool_timeout=CONNECTING,
        async_creator=lambda: connect(url),
    )


async def connect(
    url: URL, *, application: str = "univoque", patience: float | None = None, **settings: str
) -> Any:
    """A connection on which a commit is an acknowledgement; `patience` bounds each call, in seconds.

    Raises EnvironmentFailed, and never tells the password.
    """
    import asyncpg

    _, options = PGDialect_asyncpg().create_connect_args(url)  # type: ignore[no-untyped-call]
    ours = {**_SETTINGS, "application_name": application, **settings}
    try:
        connection = await asyncpg.connect(
            **options, timeout=CONNECTING, command_timeout=patience, server_settings=ours
        )
        try:
            await _demand_durable(connection)
        except BaseException:
            connection.terminate()  # nobody else knows of it
            raise
    except asyncpg.PostgresError as error:
        raise explained(error, url) from error
    except (OSError, asyncpg.InterfaceError) as error:  # a time-out is an OSError too
        why = error.strerror if isinstance(error, OSError) else str(error)
        raise EnvironmentFailed(
            f"{place(url)} does not answer ({why or 'time-out'}): {_REMEDIES['08']}"
        ) from error
    return connection


async def _demand_durable(connection: Any) -> None:
    """Raises EnvironmentFailed where the server forgets commits in a power cut; switches on what a client may."""
    fsync, commit = await connection.fetchrow(
        "SELECT current_setting('fsync'), current_setting('synchronous_commit')"
    )
    if fsync == "off":
        raise EnvironmentFailed(
            "fsync is off at the PostgreSQL server: it would lose what it acknowledged; switch it on"
        )
    if commit == "off":
        await connection.execute("SET synchronous_commit = on")


def demand_driver() -> None:
    """Raises EnvironmentFailed where asyncpg is not installed."""
    try:
        import asyncpg  # noqa: F401 - only whether it is there
    except ModuleNotFoundError as error:
        raise EnvironmentFailed(_ABSENT) from error


def place(url: URL) -> str:
    """Which database is meant, without user and password."""
    host = url.host or url.query.get("host") or "localhost"
    return f"The database {url.database} at {host}{f':{url.port}' if url.port else ''}"


def explained(error: BaseException, url: URL) -> EnvironmentFailed:
    """What the server refuses, its first line alone (the next may hold values), and what to do."""
    return EnvironmentFailed(f"{place(url)}: {first_line(error)}; {remedy(error)}")


def remedy(error: BaseException) -> str:
    """What to do about a code of the server (Appendix A of its manual)."""
    state = str(getattr(error, "sqlstate", None) or "")
    found = next((_REMEDIES[state[:n]] for n in (5, 3, 2) if state[:n] in _REMEDIES), None)
    return found or "see the server's log"


def first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]


def hush(error: BaseException | None) -> None:
    """Take the values out of an error and of its causes: DETAIL names the row that was refused."""
    while error is not None:
        if getattr(error, "detail", None):
            error.detail = None  # type: ignore[attr-defined]
        if "\n" in str(error.args[0] if error.args else ""):
            error.args = (str(error.args[0]).partition("\n")[0], *error.args[1:])
        error = getattr(error, "orig", None) or error.__cause__
