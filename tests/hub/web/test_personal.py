"""The personal page: reading it changes nothing, one click ends it, and it tells nobody who it is."""

import html5lib
import pytest
from aiohttp import FormData
from lxml import html
from sqlalchemy import select

from hub.store.tables import persons
from tests.hub.web.conftest import Site
from tests.hub.web.readers import DUTY, FAMILY, enlist

PLAIN = {"Accept-Encoding": "identity"}
BUTTON = "Ne plus recevoir ces messages"
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture(autouse=True)
async def enlisted(site: Site) -> None:
    await enlist(site.hub)


async def opted_out(site: Site, token: str) -> bool:
    async with site.hub.store.read() as tx:
        found = await tx.execute(select(persons.c.opted_out_at).where(persons.c.token == token))
        return found.scalar_one() is not None


async def words_of(site: Site, method: str, path: str, form: dict[str, str] | None = None) -> str:
    async with site.client.request(method, site.url(path), headers=PLAIN, data=form) as response:
        assert response.status == 200
        body = await response.read()
    html5lib.HTMLParser(strict=True).parse(body)
    text = " ".join(html.fromstring(body.decode()).text_content().split())
    return text.replace("\N{NO-BREAK SPACE}", " ")


async def test_the_page_says_what_comes_where_and_offers_one_button(site: Site) -> None:
    words = await words_of(site, "GET", f"/u/{FAMILY}")

    assert "Familles et proches – Maisons de repos" in words
    assert "E-mail" in words
    assert "reader1@tilleuls.example" not in words, "an address is shown masked"
    assert BUTTON in words


async def test_the_foot_of_a_message_promises_what_its_page_offers(site: Site) -> None:
    frame = site.hub.wording.languages["fr"].wording["frame"]

    family, duty = [await words_of(site, "GET", f"/u/{token}") for token in (FAMILY, DUTY)]

    assert BUTTON.lower() in frame["why_directives"]
    assert BUTTON in family
    assert "Pour changer l'adresse, répondez à ce message." in frame["why_duty"]
    assert "Pour changer l'adresse, répondez à un de ces messages." in duty
    assert "à quelle adresse" in frame["why_duty"]
    assert "Où les messages arrivent" in duty


async def test_looking_changes_nothing_however_often(site: Site) -> None:
    for method in ("GET", "HEAD", "GET"):
        async with site.client.request(method, site.url(f"/u/{FAMILY}")) as response:
            assert response.status == 200
        async with site.client.request(method, site.url(f"/u/{FAMILY}/one-click")) as response:
            assert response.status in (404, 405)

    assert not await opted_out(site, FAMILY)


async def test_the_button_ends_it_and_says_so_also_the_second_time(site: Site) -> None:
    for _ in range(2):
        words = await words_of(site, "POST", f"/u/{FAMILY}")
        assert "C'est fait" in words
        assert BUTTON not in words

    assert await opted_out(site, FAMILY)
    assert "Vous êtes désinscrit" in await words_of(site, "GET", f"/u/{FAMILY}")


@pytest.mark.parametrize("as_multipart", [False, True])
async def test_a_mail_clients_button_ends_it_without_cookie_or_origin(site: Site, as_multipart: bool) -> None:
    form = FormData(ONE_CLICK, default_to_multipart=as_multipart)
    foreign = {"Sec-Fetch-Site": "cross-site", "Origin": "https://mail.example"}

    async with site.client.post(site.url(f"/u/{FAMILY}/one-click"), data=form, headers=foreign) as response:
        assert response.status == 200
        assert "Set-Cookie" not in response.headers
        assert "Location" not in response.headers

    assert await opted_out(site, FAMILY)


@pytest.mark.parametrize("form", [{}, {"List-Unsubscribe": "Maybe"}, {"other": "One-Click"}])
async def test_one_click_without_its_word_is_no_click(site: Site, form: dict[str, str]) -> None:
    async with site.client.post(site.url(f"/u/{FAMILY}/one-click"), data=form) as response:
        assert response.status == 400

    assert not await opted_out(site, FAMILY)


async def test_mandatory_notices_have_no_button(site: Site) -> None:
    words = await words_of(site, "GET", f"/u/{DUTY}")

    assert "Avis obligatoires" in words
    assert "Les Tilleuls <MRS>" in words
    assert BUTTON not in words


@pytest.mark.parametrize(("path", "form"), [(f"/u/{DUTY}", {}), (f"/u/{DUTY}/one-click", ONE_CLICK)])
async def test_who_receives_mandatory_notices_alone_is_told_that_they_stay(
    site: Site, path: str, form: dict[str, str]
) -> None:
    before = await words_of(site, "GET", f"/u/{DUTY}")

    words = await words_of(site, "POST", path, form)

    assert "Rien n'a changé" in words
    assert "ils n'ont pas de désinscription" in words
    assert "Pour changer l'adresse, répondez à un de ces messages." in words
    assert "C'est fait" not in words
    assert "désinscrit" not in words.replace("désinscription", "")
    assert not await opted_out(site, DUTY)
    assert await words_of(site, "GET", f"/u/{DUTY}") == before


@pytest.mark.parametrize(
    "token", ["x", FAMILY[:-1], FAMILY[:-1] + "g", FAMILY + "f", "%00", "..%2f..", "%C3%A9", FAMILY.upper()]
)
@pytest.mark.parametrize(("method", "tail"), [("GET", ""), ("POST", ""), ("POST", "/one-click")])
async def test_an_unknown_link_is_the_same_page_for_all(
    site: Site, token: str, method: str, tail: str
) -> None:
    async with site.client.request(
        method, site.url(f"/u/{token}{tail}"), data=ONE_CLICK if method == "POST" else None, headers=PLAIN
    ) as response:
        body = await response.read()
    async with site.client.get(site.url("/u/nobody"), headers=PLAIN) as known:
        assert response.status == known.status == 404
        assert body == await known.read()


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_page_is_kept_and_found_by_nobody(site: Site, method: str) -> None:
    async with site.client.request(method, site.url(f"/u/{FAMILY}")) as response:
        assert response.headers["Cache-Control"] == "no-store"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert response.headers["Referrer-Policy"] == "no-referrer"
        assert "Set-Cookie" not in response.headers


async def test_without_the_database_the_reader_is_asked_to_come_back(site: Site) -> None:
    await site.hub.store.close()
    for file in site.hub.config.service.data_dir.glob("univoque.db*"):
        file.unlink()

    async with site.client.get(site.url(f"/u/{FAMILY}")) as response:
        assert response.status == 503
        assert "Retry-After" in response.headers
    assert site.logs
    assert FAMILY not in str([{**line, "exc_info": ""} for line in site.logs]), "a link is a secret"
