"""What every message says is read back and held against the sheet: the same facts, and nothing else."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from hub import gate
from hub.gate import Case, consistency
from hub.gate.line import Slip
from hub.model.directive import LANGUAGES, Contact, Language
from hub.model.message import Message, Variant
from hub.model.review import Finding
from hub.render import Sheet
from tests import a
from tests.hub.gate.mutation import Mutation, mutations
from tests.hub.render.reading import REAL

MUTATED = (
    "wal-visites-2020-03-11",
    "wal-mesures-2020-10-23",
    "be-masques-2021-12-03",
    "fwb-sport-2020-10-23",
    "demo-delestage-2026-01-14",
)
"""Directives with dates and hours, a window over midnight, ages, numbers, phones and most modalities."""


@cache
def case(directive: str) -> Case:
    others = {id_: act for id_, act in REAL.items() if id_ != directive}
    sheet = Sheet(REAL[directive], a.REGISTER, a.WORDING, others)
    return gate.open_case(sheet, a.frame(), languages=LANGUAGES, at=None)


def found(judged: Case) -> list[Finding]:
    checks = (consistency.read_back, consistency.same_facts, consistency.same_hours)
    return [finding for check in checks for finding in check(judged)]


@cache
def reader(directive: str) -> consistency.Reader:
    return consistency.reader_of(case(directive))


def slips(directive: str, message: Message) -> list[Slip]:
    return list(reader(directive).slips(message))


def texts(judged: Case) -> Iterator[tuple[Variant, Message]]:
    """Every text once: sectors that differ in nothing read the same one."""
    seen = set()
    for variant, message in judged.messages.items():
        if message.text not in seen:
            seen.add(message.text)
            yield variant, message


@pytest.mark.parametrize("directive", sorted(REAL))
def test_every_message_of_a_real_directive_says_its_sheet_and_nothing_else(directive: str) -> None:
    assert found(case(directive)) == []


def representatives(judged: Case) -> Iterator[Mutation]:
    """One mutation per kind of token, word, audience, channel and language."""
    taken = set()
    for variant, message in texts(judged):
        for mutation in mutations(message):
            word = mutation.before.lower() if mutation.kind in ("bound", "hour", "modal", "denied") else ""
            key = (mutation.kind, word, variant.audience, variant.channel, variant.language)
            if key not in taken:
                taken.add(key)
                yield mutation


@pytest.mark.parametrize("directive", MUTATED)
def test_a_changed_token_is_caught_whatever_its_kind(directive: str) -> None:
    judged = case(directive)
    changed = list(representatives(judged))

    missed = [(m.kind, m.before, m.after) for m in changed if not slips(directive, m.message)]

    assert len({m.kind for m in changed}) >= 4
    assert missed == []


@pytest.mark.prove
@pytest.mark.parametrize("directive", sorted(REAL))
def test_every_token_of_every_text_changed_one_at_a_time_is_caught(directive: str) -> None:
    judged = case(directive)
    counts: Counter[str] = Counter()
    missed = []

    for variant, message in texts(judged):
        for mutation in mutations(message):
            counts[mutation.kind] += 1
            if not slips(directive, mutation.message):
                missed.append((variant, mutation.kind, mutation.before, mutation.after))

    print(f"\n{directive}: {counts.total():,} mutations, {len(missed)} missed ({dict(counts)})")  # noqa: T201
    assert counts.total() > 0
    assert missed == []


def test_a_changed_message_blocks_and_names_its_cell() -> None:
    judged = case("wal-visites-2020-03-11")
    variant = Variant("elderly.residential", "family", "email", "de")
    text = judged.messages[variant].text.replace("11. März", "12. März")
    altered = replace(judged.messages[variant], text=text)
    tampered = replace(judged, messages={**judged.messages, variant: altered})

    findings = found(tampered)

    assert {finding.where for finding in findings} == {"elderly.residential:family:email:de"}
    assert {finding.level.value for finding in findings} == {"blocker"}


def _with(message: Message, before: str, after: str) -> Message:
    assert before in message.text
    return replace(message, text=message.text.replace(before, after, 1))


def test_a_wrong_weekday_is_told_as_such() -> None:
    judged = case("wal-visites-2020-03-11")
    message = judged.messages[Variant("elderly.residential", "family", "email", "fr")]

    told = slips("wal-visites-2020-03-11", _with(message, "mercredi 11", "vendredi 11"))

    assert {slip.code for slip in told} == {"U213"}


def test_a_value_that_no_fact_states_is_told() -> None:
    judged = case("wal-visites-2020-03-11")
    message = judged.messages[Variant("elderly.residential", "family", "email", "fr")]

    told = slips("wal-visites-2020-03-11", replace(message, text=f"{message.text}\nDistance : 2 mètres."))

    assert [(slip.code, "2 mètres" in slip.text) for slip in told] == [("U212", True)]


def test_a_modal_word_outside_of_a_rule_is_told() -> None:
    judged = case("wal-visites-2020-03-11")
    message = judged.messages[Variant("elderly.residential", "family", "email", "en")]

    told = slips("wal-visites-2020-03-11", replace(message, text=f"{message.text}\nYou must reply."))

    assert [slip.code for slip in told] == ["U214"]


def test_a_word_of_the_sheet_that_was_altered_is_told() -> None:
    judged = case("wal-visites-2020-03-11")
    message = judged.messages[Variant("elderly.residential", "family", "email", "fr")]

    told = slips("wal-visites-2020-03-11", _with(message, "fin de vie", "fin de mai"))

    assert [slip.code for slip in told] == ["U211"]


def test_a_window_turned_round_is_told() -> None:
    judged = case("wal-mesures-2020-10-23")
    message = next(
        m
        for v, m in judged.messages.items()
        if v[1:] == ("citizen", "email", "fr") and "de 22 h à 6 h" in m.text
    )

    told = slips(
        "wal-mesures-2020-10-23",
        replace(message, text=message.text.replace("22 h à 6 h le", "6 h à 22 h le")),
    )

    assert "U212" in {slip.code for slip in told}


def test_a_language_that_states_less_is_told() -> None:
    judged = case("wal-visites-2020-03-11")
    variant = Variant("elderly.residential", "family", "email", "nl")
    spans = tuple(s for s in judged.messages[variant].spans if not s.fact.endswith(".phone"))
    fewer = replace(judged.messages[variant], spans=spans)

    findings = list(consistency.same_facts(replace(judged, messages={**judged.messages, variant: fewer})))

    assert [(f.code, f.where) for f in findings] == [("U215", "elderly.residential:family:email:nl")]
    assert "contact.appel-coronavirus.phone" in findings[0].text


def test_hours_that_differ_between_languages_are_told() -> None:
    hours: dict[Language, str] = {
        "fr": "lundi de 8 h à 17 h",
        "de": "montags von 8 Uhr bis 16 Uhr",
        "nl": "maandag van 8 uur tot 17 uur",
        "en": "Monday from 08:00 to 17:00",
    }
    contact = Contact("appel", a.text("Centre d'appel"), phone="0800 14 689", hours=hours)
    judged = gate.open_case(a.sheet(contacts=(contact,)), a.frame(), languages=LANGUAGES, at=None)

    assert [f.code for f in consistency.same_hours(judged)] == ["U216"]


@pytest.mark.parametrize("field", ["exceptions", "conditions", "population_rule", "label"])
def test_words_of_the_sheet_that_state_another_number_in_one_language_are_told(field: str) -> None:
    words: dict[Language, str] = {
        "fr": "deux visiteurs de 12 ans ou plus",
        "de": "zwei Besucher ab 12 Jahren",
        "nl": "twee bezoekers van 12 jaar of ouder",
        "en": "two visitors aged 13 or over",
    }
    given: dict[str, object] = {"label": {"where": words}, "population_rule": words}
    measure = a.measure(**{field: given.get(field, (words,))})
    judged = gate.open_case(a.sheet(measures=(measure,)), a.frame(), languages=LANGUAGES, at=None)

    told = list(consistency.same_values(judged))

    assert [finding.code for finding in told] == ["U216"]
    assert field in told[0].where
    assert "U216" in {finding.code for finding in gate.examine(judged)}


@pytest.mark.parametrize(
    "words",
    [
        ("dès 12 ans", "ab 12 Jahren", "van 12 jaar of ouder", "aged 12 or over"),
        ("pendant 10 heures", "10 Stunden lang", "gedurende 10 uur", "for 10 hours"),
        (
            "le 11 mars 2020 à 10 h",
            "am 11. März 2020, 10 Uhr",
            "11 maart 2020 om 10 uur",
            "10:00 on 11 March 2020",
        ),
    ],
)
def test_words_that_state_the_same_in_each_language_s_own_way_are_fine(words: tuple[str, ...]) -> None:
    texts: dict[Language, str] = dict(zip(LANGUAGES, words, strict=True))
    act = a.directive(measures=(a.measure(exceptions=(texts,)),))
    judged = gate.open_case(a.sheet(act), a.frame(), languages=LANGUAGES, at=None)

    assert list(consistency.same_values(judged)) == []


IN_FOUR = {
    "denies": ("ne pas quitter", "nicht verlassen", "niet verlaten", "not leave"),
    "modal": (
        "qui ne peut être reporté",
        "die nicht warten kann",
        "die niet kan wachten",
        "that cannot wait",
    ),
    "excepts": (
        "tous, sauf les mineurs",
        "alle, außer Minderjährigen",
        "iedereen, behalve minderjarigen",
        "all, except minors",
    ),
    "confines": ("seulement en urgence", "nur im Notfall", "alleen in nood", "only in an emergency"),
    "two": ("deux visiteurs", "zwei Besucher", "2 bezoekers", "two visitors"),
    "order": ("avant la visite", "bevor Besuch kommt", "voordat er bezoek komt", "before the visit"),
    "no": ("Visites interdites", "Besuchsverbot", "Bezoekverbod", "No visits"),
    "door": ("garder ouvert", "offen halten", "openhouden", "keep open"),
    "assent": ("refuser", "ablehnen", "weigeren", "refuse"),
}
"""Words of a sheet that say the same in each language."""


def stated(words: tuple[str, ...]) -> list[str]:
    """What is found of an exception in these words, one per language."""
    order: tuple[Language, ...] = ("fr", "de", "nl", "en")
    act = a.directive(measures=(a.measure(exceptions=(dict(zip(order, words, strict=True)),)),))
    judged = gate.open_case(a.sheet(act), a.frame(), languages=LANGUAGES, at=None)
    found = (*consistency.same_values(judged), *consistency.same_sense(judged))
    return [finding.code for finding in found if "exceptions" in finding.where]


@pytest.mark.parametrize("words", IN_FOUR.values(), ids=IN_FOUR)
def test_words_of_the_sheet_with_the_same_sense_in_each_language_are_fine(words: tuple[str, ...]) -> None:
    assert stated(words) == []


@pytest.mark.parametrize(
    ("right", "place", "wrong"),
    [
        ("denies", 0, "quitter"),
        ("denies", 3, "leave"),
        ("modal", 1, "die warten kann"),
        ("excepts", 2, "iedereen, ook minderjarigen"),
        ("confines", 0, "en urgence"),
        ("two", 1, "drei Besucher"),
        ("two", 2, "3 bezoekers"),
        ("order", 3, "after the visit"),
        ("door", 1, "schließen"),
        ("assent", 2, "toelaten"),
    ],
)
def test_words_of_the_sheet_that_say_another_thing_in_one_language_are_told(
    right: str, place: int, wrong: str
) -> None:
    words = list(IN_FOUR[right])
    words[place] = wrong

    assert stated(tuple(words)) == ["U216" if right == "two" else "U220"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            ("ne pas quitter", "nicht verlassen", "niet verlaten", "leave"),
            "fr says 'ne', 'pas'; de says 'nicht'; nl says 'niet'; en says none",
        ),
        (("Lieux fermés", "Geschlossene Orte", "Besloten plaatsen", "Enclosed places"), "fr says 'fermés'"),
        (("tous, sauf eux", "alle, außer ihnen", "iedereen", "all, except them"), "de says 'außer'; nl says none"),
        (
            ("garder ouvert", "schließen", "openhouden", "keep open"),
            "fr says 'ouvert' (open); de says 'schließen' (shut)",
        ),
    ],
)  # fmt: skip
def test_a_finding_on_sense_names_each_language_and_the_words_that_it_heard(
    words: tuple[str, ...], told: str
) -> None:
    order: tuple[Language, ...] = ("fr", "de", "nl", "en")
    act = a.directive(measures=(a.measure(exceptions=(dict(zip(order, words, strict=True)),)),))
    judged = gate.open_case(a.sheet(act), a.frame(), languages=LANGUAGES, at=None)

    (finding,) = consistency.same_sense(judged)

    assert told in finding.text
    assert "other words in" in finding.remedy


@pytest.mark.parametrize(
    "words",
    [
        (
            "Masque obligatoire dans les lieux publics clos",
            "Maskenpflicht in geschlossenen öffentlichen Räumen",
            "Mondmasker verplicht in gesloten openbare ruimten",
            "Masks are mandatory in enclosed public places",
        ),
        ("en lieu clos", "in geschlossenen Räumen", "binnen gesloten ruimten", "in closed rooms"),
        ("les lieux publics", "öffentliche Orte", "openbare plaatsen", "public places"),
    ],
)
def test_a_closed_room_is_no_closing(words: tuple[str, ...]) -> None:
    assert stated(words) == []


@pytest.mark.parametrize(
    "words",
    [
        ("Les écoles sont fermées", "Die Schulen sind geschlossen", "De scholen zijn open", "The schools are closed"),
        ("Écoles fermées", "Schulen geschlossen", "Scholen gesloten", "Schools"),
        ("Écoles fermées", "Schulen geschlossen", "In de stad gesloten scholen", "Schools in town"),
    ],
)  # fmt: skip
def test_a_closing_is_still_one(words: tuple[str, ...]) -> None:
    assert stated(words) == ["U220"]
