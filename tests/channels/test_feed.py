"""Feeds, read back by an independent reader."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from channels.feed import FORMATS, NOTHING_YET, Category, Feed, FeedEntry, atom, json_feed, rss

MARCH = datetime(2020, 3, 10, 17, 30, tzinfo=UTC)
VISITS = FeedEntry(
    id="urn:uuid:0ae9b0a4-6a52-5d3b-8f4f-5f0c5a4c7e01",
    title="Visites interdites dès mercredi & jusqu'au 31 mars",
    url="https://univoque.example/d/K7QX2M/elderly.residential/family",
    published_at=MARCH,
    updated_at=MARCH,
    html='<p lang="fr">Ne venez pas : « œuvre » <a href="https://univoque.example/d/K7QX2M">l’acte</a></p>',
    text="Ne venez pas : « œuvre »",
    language="fr",
    author="Ministre wallon de la Santé",
    categories=(
        Category("elderly.residential", "Maisons de repos", "https://univoque.example/secteur/"),
        Category("visits", "Visites", "https://univoque.example/themes/"),
    ),
)
FEED = Feed(
    id="https://univoque.example/feeds/all",
    title="Univoque : toutes les directives",
    description="Ce qui a été publié, le plus récent d'abord.",
    url="https://univoque.example/",
    self_url="https://univoque.example/feeds/all.atom",
    language="fr",
    author="Univoque",
    entries=(VISITS,),
)


def read(content: bytes) -> Any:
    parsed = feedparser.parse(content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


@pytest.mark.parametrize("write", [atom, rss])
def test_a_reader_finds_in_the_feed_what_was_put_in(write: Callable[[Feed], bytes]) -> None:
    parsed = read(write(FEED))

    (entry,) = parsed.entries
    assert entry.id == VISITS.id
    assert entry.title == VISITS.title
    assert entry.link == VISITS.url
    assert entry.published_parsed[:5] == (2020, 3, 10, 17, 30)
    assert entry.updated_parsed[:5] == (2020, 3, 10, 17, 30)
    assert entry.author == VISITS.author
    terms = {tag.term for tag in entry.tags}
    assert terms <= {"elderly.residential", "visits", "Maisons de repos", "Visites"}
    words = entry.content[0].value if "content" in entry else entry.summary
    assert "« œuvre »" in words
    assert 'href="https://univoque.example/d/K7QX2M"' in words


@pytest.mark.parametrize("write", [atom, rss])
def test_a_feed_says_where_it_stands_and_in_which_language(write: Callable[[Feed], bytes]) -> None:
    parsed = read(write(FEED))

    assert parsed.feed.language == "fr"
    assert parsed.feed.link == FEED.url
    assert [link.href for link in parsed.feed.links if link.rel == "self"] == [FEED.self_url]


def test_a_correction_keeps_the_id_and_moves_the_feed() -> None:
    corrected = replace(VISITS, updated_at=MARCH + timedelta(hours=2))
    other = replace(VISITS, id="urn:uuid:0ae9b0a4-6a52-5d3b-8f4f-5f0c5a4c7e02")

    parsed = read(atom(replace(FEED, entries=(corrected, other))))

    assert parsed.entries[0].id == VISITS.id
    assert parsed.entries[0].published == "2020-03-10T17:30:00Z"
    assert parsed.entries[0].updated == "2020-03-10T19:30:00Z"
    assert parsed.entries[1].updated == "2020-03-10T17:30:00Z"
    assert parsed.feed.updated == "2020-03-10T19:30:00Z"


@pytest.mark.parametrize("write", FORMATS.values())
def test_the_same_values_give_the_same_bytes(write: Callable[[Feed], bytes]) -> None:
    assert write(FEED) == write(replace(FEED))


@pytest.mark.parametrize("write", FORMATS.values())
def test_an_empty_feed_is_a_feed(write: Callable[[Feed], bytes]) -> None:
    content = write(replace(FEED, entries=()))

    if write is json_feed:
        assert json.loads(content)["items"] == []
    else:
        assert read(content).entries == []
    assert replace(FEED, entries=()).updated_at == NOTHING_YET


@pytest.mark.parametrize("write", FORMATS.values())
def test_an_exercise_says_so_in_every_title(write: Callable[[Feed], bytes]) -> None:
    entries = (replace(VISITS, exercise="EXERCICE"),)

    content = write(replace(FEED, entries=entries, exercise="EXERCICE")).decode()

    assert f"EXERCICE – {VISITS.title[:20]}" in content
    assert "EXERCICE – Univoque" in content


def test_a_title_that_says_exercise_is_not_marked_twice() -> None:
    entry = replace(VISITS, title="[Exercice] Visites", exercise="EXERCICE")

    assert entry.shown_title == "[Exercice] Visites"


def test_atom_has_what_rfc_4287_asks_for() -> None:
    root = etree.fromstring(atom(FEED))

    ns = {"a": "http://www.w3.org/2005/Atom"}
    for node in [root, *root.findall("a:entry", ns)]:
        for required in ("id", "title", "updated"):
            assert len(node.findall(f"a:{required}", ns)) == 1, required
    assert root.find("a:author/a:name", ns) is not None
    assert root.find("a:generator", ns) is None
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "fr"
    content = root.find("a:entry/a:content", ns)
    assert content is not None
    assert content.get("type") == "html"
    assert len(content) == 0, "the text is escaped, not mixed into the XML"


def test_rss_has_what_validators_ask_for() -> None:
    root = etree.fromstring(rss(FEED))

    channel = root.find("channel")
    assert root.get("version") == "2.0"
    assert channel is not None
    assert [child.tag for child in channel][:3] == ["title", "link", "description"]
    guid = channel.find("item/guid")
    assert guid is not None
    assert guid.get("isPermaLink") == "false"
    assert channel.findtext("item/pubDate") == "Tue, 10 Mar 2020 17:30:00 GMT"


def test_a_json_feed_has_the_form_of_version_1_1() -> None:
    document = json.loads(json_feed(FEED))

    assert document["version"] == "https://jsonfeed.org/version/1.1"
    assert document["language"] == "fr"
    assert document["feed_url"] == FEED.self_url
    (item,) = document["items"]
    assert item["id"] == VISITS.id
    assert item["content_html"] == VISITS.html
    assert item["content_text"] == VISITS.text
    assert item["date_modified"] == "2020-03-10T17:30:00Z"
    assert item["tags"] == ["Maisons de repos", "Visites"]
    assert all(isinstance(author["name"], str) for author in item["authors"])


@pytest.mark.parametrize("write", FORMATS.values())
@pytest.mark.parametrize(
    ("broken", "complaint"),
    [
        ({"title": "a\x00b"}, "control character"),
        ({"text": "a\rb"}, "control character"),
        ({"html": "<p>\x1b[1m</p>"}, "control character"),
        ({"title": "a\ud800"}, "control character"),
        ({"title": "a\uffff"}, "no character"),
        ({"title": " "}, "no title"),
        ({"url": "/d/K7QX2M"}, "not an absolute address"),
        ({"url": "javascript:alert(1)"}, "not an absolute address"),
        ({"html": '<a href="/d/K7QX2M">x</a>'}, "not absolute"),
        ({"html": "<img src=x>"}, "not absolute"),
        ({"published_at": datetime(2020, 3, 10)}, "without an offset"),  # noqa: DTZ001 - the fault under test
        ({"updated_at": MARCH - timedelta(seconds=1)}, "before it was published"),
    ],
)
def test_what_no_reader_could_take_is_refused(
    write: Callable[[Feed], bytes], broken: dict[str, Any], complaint: str
) -> None:
    feed = replace(FEED, entries=(replace(VISITS, **broken),))

    with pytest.raises(ValueError, match=complaint):
        write(feed)


def test_an_id_may_stand_once_in_a_feed() -> None:
    with pytest.raises(ValueError, match="twice"):
        atom(replace(FEED, entries=(VISITS, VISITS)))


texts = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs"), exclude_characters="\ufffe\uffff"),
    min_size=1,
).filter(str.strip)


@given(title=texts, text=texts)
def test_odd_texts_survive_the_way_there_and_back(title: str, text: str) -> None:
    feed = replace(FEED, entries=(replace(VISITS, title=title, text=text),))

    as_atom = etree.fromstring(atom(feed)).findtext("{*}entry/{*}title")
    as_rss = etree.fromstring(rss(feed)).findtext("channel/item/title")
    as_json = json.loads(json_feed(feed))["items"][0]

    assert as_atom == as_rss == as_json["title"] == title
    assert as_json["content_text"] == text
