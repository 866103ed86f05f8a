"""How long a message waits for its next try."""

from datetime import timedelta
from random import Random
from typing import Any

import pytest

from hub.config import Delivery
from hub.flow.deliver import JITTER, backoff

MINUTE = timedelta(minutes=1)


class Fixed(Random):
    """A source of randomness that always says the same part of the span."""

    def __init__(self, part: float) -> None:
        super().__init__(0)
        self.part = part

    def uniform(self, a: float, b: float) -> float:
        return a + (b - a) * self.part


def settings(**given: Any) -> Delivery:
    fields = {
        "chunk": 500,
        "attempts": 8,
        "doubts": 3,
        "life": 172_800,
        "refused_in_a_row": 30,
        "drain": 10,
        "first_retry": 60,
        "longest_retry": 3600,
    }
    return Delivery(**{**fields, **given})


@pytest.mark.parametrize(
    ("attempt", "wait"),
    [
        (1, 1 * MINUTE),
        (2, 2 * MINUTE),
        (3, 4 * MINUTE),
        (4, 8 * MINUTE),
        (5, 16 * MINUTE),
        (6, 32 * MINUTE),
        (7, 60 * MINUTE),  # the longest, not 64
        (8, 60 * MINUTE),
        (21, 60 * MINUTE),
        (10_000, 60 * MINUTE),
    ],
)
def test_the_wait_doubles_with_each_try_up_to_the_longest(attempt: int, wait: timedelta) -> None:
    assert backoff(settings(), attempt, Fixed(0.5)) == wait


@pytest.mark.parametrize(("part", "factor"), [(0.0, 0.8), (0.5, 1.0), (1.0, 1.2)])
def test_waits_are_spread_around_their_length_even_at_the_longest(part: float, factor: float) -> None:
    assert backoff(settings(), 2, Fixed(part)) == 2 * MINUTE * factor
    assert backoff(settings(), 9, Fixed(part)) == 60 * MINUTE * factor


def test_waits_that_begin_together_do_not_end_together() -> None:
    random = Random(1)

    waits = [backoff(settings(), 3, random) for _ in range(200)]

    assert len(set(waits)) == 200
    assert 4 * MINUTE * JITTER[0] <= min(waits) < 3.3 * MINUTE
    assert 4 * MINUTE * JITTER[1] >= max(waits) > 4.7 * MINUTE


def test_a_first_wait_beyond_the_longest_is_the_longest() -> None:
    assert backoff(settings(longest_retry=30), 1, Fixed(0.5)) == timedelta(seconds=30)
