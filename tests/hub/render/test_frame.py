"""Frames: one message for several hats, the same digest for the same words, personal parts only where allowed."""

import pytest

from channels.contract import PERSONAL_LINK
from hub.model.directive import Audience, Language
from hub.model.message import Block, Variant
from hub.render import render
from hub.render.frame import compose, digest
from hub.render.section import sections
from tests import a


def blocks(*hats: tuple[str, Audience], channel: str = "email", **given: object) -> list[Block]:
    rendered = render(a.sheet(a.directive(**given)), ("fr",)).blocks
    return [rendered[Variant(sector, audience, channel, "fr")] for sector, audience in hats]  # type: ignore[arg-type]


def test_a_person_with_several_hats_reads_one_message_with_a_part_for_each() -> None:
    several = blocks(("elderly.residential", "direction"), ("elderly.residential", "family"))

    message = compose(several, a.frame())

    assert message.hats == (("elderly.residential", "direction"), ("elderly.residential", "family"))
    assert "Pour vous\u00a0: direction, Maisons de repos" in message.text
    assert "Pour vous\u00a0: famille, Maisons de repos" in message.text
    assert message.text.count("Centre d'appel") == 1


def test_a_measure_that_says_the_same_under_two_hats_is_printed_once_naming_both() -> None:
    both = blocks(
        ("elderly.residential", "staff"),
        ("disability.residential", "staff"),
        sectors=("elderly.residential", "disability.residential"),
    )

    message = compose(both, a.frame())

    assert len(sections(both)) == 1
    assert message.text.count("Les visites sont interdites.") == 1
    assert "personnel, Maisons de repos" in message.text
    assert "personnel, Handicap" in message.text


HOME = "elderly.residential"
COMFORT = "Nous savons que c'est difficile pour vous."


@pytest.mark.parametrize(
    ("hats", "comforted"),
    [
        ([(HOME, "family")], True),
        ([(HOME, "beneficiary"), (HOME, "family")], True),
        ([(HOME, "family"), ("disability.residential", "family")], True),
        ([(HOME, "staff"), (HOME, "family")], False),
        ([(HOME, "direction"), (HOME, "beneficiary"), (HOME, "family")], False),
        ([(HOME, "staff")], False),
    ],
)
def test_comfort_is_for_whom_a_message_speaks_to_first(
    hats: list[tuple[str, Audience]], comforted: bool
) -> None:
    parts = blocks(*hats, sectors=(HOME, "disability.residential"))

    message = compose(parts, a.frame())

    assert message.text.count(COMFORT) == comforted
    assert message.html is not None
    assert message.html.count(COMFORT) == comforted


def test_a_relative_who_is_a_citizen_too_is_comforted_once() -> None:
    both = blocks(
        (HOME, "family"),
        (HOME, "citizen"),
        audiences=("family", "citizen"),
    )

    assert compose(both, a.frame()).text.count(COMFORT) == 1


def test_the_same_words_have_the_same_digest_and_others_another() -> None:
    (one,) = blocks(("elderly.residential", "family"))
    (again,) = blocks(("elderly.residential", "family"))
    (other,) = blocks(("elderly.residential", "staff"))

    assert digest(one) == digest(again)
    assert digest(one) != digest(other)


def test_the_personal_link_stands_on_a_line_of_its_own() -> None:
    message = compose(blocks(("elderly.residential", "family")), a.frame())

    assert PERSONAL_LINK in message.text.splitlines()
    assert message.html is not None
    assert message.html.count(PERSONAL_LINK) == 1


def test_the_duty_stream_offers_another_address_and_no_refusal() -> None:
    (block,) = blocks(("elderly.residential", "direction"))

    duty = compose([block], a.frame(stream="duty")).text
    others = compose([block], a.frame()).text

    assert "Cet envoi est obligatoire." in duty
    assert "ne plus recevoir ces messages" in others
    assert "ne plus recevoir" not in duty


@pytest.mark.parametrize(
    ("language", "choices", "reply"),
    [
        ("fr", "choix", "répondez à ce message"),
        ("de", "auswahl", "antworten Sie auf diese Nachricht"),
        ("nl", "keuze", "antwoordt u op dit bericht"),
        ("en", "choice", "reply to this message"),
    ],
)
def test_the_foot_offers_nothing_that_the_personal_page_does_not(
    language: Language, choices: str, reply: str
) -> None:
    words = a.WORDING.languages[language].wording["frame"]

    foot = [words[f"{part}_{stream}"] for part in ("why", "link") for stream in ("duty", "directives")]

    assert not any(choices in words.lower() for words in foot)
    assert reply in words["why_duty"]


def test_only_a_preview_names_its_facts_in_html() -> None:
    from dataclasses import replace

    (block,) = blocks(("elderly.residential", "family"))

    frozen = compose([block], a.frame()).html or ""
    shown = compose([block], replace(a.frame(), preview=True)).html or ""

    assert 'value="m1.until"' not in frozen
    assert 'value="m1.until"' in shown
    assert compose([block], replace(a.frame(), preview=True)).text == compose([block], a.frame()).text


def test_every_email_is_html_that_a_strict_parser_accepts() -> None:
    import html5lib

    message = compose(
        blocks(("elderly.residential", "direction"), ("elderly.residential", "family")), a.frame()
    )

    html5lib.HTMLParser(strict=True).parse(message.html or "")
