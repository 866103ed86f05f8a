"""Alive and ready are two things, and neither says more than everybody may know."""

import sqlite3
from datetime import timedelta

from tests.hub.web.conftest import NOW, Site


def sender(site: Site, *, ago: timedelta = timedelta(0), state: str | None = None) -> None:
    """A sender that was heard of so long ago."""
    at = (site.hub.clock.now() - ago).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(site.hub.config.service.data_dir / "univoque.db") as database:
        database.execute(
            "INSERT OR REPLACE INTO slots (slot, epoch, entered_at, lease_until, beat_at, state) "
            "VALUES ('sender', 1, ?, ?, ?, ?)",
            (at, at, at, state),
        )


async def said(site: Site, path: str) -> tuple[int, str]:
    async with site.client.get(site.url(path)) as response:
        assert response.headers["Cache-Control"] == "no-store"
        return response.status, await response.text()


async def test_a_running_house_is_alive_and_ready(site: Site) -> None:
    sender(site)

    assert await said(site, "/health/live") == (200, "live\n")
    assert await said(site, "/health/ready") == (200, "ready\n")


async def test_without_a_sender_it_serves_but_is_not_ready(site: Site) -> None:
    sender(site, ago=timedelta(minutes=1))

    assert (await said(site, "/health/live"))[0] == 200
    assert await said(site, "/health/ready") == (503, "not ready: sender\n")


async def test_a_warning_is_named_without_what_it_found(site: Site) -> None:
    paused = (NOW - timedelta(hours=1)).isoformat()
    channel = f'{{"lanes": 1, "busy": 0, "paused_since": "{paused}", "paused_until": null, "code": "535"}}'
    sender(site, state=f'{{"channels": {{"email": {channel}}}, "stepped": 0, "stepped_at": null}}')

    assert await said(site, "/health/ready") == (200, "ready\nwarning: paused\n")


async def test_without_its_database_it_lives_but_is_not_ready(site: Site) -> None:
    await site.hub.store.close()
    for file in site.hub.config.service.data_dir.glob("univoque.db*"):
        file.unlink()

    assert (await said(site, "/health/live"))[0] == 200
    assert (await said(site, "/health/ready"))[0] == 503


async def test_with_the_tables_of_another_version_it_is_not_ready(site: Site) -> None:
    sender(site)
    with sqlite3.connect(site.hub.config.service.data_dir / "univoque.db") as database:
        database.execute("UPDATE alembic_version SET version_num = 'older'")

    assert await said(site, "/health/ready") == (503, "not ready: tables of another version\n")
