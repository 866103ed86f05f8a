"""The SMS: a fact stands in it whole or not at all, whatever the sheet holds."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import gsm
from hub.model.directive import (
    LANGUAGES,
    Contact,
    Directive,
    LabelledQuantity,
    Language,
    Quantity,
    Window,
)
from hub.model.message import Block, Message, Span
from hub.render import render
from hub.render.frame import compose
from tests import a
from tests.hub.render.reading import REAL, sheet

# Letters that an SMS has, letters that it says otherwise, and stops that must not be mistaken for an end.
WORD = st.text("abcdéèêçœôû'’-", min_size=1, max_size=14)
PHRASE = st.lists(WORD, min_size=1, max_size=9).map(" ".join)
SPOKEN = st.sampled_from(LANGUAGES)


@st.composite
def acts(draw: st.DrawFn) -> Directive:
    """An act with as many rules, exceptions and conditions as an SMS can and cannot hold."""
    rules = []
    for number in range(draw(st.integers(1, 4))):
        quantity = Quantity("<=", draw(st.integers(1, 5_000)), "personne")
        rules.append(
            a.measure(
                id=f"m{number}",
                modality=draw(st.sampled_from(("forbidden", "permitted", "restricted"))),
                quantity=draw(st.none() | st.just(quantity)),
                window=draw(st.none() | st.just(Window(time(8), time(17, 30)))),
                exceptions=tuple(map(a.text, draw(st.lists(PHRASE, max_size=3)))),
                conditions=tuple(map(a.text, draw(st.lists(PHRASE, max_size=3)))),
                population_rule=draw(st.none() | PHRASE.map(a.text)),
                deadline=draw(st.none() | st.just(datetime(2020, 3, 20, 16, tzinfo=UTC))),
                further=tuple(
                    LabelledQuantity(a.text(label), "=", 3, "jour")
                    for label in draw(st.lists(PHRASE, max_size=2))
                ),
            )
        )
    contact = Contact("appel", a.text(draw(PHRASE)), phone="0800 14 689")
    return a.directive(measures=tuple(rules), contacts=(contact,))


def printed(blocks: Sequence[Block]) -> dict[str, set[str]]:
    """Fact → all that a line of these blocks prints for it, as an SMS spells it."""
    found: dict[str, set[str]] = {}
    for block in blocks:
        lines = [*block.head, *block.tail, *(line for p in block.paragraphs for line in p.lines)]
        for line in lines:
            for span in line.spans:
                found.setdefault(span.fact, set()).add(_spelled(line.text[span.start : span.end]))
    return found


def _spelled(text: str) -> str:
    """As `short` writes it: no room before a colon, and only letters that an SMS has."""
    return gsm.substitute(text.replace(" :", ":").replace(" ;", ";")).text


def cut(message: Message, blocks: Sequence[Block]) -> list[tuple[Span, str]]:
    """The facts of an SMS whose words are not all there."""
    whole = printed(blocks)
    return [
        (span, message.text[span.start : span.end])
        for span in message.spans
        if span.fact not in ("link", "ref") and message.text[span.start : span.end] not in whole[span.fact]
    ]


@pytest.mark.parametrize("directive", sorted(REAL))
def test_no_fact_of_a_real_directive_is_cut(directive: str) -> None:
    blocks = render(sheet(directive), LANGUAGES, ("sms",)).blocks
    sectors = list(dict.fromkeys(variant.sector for variant in blocks))[
        :2
    ]  # two lexicons tell as much as all
    some = [block for variant, block in blocks.items() if variant.sector in sectors]

    found = [fault for block in some for fault in cut(compose([block], a.frame()), [block])]

    assert some
    assert found == []


@settings(max_examples=60)
@given(act=acts(), language=SPOKEN)
def test_a_fact_stands_whole_or_not_at_all(act: Directive, language: Language) -> None:
    for block in render(a.sheet(act), (language,), ("sms",)).blocks.values():
        message = compose([block], a.frame())
        assert cut(message, [block]) == []
        assert "https://univoque.example/d/K7QX2M" in message.text.split(" ")


@settings(max_examples=40)
@given(act=acts(), language=SPOKEN)
def test_a_rule_that_is_stated_is_whole_or_says_that_more_is_behind_the_link(
    act: Directive, language: Language
) -> None:
    """Its own values are never left out; exceptions and conditions may be, and then the text says so."""
    for block in render(a.sheet(act), (language,), ("sms",)).blocks.values():
        message = compose([block], a.frame())
        wording = a.WORDING.languages[block.variant.language].wording["sms"]
        more = re.escape(wording["more"]).replace(re.escape("{more}"), ".+")
        for measure in act.measures:
            if f"{measure.id}.modality" not in message.stated:
                assert re.search(more, message.text)
                continue
            for name in ("quantity", "window", "deadline", "population_rule"):
                assert (getattr(measure, name) is None) == (f"{measure.id}.{name}" not in message.stated)
            for name in ("exceptions", "conditions"):
                stated = {f"{measure.id}.{name}.{i + 1}" for i in range(len(getattr(measure, name)))}
                assert stated <= message.stated or not stated & message.stated
                assert stated <= message.stated or re.search(more, message.text)
