"""How fast messages leave after somebody asked for less."""

import asyncio
import math
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model.delivery import Outcome
from hub.now import Clock
from hub.queue.contract import Settled
from hub.queue.desk import Desk
from hub.queue.line import Line
from hub.queue.pace import SLOWEST, Domains, Pace
from hub.queue.sqlite import SqliteLedger
from tests import plans
from tests.plans import NOON


def sent(pace: Pace, start: float, seconds: float, step: float = 0.05) -> int:
    """How many leave in a stretch of time where lanes always wait, until nothing holds them back any more."""
    count, now = 0, start
    while now < start + seconds and pace.room(now) < math.inf:
        while 1 <= pace.room(now) < math.inf:
            pace.take()
            count += 1
        now += step
    return count


def test_nobody_is_hindered_who_was_not_asked_for_less() -> None:
    assert Pace().room(0.0) == math.inf


def test_a_ceiling_holds_over_any_second() -> None:
    pace = Pace(ceiling=20)
    sent(pace, 0.0, 5.0)

    assert 19 <= sent(pace, 5.0, 1.0) <= 21


def test_asked_for_less_it_rests_and_then_sends_half_of_what_was_taken() -> None:
    pace = Pace()
    pace.observe(100.0)
    pace.slow_down(0.0, rest=2.0)

    assert sent(pace, 0.0, 2.0) == 0
    assert 45 <= sent(pace, 2.0, 1.0) <= 70


def test_requests_of_the_same_moment_are_one() -> None:
    pace = Pace()
    pace.observe(100.0)
    for moment in range(32):  # every lane meets the same limit
        pace.slow_down(moment / 100, rest=1.0)

    assert pace.rate == 50


def test_a_limit_that_still_holds_costs_a_longer_rest_and_no_lower_rate() -> None:
    pace = Pace()
    pace.observe(100.0)
    now = 0.0
    for _ in range(6):
        pace.slow_down(now, rest=1.0)
        resting = pace.opens_in(now)
        now += resting + 0.1
        pace.room(now)
        pace.take()

    assert 1.0 < resting <= 5.0
    assert pace.rate >= 50


def test_a_limit_far_below_what_it_took_at_first_is_found_within_a_few_requests() -> None:
    pace = Pace()
    pace.observe(2000.0)
    now, requests = 0.0, 0
    while pace.rate > 100 and requests < 50:
        pace.slow_down(now, rest=1.0)
        requests += 1
        now += pace.opens_in(now) + 1.0
        for _ in range(50):  # as many as it takes in a second
            pace.take()

    assert requests <= 6
    assert pace.rate >= 10, "it took as many, rests included"


@pytest.mark.parametrize(
    ("taken", "seconds", "rate"),
    [
        (300, 0.05, 1500.0),  # nothing was observed before: far more than is assumed where nothing is known
        (5, 0.001, 25.0),  # of an instant nobody knows whether it goes on
        (1, 0.05, 10.0),  # a limit that is met with the second message says nothing of the speed
    ],
)
def test_a_limit_in_the_first_burst_is_held_against_what_the_burst_brought(
    taken: int, seconds: float, rate: float
) -> None:
    line = Line(Pace(), taken=taken)

    for _ in range(32):  # every lane meets the same limit
        line.notice(seconds)
        line.pace.slow_down(0.0, rest=1.0)

    assert line.pace.rate == rate


def test_what_came_since_the_last_look_never_says_that_the_far_side_is_slower() -> None:
    line = Line(Pace(), taken=3)
    line.pace.observe(100.0)

    line.notice(0.1)

    assert line.pace.observed == 100


async def test_a_lane_that_meets_a_limit_before_the_second_look_has_shown_how_fast_it_was(
    tmp_path: Path,
) -> None:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 200)
    await plans.plan(store, recipients=200)
    ledger = SqliteLedger(tmp_path / "univoque.db", lambda channel, address: address, "Exercise")
    await ledger.enter("sender", at=NOON, until=NOON + timedelta(days=1), repeats={})
    desk = Desk(ledger, Clock(lambda: NOON), {"email": math.inf})
    await desk.look()
    serving = asyncio.create_task(desk.run())
    settled: list[Settled | None] = [None] * 20
    for _ in range(8):
        given = await asyncio.gather(*(desk.exchange("email", lane, settled[lane]) for lane in range(20)))
        settled = [Settled(work.item, 1, 0, Outcome.ACCEPTED) for work in given if work is not None]

    desk.slow_down("email", None, 0.1)
    asked = [asyncio.create_task(desk.exchange("email", lane, settled[lane])) for lane in range(20)]
    _, waiting = await asyncio.wait(asked, timeout=1.0)

    serving.cancel()
    await ledger.close()
    await store.close()
    assert not waiting, "at the pace of somebody unknown ten would have left by now"


def test_what_was_cut_grows_and_is_free_again_after_a_while() -> None:
    pace = Pace()
    pace.observe(100.0)
    pace.slow_down(0.0, rest=1.0)
    first = sent(pace, 1.0, 10.0)
    later = sent(pace, 16.0, 10.0)

    sent(pace, 26.0, 60.0)
    assert later > 1.5 * first
    assert pace.is_free


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 30)), max_size=30))
def test_no_row_of_requests_stops_it_for_good(requests: list[tuple[float, float]]) -> None:
    pace = Pace()
    for at, rest in sorted(requests):
        pace.slow_down(at, rest=rest)

    assert pace.rate >= SLOWEST
    assert pace.room(130.0) == math.inf or sent(pace, 130.0, 10.0, step=0.5) >= 4


def test_only_the_domain_that_asked_is_slowed() -> None:
    domains = Domains()
    domains.slow_down("slow.example", 0.0, rest=5.0, observed=40.0)

    slow = domains.of("a@SLOW.example")
    assert domains.of("a@quick.example") is None
    assert slow is not None
    assert (slow[1].rate, slow[1].room(1.0)) == (20.0, 0)
    assert domains.opens_in(1.0) == 4.0
