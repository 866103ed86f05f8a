"""German: the dative after a preposition, "vom" without a weekday, the object before its verb."""

from datetime import date, datetime, time

import pytest

from hub.facts.scope import Scope
from hub.model.directive import Operator, Quantity, Unit, Window
from hub.now import BRUSSELS
from tests import a

GERMAN = a.WORDING.languages["de"].printer


def at(day: str, hour: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=BRUSSELS)


def period(
    start: datetime | None, end: datetime | None, *, short: bool = False, **unknown: bool
) -> str | None:
    scope = Scope(
        (), (), (), start, end, unknown.get("start_unknown", False), unknown.get("end_unknown", False)
    )
    return GERMAN.period(scope, lambda _, text: text, short=short)


@pytest.mark.parametrize(
    ("op", "age", "you", "alone"),
    [
        ("<", "unter 12 Jahren", "jünger als 12 Jahre", "unter 12 Jahren"),
        ("<=", "bis einschließlich 12 Jahre", "12 Jahre alt oder jünger", "bis einschließlich 12 Jahre"),
        (
            ">",
            "über 12 Jahren (ab 13 Jahren)",
            "älter als 12 Jahre (13 Jahre alt oder älter)",
            "über 12 Jahren (ab 13 Jahren)",
        ),
        (">=", "ab 12 Jahren", "12 Jahre alt oder älter", "ab 12 Jahren"),
        ("=", "im Alter von 12 Jahren", "12 Jahre alt", "12 Jahre"),
    ],
)
def test_the_operators_on_an_age_are_different_laws(op: Operator, age: str, you: str, alone: str) -> None:
    quantity = Quantity(op, 12, "an")

    assert GERMAN.form("age", quantity) == age
    assert GERMAN.form("age.you", quantity) == you
    assert GERMAN.quantity(quantity) == alone


@pytest.mark.parametrize(
    ("op", "value", "unit", "slot", "printed"),
    [
        ("=", 12, "personne", "count", "12 Personen"),
        ("<", 12, "personne", "count", "weniger als 12 Personen"),
        ("<=", 1, "personne", "count", "höchstens 1 Person"),
        (">", 12, "personne", "count", "mehr als 12 Personen"),
        (">=", 12, "personne", "count", "mindestens 12 Personen"),
        ("~", 23000, "pièce", "quantity", "etwa 23\u202f000 Stück"),
        ("<", 200, "personne", "max", "199 Personen"),
        ("<=", 200, "personne", "n", "200"),
        ("=", 15, "jour", "duration", "15 Tage"),
        (">=", 15, "jour", "duration.dat", "mindestens 15 Tagen"),
        ("=", 1, "jour", "duration.dat", "1 Tag"),
        ("=", 1.5, "heure", "duration", "1,5 Stunden"),
        (">=", 80, "%", "share", "mindestens 80 %"),
        ("=", 115000000, "EUR", "amount", "115\u202f000\u202f000 EUR"),
        ("=", 2, "école", "quantity", "2 Schulen"),
        ("=", 3, "km", "quantity", "3 Kilometer"),
        (">=", 12, "an", "count", None),
    ],
)
def test_a_number_has_its_bound_unit_and_case(
    op: Operator, value: float, unit: Unit, slot: str, printed: str | None
) -> None:
    assert GERMAN.form(slot, Quantity(op, value, unit)) == printed


@pytest.mark.parametrize(
    ("start", "end", "long", "short"),
    [
        (
            at("2020-03-11"),
            at("2020-04-01"),
            "von Mittwoch, 11. März 2020, bis einschließlich Dienstag, 31. März 2020",
            "vom 11. März 2020 bis einschließlich 31. März 2020",
        ),
        (
            at("2020-03-11", "08:00"),
            at("2020-03-31", "17:30"),
            "von Mittwoch, 11. März 2020, 8 Uhr, bis Dienstag, 31. März 2020, 17.30 Uhr",
            "vom 11. März 2020, 8 Uhr, bis 31. März 2020, 17.30 Uhr",
        ),
        (
            at("2020-05-01"),
            None,
            "ab Freitag, 1. Mai 2020, bis auf Weiteres",
            "ab 1. Mai 2020, bis auf Weiteres",
        ),
        (at("2022-05-16"), at("2022-05-17"), "am Montag, 16. Mai 2022", "am 16. Mai 2022"),
        (
            at("2026-01-14", "17:00"),
            at("2026-01-14", "20:00"),
            "am Mittwoch, 14. Januar 2026, von 17 Uhr bis 20 Uhr",
            "am 14. Januar 2026 von 17 Uhr bis 20 Uhr",
        ),
    ],
)
def test_a_period_is_said_in_full_and_short(
    start: datetime | None, end: datetime | None, long: str, short: str
) -> None:
    assert period(start, end) == long
    assert period(start, end, short=True) == short


def test_an_unknown_date_is_left_to_its_own_sentence() -> None:
    assert period(at("2020-04-01"), None, end_unknown=True) == "ab Mittwoch, 1. April 2020"
    assert period(None, at("2020-05-04"), start_unknown=True) == "bis einschließlich Sonntag, 3. Mai 2020"


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (time(22), time(6), "von 22 Uhr bis 6 Uhr am nächsten Tag"),
        (time(0), time(5), "von Mitternacht bis 5 Uhr"),
        (time(8, 30), time(17), "von 8.30 Uhr bis 17 Uhr"),
        (time(20), time(0), "von 20 Uhr bis Mitternacht"),
    ],
)
def test_a_window_says_when_it_crosses_midnight(start: time, end: time, printed: str) -> None:
    assert GERMAN.window(Window(start, end)) == printed


def test_midnight_beside_a_day_is_no_word_that_has_two_meanings() -> None:
    assert GERMAN.deadline(at("2020-04-01")) == "am Mittwoch, 1. April 2020, um 0 Uhr"
    assert GERMAN.deadline(at("2020-03-11", "16:00"), short=True) == "am 11. März 2020 um 16 Uhr"
    assert GERMAN.deadline(date(2020, 4, 1)) == "am Mittwoch, 1. April 2020"


@pytest.mark.parametrize(
    ("verb", "object_", "phrase"),
    [
        ("ablehnen", "Besuche bei den Bewohnern", "Besuche bei den Bewohnern ablehnen"),
        ("nicht verlassen", "die Einrichtung", "die Einrichtung nicht verlassen"),
        ("sich nicht aufhalten", "im öffentlichen Raum", "sich im öffentlichen Raum nicht aufhalten"),
        ("sich einstellen auf", "die Abschaltung", "sich auf die Abschaltung einstellen"),
        ("arbeiten", "auf Papier: Verordnungen, Labor", "auf Papier arbeiten: Verordnungen, Labor"),
        ("erhalten", "die Hilfe, ohne Antrag", "die Hilfe, ohne Antrag, erhalten"),
        ("absagen", "Fest-, Sport- und Kulturabende", "Fest-, Sport- und Kulturabende absagen"),
        ("tragen", "eine Maske (Bus, Bahn)", "eine Maske (Bus, Bahn) tragen"),
    ],
)
def test_the_object_stands_before_its_verb(verb: str, object_: str, phrase: str) -> None:
    assert GERMAN.infinitive(verb, object_) == phrase


def test_places_are_joined_as_in_a_sentence() -> None:
    assert GERMAN.join_places(["in A", "in B", "in C"]) == "in A, in B und in C"
    assert GERMAN.join_places(["in A"]) == "in A"
