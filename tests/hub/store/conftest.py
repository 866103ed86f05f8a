"""The tests of the store run on both engines."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.context import Hub, open_hub
from hub.store import schema
from tests import a


@pytest.fixture
async def hub(tmp_path: Path, database: str) -> AsyncIterator[Hub]:
    """An open instance with an empty database, in exercise mode."""
    async with open_hub(a.config(tmp_path, database__url=database)) as opened:
        await schema.upgrade(opened.store)
        yield opened
