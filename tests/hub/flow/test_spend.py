"""What SMS cost is counted as they leave; a ceiling holds back, fails nobody, and is lifted by a person."""

import asyncio
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
from structlog.testing import capture_logs

from channels.contract import Unavailable
from hub.errors import NotFound
from hub.flow import spend, stop
from hub.flow.spend import BLOCK, Purse, Withheld
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.store import dispatches, journal, spending, stops
from hub.store.engine import Tx
from hub.store.spending import Taken
from tests.doubles.twilio import Fault, Problem
from tests.hub.sms import PRICE, opened


async def test_what_is_sent_is_counted_by_dispatch_and_day(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        long = await house.plan(30, words="x" * 200)
        short = await house.plan(5, "d2")
        async with house.sending():
            await house.until(long, accepted=30)
            await house.until(short, accepted=5)

        assert (await house.spent(spending.of_dispatch(long))).segments == 60
        assert (await house.spent(spending.of_dispatch(short))).segments == 5
        assert (await house.spent(house.day)).segments == 65


async def test_only_what_the_provider_took_or_may_have_taken_is_counted(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__timeout=0.5) as house:
        house.provider.next(Problem(400, 21614), Problem(400, 21604), Fault.ACCEPT_AND_CUT)
        dispatch = await house.plan(10)
        async with house.sending():
            await house.until(dispatch, accepted=7, refused=2, uncertain=1)

        assert len(house.provider.messages) == 8
        assert (await house.spent(spending.of_dispatch(dispatch))).segments == 8


@pytest.mark.parametrize(("ceiling", "allowed"), [(1.00, 20), (1.04, 20), (0.04, 0), (4.00, 80)])
async def test_no_request_is_made_that_would_pass_a_dispatch_s_ceiling(
    tmp_path: Path, ceiling: float, allowed: int
) -> None:
    async with opened(tmp_path, sms__dispatch_ceiling=ceiling) as house:
        dispatch = await house.plan(100)
        with capture_logs() as logs:
            async with house.sending():
                await house.until(dispatch, accepted=allowed, deferred=1)
                await asyncio.sleep(0.7)

        assert len(house.provider.messages) == house.provider.requests == allowed
        standing = await house.standing(dispatch)
        assert set(standing) <= {Outcome.ACCEPTED, Outcome.QUEUED, Outcome.DEFERRED}
        assert standing[Outcome.ACCEPTED if allowed else Outcome.QUEUED] >= allowed
        assert [log["event"] for log in logs if log["log_level"] == "error"] == [
            "an SMS ceiling is reached; nobody is marked as failed"
        ]


async def test_a_dispatch_at_its_ceiling_holds_up_no_other(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__dispatch_ceiling=1) as house:
        first = await house.plan(150)
        async with house.sending():
            await house.until(first, accepted=20, deferred=1)
            second = await house.plan(20, "d2")
            await house.until(second, accepted=20)

        assert (await house.standing(first))[Outcome.ACCEPTED] == 20


async def test_a_lifted_ceiling_lets_everybody_be_reached_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, sms__dispatch_ceiling=1) as house:
        dispatch = await house.plan(50, chunk=10)
        monkeypatch.setattr(spend, "_LATER", timedelta(seconds=0.2))
        async with house.sending():
            await house.until(dispatch, accepted=20, deferred=1)

            lifted = await spend.lift(house.hub, by="Olga", euros=Decimal("2.50"), directive="d1")

            await house.until(dispatch, accepted=50)
        async with house.hub.store.read() as tx:
            entry = await journal.latest(tx, subject="d1", action="SMS ceiling set")

        assert lifted
        assert sorted(sms.to for sms in house.provider.messages) == [f"+3247000{n:04}" for n in range(1, 51)]
        assert entry is not None
        assert (entry.actor, entry.detail["cents"]) == ("Olga", 250)


