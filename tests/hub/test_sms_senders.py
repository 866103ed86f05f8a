"""Two senders of SMS on one PostgreSQL: they keep one ceiling between them, and look into each doubt once."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import func, select

from channels.contract import Trace
from channels.sms import SmsChannel
from hub.flow import reconcile
from hub.flow.reconcile import Reconciled
from hub.flow.spend import BLOCK
from hub.model.delivery import Outcome
from hub.store import dispatches, inquiries, journal, spending
from hub.store.deliveries import Try
from hub.store.engine import open_store
from hub.store.tables import attempts, due
from tests import plans
from tests.doubles.twilio import Fault
from tests.hub import sms
from tests.hub.flow import test_reconcile as doubts
from tests.hub.sms import PRICE

if TYPE_CHECKING:
    pass


@asynccontextmanager
async def two(folder: Path, lent: str, **settings: Any) -> AsyncIterator[sms.House]:
    """Both at work; the far side answers each of them."""
    async with (
        sms.opened(folder, database=lent, **settings) as house,
        house.sending("one"),
        house.sending("two"),
    ):
        yield house


async def by_whom(house: sms.House, outcome: Outcome) -> dict[str, int]:
    """How many of an outcome each sender has written."""
    query = select(attempts.c.owner, func.count()).where(attempts.c.outcome == outcome.value)
    async with house.hub.store.read() as tx:
        return {owner: number for owner, number in await tx.execute(query.group_by(attempts.c.owner))}


@pytest.mark.parametrize("whose", ["dispatch", "day"])
async def test_two_senders_pass_no_ceiling_between_them(tmp_path: Path, lent: str, whose: str) -> None:
    """What the other one had in hand may stay with a dispatch that is held; of a day nothing stays."""
    allowed = 3 * BLOCK + 21
    least = allowed - (BLOCK if whose == "dispatch" else 0)
    given: dict[str, Any] = {f"sms__{whose}_ceiling": allowed * PRICE, "sms__segments_per_second": 200}
    async with sms.opened(tmp_path, database=lent, **given) as house:
        async with house.sending("one"), house.sending("two"):
            dispatch = await house.plan(200, chunk=10)
            await house.until(dispatch, accepted=least, deferred=1)
            await asyncio.sleep(1.5)
        standing, senders = await house.standing(dispatch), await by_whom(house, Outcome.ACCEPTED)

    sent = len(house.provider.messages)
    assert least <= sent <= allowed
    assert house.provider.requests == sent
    assert house.copies() == {1: sent}
    assert set(senders) == {"one", "two"}
    assert set(standing) == {Outcome.ACCEPTED, Outcome.DEFERRED, Outcome.QUEUED}


async def test_the_counters_of_two_senders_say_what_was_sent_and_a_ceiling_is_told_once(
    tmp_path: Path, lent: str
) -> None:
    allowed = BLOCK + 30
    async with sms.opened(tmp_path, database=lent, sms__day_ceiling=allowed * PRICE) as house:
        async with house.sending("one"), house.sending("two"):
            first = await house.plan(60, chunk=5)
            second = await house.plan(60, "d2", chunk=5)
            async with asyncio.timeout(60):
                while len(house.provider.messages) < allowed:  # noqa: ASYNC110 - it rings no bell
                    await asyncio.sleep(0.05)
            await asyncio.sleep(0.5)
        day = await house.spent(house.day)
        each = [await house.spent(spending.of_dispatch(dispatch)) for dispatch in (first, second)]
        async with house.hub.store.read() as tx:
            told = [entry.action async for entry in journal.entries(tx)]

    assert len(house.provider.messages) == allowed
    assert day.segments == sum(spent.segments for spent in each) == allowed
    assert told == ["SMS ceiling reached"]


async def test_of_two_senders_one_looks_into_a_doubt_and_everybody_gets_one_sms(
    tmp_path: Path, lent: str
) -> None:
    waits = {
        "sms__timeout": 1,
        "sms__ask_after": 0.5,
        "sms__wait_urgent": 1.5,
        "sms__wait": 1.5,
        "sms__repeat_uncertain": "always",
    }
    async with two(tmp_path, lent, **waits) as house:
        taken, lost = range(1, 61, 5), range(3, 61, 5)  # among others, or the breaker would pause the channel
        for seq in taken:
            house.provider.on(_number(seq), Fault.ACCEPT_AND_CUT)
        for seq in lost:
            house.provider.on(_number(seq), Fault.CUT)
        dispatch = await house.plan(60, chunk=5)
        await house.until(dispatch, accepted=60)
        async with house.hub.store.read() as tx:
            assert not await dispatches.unfinished(tx, dispatch)
        ends = await _rows(house, Outcome.UNCERTAIN), await _rows(house, Outcome.ACCEPTED)

    assert house.copies() == {1: 60}
    assert [house.provider.asked(_number(seq)) for seq in (*taken, *lost)] == [1] * 12 + [2] * 12
    assert ends == ({seq: 1 for seq in sorted([*taken, *lost])}, {seq: 1 for seq in range(1, 61)})


def _number(seq: int) -> str:
    return f"+3247000{seq:04}"


async def _rows(house: sms.House, outcome: Outcome) -> dict[int, int]:
    """How many rows of an outcome each delivery has."""
    async with house.hub.store.read() as tx:
        query = select(attempts.c.seq).where(attempts.c.outcome == outcome.value)
        return dict(sorted(Counter((await tx.execute(query)).scalars()).items()))


@asynccontextmanager
async def beside(house: doubts.House) -> AsyncIterator[doubts.House]:
    """The same instance seen by another sender."""
    store = open_store(plans.address(house.hub.store))
    yield replace(house, hub=replace(house.hub, store=store))
    await store.close()


async def both(one: doubts.House, two: doubts.House, seconds: float) -> tuple[Reconciled, Reconciled]:
    """A step of each at the same time, so much later."""
    one.time[0] += timedelta(seconds=seconds)
    return await asyncio.gather(
        *(reconcile.reconcile(house.hub, house.channel) for house in (one, two))  # type: ignore[return-value]
    )


async def test_a_question_that_is_due_is_asked_by_one_of_two_senders(tmp_path: Path, lent: str) -> None:
    async with doubts.opened(tmp_path, database=lent) as house, beside(house) as other:
        await house.plan()
        house.provider.next(Fault.ACCEPT_AND_CUT)
        await house.send(Try(1, 1, 1))

        steps = await both(house, other, 30)

        assert sorted(step.asked for step in steps) == [0, 1]
        assert sorted(step.adopted for step in steps) == [0, 1]
        assert await house.standing() is Outcome.ACCEPTED
        assert await house.open() == 1  # about its fate


async def test_a_doubt_is_repeated_by_one_of_two_senders(tmp_path: Path, lent: str) -> None:
    async with (
        doubts.opened(tmp_path, database=lent, sms__repeat_uncertain="always") as house,
        beside(house) as other,
    ):
        await house.plan()
        house.provider.next(Fault.CUT)
        await house.send(Try(1, 1, 1))

        repeated = [step.repeated for _ in range(8) for step in await both(house, other, 60)]

        assert sum(repeated) == 1
        assert await house.held() == [False]
        assert await house.open() == 0


async def test_one_message_at_the_provider_ends_one_of_two_doubts(tmp_path: Path, lent: str) -> None:
    """The same words to the same number, twice in doubt; two senders that ask at once find the one that arrived."""
    async with doubts.opened(tmp_path, database=lent) as house, beside(house) as other:
        await house.plan()
        await house.plan(directive="d2")
        house.provider.next(Fault.ACCEPT_AND_CUT, Fault.CUT)
        await house.send(Try(1, 1, 1))
        await house.send(Try(2, 1, 1))
        meeting = Meeting(house.channel)
        one, two = (replace(each, channel=meeting) for each in (house, other))  # type: ignore[arg-type]

        steps = await both(one, two, 30)

        assert sorted(step.adopted for step in steps) == [0, 1]
        assert {await house.standing(1), await house.standing(2)} == {Outcome.ACCEPTED, Outcome.UNCERTAIN}
        assert len(await house.held()) == 1


async def test_who_comes_late_with_an_answer_changes_nothing_about_a_later_try(
    tmp_path: Path, lent: str
) -> None:
    """A sender that was held up between its question and its verdict, for as long as another repeated it."""
    async with doubts.opened(tmp_path, database=lent, sms__repeat_uncertain="always") as house:
        await house.plan()
        house.provider.next(Fault.CUT, Fault.CUT)
        await house.send(Try(1, 1, 1))
        await house.after(30)
        async with house.hub.store.read() as tx:
            (stale,) = await inquiries.to_ask(tx, at=house.time[0] + timedelta(days=1), limit=9)
        while not (await house.after(30)).repeated:
            pass
        async with house.hub.store.write() as tx:
            await tx.execute(due.delete())
        await house.send(Try(1, 1, 2))
        await house.after(30)

        async with house.hub.store.write() as tx:
            waits = await inquiries.waits_for(tx, stale.made)
            repeated = await inquiries.repeat(tx, stale.made, at=house.time[0])
            await inquiries.close(tx, stale)

        assert (waits, repeated) == (False, False)
        assert await house.held() == [True]
        assert await house.open() == 1


class Meeting:
    """A channel that answers when both have asked."""

    def __init__(self, channel: SmsChannel) -> None:
        self._channel = channel
        self._asked = 0
        self._both = asyncio.Event()

    async def sent_to(self, address: str) -> Sequence[Trace]:
        found = await self._channel.sent_to(address)
        self._asked += 1
        if self._asked == 2:
            self._both.set()
        async with asyncio.timeout(5):
            await self._both.wait()
        return found

    def text_of(self, text: str, personal_link: str) -> str:
        return self._channel.text_of(text, personal_link)
