"""A sentence that one language words otherwise than the others never leaves."""

from dataclasses import replace
from typing import Any

import pytest

from hub import gate
from hub.gate import voices
from hub.model.directive import LANGUAGES, Language
from hub.render.wording import Words
from tests import a

SHIPPED = tuple(a.WORDING.languages[language] for language in LANGUAGES)


def changed(words: Words, place: str, old: str, new: str) -> Words:
    """The words of a language with one sentence of the wording or the bank edited: "tail.validity"."""
    field = "wording" if place.partition(".")[0] in words.wording else "phrases"
    return replace(words, **{field: _edited(getattr(words, field), place.split(".", 2), old, new)})


def _edited(table: Any, keys: list[str], old: str, new: str) -> Any:
    if not keys:
        assert old in table
        return table.replace(old, new)
    return {**table, keys[0]: _edited(table[keys[0]], keys[1:], old, new)}


def faults(language: Language, place: str, old: str, new: str) -> list[str]:
    edited = changed(a.WORDING.languages[language], place, old, new)
    words = tuple(edited if each.language == language else each for each in SHIPPED)
    return [where for where, _ in (*voices.faults(words), *voices.purposes(edited))]


def test_the_shipped_words_have_one_voice() -> None:
    assert voices.faults(SHIPPED) == ()
    assert [voices.purposes(words) for words in SHIPPED] == [(), (), (), ()]


def test_all_sentences_that_a_message_may_print_are_compared() -> None:
    assert len(dict(voices._sentences(SHIPPED[0]))) > 1_400


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("en", "visits.forbidden.beneficiary", "will not visit", "will visit"),
        ("fr", "tail.validity", "vaut", "ne vaut pas"),
        ("en", "tail.validity_all", "apply", "no longer apply"),
        ("nl", "tail.contact", "Contact", "Niet bellen"),
        ("fr", "change.same", "rien ne change", "beaucoup change"),
        ("de", "tail.status_cancel", "gilt nicht mehr", "gilt"),
    ],
)
def test_a_denial_that_one_language_adds_or_drops_is_named(
    language: Language, place: str, old: str, new: str
) -> None:
    assert len(faults(language, place, old, new)) == 1


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("en", "outings.forbidden.staff", "{beneficiary.pl}", "{staff.pl}"),
        ("fr", "outings.forbidden.staff", "{beneficiary.les}", "{staff.les}"),
        ("nl", "outings.forbidden.citizen", "{beneficiary.def_pl}", "{family.def_pl}"),
    ],
)
def test_a_noun_for_other_people_in_one_language_is_named(
    language: Language, place: str, old: str, new: str
) -> None:
    assert len(faults(language, place, old, new)) == 1


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("fr", "relation.replaces", "remplace", "rappelle"),
        ("de", "relation.suspends", "aus", "um"),
        ("nl", "relation.repeals", "heft", "vult"),
        ("en", "relation.annuls", "annuls", "mentions"),
        ("fr", "tail.announced", "annoncée", "en vigueur"),
        ("en", "tail.reported", "Reported", "Announced"),
        ("de", "sms.status_cancel", "Aufhebung", "Aktualisierung"),
        ("fr", "change.one", "Avant : {old}. Maintenant : {new}", "Maintenant : {old}. Avant : {new}"),
        ("nl", "change.all", "Nu", "Voordien"),
    ],
)
def test_a_sentence_that_does_not_say_what_it_is_for_is_named(
    language: Language, place: str, old: str, new: str
) -> None:
    assert faults(language, place, old, new) == [f"templates/wording/{language}.toml {place}"]


@pytest.mark.parametrize(
    ("language", "word"), [("fr", "deux"), ("de", "zwei"), ("nl", "morgen"), ("en", "tomorrow")]
)
def test_a_number_or_a_day_in_words_is_no_fact(language: Language, word: str) -> None:
    place = "outings.forbidden.citizen"
    text = a.WORDING.languages[language].phrases["outings"]["forbidden"]["citizen"]

    edited = changed(a.WORDING.languages[language], place, text, f"{word.capitalize()}: {text}")

    assert [fault for _, fault in voices.purposes(edited)] == [f"types {word.capitalize()!r}"]


def test_the_gate_blocks_what_has_two_voices() -> None:
    french = changed(a.WORDING.languages["fr"], "tail.validity", "vaut", "ne vaut pas")
    sheet = a.sheet(a.directive())
    wording = replace(sheet.wording, languages={**sheet.wording.languages, "fr": french})

    case = gate.open_case(replace(sheet, wording=wording), a.frame(), languages=("fr", "de", "nl"), at=None)
    (found,) = [finding for finding in gate.examine(case) if finding.code == "U219"]

    assert found.level == "blocker"
    assert found.where == "templates/wording/fr.toml tail.validity"
