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
    """The places that are named once one sentence says another thing, each once."""
    edited = changed(a.WORDING.languages[language], place, old, new)
    words = tuple(edited if each.language == language else each for each in SHIPPED)
    return list(dict.fromkeys(where for where, _ in (*voices.faults(words), *voices.purposes(edited))))


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
        ("fr", "change.one", "Avant : {old}. Maintenant : {new}", "Avant : {new}. Maintenant : {old}"),
        ("de", "change.all", "Vorher: {old}. Jetzt: {new}", "Vorher: {new}. Jetzt: {old}"),
        ("en", "change.added", "New", "Ended"),
        ("fr", "change.below", "modifié", "inchangé"),
        ("de", "change.reworded", "gleich", "nicht mehr"),
        ("fr", "tail.ended_day", "Dernier", "Premier"),
        ("de", "tail.end_unknown", "Ende", "Beginn"),
        ("nl", "sms.end_unknown", "einde", "begin"),
        ("nl", "tail.conditions", "Voorwaarden", "Voorbeelden"),
        ("fr", "sms.more_exceptions", "exceptions", "conditions"),
        ("en", "tail.validity", "applies", "ends"),
        ("fr", "tail.status_cancel", "plus valable", "pas annulée"),
    ],
)
def test_a_sentence_that_does_not_say_what_it_is_for_is_named(
    language: Language, place: str, old: str, new: str
) -> None:
    assert faults(language, place, old, new) == [f"templates/wording/{language}.toml {place}"]


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("fr", "tail.extends", "continuent", "s'arrêtent"),
        ("nl", "tail.corrects", "alleen de verbeterde", "de vorige"),
        ("de", "tail.status_update", "ersetzt", "ergänzt"),
        ("en", "tail.gone", "replaces", "repeats"),
        ("nl", "relation.in_part", "maar voor een deel", "voor het geheel"),
        ("nl", "mark.correction", "Rechtzetting", "Intrekking"),
        ("en", "visits.forbidden.beneficiary", "Your relatives", "The staff"),
        ("de", "visits.forbidden.direction.direction", "Die Leitung", "Das Personal"),
        ("fr", "visits.forbidden.citizen", "visites", "sorties"),
        ("en", "visits.forbidden.citizen", "in {", "in some {"),
        ("nl", "masks.required.citizen.citizen", "mondmasker", "kapje"),
    ],
)
def test_who_and_what_a_sentence_is_about_is_the_same_in_every_language(
    language: Language, place: str, old: str, new: str
) -> None:
    assert len(faults(language, place, old, new)) == 1


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("en", "shelter.required.beneficiary.beneficiary", "indoors", "outdoors"),
        ("en", "power.recommended.staff.staff", "switch off", "switch on"),
        ("en", "cyber.required.staff.staff", "Disconnect", "Connect"),
        ("fr", "power.recommended.staff.staff", "d'éteindre", "d'allumer"),
        ("de", "opening.forbidden.direction.direction", "öffnen", "schließen"),
        ("fr", "water_use.required.direction", "avant", "après"),
        ("en", "evacuation.required.beneficiary", "leave", "stay in"),
    ],
)
def test_the_opposite_of_what_the_other_languages_say_is_named(
    language: Language, place: str, old: str, new: str
) -> None:
    assert len(faults(language, place, old, new)) == 1


@pytest.mark.parametrize(
    ("language", "place", "old", "new"),
    [
        ("de", "water_use.required.direction", "abgekocht werden", "abgekocht werden, bevor es benutzt wird"),
        ("en", "shelter.required.beneficiary.beneficiary", "Stay indoors", "Stay inside the building"),
        ("en", "tail.validity", "This instruction applies", "This instruction is valid"),
        ("nl", "tail.deadline", "Uiterlijk te doen", "Uiterlijk uit te voeren"),
    ],
)
def test_the_same_in_other_words_passes(language: Language, place: str, old: str, new: str) -> None:
    assert faults(language, place, old, new) == []


def test_a_slot_that_one_language_drops_from_a_frame_is_named() -> None:
    assert faults("fr", "change.one", "[, {fact}]", "") == ["templates/wording/fr.toml change.one"]


def test_who_acts_has_no_name_of_other_people() -> None:
    assert faults("de", "actor.direction.text", "die Leitung", "das Personal") == [
        "templates/wording/de.toml actor.direction.text"
    ]


def test_the_nouns_for_a_sector_s_people_name_nobody_who_comes_to_see_them() -> None:
    french = a.WORDING.languages["fr"]
    nouns = _edited(
        dict(french.nouns), ["elderly.residential", "beneficiary", "les"], "résidents", "visiteurs"
    )

    assert [where for where, _ in voices.purposes(replace(french, nouns=nouns))] == [
        "templates/lexicon/fr.toml [elderly.residential] beneficiary.les"
    ]


@pytest.mark.parametrize(
    ("language", "word"),
    [
        ("fr", "deux"),
        ("de", "zwei"),
        ("nl", "morgen"),
        ("en", "tomorrow"),
        ("fr", "semaine"),
        ("de", "einmal"),
        ("nl", "weekend"),
        ("en", "fortnight"),
    ],
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
