"""A contradiction is explained and signed: the words reach directors and the page, without a name, and bind."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.context import Hub
from hub.errors import Refusal
from hub.flow.approve import approve
from hub.flow.examine import explanations
from hub.flow.publish import publish
from hub.flow.submit import submit
from hub.flow.waive import waive
from hub.model.directive import Text
from hub.model.message import Block
from hub.model.review import Level, Waiver
from hub.model.staff import Role
from hub.store import directives, journal, waivers
from tests import a
from tests.hub.instance import new_hub

EDITOR = a.staff("Camille Dupont", Role.EDITOR)
APPROVER = a.staff("Direction de crise", Role.APPROVER)
WHEN = datetime(2020, 3, 10, 18, tzinfo=UTC)
CELL = "m1 × permis#m1"
WHY = "La commune permet, la Région interdit : elle est compétente."
WARUM = "Die Gemeinde erlaubt, die Region verbietet: Sie ist zuständig."


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    """An instance in French and German that has published a permission."""
    async with new_hub(tmp_path, WHEN, UNIVOQUE__SERVICE__LANGUAGES="fr,de") as opened:
        await submit(opened, a.covered(PERMISSION), by=a.staff("Autre", Role.EDITOR))
        await approve(opened, "permis", by=APPROVER)
        yield opened


PERMISSION = a.directive(
    id="permis",
    issuer="com-peruwelz",
    act_type="arrete-police",
    title=a.text("Visites permises"),
    measures=(a.measure(modality="permitted", verb=a.text("autoriser")),),
)
BAN = a.covered(a.directive())


async def signed(hub: Hub, *, reason: str = WHY, translations: Text | None = None) -> Waiver:
    assert not (await submit(hub, BAN, by=EDITOR)).accepted
    return await waive(hub, "visites", "U801", cell=CELL, by=EDITOR, reason=reason, translations=translations)


async def blocks(hub: Hub, language: str) -> dict[str, Block]:
    """The e-mail block of each audience, in a language."""
    async with hub.store.read() as tx:
        found = await directives.blocks(tx, "visites", 1, channel="email")
    return {v.audience: block for v, block in found.items() if v.language == language}


def explained(block: Block) -> list[str]:
    return [line.text for line in block.tail if line.slot == "explained"]


async def test_a_contradiction_waits_for_its_explanation(hub: Hub) -> None:
    await signed(hub)

    submission = await submit(hub, BAN, by=EDITOR)

    assert submission.accepted
    (finding,) = [finding for finding in submission.findings if finding.code == "U801"]
    assert finding.level == Level.NOTE
    assert WHY in finding.text


async def test_directors_read_the_signed_words_in_their_language_and_others_do_not(hub: Hub) -> None:
    await signed(hub, translations={"de": WARUM})

    await submit(hub, BAN, by=EDITOR)

    french, german = await blocks(hub, "fr"), await blocks(hub, "de")
    assert explained(french["direction"]) == [f"Écart expliqué avec « Visites permises » : {WHY}"]
    assert explained(german["direction"]) == [f"Erklärte Abweichung von „Visites permises“: {WARUM}"]
    assert explained(french["family"]) == explained(german["staff"]) == []


async def test_a_language_without_the_words_says_where_they_are(hub: Hub) -> None:
    await signed(hub)

    await submit(hub, BAN, by=EDITOR)

    (line,) = explained((await blocks(hub, "de"))["direction"])
    assert "Die unterschriebene Erklärung steht auf der dauerhaften Seite" in line
    assert WHY not in line


async def test_an_explanation_signed_after_the_submission_voids_it(hub: Hub) -> None:
    await signed(hub)
    await submit(hub, BAN, by=EDITOR)
    async with hub.store.write() as tx:
        revision = await directives.get(tx, "visites")
        late = Waiver(
            "visites", "U801", CELL, revision.sheet_digest, "x", "Autrement dit.", WHEN, {"fr": "Y"}
        )
        await waivers.add(tx, late)

    with pytest.raises(Refusal, match="have changed since it was submitted"):
        await approve(hub, "visites", by=APPROVER)


async def test_the_page_shows_the_words_and_both_acts_but_no_name(hub: Hub) -> None:
    await signed(hub, translations={"de": WARUM})
    await submit(hub, BAN, by=EDITOR)
    approved = await approve(hub, "visites", by=APPROVER)

    await publish(hub)

    async with hub.store.read() as tx:
        other = await directives.get(tx, "permis")
    for code in (approved.revision.code, other.code):
        page = (hub.config.public_dir / "d" / code / "index.html").read_text(encoding="utf-8")
        section = page.partition('id="ecarts"')[2].partition("</section>")[0]
        assert f'href="/d/{approved.revision.code}"' in section
        assert f'href="/d/{other.code}"' in section
        assert "elle est compétente" in section
        assert "Signé le mardi 10 mars 2020" in section
        assert "Camille Dupont" not in page


async def test_the_journal_keeps_who_signed_which_words(hub: Hub) -> None:
    await signed(hub, translations={"de": WARUM})

    async with hub.store.read() as tx:
        (entry,) = [entry async for entry in journal.entries(tx) if entry.action == "waive"]

    assert (entry.actor, entry.detail["words"]) == ("Camille Dupont", {"fr": WHY, "de": WARUM})


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("Valable jusqu'au 28 avril seulement.", "holds the digit '2'"),
        ("Une raison\u202e cachée derrière.", "U+202E"),
        ("Non.", "a stranger understands"),
    ],
)
async def test_words_that_readers_could_not_be_shown_are_refused(hub: Hub, reason: str, said: str) -> None:
    await submit(hub, BAN, by=EDITOR)

    with pytest.raises(Refusal, match=said.replace("+", r"\+")):
        await waive(hub, "visites", "U801", cell=CELL, by=EDITOR, reason=reason)
    with pytest.raises(Refusal, match=said.replace("+", r"\+")):
        await waive(hub, "visites", "U801", cell=CELL, by=EDITOR, reason=WHY, translations={"de": reason})


async def test_a_cell_may_be_typed_with_a_plain_x(hub: Hub) -> None:
    await submit(hub, BAN, by=EDITOR)

    waiver = await waive(hub, "visites", "U801", cell="m1 x permis#m1", by=EDITOR, reason=WHY)

    assert waiver.cell == CELL


def test_of_two_waivers_for_one_pair_the_later_words_count() -> None:
    first = Waiver("visites", "U801", CELL, "sheet", "x", "Avant.", WHEN, {"fr": "Avant."})
    later = replace(first, reason="Après.", words={"fr": "Après."})
    other = replace(first, code="U301", cell="youth.care")

    (found,) = explanations([first, other, later])

    assert (found.other, dict(found.words)) == ("permis", {"fr": "Après."})