async def test_a_ceiling_that_is_lifted_as_it_is_reached_holds_nothing_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path, sms__dispatch_ceiling=20 * PRICE) as house:
        dispatch, purse = await house.plan(1), Purse(house.hub)
        await purse.take(dispatch, 20)
        take, lifting = spending.take, list[asyncio.Task[bool]]()

        async def lifted_meanwhile(tx: Tx, ceilings: Mapping[str, int], **how: Any) -> Taken:
            taken = await take(tx, ceilings, **how)
            if taken.short is not None and not lifting:
                lift = spend.lift(house.hub, by="Olga", euros=Decimal("2.50"), directive="d1")
                lifting.append(asyncio.create_task(lift))
                await asyncio.sleep(0)  # it stands in the row for the database now
            return taken

        monkeypatch.setattr(spending, "take", lifted_meanwhile)

        with pytest.raises(Withheld):
            await purse.take(dispatch, 1)

        assert await lifting[0]
        async with house.hub.store.read() as tx:
            assert not await stops.in_force(tx)
        await purse.take(dispatch, 1)


async def test_a_day_s_ceiling_stops_all_sms_and_ends_with_the_day(tmp_path: Path) -> None:
    clock = Clock()
    async with opened(tmp_path, clock=clock, sms__day_ceiling=1) as house:
        first, second = await house.plan(15), await house.plan(30, "d2")
        async with house.sending():
            await house.until(first, accepted=15)
            await house.until(second, accepted=5, deferred=1)
            today = house.day
            sent = len(house.provider.messages)
            clock.offset = timedelta(days=1)

            await house.until(second, accepted=20)

        assert sent == 20
        assert (await house.spent(today)).segments == 20
        assert (await house.spent(today)).reached_at is not None


