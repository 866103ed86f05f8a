"""What becomes of each message: it leaves once, is tried again, given up, held back by the far side, or too late."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from hub.model.delivery import Outcome
from hub.store import deliveries, dispatches
from hub.store.tables import attempts, bodies, suppressions
from tests.doubles.smtp import Fault, Slow
from tests.hub.mail import House, opened, sending, until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


async def test_everybody_gets_one_message(house: House) -> None:
    dispatch = await house.plan(60, chunk=25)

    async with sending(house.hub()):
        await house.until(dispatch, accepted=60)

    assert house.recipients() == sorted(f"person-{seq}@example.org" for seq in range(1, 61))
    assert len({message_from_bytes(m.content)["Message-ID"] for m in house.relay.messages}) == 60
    async with house.store.read() as tx:
        assert not await dispatches.unfinished(tx, dispatch)


async def test_a_message_carries_the_links_of_its_reader(house: House) -> None:
    dispatch = await house.plan(1)

    async with sending(house.hub(service__base_url="https://univoque.example/")):
        await house.until(dispatch, accepted=1)

    (message,) = house.relay.messages
    found = message_from_bytes(message.content)
    assert found["List-Unsubscribe"] == "<https://univoque.example/u/token-000001/one-click>"
    assert b"https://univoque.example/u/token-000001\r\n" in message.content


async def test_a_duty_message_offers_no_unsubscribing(house: House) -> None:
    dispatch = await house.plan(1, stream="duty")

    async with sending(house.hub()):
        await house.until(dispatch, accepted=1)

    assert message_from_bytes(house.relay.messages[0].content)["List-Unsubscribe"] is None


async def test_what_is_planned_while_it_works_leaves_too(house: House) -> None:
    async with sending(house.hub()):
        await asyncio.sleep(0.3)
        dispatch = await house.plan(5)
        await house.until(dispatch, accepted=5)


async def test_a_refused_address_is_not_used_again_and_the_others_get_theirs(house: House) -> None:
    dispatch = await house.plan(10)
    house.relay.on("rcpt", "550 5.1.1 No such user", to="person-3@example.org", times=None)

    async with sending(house.hub()):
        await house.until(dispatch, accepted=9, refused=1)

    async with house.store.read() as tx:
        assert [standing.seq for standing in await deliveries.failed(tx, dispatch)] == [3]
        assert (await tx.execute(select(func.count()).select_from(suppressions))).scalar_one() == 1


async def test_a_deferred_message_is_tried_again(house: House) -> None:
    dispatch = await house.plan(3)
    house.relay.on("rcpt", "451 4.3.0 Try later", to="person-2@example.org", times=2)

    async with sending(house.hub()):
        await house.until(dispatch, accepted=3)

    assert house.recipients() == [f"person-{seq}@example.org" for seq in (1, 2, 3)]


async def test_tries_that_are_used_up_end_in_refusal(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("rcpt", "450 4.2.1 Mailbox busy", times=None)

    async with sending(house.hub(delivery__attempts=2)):
        await house.until(dispatch, refused=1)

    async with house.store.read() as tx:
        (standing,) = await deliveries.failed(tx, dispatch)
    assert standing.code.startswith("gave up after 2: 450")


async def test_a_cut_after_the_dot_is_listed_as_uncertain_before_it_is_repeated(house: House) -> None:
    dispatch = await house.plan(5)
    house.relay.on("dot", Fault.CUT, to="person-4@example.org")

    async with sending(house.hub()):
        await house.until(dispatch, accepted=5)

    copies = [m for m in house.relay.messages if m.recipient == "person-4@example.org"]
    assert len(copies) == 2
    assert len({message_from_bytes(copy.content)["Message-ID"] for copy in copies}) == 1
    async with house.store.read() as tx:
        assert await deliveries.ever_uncertain(tx, dispatch) == {4}


async def test_a_cut_before_the_dot_is_no_doubt(house: House) -> None:
    dispatch = await house.plan(5)
    house.relay.on("data", Fault.CUT, to="person-4@example.org")

    async with sending(house.hub()):
        await house.until(dispatch, accepted=5)

    assert len(house.relay.messages) == 5
    async with house.store.read() as tx:
        assert await deliveries.ever_uncertain(tx, dispatch) == set()


async def test_an_urgent_message_overtakes_a_newsletter_that_is_under_way(house: House) -> None:
    newsletter = await house.plan(60, directive="d1", urgency="Future")
    house.relay.on("dot", Slow(0.05), times=None)

    async with sending(house.hub(email__lanes=1)):
        await until(lambda: house.has(newsletter, Outcome.ACCEPTED))
        urgent = await house.plan(3, directive="d2", urgency="Immediate")
        started = len(house.relay.messages)
        await house.until(urgent, accepted=3)
        passed = len(house.relay.messages) - started - 3
        standing = await house.standing(newsletter)

    assert standing[Outcome.QUEUED] > 0, "the newsletter is still under way"
    assert passed * 0.05 <= 1, f"{passed} messages of the newsletter went first"


async def test_a_retry_of_an_urgent_message_overtakes_a_newsletter_that_is_under_way(house: House) -> None:
    newsletter = await house.plan(60, directive="d1", urgency="Future")
    house.relay.on("dot", Slow(0.05), times=None)
    house.relay.on("rcpt", "451 4.3.0 Try later", to="person-1@urgent.example")

    async with sending(house.hub(email__lanes=1)):
        urgent = await house.plan(1, directive="d2", domain="urgent.example")
        await until(lambda: house.has(urgent, Outcome.DEFERRED))
        started = len(house.relay.messages)
        await house.until(urgent, accepted=1)
        passed = len(house.relay.messages) - started - 1
        standing = await house.standing(newsletter)

    assert standing[Outcome.QUEUED] > 30, "the newsletter is still under way"
    assert passed * 0.05 <= 1, f"{passed} messages of the newsletter went first"


async def test_a_relay_that_asks_for_less_gets_less_and_in_the_end_everything(house: House) -> None:
    dispatch = await house.plan(40)
    house.relay.on("mail", "450 4.7.1 Error: too much mail from 127.0.0.1", times=5)

    async with sending(house.hub()):
        await house.until(dispatch, accepted=40)

    async with house.store.read() as tx:
        spent = await tx.execute(select(func.max(attempts.c.attempt)).where(attempts.c.outcome == "accepted"))
    assert spent.scalar_one() == 1, "a limit says nothing about the message: it is no attempt"


async def test_only_the_domain_that_asks_for_less_waits(house: House) -> None:
    slow = await house.plan(8, directive="d1", domain="slow.example")
    other = await house.plan(60, directive="d2")
    house.relay.on("rcpt", "450 4.7.28 Rate limit, try again in 60 seconds", to="person-1@slow.example")

    async with sending(house.hub(email__lanes=1)):
        await house.until(other, accepted=60)
        waiting = await house.standing(slow)

    assert waiting == {Outcome.DEFERRED: 1, Outcome.QUEUED: 7}


async def test_a_wrong_password_pauses_the_channel_and_fails_nobody(house: House) -> None:
    dispatch = await house.plan(10)
    house.relay.login = ("univoque", "right")
    hub = house.hub(email__username="univoque", email__password="wrong")

    async with sending(hub):
        await asyncio.sleep(1.5)
        before = await house.standing(dispatch)
        house.relay.login = ("univoque", "wrong")
        await house.until(dispatch, accepted=10)

    assert set(before) <= {Outcome.QUEUED, Outcome.DEFERRED, Outcome.ATTEMPTING}
    assert house.relay.commands.count("AUTH") <= 4 + 3 + 4  # each lane once, then one at a time, then all


async def test_what_has_expired_is_not_sent(house: House) -> None:
    dispatch = await house.plan(5, life=timedelta(0))

    async with sending(house.hub()):
        await house.until(dispatch, expired=5)

    assert house.relay.messages == []


async def test_words_that_are_not_the_approved_ones_do_not_leave(house: House) -> None:
    dispatch = await house.plan(2)
    async with house.store.write() as tx:
        await tx.execute(update(bodies).values(text="Tout est permis"))

    async with sending(house.hub()):
        await asyncio.sleep(1)

    assert house.relay.messages == []
    assert set(await house.standing(dispatch)) <= {Outcome.DEFERRED, Outcome.QUEUED}
