"""The public feeds, read back by an independent reader."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import feedparser
import pytest

from hub.model.message import Hat
from hub.model.review import Kind, Mode
from hub.site.catalogue import Catalogue, Past
from hub.site.feeds import feeds
from hub.site.words import words
from tests.hub.site.sheets import EVERYBODY, MARCH, VISITS, catalogue, edition

FR = words("fr")
FAMILY = Hat("elderly.residential", "family")


def made(found: Catalogue) -> dict[str, bytes]:
    return dict(feeds(found, FR))


def read(content: bytes) -> Any:
    parsed = feedparser.parse(content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    return parsed


def test_there_is_a_feed_for_everything_and_for_every_reader() -> None:
    found = made(catalogue())

    assert {"feeds/all.atom", "feeds/all.rss", "feeds/all.json"} <= found.keys()
    assert {f"feeds/culture/staff.{form}" for form in ("atom", "rss", "json")} <= found.keys()
    assert len(found) == 3 * (1 + 18 * 5)


def test_every_feed_can_be_read_and_no_entry_stands_twice() -> None:
    found = made(catalogue(edition(VISITS, "VISITS"), edition(EVERYBODY, "CURFEW")))

    for path, content in found.items():
        ids = (
            [item["id"] for item in json.loads(content)["items"]]
            if path.endswith(".json")
            else [entry.id for entry in read(content).entries]
        )
        assert len(ids) == len(set(ids)), path


def test_an_entry_carries_the_approved_words() -> None:
    published = edition(VISITS)

    (item,) = json.loads(made(catalogue(published))["feeds/elderly.residential/family.json"])["items"]

    assert item["content_text"] == published.texts[FAMILY].text
    assert str(published.texts[FAMILY].html) in item["content_html"]
    assert item["url"] == "https://univoque.example/d/K7QX2M/elderly.residential/family"
    assert item["title"] == VISITS.title["fr"]
    assert item["tags"] == ["Maisons de repos et maisons de repos et de soins (MR/MRS)", "Visites"]


def test_the_feed_of_everything_has_each_reader_that_the_act_names() -> None:
    published = catalogue(edition(VISITS, "VISITS"), edition(EVERYBODY, "CURFEW"))

    links = {entry.link for entry in read(made(published)["feeds/all.atom"]).entries}

    assert links == {
        "https://univoque.example/d/CURFEW/general/citizen",
        *(
            f"https://univoque.example/d/VISITS/{sector}/{audience}"
            for sector in ("elderly.residential", "disability.residential")
            for audience in ("direction", "family")
        ),
    }


def test_a_sector_hears_what_everybody_is_told() -> None:
    published = catalogue(edition(EVERYBODY, "CURFEW"))

    (entry,) = read(made(published)["feeds/culture/citizen.rss"]).entries

    assert entry.link == "https://univoque.example/d/CURFEW/culture/citizen"


def test_a_correction_moves_only_the_entry_whose_words_changed() -> None:
    later = MARCH + timedelta(hours=2)
    corrected = edition(VISITS, at=later, before=[Past(1, Kind.NEW, MARCH, VISITS)], kind=Kind.CORRECTION)
    staff = Hat("elderly.residential", "direction")
    corrected = replace(corrected, changed_at={**corrected.changed_at, staff: MARCH})

    first = read(made(catalogue(edition(VISITS)))["feeds/all.atom"])
    second = read(made(catalogue(corrected))["feeds/all.atom"])

    updated = {
        entry.link.rpartition("/")[2]: entry.updated for entry in second.entries if "elderly" in entry.link
    }
    assert {entry.id for entry in first.entries} == {entry.id for entry in second.entries}
    assert {entry.published for entry in second.entries} == {"2020-03-10T17:30:00Z"}
    assert updated == {"direction": "2020-03-10T17:30:00Z", "family": "2020-03-10T19:30:00Z"}
    assert second.feed.updated == "2020-03-10T19:30:00Z"


def test_time_passing_alone_changes_no_feed() -> None:
    published = edition(VISITS)

    before = made(catalogue(published, now=MARCH))
    after = made(catalogue(published, now=MARCH + timedelta(days=400)))

    assert before == after


@pytest.mark.parametrize("form", ["atom", "rss", "json"])
def test_an_exercise_says_so_and_never_has_the_id_of_the_real_thing(form: str) -> None:
    real = made(catalogue(edition(VISITS)))["feeds/elderly.residential/family.json"]
    drill = made(catalogue(edition(VISITS, mode=Mode.EXERCISE), mode=Mode.EXERCISE))

    content = drill[f"feeds/elderly.residential/family.{form}"].decode()
    ids = [
        json.loads(text)["items"][0]["id"] for text in (real, drill["feeds/elderly.residential/family.json"])
    ]
    assert "EXERCICE – Visites" in content
    assert "EXERCICE – Univoque" in content
    assert ids[0] != ids[1]