async def test_a_ceiling_by_a_person_may_be_nothing_at_all(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await spend.lift(house.hub, by="Olga", euros=Decimal(0))
        purse = Purse(house.hub)

        with pytest.raises(Withheld) as held:
            await purse.take(1, 1)

    assert (held.value.code, held.value.channel_wide, held.value.counts) == ("ceiling", True, False)


async def test_purses_that_do_not_know_each_other_keep_one_ceiling(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__day_ceiling=200 * PRICE) as house:
        purses = [Purse(house.hub) for _ in range(3)]
        random, spent = Random(7), 0

        async def spend_all(purse: Purse, dispatch: int) -> None:
            nonlocal spent
            while True:
                segments = random.randint(1, 4)
                try:
                    await purse.take(dispatch, segments)
                except Unavailable:
                    return
                spent += segments

        await asyncio.gather(*(spend_all(purse, n) for n, purse in enumerate(purses) for _ in range(4)))
        for purse in purses:
            await purse.empty()

        assert 200 - 3 * BLOCK <= spent <= 200
        assert (await house.spent(house.day)).segments == spent


async def test_lanes_that_share_what_is_left_pass_no_ceiling(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__day_ceiling=(BLOCK + 2) * PRICE) as house:
        purse = Purse(house.hub)
        await purse.take(1, BLOCK - 3)

        # The first needs two more than lie here, and while it asks for them the second takes all three.
        taken = await asyncio.gather(purse.take(1, 5), purse.take(1, 3), return_exceptions=True)
        await purse.empty()

        assert isinstance(taken[0], Withheld)
        assert not isinstance(taken[1], BaseException)
        assert (await house.spent(house.day)).segments == BLOCK


async def test_what_lies_with_a_dispatch_that_needs_no_more_is_left_to_the_next(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__day_ceiling=20 * PRICE) as house:
        purse = Purse(house.hub)
        await purse.take(1, 15)

        await purse.take(2, 5)

        with pytest.raises(Withheld):
            await purse.take(1, 1)
        assert (await house.spent(house.day)).segments == 20


async def test_what_lies_idle_goes_back_to_the_counters(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spend, "IDLE", 0.02)
    async with opened(tmp_path) as house:
        purse = Purse(house.hub)
        await purse.take(1, 3)
        ending = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(purse.keep(ending))
            async with asyncio.timeout(5):
                while (await house.spent(house.day)).segments != 3:  # noqa: ASYNC110 - the database rings no bell
                    await asyncio.sleep(0.01)
            ending.set()

        assert (await house.spent(spending.of_dispatch(1))).segments == 3


async def test_a_counter_that_fails_in_an_unforeseen_way_ends_no_sender_and_leaves_no_doubt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> Any:
        raise RuntimeError("nobody foresaw it")

    monkeypatch.setattr(spend, "IDLE", 0.02)
    async with opened(tmp_path) as house:
        purse = Purse(house.hub)
        await purse.take(1, 3)
        monkeypatch.setattr(spending, "give_back", failing)
        monkeypatch.setattr(spending, "take", failing)
        ending = asyncio.Event()
        with capture_logs() as logs:
            keeping = asyncio.create_task(purse.keep(ending))
            await asyncio.sleep(0.3)
            alive = not keeping.done()
            with pytest.raises(Withheld) as held:
                await purse.take(2, 1)
            ending.set()
            await keeping

    assert alive
    assert held.value.counts is False
    assert [log["event"] for log in logs if log["log_level"] == "error"] == [
        "idle SMS segments cannot be given back; it is tried again",
        "SMS cannot be counted",
    ]


async def test_a_sender_that_is_killed_leaves_at_most_a_block_counted_too_many(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        await Purse(house.hub).take(1, 1)

        assert (await house.spent(spending.of_dispatch(1))).segments == BLOCK


async def test_a_counter_that_cannot_be_written_holds_back_and_leaves_no_doubt(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        with closing(sqlite3.connect(tmp_path / "univoque.db")) as other:
            other.execute("DROP TABLE spending")

        with pytest.raises(Withheld) as held:
            await Purse(house.hub).take(1, 1)

    assert held.value.counts is False


async def test_what_expires_while_it_is_paid_for_is_not_sent_and_costs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, take = Clock(), spending.take

    async def slowly(tx: Tx, ceilings: Mapping[str, int], **how: Any) -> Taken:
        taken = await take(tx, ceilings, **how)
        clock.offset += timedelta(hours=1)
        return taken

    monkeypatch.setattr(spending, "take", slowly)
    async with opened(tmp_path, clock=clock) as house:
        dispatch = await house.plan(3, life=timedelta(minutes=30))
        with capture_logs() as logs:
            async with house.sending():
                await house.until(dispatch, expired=3)

        assert house.provider.requests == 0
        assert await house.standing(dispatch) == {Outcome.EXPIRED: 3}
        assert (await house.spent(spending.of_dispatch(dispatch))).segments == 0
        assert "the far side takes nothing" not in [log["event"] for log in logs]
        async with house.hub.store.read() as tx:
            assert not await dispatches.unfinished(tx, dispatch)


async def test_nothing_that_was_never_dispatched_has_a_ceiling(tmp_path: Path) -> None:
    async with opened(tmp_path) as house:
        with pytest.raises(NotFound):
            await spend.lift(house.hub, by="Olga", euros=Decimal(1), directive="none")


async def test_a_slow_pace_is_kept_and_a_stop_needs_not_wait_for_it(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__segments_per_second=10, sms__lanes=8) as house:
        dispatch = await house.plan(100)
        loop = asyncio.get_running_loop()
        async with house.sending():
            await house.until(dispatch, accepted=1)
            start = loop.time()
            await house.until(dispatch, accepted=11)
            took = loop.time() - start
            await stop.stop(house.hub, by="Olga", channel="sms")
            await asyncio.sleep(0.5)
            stopped_at = house.provider.requests
            await asyncio.sleep(1.0)

        assert took > 0.7
        assert house.provider.requests == stopped_at
        assert Outcome.UNCERTAIN not in await house.standing(dispatch)


async def test_a_burst_that_the_provider_refuses_costs_no_attempt_and_reaches_everybody(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, delivery__attempts=1) as house:
        house.provider.next(*[Problem(429, 20429)] * 12)
        dispatch = await house.plan(40)
        async with house.sending():
            await house.until(dispatch, accepted=40)

        assert len(house.provider.messages) == 40
