"""How long a channel pauses while it takes nothing from anybody."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from channels.contract import Unavailable
from hub import breaker
from hub.breaker import IN_A_ROW, Health
from hub.flow.spend import Withheld
from hub.model.delivery import Outcome
from hub.queue.contract import Item, Settled
from hub.queue.desk import Desk
from hub.store.deliveries import Try
from tests.doubles.smtp import Fault, Slow, SmtpDouble
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


async def test_reports_on_most_of_those_in_doubt_end_a_pause_that_is_for_doubts(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()
    for seq in range(1, 5):
        health.judge("sms", hall.desk, settled(seq, Outcome.UNCERTAIN, lane=seq % 2), None)

    health.hear("sms", hall.desk, [Try(1, 1, 1), Try(1, 2, 1), Try(1, 3, 2), Try(1, 9, 1)])  # two of four
    before = list(told)
    health.hear("sms", hall.desk, [Try(1, 1, 1), Try(1, 2, 1), Try(1, 3, 1)])

    assert (before, told) == (["pause"], ["pause", "resume at once"])
    assert (health.failures, health.until, health.in_doubt) == (0, 0, frozenset())


async def test_a_report_on_one_in_doubt_ends_no_pause_that_has_another_cause(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()
    health.judge("email", hall.desk, settled(1, Outcome.UNCERTAIN), None)
    health.judge("email", hall.desk, WAITS, FAR_SIDE)

    health.hear("email", hall.desk, [Try(1, 1, 1)])

    assert told == ["pause"]
    assert health.failures == 1


async def test_a_row_of_doubts_that_reports_end_in_between_pauses_nothing(
    paused: tuple[Hall, list[str]],
) -> None:
    (hall, told), health = paused, Health()

    for seq in range(1, 9):
        health.judge("email", hall.desk, settled(seq, Outcome.UNCERTAIN), None)
        health.hear("email", hall.desk, [Try(1, seq, 1)])

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


async def test_what_another_sender_repeats_ends_no_pause_of_the_one_that_is_in_doubt(tmp_path: Path) -> None:
    async with opened(tmp_path, people=400) as house, SmtpDouble() as bad:
        bad.on("dot", Fault.CUT, times=None)
        house.relay.on("dot", Slow(0.2), times=None)
        await house.plan(400, chunk=20)
        async with (
            sending(house.hub(), slot="good"),
            sending(house.hub(email__port=bad.port), slot="bad"),
        ):
            await asyncio.sleep(6)

    assert len(house.relay.messages) > 50
    assert len(bad.messages) < 14, "two rounds of four lanes at most, and a trial each after 1, 2 and 4 s"


async def test_somebody_new_is_tried_while_a_row_of_the_dead_pauses_the_channel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(breaker, "_PAUSE", (1 / 60, 1.0))  # a second stands for a minute
    async with opened(tmp_path, people=60) as house:
        for number in range(1, 13):
            dead = f"person-{number}@dead{number}.example"
            house.relay.on("rcpt", "550 5.1.1 no such user", to=dead, times=None)
        await house.plan(12, domain="dead{}.example")
        async with sending(house.hub(email__lanes=32, delivery__first_retry=1)):
            await asyncio.sleep(6)
            began = asyncio.get_running_loop().time()
            fresh = await house.plan(40, directive="d2")
            await until(lambda: house.has(fresh, Outcome.ACCEPTED), 40)
            took = asyncio.get_running_loop().time() - began

    assert took < 4, "the second trial at the latest"


@pytest.mark.parametrize("pauses", [0, 1])
async def test_greylisting_after_a_pause_is_met_at_full_speed(tmp_path: Path, pauses: int) -> None:
    async with opened(tmp_path, people=400) as house:
        house.relay.on("mail", "530 5.7.0 authentication required", times=pauses)
        house.relay.on("rcpt", "450 4.7.1 Greylisted, come back in 5 minutes", times=1, per="recipient")
        house.relay.gathers = 0.05
        await house.plan(400)
        async with sending(house.hub(email__lanes=16)):

            async def most_are_tried() -> bool:
                return len(house.relay.turned_away) > 300

            await until(most_are_tried, 10)
