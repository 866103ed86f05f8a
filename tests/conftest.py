"""Options and fixtures that every test may use."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hub.context import Hub, open_hub
from hub.store import instance, schema
from tests import a


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--golden", action="store_true", help="write the golden files anew")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """An open instance with an empty database, in exercise mode."""
    async with open_hub(a.config(tmp_path)) as opened:
        await schema.upgrade(opened.store)
        async with opened.store.write() as tx:
            await instance.ensure(tx)
        yield opened
