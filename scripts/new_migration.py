"""Write the next migration from hub.store.tables: `python -m scripts.new_migration "…"`."""

import asyncio
import sys
import tempfile
from pathlib import Path

from alembic import command
from sqlalchemy import Connection

from hub.store import schema
from hub.store.engine import open_store, sqlite_url


async def main(message: str) -> None:
    """Compare the tables with a database at the last migration; write the difference, for a person to edit."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(sqlite_url(Path(folder) / "univoque.db"))
        if any(schema.versions()):
            await schema.upgrade(store)

        def write(connection: Connection) -> None:
            command.revision(
                schema.alembic_config(connection),
                message,
                autogenerate=True,
                rev_id=f"{len(schema.versions()) + 1:04}",
            )

        async with store.write() as tx:
            await tx.run_sync(write)
        await store.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
