"""What a sender does: sends each message once, tries again, gives up, pauses, stops."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from pathlib import Path
from random import Random
from typing import Any

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from channels.smtp import EmailChannel
from hub import worker
from hub.context import Hub
from hub.flow import stop
from hub.model.delivery import Outcome
from hub.queue import desk
from hub.queue.contract import FencedOff, LedgerBusy, LedgerWaits
from hub.sender import Stopping
from hub.store import deliveries, dispatches
from hub.store.engine import Store
from hub.store.tables import attempts, bodies, suppressions
from tests import plans
from tests.doubles.smtp import Fault, Slow, SmtpDouble

Standing = dict[Outcome, int]


@dataclass(slots=True)
class House:
    """A store with people in it, and a relay to send to."""

    store: Store
    relay: SmtpDouble
    folder: Path

    def hub(self, **settings: object) -> Hub:
        return plans.hub_on(
            self.store, plans.config_for(self.folder, email__port=self.relay.port, **settings)
        )

    async def plan(self, recipients: int, **how: object) -> int:
        now = self.hub().clock.now()
        return await plans.plan(self.store, recipients=recipients, at=now, **how)  # type: ignore[arg-type]

    async def standing(self, dispatch: int) -> Standing:
        async with self.store.read() as tx:
            return dict((await deliveries.counts(tx, dispatch)).get("email", {}))

    async def until(self, dispatch: int, **wanted: int) -> None:
        """Wait until so many deliveries stand at each outcome."""
        sought = {Outcome(name): number for name, number in wanted.items()}

        async def there() -> bool:
            return await self.standing(dispatch) == sought

        await until(there)

    async def has(self, dispatch: int, outcome: Outcome) -> bool:
        return outcome in await self.standing(dispatch)

    def recipients(self) -> list[str]:
        return sorted(message.recipient for message in self.relay.messages)


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 15.0) -> None:
    async with asyncio.timeout(seconds):
        while not await condition():  # noqa: ASYNC110 - the database rings no bell
            await asyncio.sleep(0.02)


@asynccontextmanager
async def sending(hub: Hub) -> AsyncIterator[Stopping]:
    """A sender at work; drained at the end."""
    stopping = Stopping()
    channel = EmailChannel(hub.config.email, mode=hub.config.service.mode, now=hub.clock.now)
    task = asyncio.create_task(worker.run(hub, {"email": channel}, stopping=stopping, random=Random(1)))
    try:
        yield stopping
    finally:
        stopping.drain.set()
        await task


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 60)
    async with SmtpDouble() as relay:
        yield House(store, relay, tmp_path)
    await store.close()


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
    house.relay.on("rcpt", "550 5.1.1 No such user", to="person-3@example.org")

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
    house.relay.on("rcpt", "451 4.3.0 Try later", times=None)

    async with sending(house.hub(delivery__attempts=2)):
        await house.until(dispatch, refused=1)

    async with house.store.read() as tx:
        (standing,) = await deliveries.failed(tx, dispatch)
    assert standing.code.startswith("gave up after 2: 451")


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


@pytest.mark.parametrize("scope", [{}, {"directive": "d1"}, {"channel": "email"}])
async def test_a_stop_takes_effect_and_is_lifted(house: House, scope: dict[str, str]) -> None:
    dispatch = await house.plan(60)
    house.relay.on("dot", Slow(0.05), times=None)
    hub = house.hub()

    async with sending(hub):
        await until(lambda: _some(house, 5))
        await stop.stop(hub, by="Olga", **scope)
        await asyncio.sleep(1)
        stopped_at = len(house.relay.messages)
        await asyncio.sleep(0.5)
        still_at = len(house.relay.messages)
        await stop.resume(hub, by="Olga", **scope)
        await house.until(dispatch, accepted=60)

    assert stopped_at == still_at < 60
    assert len(house.relay.messages) == 60


async def _some(house: House, number: int) -> bool:
    return len(house.relay.messages) >= number


async def test_what_is_cancelled_ends_as_cancelled(house: House) -> None:
    dispatch = await house.plan(60)
    house.relay.on("dot", Slow(0.05), times=None)
    hub = house.hub()

    async with sending(hub):
        await until(lambda: _some(house, 5))
        await stop.cancel(hub, by="Olga", directive="d1")

        async def ended() -> bool:
            async with house.store.read() as tx:
                return not await dispatches.unfinished(tx, dispatch)

        await until(ended)

    standing = await house.standing(dispatch)
    assert set(standing) == {Outcome.ACCEPTED, Outcome.CANCELLED}
    assert standing[Outcome.ACCEPTED] == len(house.relay.messages) < 60


async def test_draining_finishes_what_is_in_hand_and_leaves_nothing_in_doubt(house: House) -> None:
    dispatch = await house.plan(60)
    house.relay.on("dot", Slow(0.2), times=None)

    async with sending(house.hub()):
        await until(lambda: _some(house, 3))

    standing = await house.standing(dispatch)
    assert set(standing) == {Outcome.ACCEPTED, Outcome.QUEUED}
    assert standing[Outcome.ACCEPTED] == len(house.relay.messages)


async def test_asked_twice_it_ends_at_once_and_the_doubt_is_listed_by_the_next_life(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("dot", Fault.HANG)
    hub = house.hub()

    async with sending(hub) as stopping:
        await until(lambda: _some(house, 1))
        stopping.ask()
        stopping.ask()
    left = await house.standing(dispatch)
    async with sending(hub):
        await house.until(dispatch, accepted=1)

    assert left == {Outcome.ATTEMPTING: 1}
    async with house.store.read() as tx:
        assert await deliveries.ever_uncertain(tx, dispatch) == {1}


async def _sent_while_locked(house: House, seconds: float) -> Sequence[MutableMapping[str, Any]]:
    """What is logged while thirty messages leave and another process keeps the database for a while."""
    dispatch = await house.plan(30)
    house.relay.on("dot", Slow(0.05), times=None)
    other = sqlite3.connect(house.folder / "univoque.db", isolation_level=None)

    with capture_logs() as logs:
        async with sending(house.hub(email__lanes=1)):
            await until(lambda: _some(house, 3))
            other.execute("BEGIN IMMEDIATE")
            await asyncio.sleep(seconds)
            other.execute("COMMIT")
            await house.until(dispatch, accepted=30)
    other.close()
    return logs


async def test_a_locked_database_only_delays(house: House) -> None:
    logs = await _sent_while_locked(house, 1)

    assert len(house.relay.messages) == 30
    assert [line for line in logs if line["log_level"] == "warning"] == [], "another process may write"


async def test_a_database_that_is_locked_for_long_is_told_once_and_when_it_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "ORDINARY", 0.2)

    logs = await _sent_while_locked(house, 3)

    assert [line["event"] for line in logs if line["event"].startswith("ledger")] == [
        "ledger waits",
        "ledger goes on",
    ]


async def test_a_sender_that_starts_while_another_process_writes_waits_for_it(house: House) -> None:
    dispatch = await house.plan(5)
    other = sqlite3.connect(house.folder / "univoque.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    async with sending(house.hub()):
        await asyncio.sleep(1)
        other.execute("COMMIT")
        await house.until(dispatch, accepted=5)
    other.close()

    assert len(house.relay.messages) == 5


async def test_what_no_wait_mends_is_told_at_once() -> None:
    wait = desk.Wait()

    with capture_logs() as logs:
        wait.goes_on(LedgerBusy("database is locked"))
        wait.goes_on(LedgerWaits("database or disk is full"))
        wait.goes_on(LedgerWaits("database or disk is full"))

    assert [line["reason"].partition("written. ")[2] for line in logs] == ["database or disk is full"]


async def test_a_second_life_fences_the_first_off(house: House) -> None:
    dispatch = await house.plan(60)
    house.relay.on("dot", Slow(0.05), times=None)
    hub = house.hub()

    with pytest.raises(FencedOff):  # noqa: PT012 - the first ends when it is asked to leave
        async with sending(hub):
            await until(lambda: _some(house, 3))
            async with sending(hub):
                await house.until(dispatch, accepted=60)

    async with house.store.read() as tx:
        doubtful = await deliveries.ever_uncertain(tx, dispatch)
    assert len(house.relay.messages) - 60 <= len(doubtful) <= 4
