"""Around every request: headers, refusals, errors as pages; and reading never changes anything."""

import hashlib
import sqlite3
from pathlib import Path

import html5lib
import pytest
from aiohttp import web

from hub.web.server import application
from tests.hub.web.conftest import Site

PATHS = (
    "/",
    "/feeds/all.atom",
    "/static/univoque.css",
    "/nowhere",
    "/health/live",
    "/u/unknown",
    "/d/XXXXXX",
)


@pytest.mark.parametrize("path", PATHS)
async def test_every_answer_carries_the_security_headers(site: Site, path: str) -> None:
    async with site.client.get(site.url(path)) as response:
        policy = response.headers["Content-Security-Policy"]

    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert "Referrer-Policy" in response.headers
    assert "Permissions-Policy" in response.headers
    assert "Server" not in response.headers
    assert "Set-Cookie" not in response.headers


def contents(data_dir: Path) -> tuple[list[str], str]:
    """Everything the instance keeps: its rows and its files."""
    with sqlite3.connect(data_dir / "univoque.db") as database:
        rows = list(database.iterdump())
    files = hashlib.sha256()
    for file in sorted((data_dir / "public").rglob("*")):
        if file.is_file():
            files.update(str(file).encode() + file.read_bytes())
    return rows, files.hexdigest()


async def test_get_and_head_change_nothing_on_any_route(site: Site) -> None:
    before = contents(site.hub.config.service.data_dir)
    routes = {route.resource.canonical for route in application(site.hub).router.routes() if route.resource}
    assert len(routes) >= 8

    for route in routes:
        path = (
            route.replace("{token}", "some-token")
            .replace("{attempt}", "1-1-1-abc")
            .replace("{path}", "index.html")
        )
        for method in ("GET", "HEAD"):
            async with site.client.request(method, site.url(path)) as response:
                await response.read()

    assert contents(site.hub.config.service.data_dir) == before


async def test_a_form_from_another_site_is_refused_on_every_route_that_changes_something(site: Site) -> None:
    app = application(site.hub)
    routes = [
        route for route in app.router.routes() if route.method not in ("GET", "HEAD") and route.resource
    ]
    exempt = {"one-click", "twilio-inbound", "twilio-status"}
    assert routes

    for route in routes:
        if route.name in exempt:
            continue
        assert route.resource is not None
        path = route.resource.canonical.replace("{token}", "some-token")
        for foreign in (
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Sec-Fetch-Site": "cross-site", "Origin": "https://univoque.example"},
        ):
            async with site.client.request(route.method, site.url(path), headers=foreign) as response:
                assert response.status == 403, (path, foreign)


@pytest.mark.parametrize(
    "own",
    [
        {},
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://univoque.example"},
    ],
)
async def test_a_form_of_our_own_is_let_through(site: Site, own: dict[str, str]) -> None:
    async with site.client.post(site.url("/u/unknown"), headers=own) as response:
        assert response.status == 404


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("POST", "/", 405), ("DELETE", "/u/x", 405), ("POST", "/feeds/all.atom", 405)],
)
async def test_an_error_is_a_page_in_french_that_leads_back(
    site: Site, method: str, path: str, status: int
) -> None:
    async with site.client.request(
        method, site.url(path), headers={"Accept-Encoding": "identity"}
    ) as response:
        body = await response.read()

    assert response.status == status
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    html5lib.HTMLParser(strict=True).parse(body)
    assert b'href="/"' in body


async def test_a_failure_says_when_to_come_back_and_nothing_of_itself(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_: object, __: object) -> None:
        raise RuntimeError("SELECT secret FROM persons")

    monkeypatch.setattr("hub.web.files.Cache.get", broken)

    async with site.client.get(site.url("/")) as response:
        body = await response.read()

    assert response.status == 503
    assert response.headers["Retry-After"] == "60"
    assert b"secret" not in body


async def test_a_body_beyond_the_cap_is_refused(site: Site) -> None:
    form = b"Body=" + b"a" * (65 * 1024)
    headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Twilio-Signature": "x"}

    async with site.client.post(site.url("/hooks/twilio/inbound"), data=form, headers=headers) as response:
        assert response.status == 413


async def test_middlewares_have_the_parameter_names_that_the_server_calls_by(site: Site) -> None:
    for middleware in application(site.hub).middlewares:
        names = middleware.__code__.co_varnames[: middleware.__code__.co_argcount]  # type: ignore[attr-defined]
        assert names == ("request", "handler")
    assert isinstance(application(site.hub), web.Application)
