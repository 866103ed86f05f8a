"""French: four operators are four laws, midnight is not ambiguous, an end is said inclusively."""

from datetime import date, datetime, time

import pytest

from hub.facts.scope import Scope
from hub.model.directive import Operator, Quantity, Unit, Window
from hub.now import BRUSSELS
from tests import a

FRENCH = a.WORDING.languages["fr"].printer


def at(day: str, hour: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=BRUSSELS)


def period(
    start: datetime | None, end: datetime | None, *, short: bool = False, **unknown: bool
) -> str | None:
    scope = Scope(
        (), (), (), start, end, unknown.get("start_unknown", False), unknown.get("end_unknown", False)
    )
    return FRENCH.period(scope, lambda _, text: text, short=short)


@pytest.mark.parametrize(
    ("op", "printed"),
    [
        ("<", "moins de 12 ans"),
        ("<=", "12 ans ou moins"),
        (">", "plus de 12 ans (dès 13 ans)"),
        (">=", "12 ans ou plus"),
    ],
)
def test_the_four_operators_on_an_age_are_four_laws(op: Operator, printed: str) -> None:
    assert FRENCH.form("age", Quantity(op, 12, "an")) == printed


@pytest.mark.parametrize(
    ("op", "value", "unit", "slot", "printed"),
    [
        ("<=", 1, "personne", "count", "au plus 1 personne"),
        ("<=", 200, "personne", "max", "200 personnes"),
        ("<", 200, "personne", "max", "199 personnes"),
        ("<=", 200, "personne", "n", "200"),
        (">=", 1, "personne", "max", None),
        ("=", 15, "jour", "duration", "15 jours"),
        ("=", 1.5, "heure", "duration", "1,5 heure"),
        (">=", 80, "%", "share", "au moins 80 %"),
        ("=", 115000000, "EUR", "amount", "115\u202f000\u202f000 EUR"),
        ("~", 23000, "pièce", "quantity", "environ 23\u202f000 pièces"),
        (">=", 12, "an", "count", None),
        ("<=", 3, "personne", "age", None),
    ],
)
def test_a_slot_prints_only_the_unit_that_it_is_for(
    op: Operator, value: float, unit: Unit, slot: str, printed: str | None
) -> None:
    assert FRENCH.form(slot, Quantity(op, value, unit)) == printed


def test_an_end_at_midnight_is_said_as_the_day_before() -> None:
    assert period(at("2020-03-11"), at("2020-04-01")) == (
        "du mercredi 11 mars 2020 au mardi 31 mars 2020 inclus"
    )


def test_a_rule_of_one_day_is_on_that_day() -> None:
    assert period(at("2022-05-16"), at("2022-05-17")) == "le lundi 16 mai 2022"


def test_hours_within_a_day_stand_beside_it() -> None:
    assert period(at("2026-01-14", "17:00"), at("2026-01-14", "20:00")) == (
        "le mercredi 14 janvier 2026 de 17 h à 20 h"
    )


def test_a_start_with_an_hour_and_an_end_at_midnight() -> None:
    assert period(at("2020-10-24", "22:00"), at("2020-11-20")) == (
        "du samedi 24 octobre 2020 à 22 h au jeudi 19 novembre 2020 inclus"
    )


def test_an_open_end_is_said_in_words() -> None:
    assert period(at("2020-05-01"), None) == "à partir du vendredi 1er mai 2020, jusqu'à nouvel ordre"


def test_an_unknown_end_is_left_to_its_own_sentence() -> None:
    assert period(at("2020-04-01"), None, end_unknown=True) == "à partir du mercredi 1er avril 2020"


def test_an_unknown_start_is_left_to_its_own_sentence() -> None:
    assert period(at("2020-04-15"), None, start_unknown=True) == "jusqu'à nouvel ordre"


def test_the_short_form_drops_the_weekday() -> None:
    assert period(at("2020-03-11"), at("2020-04-01"), short=True) == "du 11 mars 2020 au 31 mars 2020 inclus"


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (time(22), time(6), "de 22 h à 6 h le lendemain"),
        (time(0), time(5), "de minuit à 5 h"),
        (time(8, 30), time(17), "de 8 h 30 à 17 h"),
        (time(20), time(0), "de 20 h à minuit"),
    ],
)
def test_a_window_says_when_it_crosses_midnight(start: time, end: time, printed: str) -> None:
    assert FRENCH.window(Window(start, end)) == printed


def test_midnight_beside_a_day_is_no_word_that_has_two_meanings() -> None:
    assert FRENCH.deadline(at("2020-04-01")) == "le mercredi 1er avril 2020 à 0 h"
    assert FRENCH.deadline(date(2020, 4, 1)) == "le mercredi 1er avril 2020"


@pytest.mark.parametrize(
    ("phrase", "joined"), [("ouvrir", "d'ouvrir"), ("appeler", "d'appeler"), ("fermer", "de fermer")]
)
def test_de_is_elided_before_a_vowel(phrase: str, joined: str) -> None:
    assert FRENCH.elided("de", phrase) == joined
