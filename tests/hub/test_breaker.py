"""How long a channel pauses while it takes nothing from anybody."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.contract import Unavailable
from hub.breaker import IN_A_ROW, Health
from hub.flow.spend import Withheld
from hub.model.delivery import Outcome
from hub.queue.contract import Item, Settled
from hub.queue.desk import Desk
from tests.doubles.smtp import Fault
from tests.hub.mail import opened, sending, until
from tests.hub.queue.hall import Hall
from tests.plans import NOON

FAR_SIDE = Unavailable("auth", "wrong password", counts=False, channel_wide=True)
OURSELVES = Withheld("ceiling", "what SMS may cost a day", counts=False, channel_wide=True)
WAITS = Settled(Item(1, 1, 1, "+32470000001", "", 0, NOON, due=False), 1, 0, Outcome.DEFERRED, "ceiling")


@pytest.mark.parametrize(
    ("error", "pauses"),
    [(FAR_SIDE, [1, 2, 4, 8, 16, 32, 60, 60]), (OURSELVES, [1, 2, 4, 5, 5, 5, 5, 5])],
    ids=["far-side", "ourselves"],
)
async def test_pauses_double_and_what_a_person_lifts_is_noticed_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Unavailable, pauses: list[float]
) -> None:
    found: list[float] = []
    monkeypatch.setattr(Desk, "pause", lambda _, name, seconds: found.append(seconds))
    hall, health = Hall(tmp_path / "univoque.db"), Health()
    for _ in pauses:
        health.judge("sms", hall.desk, WAITS, error)
        health.until = 0.0
    await hall.ledger.close()

    assert found == pauses


async def test_a_channel_that_is_down_for_days_goes_on_looking_every_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[float] = []
    monkeypatch.setattr(Desk, "pause", lambda _, name, seconds: found.append(seconds))
    hall, health = Hall(tmp_path / "univoque.db"), Health(failures=5_000)
    health.judge("sms", hall.desk, WAITS, FAR_SIDE)
    await hall.ledger.close()

    assert found == [60]


def settled(seq: int, outcome: Outcome, *, lane: int = 0) -> Settled:
    return Settled(Item(1, seq, 1, "+32470000001", "", 0, NOON, due=False), 1, lane, outcome, "timeout")


@pytest.fixture
async def paused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Hall, list[str]]]:
    """A desk, and what it was told."""
    told: list[str] = []
    monkeypatch.setattr(Desk, "pause", lambda *_: told.append("pause"))
    monkeypatch.setattr(
        Desk, "resume", lambda *_, at_once=False: told.append("resume at once" if at_once else "resume")
    )
    hall = Hall(tmp_path / "univoque.db")
    yield hall, told
    await hall.ledger.close()


async def test_one_break_that_leaves_every_lane_in_doubt_pauses_nothing(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()

    for lane in range(32):
        health.judge("email", hall.desk, settled(lane, Outcome.UNCERTAIN, lane=lane), None)

    assert told == []


async def test_a_run_of_doubts_across_several_people_pauses_and_a_refusal_does_not_end_that(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()
    for seq in range(1, 5):
        health.judge("email", hall.desk, settled(seq, Outcome.UNCERTAIN, lane=seq % 2), None)
    before = list(told)

    health.judge("email", hall.desk, settled(9, Outcome.REFUSED), None)
    health.judge("email", hall.desk, settled(10, Outcome.ACCEPTED), None)

    assert (before, told) == (["pause"], ["pause", "resume"])


async def test_a_report_on_one_in_doubt_ends_a_pause_that_is_for_doubts(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()
    for seq in range(1, 5):
        health.judge("sms", hall.desk, settled(seq, Outcome.UNCERTAIN, lane=seq % 2), None)

    health.hear("sms", hall.desk, [(1, 9)])
    before = list(told)
    health.hear("sms", hall.desk, [(1, 2)])

    assert (before, told) == (["pause"], ["pause", "resume at once"])
    assert (health.failures, health.until, health.in_doubt) == (0, 0, frozenset())


async def test_a_report_on_one_in_doubt_ends_no_pause_that_has_another_cause(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()
    health.judge("email", hall.desk, settled(1, Outcome.UNCERTAIN), None)
    health.judge("email", hall.desk, WAITS, FAR_SIDE)

    health.hear("email", hall.desk, [(1, 1)])

    assert told == ["pause"]
    assert health.failures == 1


async def test_a_row_of_doubts_that_reports_end_in_between_pauses_nothing(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()

    for seq in range(1, 9):
        health.judge("email", hall.desk, settled(seq, Outcome.UNCERTAIN), None)
        health.hear("email", hall.desk, [(1, seq)])

    assert told == []


async def test_one_person_in_doubt_again_and_again_pauses_nobody_else(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()

    for _ in range(8):
        health.judge("email", hall.desk, settled(1, Outcome.UNCERTAIN), None)

    assert told == []


async def test_a_recipient_who_is_refused_shows_that_the_channel_works_again(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()
    health.judge("email", hall.desk, WAITS, FAR_SIDE)

    health.judge("email", hall.desk, settled(1, Outcome.REFUSED), None)

    assert told == ["pause", "resume"]
    assert health.failures == 0


async def test_who_is_put_off_alone_holds_up_no_lane_and_a_row_of_unclear_ones_does(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, _), health = paused, Health()
    greylisted = Unavailable("451 4.7.1", counts=False, concerns="address")
    unclear = Unavailable("451 4.3.0", counts=False, concerns="unclear")
    for _ in range(2 * IN_A_ROW):
        health.judge("email", hall.desk, settled(1, Outcome.DEFERRED), greylisted)

    alone = health.holds_up(greylisted)
    held = []
    for _ in range(IN_A_ROW):
        health.judge("email", hall.desk, settled(1, Outcome.DEFERRED), unclear)
        held.append(health.holds_up(unclear))

    assert not alone
    assert held == [False] * (IN_A_ROW - 1) + [True]
    assert health.silent


async def test_a_far_side_that_takes_and_then_cuts_every_time_is_left_alone_and_told_once(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as house:
        dispatch = await house.plan(60)
        house.relay.on("dot", Fault.CUT, times=None)
        with capture_logs() as logs:
            async with sending(house.hub()):
                await asyncio.sleep(2)
                cut = len(house.relay.messages)
                house.relay.script.lines.clear()

                async def all_have_it() -> bool:
                    return len({message.recipient for message in house.relay.messages}) == 60

                await until(all_have_it)
                await house.until(dispatch, accepted=60)

    assert cut <= 4 + 4 + 2, (
        "each lane once, one lane a second time, what was under way, and a probe a second"
    )
    errors = [line for line in logs if line["log_level"] == "error"]
    assert [line["event"] for line in errors] == ["the channel is paused"]
    most = max(Counter(message.recipient for message in house.relay.messages).values())
    assert most <= 4
