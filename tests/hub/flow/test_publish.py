"""Publishing: the files say what the database says, and are made again when they lag behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import feedparser
import pytest

from hub.context import Hub
from hub.flow.publish import publish, refresh
from hub.model.review import Kind
from hub.now import Clock, parse_instant
from tests.hub.instance import approved, new_hub
from tests.hub.site.sheets import MARCH, VISITS, extension

TWO_DAYS_LATER = MARCH + timedelta(days=2)


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with new_hub(tmp_path, TWO_DAYS_LATER) as opened:
        yield opened


def files(hub: Hub) -> dict[str, bytes]:
    public = hub.config.public_dir
    return {str(file.relative_to(public)): file.read_bytes() for file in public.rglob("*") if file.is_file()}


async def test_an_approved_directive_has_its_page_its_texts_and_its_feeds(hub: Hub) -> None:
    revision = await approved(hub, VISITS, at=MARCH)

    await publish(hub)

    found = files(hub)
    assert b"Centre d&#39;appel" in found[f"d/{revision.code}/index.html"]
    assert f"d/{revision.code}/elderly.residential/family/index.html" in found
    assert f"d/{revision.code}/elderly.residential/family/index.html.gz" in found
    assert f"/d/{revision.code}".encode() in found["index.html"]
    (entry,) = feedparser.parse(found["feeds/elderly.residential/family.atom"]).entries
    assert entry.published == "2020-03-10T17:30:00Z"


async def test_publishing_twice_changes_no_file(hub: Hub) -> None:
    await approved(hub, VISITS, at=MARCH)
    await publish(hub)
    before = {path: (hub.config.public_dir / path).stat().st_mtime_ns for path in files(hub)}

    await publish(hub)

    assert before == {path: (hub.config.public_dir / path).stat().st_mtime_ns for path in files(hub)}


async def test_two_publishers_take_turns(hub: Hub) -> None:
    revision = await approved(hub, VISITS, at=MARCH)

    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(publish(hub))

    assert f"d/{revision.code}/index.html" in files(hub)
    assert not [path for path in files(hub) if path.endswith(".tmp")]


async def test_a_draft_is_not_published(hub: Hub) -> None:
    await publish(hub)

    assert not [path for path in files(hub) if path.startswith("d/")]
    assert b"Rien n&#39;a" in files(hub)["index.html"]


async def test_a_correction_keeps_the_entry_and_says_what_changed(hub: Hub) -> None:
    first = await approved(hub, VISITS, at=MARCH)
    await publish(hub)
    before = json.loads(files(hub)["feeds/elderly.residential/family.json"])["items"][0]
    shorter = replace(VISITS, effective_to=parse_instant("2020-03-25"))

    await approved(hub, shorter, at=MARCH + timedelta(hours=2), number=2, kind=Kind.CORRECTION)
    await publish(hub)

    after = json.loads(files(hub)["feeds/elderly.residential/family.json"])["items"]
    assert [item["id"] for item in after] == [before["id"]]
    assert after[0]["date_published"] == before["date_published"]
    assert after[0]["date_modified"] == "2020-03-10T19:30:00Z"
    page = files(hub)[f"d/{first.code}/index.html"].decode()
    assert "jusqu&#39;au mardi 31 mars 2020 inclus → jusqu&#39;au mardi 24 mars 2020 inclus" in page


async def test_a_revision_that_leaves_words_alone_does_not_move_their_entry(hub: Hub) -> None:
    await approved(hub, VISITS, at=MARCH)
    await approved(hub, replace(VISITS, sources=()), at=MARCH + timedelta(hours=2), number=2, kind=Kind.MINOR)

    await publish(hub)

    (item,) = json.loads(files(hub)["feeds/elderly.residential/family.json"])["items"]
    assert item["date_modified"] == "2020-03-10T17:30:00Z"


async def test_readers_whom_an_update_drops_are_told_so_where_their_text_stood(hub: Hub) -> None:
    first = await approved(hub, VISITS, at=MARCH)
    await publish(hub)
    fewer = replace(VISITS, audiences=("direction",))

    await approved(hub, fewer, at=MARCH + timedelta(hours=2), number=2, kind=Kind.UPDATE)
    await publish(hub)

    page = files(hub)[f"d/{first.code}/elderly.residential/family/index.html"].decode()
    assert "ne s&#39;applique plus" in page
    assert "interdites. Ne venez pas" not in page


async def test_the_page_of_an_act_tells_what_a_later_act_does_to_it(hub: Hub) -> None:
    old = await approved(hub, VISITS, at=MARCH)
    new = await approved(hub, extension(), at=MARCH + timedelta(hours=2))

    await publish(hub)

    page = files(hub)[f"d/{old.code}/index.html"].decode()
    assert "Prolongée" in page
    assert f'href="/d/{new.code}"' in page


async def test_files_are_made_again_when_something_was_approved_and_not_published(hub: Hub) -> None:
    await publish(hub)
    revision = await approved(hub, VISITS, at=MARCH)

    made_again = await refresh(hub)

    assert made_again
    assert f"d/{revision.code}/index.html" in files(hub)
    assert not await refresh(hub)


async def test_files_are_made_again_when_a_date_has_passed(hub: Hub) -> None:
    revision = await approved(hub, VISITS, at=MARCH)
    await publish(hub)
    later = replace(hub, clock=Clock(lambda: parse_instant("2020-04-01T00:00:01")))

    assert "Terminée" not in files(hub)[f"d/{revision.code}/index.html"].decode()
    assert await refresh(later)

    assert "Terminée" in files(hub)[f"d/{revision.code}/index.html"].decode()
    assert not await refresh(later)


async def test_a_lost_or_broken_state_file_only_means_to_publish_again(hub: Hub) -> None:
    await publish(hub)
    (hub.config.public_dir / ".published.json").write_bytes(b"{")

    assert await refresh(hub)
    assert not await refresh(hub)
