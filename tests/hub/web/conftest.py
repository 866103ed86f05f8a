"""A running site for the tests of the web: a real server on a real socket, with one act published."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestServer
from structlog.testing import capture_logs
from structlog.typing import EventDict
from yarl import URL

from hub.context import Hub
from hub.flow.publish import publish
from hub.web.server import application
from tests.hub.instance import approved, new_hub
from tests.hub.site.sheets import MARCH, VISITS

NOW = MARCH + timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Site:
    """The instance, its published act's code, and a client that follows nothing by itself."""

    hub: Hub
    code: str
    client: ClientSession
    root: URL
    logs: list[EventDict]

    def url(self, path: str) -> URL:
        """An address of the site, its path as it stands: not tidied by the client."""
        return URL(f"{self.root}{path}", encoded=True)


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data directory of an instance that has published one act, and the act's code; to be copied."""
    data_dir = tmp_path_factory.mktemp("published")

    async def build() -> str:
        async with new_hub(data_dir, NOW) as hub:
            revision = await approved(hub, VISITS, at=MARCH)
            await publish(hub)
        return revision.code

    return data_dir, asyncio.run(build())


@pytest.fixture
async def site(tmp_path: Path, published: tuple[Path, str]) -> AsyncIterator[Site]:
    """A running site with a database and files of its own."""
    data_dir, code = published
    # Links do: a public file is never written to, only replaced.
    shutil.copytree(data_dir / "public", tmp_path / "data" / "public", copy_function=os.link)
    for file in data_dir.glob("univoque.db*"):
        shutil.copy(file, tmp_path / "data")
    with capture_logs() as logs:
        async with (
            new_hub(tmp_path / "data", NOW) as hub,
            TestServer(application(hub)) as server,
            ClientSession(auto_decompress=False) as client,
        ):
            yield Site(hub, code, client, server.make_url("").origin(), logs)
