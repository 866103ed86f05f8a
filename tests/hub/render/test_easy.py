"""Easy-to-read style, for beneficiaries: one idea a line, and every fact still where it was."""

from datetime import UTC, datetime

import pytest

from hub.model.directive import LANGUAGES, Language, Relation
from hub.model.message import Line, Message, Span, Variant
from hub.model.review import Mode
from hub.render import render
from hub.render.easy import apart
from hub.render.frame import compose
from tests import a
from tests.hub.render.reading import REAL, sheet

HOMES = "elderly.residential"


def written(audience: str, language: Language = "fr", **given: object) -> Message:
    blocks = render(a.sheet(a.directive(**given)), LANGUAGES).blocks
    return compose([blocks[Variant(HOMES, audience, "email", language)]], a.frame())  # type: ignore[arg-type]


def test_each_sentence_stands_on_a_line_of_its_own() -> None:
    lines = written("beneficiary").text.splitlines()

    assert "Les visites sont interdites." in lines
    assert "Vos proches ne viennent pas vous voir dans la maison de repos." in lines


def test_each_exception_and_each_condition_is_a_sentence() -> None:
    rule = a.measure(
        exceptions=(a.text("fin de vie"), a.text("solitude")),
        conditions=(a.text("port du masque"), a.text("rendez-vous")),
    )

    lines = written("beneficiary", measures=(rule,)).text.splitlines()

    for sentence in ("Exception : fin de vie.", "Exception : solitude.", "Condition : port du masque."):
        assert sentence.replace(" :", "\u00a0:") in lines


@pytest.mark.parametrize("language", LANGUAGES)
def test_where_and_when_are_two_sentences(language: Language) -> None:
    message = written("beneficiary", language)

    line_of = {
        span.fact: message.text[: span.start].count("\n")
        for span in message.spans
        if span.fact.startswith("m1.")
    }
    assert line_of["m1.territory"] != line_of["m1.from"] == line_of["m1.until"]


def test_others_read_lists_and_the_whole_validity_in_one_sentence() -> None:
    rule = a.measure(exceptions=(a.text("fin de vie"), a.text("solitude")))

    text = written("family", measures=(rule,)).text

    assert "Exceptions\u00a0: fin de vie\u00a0; solitude." in text
    assert "Les visites sont interdites. Ne venez pas" in text


@pytest.mark.parametrize("directive", sorted(REAL))
def test_no_line_of_a_real_directive_holds_two_sentences(directive: str) -> None:
    blocks = render(sheet(directive), LANGUAGES, ("email", "web")).blocks.items()

    for variant, block in blocks:
        if variant.audience == "beneficiary":
            message = compose([block], a.frame(mode=Mode.ACTUAL))
            rules = message.text.partition("https://univoque.example")[0]
            assert [line for line in rules.splitlines() if ". " in _without_facts(message, line)] == []


def _without_facts(message: Message, line: str) -> str:
    """The line with every fact but the modality blanked: "0800. 14" and "M. le ministre" are no ends."""
    start = message.text.find(line)
    blanked = list(line)
    for span in message.spans:
        if not span.fact.endswith(".modality"):
            for position in range(max(span.start, start), min(span.end, start + len(line))):
                blanked[position - start] = "_"
    return "".join(blanked)


def test_a_beneficiary_reads_no_legal_block() -> None:
    basis = ("Code wallon, article 1",)

    director, resident = (
        written(audience, reference="AVIQ/2020/1", legal_basis=basis).text
        for audience in ("direction", "beneficiary")
    )

    assert "AVIQ/2020/1" in director
    assert "Code wallon, article 1" in director
    assert "AVIQ/2020/1" not in resident
    assert "Code wallon" not in resident


def test_no_reader_sees_a_label_of_the_style() -> None:
    for language in LANGUAGES:
        text = written("beneficiary", language).text.casefold()
        assert not [word for word in ("falc", "easy-to-read", "leichte sprache", "makkelijk") if word in text]


def test_rules_that_hold_in_the_same_place_and_time_say_it_once() -> None:
    two = (a.measure(), a.measure(id="m2", topic="outings"))
    later = a.measure(id="m2", topic="outings", effective_to=datetime(2020, 4, 30, 22, tzinfo=UTC))

    same, apart_ = written("beneficiary", measures=two), written("beneficiary", measures=(a.measure(), later))

    assert same.text.count("Ces consignes valent") == 2
    assert "Cette consigne vaut" not in same.text
    assert apart_.text.count("Cette consigne vaut") == 4
    assert {"m2.from", "m2.until", "m2.territory"} <= same.stated & apart_.stated


def test_who_reads_in_both_styles_is_told_once_what_changed() -> None:
    corrected = a.directive()
    act = a.directive(id="erratum", measures=(), relations=(Relation("corrects", target="visites"),))
    blocks = render(a.sheet(act, others={"visites": corrected}), ("fr",), ("email",)).blocks
    hats = [blocks[Variant(HOMES, audience, "email", "fr")] for audience in ("beneficiary", "family")]

    alone, both = compose(hats[:1], a.frame()).text, compose(hats, a.frame()).text

    assert "\nUtilisez seulement la version corrigée.\n" in alone
    assert both.count("Utilisez seulement la version corrigée.") == 1


def test_a_full_stop_inside_a_fact_ends_no_sentence_and_spans_move_along() -> None:
    text = "Appelez M. Oui. Il sait tout."
    line = Line(
        "contact", text, (Span(0, 29, "m1.modality"), Span(8, 14, "contact.a.label"), Span(19, 23, "x")), "u"
    )

    first, second = apart([line])

    assert (first.text, second.text) == ("Appelez M. Oui.", "Il sait tout.")
    assert first.spans == (Span(0, 15, "m1.modality"), Span(8, 14, "contact.a.label"))
    assert second.spans == (Span(0, 13, "m1.modality"), Span(3, 7, "x"))
    assert first.url == second.url == "u"
