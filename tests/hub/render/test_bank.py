"""The phrase bank: it speaks to everybody, states the same facts in each language, and reads well in any sector."""

import re
from collections.abc import Callable, Iterator

import pytest

from channels import gsm
from hub.facts.trace import sentences
from hub.model.directive import AUDIENCES, LANGUAGES, Language
from hub.render.pattern import Literal, Optional, Part, Slot, fill, parse
from hub.render.slots import QUANTITY_FORMS, ROLES
from hub.reread import FILLER, read
from tests import a

LISTENERS = (*AUDIENCES, "sms")
Row = tuple[str, str, str, str]
"""Topic, modality, key and pattern."""

ACTORS_BY_NAME = {
    "fr": r"\b(?:direction|personnel)\b",
    "de": r"\b(?:Leitung|Personal)\b",
    "nl": r"\b(?:directie|personeel)\b",
    "en": r"\b(?:management|staff)\b",
}
"""Who acts, where a pattern calls them by a name of its own and not by a noun of the lexicon."""
SLIPS = {
    "fr": r"\b(?:de|à) les?\b|\b(?:l|d|qu) '|\b(?:de|le|la|que|ne|se) [aeiouyàâéèêîôûh]|\bsi ils?\b",
    "de": r"gilt: [a-zäöü]|\b(?:bei|mit|von|zu) (?:die|das)\b|\b(?:für|ohne) (?:der|dem)\b",
    "nl": r"\b(?:de|het) (?:de|het)\b",
    "en": r"\ba [aeio]|\b(?:the|a) the\b",
}
"""What no rendered pattern may hold: an elision or a contraction left undone, a wrong case, two articles."""

in_each_language = pytest.mark.parametrize("language", LANGUAGES)


def rows(language: Language) -> Iterator[Row]:
    """Every pattern of the bank."""
    for topic, modalities in a.WORDING.languages[language].phrases.items():
        for modality, patterns in modalities.items():
            for key, text in patterns.items():
                yield topic, modality, key, text


def facts(parts: tuple[Part, ...] | tuple[Literal | Slot, ...]) -> tuple[str, ...]:
    """The facts that the parts print, whatever their grammatical form; nouns of the lexicon are none."""
    names = {part.name.partition(".")[0] for part in parts if isinstance(part, Slot)}
    return tuple(sorted(names - ROLES))


def stated(text: str) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """The facts that a pattern always states, and each group that it may leave out."""
    pattern = parse(text)
    left_out = [facts(part.parts) for part in pattern if isinstance(part, Optional)]
    return facts(pattern), tuple(sorted(left_out))


def values(text: str) -> set[str]:
    """Which of the values that make the rule a pattern can state: its quantity, its hours."""
    always, maybe = stated(text)
    names = {*always, *(name for group in maybe for name in group)}
    forms = {form.partition(".")[0] for form in QUANTITY_FORMS}
    return {"quantity" if name in forms else name for name in names if name in forms or name == "window"}


def resolver(
    language: Language, sector: str, key: str, *, all_facts: bool, text: str
) -> Callable[[str], str | None]:
    """The nouns of a sector and a word for each fact; only those that the pattern needs unless all are known."""
    needed = {part.name for part in parse(text) if isinstance(part, Slot)}

    def resolve(name: str) -> str | None:
        if name.partition(".")[0] in ROLES:
            return a.WORDING.languages[language].noun(sector, name, sms=key.startswith("sms"))
        return "valeur" if all_facts or name in needed else None

    return resolve


def test_every_pair_speaks_to_all_five_audiences_and_by_sms() -> None:
    silent = [
        (language, topic, modality)
        for language in LANGUAGES
        for topic, modalities in a.WORDING.languages[language].phrases.items()
        for modality in modalities
        if not any(
            all(a.WORDING.languages[language].phrase(topic, modality, one, actor) for one in LISTENERS)
            for actor in AUDIENCES
        )
    ]

    assert silent == []


@in_each_language
def test_a_pattern_states_the_same_facts_as_in_french(language: Language) -> None:
    french = {row[:3]: stated(row[3]) for row in rows("fr")}

    assert {row[:3]: stated(row[3]) for row in rows(language)} == french


@in_each_language
def test_no_audience_hears_fewer_values_than_the_direction(language: Language) -> None:
    words = a.WORDING.languages[language]
    less = [
        (topic, modality, f"{listener}.{actor}")
        for topic, modalities in words.phrases.items()
        for modality in modalities
        for actor in AUDIENCES
        for listener in LISTENERS
        if (rule := words.phrase(topic, modality, "direction", actor))
        and (told := words.phrase(topic, modality, listener, actor))
        and not values(rule) <= values(told)
    ]

    assert less == []


@in_each_language
def test_a_pattern_that_names_who_acts_is_bound_to_that_actor(language: Language) -> None:
    unbound = [
        row
        for row in rows(language)
        if "." not in row[2] and re.search(ACTORS_BY_NAME[language], row[3], re.IGNORECASE)
    ]

    assert unbound == []


@in_each_language
def test_every_pattern_is_whole_sentences_in_every_sector(language: Language) -> None:
    faulty = []
    for row in rows(language):
        *_, key, text = row
        for sector in a.WORDING.languages[language].nouns:
            for all_facts in (True, False):
                resolve = resolver(language, sector, key, all_facts=all_facts, text=text)
                said = sentences(fill(parse(text), resolve))
                if not said[0].isupper() or not said.endswith(".") or re.search(r"  | [.,)]|\( |,,", said):
                    faulty.append((*row[:3], said))

    assert faulty == []


@in_each_language
def test_no_noun_of_a_sector_breaks_the_grammar_around_it(language: Language) -> None:
    slips = [
        (*row[:3], said)
        for row in rows(language)
        for sector in a.WORDING.languages[language].nouns
        for said in [fill(parse(row[3]), resolver(language, sector, row[2], all_facts=True, text=row[3]))]
        if re.search(SLIPS[language], said)
    ]

    assert slips == []


@in_each_language
def test_the_words_of_an_sms_pattern_are_gsm_7_and_leave_room_for_its_facts(language: Language) -> None:
    literal = {
        row: re.sub(r"\{[^}]*\}|[\[\]]", "", row[3]) for row in rows(language) if row[2].startswith("sms")
    }

    assert [row for row, text in literal.items() if gsm.offenders(text)] == []
    assert [row for row, text in literal.items() if len(text) > 100] == []


@in_each_language
def test_a_pattern_holds_no_number(language: Language) -> None:
    assert [row for row in rows(language) if re.search(r"\d", row[3])] == []


@in_each_language
def test_a_pattern_reads_back_as_its_own_modality_and_no_other(language: Language) -> None:
    misread = [
        (topic, modality, key, said)
        for topic, modality, key, text in rows(language)
        for said in {spoken(text, sector, key, language) for sector in a.WORDING.languages[language].nouns}
        if {found.modality for found in read(said, language).modalities} != _of(modality)
    ]

    assert misread == []


def spoken(text: str, sector: str, key: str, language: Language) -> str:
    """A pattern with a sector's nouns in it, and a filler for every fact."""

    def known(name: str) -> str | None:
        noun = name.partition(".")[0] in ROLES
        return a.WORDING.languages[language].noun(sector, name, sms=key.startswith("sms")) if noun else FILLER

    return sentences(fill(parse(text), known))


def _of(modality: str) -> set[str]:
    return set() if modality == "information" else {modality}
