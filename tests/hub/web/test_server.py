"""Starting, keeping fresh and stopping the web server."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession

from hub.context import Hub
from hub.errors import EnvironmentFailed
from hub.web import server
from tests.hub.instance import approved
from tests.hub.site.sheets import EVERYBODY, MARCH
from tests.hub.web.conftest import Site


@asynccontextmanager
async def running(hub: Hub) -> AsyncIterator[int]:
    stop, port = asyncio.Event(), asyncio.get_running_loop().create_future()
    async with asyncio.TaskGroup() as group:
        group.create_task(server.run(hub, stop=stop, ready=port.set_result))
        try:
            yield await port
        finally:
            stop.set()


async def test_it_says_when_it_takes_requests_and_ends_when_asked(site: Site) -> None:
    async with (
        running(site.hub) as port,
        ClientSession() as client,
        client.get(f"http://127.0.0.1:{port}/health/live") as response,
    ):
        assert response.status == 200


async def test_it_publishes_at_the_start_what_a_crash_left_unpublished(site: Site) -> None:
    revision = await approved(site.hub, EVERYBODY, at=MARCH)
    page = site.hub.config.public_dir / "d" / revision.code / "index.html"

    async with running(site.hub):
        async with asyncio.timeout(10):
            while not page.is_file():  # noqa: ASYNC110 - another task writes it
                await asyncio.sleep(0.02)


async def test_it_serves_on_when_publishing_fails(site: Site) -> None:
    await site.hub.store.close()
    for file in site.hub.config.service.data_dir.glob("univoque.db*"):
        file.unlink()

    async with running(site.hub) as port, ClientSession() as client:
        await asyncio.sleep(0.1)
        async with client.get(f"http://127.0.0.1:{port}/") as response:
            assert response.status == 200


async def test_a_port_that_is_taken_is_named_with_the_remedy(site: Site) -> None:
    async with running(site.hub) as port:
        taken = site.hub.config.web.model_copy(update={"port": port})
        config = site.hub.config.model_copy(update={"web": taken})
        other = Hub(config, site.hub.store, site.hub.register, site.hub.wording, site.hub.clock)

        with pytest.raises(EnvironmentFailed, match=r"set web\.port"):
            await server.run(other, stop=asyncio.Event())
