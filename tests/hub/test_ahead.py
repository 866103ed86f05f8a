"""A sender that announces the next message with each: nobody is lost, none gets two, none is blamed for another."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import select

from hub.flow import stop
from hub.model.delivery import Outcome
from hub.store import deliveries, dispatches
from hub.store.tables import chunks
from tests.doubles.smtp import Fault, Slow, copies
from tests.hub.mail import House, opened, sending, until

PEOPLE = 300
LANES = 4


def address(seq: int) -> str:
    return f"person-{seq}@example.org"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=PEOPLE) as house:
        yield house


async def open_chunks(house: House) -> int:
    async with house.store.read() as tx:
        return len((await tx.execute(select(chunks.c.id).where(chunks.c.done_at.is_(None)))).all())


async def test_everybody_who_can_gets_one_and_each_who_is_refused_is_listed_with_its_own_code(
    house: House,
) -> None:
    unknown, full, busy = range(7, PEOPLE, 17), range(11, PEOPLE, 37), range(5, PEOPLE, 13)
    refused = {seq: "550 5.1.1" for seq in unknown} | {seq: "552 5.2.2" for seq in full}
    for seq in unknown:
        house.relay.on("rcpt", f"550 5.1.1 No person-{seq}", to=address(seq), times=None)
    for seq in full:
        house.relay.on("dot", "552 5.2.2 Mailbox full", to=address(seq), times=None)
    for seq in busy:
        house.relay.on("dot", "450 4.3.0 Try later", to=address(seq))
    dispatch = await house.plan(PEOPLE, chunk=40)

    async with sending(house.hub(email__lanes=LANES)):
        await house.until(dispatch, accepted=PEOPLE - len(refused), refused=len(refused))

    expected = {address(seq): 1 for seq in range(1, PEOPLE + 1) if seq not in refused}
    assert copies(house.relay.messages) == expected
    for message in house.relay.messages:
        number = int(message.recipient.partition("@")[0].partition("-")[2])
        assert f"To: {message.recipient}\r\n".encode() in message.content
        assert f"token-{number:06}".encode() in message.content
    async with house.store.read() as tx:
        listed = {each.seq: each.code for each in await deliveries.failed(tx, dispatch)}
        doubtful = await deliveries.ever_uncertain(tx, dispatch)
        unfinished = await dispatches.unfinished(tx, dispatch)
    assert listed == refused
    assert (doubtful, unfinished, await open_chunks(house)) == (frozenset(), False, 0)


async def test_a_lane_keeps_its_connection_from_the_first_message_to_the_last(house: House) -> None:
    dispatch = await house.plan(PEOPLE, chunk=20)

    async with sending(house.hub(email__lanes=LANES)):
        await house.until(dispatch, accepted=PEOPLE)

    assert copies(house.relay.messages) == {address(seq): 1 for seq in range(1, PEOPLE + 1)}
    assert house.relay.connections <= 2 * LANES, "at the end one lane may take what another was told"
    assert house.relay.unfinished == [b""] * (house.relay.connections - LANES)


async def test_what_was_announced_when_all_was_stopped_leaves_later_and_once(house: House) -> None:
    dispatch = await house.plan(PEOPLE, chunk=40)
    house.relay.on("dot", Slow(0.02), times=None)
    hub = house.hub(email__lanes=LANES)

    async with sending(hub):
        await until(lambda: house.has_sent(20))
        await stop.stop(hub, by="Olga")
        await asyncio.sleep(0.5)
        at, begun = len(house.relay.messages), house.relay.commands.count("MAIL")
        await asyncio.sleep(0.5)
        still_at, still_begun = len(house.relay.messages), house.relay.commands.count("MAIL")
        await stop.resume(hub, by="Olga")
        await house.until(dispatch, accepted=PEOPLE)

    assert (at, begun) == (still_at, still_begun)
    assert at < PEOPLE
    assert copies(house.relay.messages) == {address(seq): 1 for seq in range(1, PEOPLE + 1)}
    assert set(house.relay.unfinished) <= {b""}
    async with house.store.read() as tx:
        assert await deliveries.ever_uncertain(tx, dispatch) == set()


async def test_draining_leaves_what_was_announced_untried(house: House) -> None:
    dispatch = await house.plan(PEOPLE)
    house.relay.on("dot", Slow(0.02), times=None)
    hub = house.hub(email__lanes=LANES)

    async with sending(hub):
        await until(lambda: house.has_sent(20))
    standing = await house.standing(dispatch)
    unfinished = list(house.relay.unfinished)
    async with sending(hub):
        await house.until(dispatch, accepted=PEOPLE)

    assert set(standing) == {Outcome.ACCEPTED, Outcome.QUEUED}
    assert unfinished == [b""] * LANES, "each lane had announced one, and said nothing more"
    assert copies(house.relay.messages) == {address(seq): 1 for seq in range(1, PEOPLE + 1)}


async def test_of_what_a_life_that_ends_at_once_had_in_hand_only_what_it_was_sending_is_in_doubt(
    house: House,
) -> None:
    dispatch = await house.plan(PEOPLE)
    house.relay.on("dot", Fault.HANG, after=20, times=None)
    hub = house.hub(email__lanes=LANES)

    async with sending(hub) as stopping:
        await until(lambda: house.has_sent(20 + LANES))
        stopping.ask()
        stopping.ask()
    left = await house.standing(dispatch)
    house.relay.script.lines.clear()
    async with sending(hub):
        await house.until(dispatch, accepted=PEOPLE)

    assert left[Outcome.ATTEMPTING] == LANES
    async with house.store.read() as tx:
        doubtful = await deliveries.ever_uncertain(tx, dispatch)
    twice = {who for who, number in copies(house.relay.messages).items() if number > 1}
    assert len(doubtful) == LANES
    assert twice == {address(seq) for seq in doubtful}


async def test_a_lane_that_hangs_keeps_only_its_own(house: House) -> None:
    dispatch = await house.plan(PEOPLE, chunk=40)
    house.relay.on("dot", Fault.HANG, to=address(100))

    async with sending(house.hub(email__lanes=LANES, email__dot_timeout=30)) as stopping:
        await house.until(dispatch, accepted=PEOPLE - 1, attempting=1)
        stopping.ask()
        stopping.ask()

    assert copies(house.relay.messages) == {address(seq): 1 for seq in range(1, PEOPLE + 1)}
    assert await open_chunks(house) == 1
