"""Dutch: "tot en met" for an end that is included, midnight beside a day, the object before its verb."""

from datetime import date, datetime, time

import pytest

from hub.facts.scope import Scope
from hub.model.directive import Operator, Quantity, Unit, Window
from hub.now import BRUSSELS
from tests import a

DUTCH = a.WORDING.languages["nl"].printer


def at(day: str, hour: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=BRUSSELS)


def period(
    start: datetime | None, end: datetime | None, *, short: bool = False, **unknown: bool
) -> str | None:
    scope = Scope(
        (), (), (), start, end, unknown.get("start_unknown", False), unknown.get("end_unknown", False)
    )
    return DUTCH.period(scope, lambda _, text: text, short=short)


@pytest.mark.parametrize(
    ("op", "age", "you", "alone"),
    [
        ("<", "jonger dan 12 jaar", "jonger dan 12 jaar", "jonger dan 12 jaar"),
        ("<=", "van 12 jaar of jonger", "12 jaar of jonger", "12 jaar of jonger"),
        (
            ">",
            "ouder dan 12 jaar (vanaf 13 jaar)",
            "ouder dan 12 jaar (vanaf 13 jaar)",
            "ouder dan 12 jaar (vanaf 13 jaar)",
        ),
        (">=", "van 12 jaar of ouder", "12 jaar of ouder", "12 jaar of ouder"),
        ("=", "van 12 jaar", "12 jaar", "12 jaar"),
    ],
)
def test_the_operators_on_an_age_are_different_laws(op: Operator, age: str, you: str, alone: str) -> None:
    quantity = Quantity(op, 12, "an")

    assert DUTCH.form("age", quantity) == age
    assert DUTCH.form("age.you", quantity) == you
    assert DUTCH.quantity(quantity) == alone


@pytest.mark.parametrize(
    ("op", "value", "unit", "slot", "printed"),
    [
        ("=", 12, "personne", "count", "12 personen"),
        ("<", 12, "personne", "count", "minder dan 12 personen"),
        ("<=", 1, "personne", "count", "hoogstens 1 persoon"),
        (">", 12, "personne", "count", "meer dan 12 personen"),
        (">=", 12, "personne", "count", "minstens 12 personen"),
        ("~", 23000, "pièce", "quantity", "ongeveer 23\u202f000 stuks"),
        ("=", 1, "pièce", "quantity", "1 stuk"),
        ("<", 200, "personne", "max", "199 personen"),
        ("<=", 200, "personne", "n", "200"),
        ("=", 15, "jour", "duration", "15 dagen"),
        ("=", 24, "heure", "duration", "24 uur"),
        ("=", 1.5, "heure", "duration", "1,5 uur"),
        (">=", 80, "%", "share", "minstens 80 %"),
        ("=", 115000000, "EUR", "amount", "115\u202f000\u202f000 EUR"),
        ("=", 2, "école", "quantity", "2 scholen"),
        (">=", 12, "an", "count", None),
    ],
)
def test_a_number_has_its_bound_and_unit(
    op: Operator, value: float, unit: Unit, slot: str, printed: str | None
) -> None:
    assert DUTCH.form(slot, Quantity(op, value, unit)) == printed


@pytest.mark.parametrize(
    ("start", "end", "long", "short"),
    [
        (
            at("2020-03-11"),
            at("2020-04-01"),
            "van woensdag 11 maart 2020 tot en met dinsdag 31 maart 2020",
            "van 11 maart 2020 tot en met 31 maart 2020",
        ),
        (
            at("2020-03-11", "08:00"),
            at("2020-03-31", "17:30"),
            "van woensdag 11 maart 2020 om 8 uur tot dinsdag 31 maart 2020 om 17.30 uur",
            "van 11 maart 2020 om 8 uur tot 31 maart 2020 om 17.30 uur",
        ),
        (
            at("2020-05-01"),
            None,
            "vanaf vrijdag 1 mei 2020, tot nader order",
            "vanaf 1 mei 2020, tot nader order",
        ),
        (at("2022-05-16"), at("2022-05-17"), "op maandag 16 mei 2022", "op 16 mei 2022"),
        (
            at("2026-01-14", "17:00"),
            at("2026-01-14", "20:00"),
            "op woensdag 14 januari 2026 van 17 uur tot 20 uur",
            "op 14 januari 2026 van 17 uur tot 20 uur",
        ),
    ],
)
def test_a_period_is_said_in_full_and_short(
    start: datetime | None, end: datetime | None, long: str, short: str
) -> None:
    assert period(start, end) == long
    assert period(start, end, short=True) == short


def test_an_unknown_date_is_left_to_its_own_sentence() -> None:
    assert period(at("2020-04-01"), None, end_unknown=True) == "vanaf woensdag 1 april 2020"
    assert period(None, at("2020-05-04"), start_unknown=True) == "tot en met zondag 3 mei 2020"


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (time(22), time(6), "van 22 uur tot 6 uur de volgende dag"),
        (time(0), time(5), "van middernacht tot 5 uur"),
        (time(8, 30), time(17), "van 8.30 uur tot 17 uur"),
        (time(20), time(0), "van 20 uur tot middernacht"),
    ],
)
def test_a_window_says_when_it_crosses_midnight(start: time, end: time, printed: str) -> None:
    assert DUTCH.window(Window(start, end)) == printed


def test_midnight_beside_a_day_is_no_word_that_has_two_meanings() -> None:
    assert DUTCH.deadline(at("2020-04-01")) == "op woensdag 1 april 2020 om 0 uur"
    assert DUTCH.deadline(date(2020, 4, 1), short=True) == "op 1 april 2020"


@pytest.mark.parametrize(
    ("verb", "object_", "phrase"),
    [
        ("weigeren", "bezoek aan de bewoners", "bezoek aan de bewoners weigeren"),
        ("niet verlaten", "de instelling", "de instelling niet verlaten"),
        ("zich niet bevinden", "op de openbare weg", "zich op de openbare weg niet bevinden"),
        ("rekening houden met", "de onderbreking", "met de onderbreking rekening houden"),
        ("werken", "op papier: voorschriften", "op papier werken: voorschriften"),
        ("hervatten", "de lessen, stap voor stap", "de lessen, stap voor stap, hervatten"),
        (
            "annuleren",
            "sportieve, culturele en sociale avonden",
            "sportieve, culturele en sociale avonden annuleren",
        ),
    ],
)
def test_the_object_stands_before_its_verb(verb: str, object_: str, phrase: str) -> None:
    assert DUTCH.infinitive(verb, object_) == phrase
