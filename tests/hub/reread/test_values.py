"""The reader finds dates, hours, bounds, phones, links and codes in a text, and knows nothing of who wrote it."""

from datetime import date, datetime, time, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.facts.scope import Scope
from hub.model.directive import LANGUAGES, Language, Operator, Quantity, Unit, Window
from hub.model.value import Amount, Code, Day, Hour, Link, Mark, Phone, Value, Weekday, WrongDay
from hub.now import BRUSSELS
from hub.reread import FILLER, read
from tests import a

START, LAST = date(2020, 3, 11), Day(date(2020, 3, 31), inclusive=True)
HALF_PAST_EIGHT = Hour(time(8, 30))


def values(text: str, language: Language) -> list[Value]:
    """The first reading of each value."""
    return [found.readings[0] for found in read(text, language).values]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "du mercredi 11 mars 2020 au 31 mars 2020 inclus", [Day(START), LAST]),
        ("fr", "le 1er avril 2020 à 8 h 30", [Day(date(2020, 4, 1)), HALF_PAST_EIGHT]),
        ("fr", "jusqu'au 31 aout 2020 inclus", [Day(date(2020, 8, 31), inclusive=True)]),
        ("de", "von Mittwoch, 11. März 2020, bis einschließlich 31. März 2020", [Day(START), LAST]),
        ("de", "am 11. März 2020, um 8.30 Uhr", [Day(START), HALF_PAST_EIGHT]),
        ("nl", "van woensdag 11 maart 2020 tot en met 31 maart 2020", [Day(START), LAST]),
        ("nl", "op 11 maart 2020 om 8.30 uur", [Day(START), HALF_PAST_EIGHT]),
        ("en", "from 11 March 2020 to 31 March 2020 inclusive", [Day(START), LAST]),
        ("en", "08:30 on Wednesday 11 March 2020", [HALF_PAST_EIGHT, Day(START)]),
    ],
)  # fmt: skip
def test_dates_and_hours_are_read_in_each_language(
    language: Language, text: str, expected: list[Value]
) -> None:
    assert values(text, language) == expected


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "de 22 h à 6 h le lendemain"),
        ("de", "von 22 Uhr bis 6 Uhr am nächsten Tag"),
        ("nl", "van 22 uur tot 6 uur de volgende dag"),
        ("en", "from 22:00 to 06:00 the next day"),
    ],
)
def test_a_window_is_two_hours_and_whether_it_crosses_midnight(language: Language, text: str) -> None:
    assert values(text, language) == [Hour(time(22)), Hour(time(6)), Mark.NEXT_DAY]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("fr", "mardi 11 mars 2020"),
        ("de", "Dienstag, 11. März 2020"),
        ("nl", "dinsdag 11 maart 2020"),
        ("en", "Tuesday 11 March 2020"),
        ("fr", "31 avril 2020"),
    ],
)
def test_a_weekday_that_does_not_fit_makes_no_date(language: Language, text: str) -> None:
    assert values(text, language) == [WrongDay(text)]


@pytest.mark.parametrize(
    ("language", "text", "op"),
    [
        ("fr", "moins de 12 ans", "<"), ("fr", "12 ans ou moins", "<="), ("fr", "plus de 12 ans", ">"),
        ("fr", "12 ans ou plus", ">="),
        ("de", "unter 12 Jahren", "<"), ("de", "bis einschließlich 12 Jahre", "<="), ("de", "über 12 Jahren", ">"),
        ("de", "ab 12 Jahren", ">="), ("de", "jünger als 12 Jahre", "<"), ("de", "12 Jahre alt oder jünger", "<="),
        ("de", "älter als 12 Jahre", ">"), ("de", "12 Jahre alt oder älter", ">="),
        ("nl", "jonger dan 12 jaar", "<"), ("nl", "van 12 jaar of jonger", "<="), ("nl", "ouder dan 12 jaar", ">"),
        ("nl", "van 12 jaar of ouder", ">="),
        ("en", "under 12 years", "<"), ("en", "12 years or under", "<="), ("en", "over 12 years", ">"),
        ("en", "12 years or over", ">="),
    ],
)  # fmt: skip
def test_four_bounds_are_four_laws(language: Language, text: str, op: Operator) -> None:
    assert values(text, language) == [Amount(op, 12, "an")]


