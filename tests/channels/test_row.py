"""The places of a sender: its limit, fewer when the far side complains, and back again."""

import asyncio
from datetime import timedelta

import pytest

from channels import row as module
from channels.row import Row


class Timed(Row):
    """A row by a clock that a test moves."""

    def __init__(self, limit: float) -> None:
        self.now = 100.0
        super().__init__(limit, time=lambda: self.now)


def test_places_come_one_after_the_other_at_the_limit() -> None:
    row = Timed(limit=10)

    waits = [round(row.book(), 6) for _ in range(4)]

    assert waits == [0, 0.1, 0.2, 0.3]


def test_a_place_that_nobody_took_is_not_saved_up() -> None:
    row = Timed(limit=10)
    row.book()
    row.now += 60

    waits = [round(row.book(), 6) for _ in range(3)]

    assert waits == [0, 0.1, 0.2]


def test_a_long_message_takes_the_places_of_several() -> None:
    row = Timed(limit=10)
    row.book()

    row.add(2)

    assert row.book() == pytest.approx(0.3)


def test_a_complaint_halves_the_pace_and_time_without_one_gives_it_back() -> None:
    row = Timed(limit=100)

    row.slow(None)
    slowed = row.rate
    row.now += module.RECOVERY / 4
    recovering = row.rate
    row.now += module.RECOVERY
    recovered = row.rate

    assert (slowed, recovering, recovered) == (50, 75, 100)


def test_complaints_about_what_was_on_its_way_already_count_as_one() -> None:
    row = Timed(limit=100)

    for _ in range(8):
        row.slow(None)

    assert row.rate == 50


def test_a_far_side_that_goes_on_complaining_is_asked_ever_less_but_asked() -> None:
    row = Timed(limit=100)

    for _ in range(60):
        row.slow(None)
        row.now += 1.0

    assert 100 * module.SLOWEST <= row.rate < 10


def test_nothing_leaves_as_long_as_the_far_side_asks() -> None:
    row = Timed(limit=100)

    row.slow(timedelta(seconds=7))

    assert row.book() == pytest.approx(7)


async def test_without_a_clock_of_its_own_it_goes_by_time() -> None:
    row = Row(limit=50)
    row.book()

    await asyncio.sleep(row.book())

    assert row.book() <= 0.02
