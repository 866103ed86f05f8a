"""Published files over HTTP: fast when known, whole when not, and nothing beside them."""

import gzip
from pathlib import Path

import pytest

from hub.site import shelf
from tests.hub.web.conftest import Site


async def test_a_page_comes_with_what_caches_need(site: Site) -> None:
    async with site.client.get(site.url("/"), headers={"Accept-Encoding": "identity"}) as response:
        body = await response.read()

    assert response.status == 200
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["ETag"].startswith('"')
    assert "max-age=60" in response.headers["Cache-Control"]
    assert "stale-if-error" in response.headers["Cache-Control"]
    assert response.headers["Vary"] == "Accept-Encoding"
    assert "Last-Modified" in response.headers
    assert b"Visites interdites" in body


@pytest.mark.parametrize(
    ("path", "content_type"),
    [
        ("/feeds/all.atom", "application/atom+xml; charset=utf-8"),
        ("/feeds/elderly.residential/family.rss", "application/rss+xml; charset=utf-8"),
        ("/feeds/all.json", "application/feed+json; charset=utf-8"),
        ("/secteur/elderly.residential/family", "text/html; charset=utf-8"),
        ("/static/univoque.css", "text/css; charset=utf-8"),
        ("/static/vendor/atkinson-hyperlegible-next-5.3.0/latin-400-normal.woff2", "font/woff2"),
        ("/static/mark.svg", "image/svg+xml"),
    ],
)
async def test_each_kind_of_file_is_named_for_what_it_is(site: Site, path: str, content_type: str) -> None:
    async with site.client.get(site.url(path)) as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == content_type


@pytest.mark.parametrize("path", ["/", "/feeds/all.atom", "/static/univoque.css"])
@pytest.mark.parametrize("encoding", ["gzip", "identity"])
async def test_who_has_it_is_told_so_and_gets_nothing(site: Site, path: str, encoding: str) -> None:
    given = {"Accept-Encoding": encoding}
    async with site.client.get(site.url(path), headers=given) as first:
        etag, modified = first.headers["ETag"], first.headers["Last-Modified"]

    async with site.client.get(site.url(path), headers={**given, "If-None-Match": etag}) as response:
        assert response.status == 304
        assert await response.read() == b""
        assert response.headers["ETag"] == etag
    async with site.client.get(site.url(path), headers={**given, "If-Modified-Since": modified}) as response:
        assert response.status == 304
    other = {**given, "If-None-Match": '"other"', "If-Modified-Since": modified}
    async with site.client.get(site.url(path), headers=other) as response:
        assert response.status == 200, "an entity tag decides alone"


@pytest.mark.parametrize("path", ["/", "/feeds/all.rss", "/static/univoque.css"])
async def test_the_gzipped_twin_says_the_same_under_its_own_tag(site: Site, path: str) -> None:
    async with site.client.get(site.url(path), headers={"Accept-Encoding": "gzip, br"}) as response:
        zipped = await response.read()
    async with site.client.get(site.url(path), headers={"Accept-Encoding": "gzip;q=0"}) as plain:
        body = await plain.read()

    assert response.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert gzip.decompress(zipped) == body
    assert response.headers["ETag"] != plain.headers["ETag"]


async def test_head_says_what_get_would(site: Site) -> None:
    async with site.client.get(site.url("/"), headers={"Accept-Encoding": "identity"}) as get:
        await get.read()
    async with site.client.head(site.url("/"), headers={"Accept-Encoding": "identity"}) as head:
        assert await head.read() == b""

    assert head.status == 200
    for name in ("ETag", "Content-Type", "Content-Length", "Last-Modified"):
        assert head.headers[name] == get.headers[name]


async def test_a_new_text_is_served_at_once(site: Site) -> None:
    async with site.client.get(site.url("/")) as before:
        await before.read()
    shelf.put(site.hub.config.public_dir, [("index.html", b"<p>neu</p>")])

    async with site.client.get(site.url("/"), headers={"Accept-Encoding": "identity"}) as after:
        assert await after.read() == b"<p>neu</p>"
    assert before.headers["ETag"] != after.headers["ETag"]


async def test_a_static_file_named_with_its_version_is_kept_for_ever(site: Site) -> None:
    from hub.site.environment import asset

    async with site.client.get(site.url(asset("univoque.css"))) as named:
        assert "immutable" in named.headers["Cache-Control"]
    async with site.client.get(site.url("/static/univoque.css?v=older")) as other:
        assert "no-cache" in other.headers["Cache-Control"]


TRAVERSALS = (
    "/../univoque.db",
    "/..%2funivoque.db",
    "/%2e%2e/univoque.db",
    "/%2e%2e%2funivoque.db",
    "/d/../../univoque.db",
    "/d/%2e%2e/%2e%2e/univoque.db",
    "/....//univoque.db",
    "/..\\univoque.db",
    "/..%5cunivoque.db",
    "//etc/passwd",
    "/%2fetc%2fpasswd",
    "/etc/passwd%00.html",
    "/index.html%00",
    "/.published.json",
    "/d/.hidden",
    "/%c0%ae%c0%ae/univoque.db",
    "/static/../server.py",
    "/static/%2e%2e/server.py",
    "/static/..%2fserver.py",
    "/static/vendor/../../server.py",
    "/static/vendor/vendor.lock",
    "/static//etc/passwd",
    "/index.html.gz",
    "/%ff",
    "/" + "a" * 5000,
)


@pytest.mark.parametrize("path", TRAVERSALS)
async def test_no_path_leads_out_of_the_public_files(site: Site, path: str) -> None:
    secret = site.hub.config.service.data_dir / "univoque.db"
    assert secret.is_file()

    async with site.client.get(site.url(path)) as response:
        body = await response.read()

    assert response.status in (400, 404)
    for tell_tale in (b"SQLite format", b"root:", b"import asyncio", b"fingerprint", b"sha256"):
        assert tell_tale not in body


async def test_a_link_that_points_out_is_not_followed(site: Site, tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_bytes(b"secret")
    (site.hub.config.public_dir / "leak.html").symlink_to(outside)

    async with site.client.get(site.url("/leak.html")) as response:
        assert response.status == 404


async def test_a_slash_too_many_and_small_letters_find_their_way(site: Site) -> None:
    async with site.client.get(site.url(f"/d/{site.code}/"), allow_redirects=False) as slash:
        assert slash.status == 308
        assert slash.headers["Location"] == f"/d/{site.code}"
    async with site.client.get(site.url(f"/d/{site.code.lower()}"), allow_redirects=False) as small:
        assert small.status == 302
        assert small.headers["Location"] == f"/d/{site.code}"


async def test_no_redirect_leads_to_another_site(site: Site) -> None:
    for path in ("//evil.example/", "/\\evil.example/", "/%2f%2fevil.example/", "/d//evil.example/"):
        async with site.client.get(site.url(path), allow_redirects=False) as response:
            assert response.status in (400, 404), path


async def test_the_site_answers_when_the_database_is_gone(site: Site) -> None:
    await site.hub.store.close()
    for file in site.hub.config.service.data_dir.glob("univoque.db*"):
        file.unlink()

    for path in ("/", f"/d/{site.code}", f"/d/{site.code}/elderly.residential/family", "/feeds/all.atom"):
        async with site.client.get(site.url(path)) as response:
            assert response.status == 200, path
