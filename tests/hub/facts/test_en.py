"""English: fewer is not less, a day has no ordinal, an amount has its currency first, an age has no unit."""

from datetime import date, datetime, time

import pytest

from hub.facts.scope import Scope
from hub.model.directive import Operator, Quantity, Unit, Window
from hub.now import BRUSSELS
from tests import a

ENGLISH = a.WORDING.languages["en"].printer


def at(day: str, hour: str = "00:00") -> datetime:
    return datetime.fromisoformat(f"{day}T{hour}").replace(tzinfo=BRUSSELS)


@pytest.mark.parametrize(
    ("op", "printed"),
    [
        ("<", "under 12"),
        ("<=", "12 or under"),
        (">", "over 12 (13 or over)"),
        (">=", "12 or over"),
    ],
)
def test_the_four_operators_on_an_age_are_four_laws(op: Operator, printed: str) -> None:
    assert ENGLISH.form("age", Quantity(op, 12, "an")) == printed
    assert ENGLISH.form("persons", Quantity(op, 12, "an")) == f"people aged {printed}"


def test_without_an_age_all_people_are_meant() -> None:
    assert ENGLISH.form("persons", None) == "all people"


@pytest.mark.parametrize(
    ("op", "value", "unit", "printed"),
    [
        ("=", 1, "personne", "1 person"),
        ("=", 0, "personne", "0 people"),
        ("<", 200, "personne", "fewer than 200 people"),
        ("<=", 200, "personne", "at most 200 people"),
        (">", 1, "école", "more than 1 school"),
        (">=", 2, "pièce", "at least 2 items"),
        ("~", 23000, "pièce", "about 23,000 items"),
        ("<", 80, "%", "less than 80%"),
        (">=", 80, "%", "at least 80%"),
        ("<", 15, "jour", "less than 15 days"),
        ("=", 1.5, "heure", "1.5 hours"),
        ("<", 2, "m", "less than 2 metres"),
        ("<=", 500, "EUR", "at most EUR 500"),
        ("=", 115000000, "EUR", "EUR 115,000,000"),
        ("<", 900, "ppm", "less than 900 ppm"),
    ],
)
def test_what_is_counted_is_fewer_and_what_is_measured_is_less(
    op: Operator, value: float, unit: Unit, printed: str
) -> None:
    assert ENGLISH.quantity(Quantity(op, value, unit)) == printed


@pytest.mark.parametrize(
    ("op", "value", "slot", "printed"),
    [("<=", 200, "max", "200 people"), ("<", 200, "max", "199 people"), ("<", 200, "n", "199")],
)
def test_a_limit_is_said_without_its_bound(op: Operator, value: float, slot: str, printed: str) -> None:
    assert ENGLISH.form(slot, Quantity(op, value, "personne")) == printed


def test_the_first_of_a_month_is_written_like_any_day() -> None:
    assert ENGLISH.day(date(2020, 5, 1)) == "Friday 1 May 2020"
    assert ENGLISH.day(date(2020, 5, 1), short=True) == "1 May 2020"


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (
            at("2020-03-11"),
            at("2020-04-01"),
            "from Wednesday 11 March 2020 to Tuesday 31 March 2020 inclusive",
        ),
        (at("2020-05-01"), None, "from Friday 1 May 2020 until further notice"),
        (at("2022-05-16"), at("2022-05-17"), "on Monday 16 May 2022"),
        (
            at("2026-01-14", "17:00"),
            at("2026-01-14", "20:00"),
            "on Wednesday 14 January 2026 from 17:00 to 20:00",
        ),
        (
            at("2020-10-24", "22:00"),
            at("2020-11-20"),
            "from 22:00 on Saturday 24 October 2020 to Thursday 19 November 2020 inclusive",
        ),
        (
            at("2020-03-11", "08:00"),
            at("2020-03-31", "17:00"),
            "from 08:00 on Wednesday 11 March 2020 to 17:00 on Tuesday 31 March 2020",
        ),
    ],
)
def test_a_period_is_said_inclusively_and_its_hours_before_its_days(
    start: datetime, end: datetime | None, printed: str
) -> None:
    scope = Scope((), (), (), start, end, False, False)

    assert ENGLISH.period(scope, lambda _, text: text) == printed


def test_the_short_form_drops_the_weekday() -> None:
    scope = Scope((), (), (), at("2020-03-11"), at("2020-04-01"), False, False)

    period = ENGLISH.period(scope, lambda _, text: text, short=True)

    assert period == "from 11 March 2020 to 31 March 2020 inclusive"


def test_an_unknown_date_is_left_to_its_own_sentence() -> None:
    no_end = Scope((), (), (), at("2020-04-01"), None, False, True)
    no_start = Scope((), (), (), at("2020-04-15"), None, True, False)

    assert ENGLISH.period(no_end, lambda _, text: text) == "from Wednesday 1 April 2020"
    assert ENGLISH.period(no_start, lambda _, text: text) == "until further notice"


@pytest.mark.parametrize(
    ("start", "end", "printed"),
    [
        (time(8), time(17), "from 08:00 to 17:00"),
        (time(22), time(6), "from 22:00 to 06:00 the next day"),
        (time(0), time(5), "from midnight to 05:00"),
        (time(8, 30), time(17), "from 08:30 to 17:00"),
        (time(20), time(0), "from 20:00 to midnight"),
    ],
)
def test_a_window_says_when_it_crosses_midnight(start: time, end: time, printed: str) -> None:
    assert ENGLISH.window(Window(start, end)) == printed


def test_midnight_beside_a_day_is_no_word_that_has_two_meanings() -> None:
    assert ENGLISH.deadline(at("2020-03-11", "16:00")) == "16:00 on Wednesday 11 March 2020"
    assert ENGLISH.deadline(at("2020-04-01")) == "00:00 on Wednesday 1 April 2020"
    assert ENGLISH.deadline(date(2020, 4, 1)) == "Wednesday 1 April 2020"


def test_lists_and_places_are_joined() -> None:
    assert ENGLISH.join(["end of life", "loneliness"]) == "end of life; loneliness"
    assert ENGLISH.join_places(["in Liège", "in Namur"]) == "in Liège and in Namur"


def test_no_word_is_elided() -> None:
    assert ENGLISH.elided("to", "open") == "to open"
