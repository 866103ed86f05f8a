"""Quiet hours hold by the clock on the wall, also in the two nights in which it is changed."""

from datetime import UTC, datetime, timedelta

import pytest

from hub import quiet
from hub.now import parse_instant

NIGHT = quiet.parse("21:00-07:00")


@pytest.mark.parametrize(
    ("at", "until"),
    [
        ("2026-03-14T20:59:59", None),
        ("2026-03-14T21:00", "2026-03-15T07:00"),
        ("2026-03-15T00:00", "2026-03-15T07:00"),
        ("2026-03-15T06:59:59", "2026-03-15T07:00"),
        ("2026-03-15T07:00", None),
        ("2026-03-28T23:00", "2026-03-29T07:00"),
        ("2026-10-24T23:00", "2026-10-25T07:00"),
    ],
)
def test_a_night_ends_in_the_morning(at: str, until: str | None) -> None:
    end = NIGHT.end_after(parse_instant(at))

    assert end == (parse_instant(until) if until else None)


def test_the_night_in_which_an_hour_is_lost_is_an_hour_shorter() -> None:
    begun = parse_instant("2026-03-28T21:00")

    assert NIGHT.end_after(begun) == begun.astimezone(UTC) + timedelta(hours=9)


def test_the_night_in_which_an_hour_comes_twice_is_an_hour_longer() -> None:
    begun = parse_instant("2026-10-24T21:00")

    assert NIGHT.end_after(begun) == begun.astimezone(UTC) + timedelta(hours=11)


@pytest.mark.parametrize(
    ("hours", "at", "until"),
    [
        ("22:00-02:30", "2026-10-25T02:10+02:00", "2026-10-25T02:30+01:00"),  # it strikes 02:30 twice
        ("22:00-02:30", "2026-10-25T02:45+02:00", "2026-10-25T02:30+01:00"),
        ("22:00-02:30", "2026-03-29T01:59+01:00", "2026-03-29T03:30+02:00"),  # 02:30 never strikes
        ("02:30-04:00", "2026-10-25T02:30+02:00", "2026-10-25T04:00+01:00"),
        ("12:00-14:00", "2026-07-01T13:00+02:00", "2026-07-01T14:00+02:00"),
    ],
)
def test_an_hour_that_strikes_twice_or_never_does_not_wake_anybody(hours: str, at: str, until: str) -> None:
    end = quiet.parse(hours).end_after(parse_instant(at))

    assert end == parse_instant(until)


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("2026-03-14T08:00", "2026-03-14T20:00", 0),
        ("2026-03-14T20:00", "2026-03-14T22:00", 1),
        ("2026-03-14T22:00", "2026-03-15T05:00", 7),
        ("2026-03-14T06:00", "2026-03-16T22:00", 1 + 10 + 10 + 1),
        ("2026-03-28T08:00", "2026-03-29T08:00", 9),
        ("2026-10-24T08:00", "2026-10-25T08:00", 11),
        ("2026-03-15T08:00", "2026-03-14T08:00", 0),
    ],
)
def test_quiet_hours_within_a_span_are_added_up(since: str, until: str, hours: int) -> None:
    assert NIGHT.within(parse_instant(since), parse_instant(until)) == timedelta(hours=hours)


def test_quiet_never_flickers_through_a_year() -> None:
    instant = datetime(2026, 1, 1, tzinfo=UTC)
    changes = 0
    before = NIGHT.end_after(instant) is not None

    while instant.year == 2026:
        instant += timedelta(minutes=15)
        now = NIGHT.end_after(instant) is not None
        changes += now != before
        before = now

    assert changes == 2 * 365


@pytest.mark.parametrize(
    "text", ["21-7", "21:00", "25:00-07:00", "21:00-21:00", "21:00-07:60", " 21:00-07:00"]
)
def test_what_is_no_span_of_a_day_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match=r"write 21:00-07:00"):
        quiet.parse(text)
