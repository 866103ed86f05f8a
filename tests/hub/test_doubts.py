"""Doubts about one e-mail: the first is repeated at once, the next one later, and then a person decides."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from channels.smtp import EmailChannel
from hub import worker
from hub.context import Hub
from hub.flow import alarms
from hub.flow.observe import observe
from hub.model.delivery import Outcome
from hub.store import unreached
from hub.store.tables import attempts, due
from tests.doubles.smtp import Fault, Slow, copies
from tests.hub.mail import House, opened, sending, until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


async def held(house: House) -> int:
    async with house.store.read() as tx:
        return len((await tx.execute(select(due).where(due.c.held))).all())


async def dies(hub: Hub, *, after: float) -> None:
    """A sender that ends in mid-sending, as by SIGKILL: what it has under way stays open."""
    channel = EmailChannel(hub.config.email, mode=hub.config.service.mode, now=hub.clock.now)
    task = asyncio.create_task(worker.run(hub, {"email": channel}, random=Random(1)))
    await asyncio.sleep(after)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def test_a_sender_that_dies_again_and_again_sends_nobody_a_copy_per_life(house: House) -> None:
    dispatch = await house.plan(12)
    house.relay.on("dot", Slow(60), times=None)  # noted, and the sender dies before the answer
    hub = house.hub(delivery__first_retry=0.1)

    for _ in range(12):
        await dies(hub, after=0.4)

    got = copies(house.relay.messages)
    assert max(got.values()) <= 3
    assert len(got) == 12, "the others have their turn"
    async with sending(hub):
        assert await house.standing(dispatch) == {Outcome.UNCERTAIN: 12}
    assert await held(house) == 12


async def test_a_relay_that_takes_and_cuts_gets_three_copies_of_each_at_most(house: House) -> None:
    dispatch = await house.plan(2)  # too few for the breaker, which would pause the channel
    house.relay.on("dot", Fault.CUT, times=None)
    hub = house.hub(delivery__first_retry=0.4)

    async with sending(hub):
        await until(lambda: _are(house, held_=2), 10)
        standing = await house.standing(dispatch)

    assert standing == {Outcome.UNCERTAIN: 2}
    assert set(copies(house.relay.messages).values()) == {3}
    for seq in (1, 2):
        first, second, third = [
            m.at for m in house.relay.messages if m.recipient.startswith(f"person-{seq}@")
        ]
        assert second - first < 0.3, "the first doubt is repeated at once"
        assert third - second >= 0.4, "the second waits"


async def test_what_a_person_has_repeated_is_held_again_when_it_is_in_doubt_again(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("dot", Fault.CUT, times=4)
    hub = house.hub(delivery__doubts=2)

    async with sending(hub):
        for number in (2, 3):
            await until(lambda: _are(house, held_=1))
            assert len(house.relay.messages) == number
            async with house.store.write() as tx:
                chosen = [each async for each in unreached.of_dispatch(tx, dispatch)]
                await unreached.put_due(tx, dispatch, chosen, at=hub.clock.now())
        await until(lambda: _are(house, held_=1))

    assert len(house.relay.messages) == 4


async def test_one_doubt_is_enough_where_the_settings_say_so(house: House) -> None:
    dispatch = await house.plan(2)
    house.relay.on("dot", Fault.CUT, to="person-1@example.org", times=None)

    async with sending(house.hub(delivery__doubts=1)):
        await house.until(dispatch, accepted=1, uncertain=1)
        await asyncio.sleep(0.3)

    assert len(house.relay.messages) == 2
    assert await held(house) == 1


async def test_tries_that_were_no_doubts_leave_the_first_one_its_repeat_at_once(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("rcpt", "451 4.2.0 Try later", times=3)
    house.relay.on("dot", Fault.CUT)
    hub = house.hub(delivery__first_retry=0.1)

    async with sending(hub):
        await house.until(dispatch, accepted=1)

    async with house.store.read() as tx:
        doubts = await tx.execute(select(attempts.c.attempt).where(attempts.c.outcome == "uncertain"))
    assert doubts.scalars().all() == [4]
    first, second = [message.at for message in house.relay.messages]
    assert second - first < 0.5


async def test_what_is_held_is_an_alarm_after_a_while(house: House) -> None:
    await house.plan(1)
    house.relay.on("dot", Fault.CUT, times=None)
    hub = house.hub(delivery__doubts=1, alarms__held=0.1)

    async with sending(hub):
        await until(lambda: _are(house, held_=1))
        await asyncio.sleep(0.3)
        raised = [alarm.name for alarm in alarms.raised(await observe(hub), hub.config.alarms)]

    assert "held" in raised


async def _are(house: House, *, held_: int) -> bool:
    return await held(house) == held_
