"""Brings a database to the present schema, in the process: alembic, additive first."""

from importlib import resources

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from hub.errors import EnvironmentFailed
from hub.store import instance
from hub.store.engine import Store


async def upgrade(store: Store) -> None:
    """Create or migrate the tables, and name a new instance; a current database stays as it is."""
    async with store.write() as tx:
        await tx.run_sync(lambda connection: command.upgrade(alembic_config(connection), "head"))
        await instance.ensure(tx)


async def is_current(store: Store) -> bool:
    """Whether the database has exactly the tables that this version knows."""
    async with store.read() as tx:
        return await tx.run_sync(_is_current)


async def demand_current(store: Store) -> None:
    """Raises EnvironmentFailed where the database is new, older or newer than this version."""
    if not await is_current(store):
        where = store.engine.url.database or "the database"
        raise EnvironmentFailed(f"{where} does not have the tables of this version: run `univoque init`")


async def check(store: Store) -> None:
    """Raises alembic's CommandError where the migrations lead to other tables than hub.store.tables."""
    async with store.write() as tx:
        await tx.run_sync(lambda connection: command.check(alembic_config(connection)))


def _is_current(connection: Connection) -> bool:
    head = ScriptDirectory.from_config(alembic_config(connection)).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == head


def versions() -> list[str]:
    """The names of the migrations, oldest first."""
    folder = resources.files("hub.store") / "migrations" / "versions"
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".py"))


def alembic_config(connection: Connection) -> Config:
    """Alembic's settings for migrations on this connection."""
    config = Config()
    config.set_main_option("script_location", str(resources.files("hub.store") / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