def test_of_whole_years_more_than_is_the_next_one() -> None:
    assert Amount(">", 12, "an").bound() == Amount(">=", 13, "an")
    assert Amount("<", 5, "personne").bound() == Amount("<=", 4, "personne")
    assert Amount(">", 1.5, "m").bound() == Amount(">", 1.5, "m")


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("fr", "1,5 mètre", Amount("=", 1.5, "m")),
        ("fr", "115 000 000 EUR", Amount("=", 115_000_000, "EUR")),
        ("fr", "au moins 80 %", Amount(">=", 80, "%")),
        ("de", "höchstens 200 Personen", Amount("<=", 200, "personne")),
        ("nl", "gedurende 48 uur", Amount("=", 48, "heure")),
        ("en", "EUR 115,000,000", Amount("=", 115_000_000, "EUR")),
        ("en", "at least 80%", Amount(">=", 80, "%")),
    ],
)
def test_numbers_are_read_with_their_unit(language: Language, text: str, expected: Amount) -> None:
    assert values(text, language) == [expected]


def test_a_number_that_something_is_limited_to_may_be_its_upper_bound() -> None:
    (found,) = read("Limitez les visites à 2 personnes par résident.", "fr").values

    assert found.readings == (Amount("=", 2, "personne"), Amount("<=", 2, "personne"))


def test_ten_o_clock_and_ten_hours_are_one_word_in_dutch() -> None:
    (found,) = read("10 uur", "nl").values

    assert found.readings == (Hour(time(10)), Amount("=", 10, "heure"))


def test_phones_links_and_codes_are_read() -> None:
    text = (
        "Appelez le 0800 14 689 ou le +32 81 23 45 67. Voir https://univoque.example/d/K7QX2M. Code : K7QX2M"
    )

    assert values(text, "fr") == [
        Phone("080014689"),
        Phone("+3281234567"),
        Link("https://univoque.example/d/K7QX2M"),
        Code("K7QX2M"),
    ]


def test_a_short_number_may_be_one_to_call() -> None:
    (found,) = read("Appelez le 112.", "fr").values

    assert Phone("112") in found.readings


def test_a_day_of_the_week_alone_is_read_in_each_language() -> None:
    texts: dict[Language, str] = {"fr": "lundi", "de": "montags", "nl": "maandag", "en": "Monday"}

    assert {language: values(text, language) for language, text in texts.items()} == {
        language: [Weekday(0)] for language in texts
    }


def test_what_stands_for_words_already_read_is_skipped() -> None:
    assert read(f"{FILLER * 9} du 3 mars 2020", "fr").values[0].start == 13


DAYS = st.dates(date(2000, 1, 1), date(2099, 12, 31))
UNITS: tuple[Unit, ...] = get_args(Unit)


@given(day=DAYS, language=st.sampled_from(LANGUAGES))
def test_every_day_that_the_printer_prints_is_read_back(day: date, language: Language) -> None:
    printer = a.WORDING.languages[language].printer

    assert values(printer.day(day), language) == [Day(day)]
    assert values(printer.day(day, short=True), language) == [Day(day)]


@given(
    start=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    end=st.times().map(lambda at: at.replace(second=0, microsecond=0)),
    language=st.sampled_from(LANGUAGES),
)
def test_every_window_that_the_printer_prints_is_read_back(
    start: time, end: time, language: Language
) -> None:
    printed = a.WORDING.languages[language].printer.window(Window(start, end))

    hours = [Hour(start), Hour(end)]
    assert values(printed, language) == (hours if end >= start or end == time(0) else [*hours, Mark.NEXT_DAY])


@given(
    op=st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "~"]),
    value=st.one_of(st.integers(2, 999_999), st.integers(3, 999).map(lambda n: n + 0.5)),
    unit=st.sampled_from(UNITS),
    language=st.sampled_from(LANGUAGES),
)
def test_every_quantity_that_the_printer_prints_is_read_back(
    op: Operator, value: float, unit: Unit, language: Language
) -> None:
    printed = a.WORDING.languages[language].printer.quantity(Quantity(op, value, unit))

    expected = Amount(op, value, unit).bound()
    for found in read(printed, language).values:
        readings = [r for r in found.readings if isinstance(r, Amount)]
        assert expected in [Amount(r.op, r.value, r.unit or unit).bound() for r in readings], printed


@given(start=DAYS, length=st.integers(1, 400), hour=st.integers(0, 23), language=st.sampled_from(LANGUAGES))
def test_every_period_that_the_printer_prints_is_read_back(
    start: date, length: int, hour: int, language: Language
) -> None:
    since = datetime.combine(start, time(hour), BRUSSELS)
    until = datetime.combine(start + timedelta(days=length), time(0), BRUSSELS)
    scope = Scope((), (), (), since, until, start_unknown=False, end_unknown=False)

    printed = a.WORDING.languages[language].printer.period(scope, lambda _, text: text) or ""

    days = [value for value in values(printed, language) if isinstance(value, Day)]
    last = start + timedelta(days=length - 1)
    assert days in ([Day(start), Day(last, inclusive=True)], [Day(start)] if last == start else [])
    assert [v for v in values(printed, language) if isinstance(v, Hour)] == (
        [Hour(time(hour))] if hour else []
    )
