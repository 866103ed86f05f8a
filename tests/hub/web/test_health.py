"""Alive and ready are two things."""

import sqlite3

from tests.hub.web.conftest import Site


async def test_a_running_process_is_alive_and_ready(site: Site) -> None:
    for path in ("/health", "/ready"):
        async with site.client.get(site.url(path)) as response:
            assert response.status == 200, path
            assert response.headers["Cache-Control"] == "no-store"


async def test_without_its_database_it_lives_but_is_not_ready(site: Site) -> None:
    await site.hub.store.close()
    for file in site.hub.config.service.data_dir.glob("univoque.db*"):
        file.unlink()

    async with site.client.get(site.url("/health")) as health:
        assert health.status == 200
    async with site.client.get(site.url("/ready")) as ready:
        assert ready.status == 503


async def test_with_the_tables_of_another_version_it_is_not_ready(site: Site) -> None:
    with sqlite3.connect(site.hub.config.service.data_dir / "univoque.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'older'")

    async with site.client.get(site.url("/ready")) as response:
        assert response.status == 503
