"""What is in doubt is asked for, adopted, repeated or held; what is silent is asked for by its id."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest
from sqlalchemy import func, insert, select, update

from channels import twilio_sdk
from channels.contract import ChannelError, Outgoing, Refused, Trace, Unavailable, Uncertain, Words
from channels.sms import SmsChannel
from hub.context import Hub
from hub.flow import compare, reconcile
from hub.flow.reconcile import Reconciled
from hub.flow.record import Report, record
from hub.model.delivery import Outcome
from hub.now import Clock
from hub.queue.contract import Intent, Repeat
from hub.queue.sqlite import SqliteLedger
from hub.store import deliveries, dispatches, inquiries, instance, suppressions
from hub.store.deliveries import Told, Try
from hub.store.tables import attempts, chunks, due
from hub.store.tables import inquiries as questions
from tests import a, plans
from tests.doubles.twilio import Fault, Sms, TwilioDouble
from tests.hub.sms import channel
from tests.plans import NOON

ACCOUNT = {
    "sms__account_sid": "AC00000000000000000000000000000001",
    "sms__auth_token": "token",
    "sms__sender": "+32470000000",
}


@dataclass(slots=True)
class House:
    """A hub whose clock a test moves, its provider, and a dispatch by SMS."""

    hub: Hub
    provider: TwilioDouble
    channel: SmsChannel
    time: list[datetime]
    folder: Path

    async def plan(self, recipients: int = 1, *, urgency: str = "Immediate", directive: str = "d1") -> int:
        return await plans.plan(
            self.hub.store,
            recipients=recipients,
            channel="sms",
            urgency=urgency,
            directive=directive,
            at=self.time[0],
        )

    async def send(self, made: Try) -> None:
        """One try as a sender makes it, down to what is on disk afterwards."""
        now = self.hub.clock.now()
        async with self.hub.store.write() as tx:
            await deliveries.append_reports(tx, [Told(made, Outcome.ATTEMPTING, "", "")], at=now)
        outcome, code, sid = await self.leave(made)
        async with self.hub.store.write() as tx:
            await deliveries.append_reports(tx, [Told(made, outcome, code, sid)], at=now)
            if outcome is Outcome.UNCERTAIN:
                row = {"channel": "sms", "due_at": now + self.hub.config.sms.wait, "held": True}
                await tx.execute(insert(due).values(**made._asdict(), **row))

    async def leave(self, made: Try) -> tuple[Outcome, str, str]:
        """Hand it to the provider: the outcome, its code, the SID."""
        async with self.hub.store.read() as tx:
            attempt = deliveries.attempt_id(await instance.get(tx), made)
            ((_, _, _, address),) = await deliveries.addresses_of(tx, {(made.dispatch, made.seq)})
        body = self.channel.prepare(Words("", "Bonjour", None, "fr"), stream="directives", headers={})
        expires_at = self.hub.clock.now() + timedelta(days=1)
        outgoing = Outgoing(body, address, "key", attempt, expires_at, "https://u.example", None)
        async with self.channel.lane() as lane:
            try:
                receipt = await lane.send(outgoing)
            except Uncertain as error:
                return Outcome.UNCERTAIN, error.code, ""
        return Outcome.ACCEPTED, receipt.code, receipt.provider_id

    async def after(self, seconds: float) -> Reconciled:
        """One step of reconciling, so much later."""
        self.time[0] += timedelta(seconds=seconds)
        return await reconcile.reconcile(self.hub, self.channel)

    async def chunks_done(self) -> None:
        async with self.hub.store.write() as tx:
            await tx.execute(update(chunks).values(done_at=NOON))

    async def standing(self, dispatch: int = 1, seq: int = 1) -> Outcome:
        async with self.hub.store.read() as tx:
            return (await deliveries.latest(tx, {(dispatch, seq)}))[dispatch, seq].outcome

    async def open(self) -> int:
        async with self.hub.store.read() as tx:
            return (await tx.execute(select(func.count()).select_from(questions))).scalar_one()

    async def held(self) -> list[bool]:
        async with self.hub.store.read() as tx:
            return list((await tx.execute(select(due.c.held))).scalars())

    async def sids(self) -> set[str]:
        async with self.hub.store.read() as tx:
            query = select(attempts.c.provider_id).where(attempts.c.provider_id != "")
            return set((await tx.execute(query)).scalars())


@asynccontextmanager
async def opened(folder: Path, *, database: str = "", **settings: object) -> AsyncIterator[House]:
    """`database` is its URL; empty for SQLite in the folder."""
    time = [NOON]
    async with TwilioDouble(now=lambda: time[0]) as provider, aiohttp.ClientSession() as session:
        config = plans.config_for(
            folder, sms__base_url=provider.url, sms__timeout=0.3, **{**ACCOUNT, **settings}
        )
        store = await plans.new_store(database or folder / "univoque.db")
        await plans.people(store, 60)
        hub = Hub(config, store, a.REGISTER, a.WORDING, Clock(lambda: time[0]))
        yield House(hub, provider, channel(hub, session), time, folder)
        await store.close()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as found:
        yield found


@pytest.mark.parametrize("fault", [f for f in Fault if f is not Fault.CUT])
async def test_what_the_provider_has_is_adopted_and_not_sent_again(house: House, fault: Fault) -> None:
    await house.plan()
    house.provider.next(fault)
    await house.send(Try(1, 1, 1))

    too_soon = await house.after(29)
    found = await house.after(1)

    assert too_soon == Reconciled()
    assert found == Reconciled(asked=1, adopted=1)
    assert await house.standing() is Outcome.ACCEPTED
    assert await house.sids() == {house.provider.messages[0].sid}
    assert await house.held() == []


@pytest.mark.parametrize("lag", [1, 2])
async def test_a_list_that_lags_is_asked_again_before_the_time_is_over(house: House, lag: int) -> None:
    house.provider.listed_after = lag
    await house.plan()
    house.provider.next(Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 1, 1))

    for seconds in (30, 30, 60):
        await house.after(seconds)

    assert await house.standing() is Outcome.ACCEPTED
    assert len(house.provider.messages) == 1


@pytest.mark.parametrize(
    ("rule", "urgency", "repeated_after"),
    [
        ("never", "Immediate", None),
        ("urgent", "Immediate", 120),
        ("urgent", "Expected", None),
        ("always", "Expected", 900),
    ],
)
async def test_what_is_not_listed_is_repeated_only_where_the_settings_say_so(
    tmp_path: Path, rule: str, urgency: str, repeated_after: int | None
) -> None:
    async with opened(tmp_path, sms__repeat_uncertain=rule) as house:
        await house.plan(urgency=urgency)
        await house.chunks_done()
        house.provider.next(Fault.CUT)
        await house.send(Try(1, 1, 1))

        at = None
        for second in range(10, 1000, 10):
            done = await house.after(10)
            if done.repeated:
                at = second
                break

        assert at == repeated_after
        assert await house.standing() is Outcome.UNCERTAIN
        assert await house.held() == [repeated_after is None]
        async with house.hub.store.read() as tx:
            now = house.hub.clock.now()
            assert await dispatches.unfinished(tx, 1, at=now) is (repeated_after is not None)


async def test_while_the_provider_may_still_be_asked_nothing_is_finished(house: House) -> None:
    await house.plan()
    await house.chunks_done()
    house.provider.next(Fault.CUT)
    await house.send(Try(1, 1, 1))
    await house.after(60)

    async with house.hub.store.read() as tx:
        waiting = await dispatches.unfinished(tx, 1, at=house.hub.clock.now())
    for _ in range(10):
        await house.after(20)

    async with house.hub.store.read() as tx:
        assert waiting
        assert not await dispatches.unfinished(tx, 1, at=house.hub.clock.now())


async def test_after_so_many_doubts_nothing_is_repeated_whatever_the_settings_say(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__repeat_uncertain="always", delivery__doubts=2) as house:
        await house.plan()
        for attempt in (1, 2):
            house.provider.next(Fault.CUT)
            async with house.hub.store.write() as tx:
                await tx.execute(due.delete())
            await house.send(Try(1, 1, attempt))
            done = await house.after(3600)
            assert done == (Reconciled(asked=1, repeated=1) if attempt == 1 else Reconciled(asked=1, held=1))

        assert await house.held() == [True]


async def test_nothing_is_repeated_while_the_provider_cannot_be_asked(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__repeat_uncertain="always") as house:
        await house.plan()
        house.provider.next(Fault.CUT)
        await house.send(Try(1, 1, 1))
        token, house.provider.token = house.provider.token, "another"

        for _ in range(20):
            with pytest.raises(ChannelError):
                await house.after(60)
        silent = await house.held()
        house.provider.token = token
        done = await house.after(60)

        assert silent == [True]
        assert done.repeated == 1


async def test_a_message_that_turns_up_after_it_was_held_is_still_adopted(house: House) -> None:
    house.provider.listed_after = 100
    await house.plan()
    house.provider.next(Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 1, 1))
    for _ in range(10):
        await house.after(60)
    house.provider.listed_after = 0

    await house.after(3600)

    assert await house.standing() is Outcome.ACCEPTED


async def test_a_message_of_ours_with_the_same_words_is_not_taken_for_it(house: House) -> None:
    await house.plan()
    await house.plan(directive="d2")
    await house.send(Try(2, 1, 1))
    house.provider.next(Fault.CUT)
    await house.send(Try(1, 1, 1))

    await house.after(30)

    assert len(house.provider.messages) == 1
    assert await house.standing() is Outcome.UNCERTAIN


async def test_two_in_doubt_to_one_number_adopt_a_message_each(house: House) -> None:
    await house.plan()
    await house.plan(directive="d2")
    house.provider.next(Fault.ACCEPT_AND_CUT, Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 1, 1))
    await house.send(Try(2, 1, 1))

    await house.after(30)

    assert await house.sids() == {sms.sid for sms in house.provider.messages}


@pytest.mark.parametrize("change", ["text", "time", "direction"])
async def test_only_what_fits_is_adopted(house: House, change: str) -> None:
    await house.plan()
    house.provider.next(Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 1, 1))
    sms = house.provider.messages[0]
    if change == "text":
        sms.form["Body"] = "Bonsoir"
    elif change == "time":
        sms.at = NOON - timedelta(minutes=3)
    else:
        sms.direction = "inbound"

    done = await house.after(30)

    assert done.adopted == 0
    assert await house.standing() is Outcome.UNCERTAIN


async def test_a_callback_is_quicker_than_the_list(house: House) -> None:
    await house.plan()
    house.provider.next(Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 1, 1))
    sid = house.provider.messages[0].sid
    await record(house.hub, Report(Try(1, 1, 1), Outcome.ACCEPTED, provider_id=sid))
    done = await house.after(30)

    assert await house.sids() == {sid}
    assert await house.held() == []
    assert done == Reconciled()


async def test_what_a_crash_left_open_is_asked_for_too(house: House) -> None:
    """The intent is on disk, the answer is not: the next life of the sender finds it uncertain."""
    await house.plan()
    async with house.hub.store.read() as tx:
        hasher = suppressions.hasher((await instance.get(tx)).secret)
    repeats = {"sms": Repeat(held=True, wait=house.hub.config.sms.wait)}
    until = NOON + timedelta(hours=1)
    ledger = SqliteLedger(house.folder / "univoque.db", hasher, "Exercise")
    await ledger.enter("sender", at=NOON, until=until, repeats=repeats)
    lease = await ledger.lease("sms", at=NOON)
    assert lease is not None
    await ledger.turn(at=NOON, settled=[], intents=[Intent(lease.items[0], 1, 0)])
    await house.leave(Try(1, 1, 1))
    await ledger.enter("sender", at=NOON, until=until, repeats=repeats)
    await ledger.close()

    await house.after(31)

    assert await house.standing() is Outcome.ACCEPTED
    assert len(house.provider.messages) == 1


async def test_a_silent_message_is_asked_for_by_its_id_until_it_is_final(house: House) -> None:
    await house.plan(recipients=2)
    await house.send(Try(1, 1, 1))
    await house.send(Try(1, 2, 1))
    first, second = house.provider.messages

    await house.after(600)
    asked_once = house.provider.fetched
    first.status = "delivered"
    second.status, second.error_code = "undelivered", 30005
    await house.after(599)
    too_soon = house.provider.fetched
    done = await house.after(601)

    assert (asked_once, too_soon) == (2, 2)
    assert done == Reconciled(asked=2, told=2)
    assert [await house.standing(1, seq) for seq in (1, 2)] == [Outcome.DELIVERED, Outcome.BOUNCED]
    assert await house.open() == 0
    async with house.hub.store.read() as tx:
        assert await suppressions.find(tx, channel="sms", value=second.to) == "30005"


async def test_only_the_silent_are_asked_for(house: House) -> None:
    await house.plan(recipients=20)
    for seq in range(1, 21):
        await house.send(Try(1, seq, 1))
        if seq > 3:
            await record(house.hub, Report(Try(1, seq, 1), Outcome.DELIVERED))

    await house.after(31)
    noted = await house.open()
    await house.after(600)

    assert noted == 3
    assert house.provider.fetched == 3


async def test_a_message_that_stays_silent_is_asked_for_ever_less_and_not_for_ever(house: House) -> None:
    await house.plan()
    await house.send(Try(1, 1, 1))

    for _ in range(4 * 24 + 4):
        await house.after(3600)

    assert 2 * 24 - 5 < house.provider.fetched < 2 * 24 + 5
    assert await house.open() == 0
    assert await house.standing() is Outcome.ACCEPTED


async def test_a_step_asks_no_more_than_its_share(house: House) -> None:
    await house.plan(recipients=30)
    house.provider.next(*[Fault.ACCEPT_AND_FAIL] * 30)
    for seq in range(1, 31):
        await house.send(Try(1, seq, 1))

    first = await house.after(30)
    second = await house.after(1)

    assert (first.asked, second.asked) == (reconcile.QUESTIONS, 10)
    assert len(house.provider.messages) == 30


async def test_attempts_are_looked_through_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inquiries, "LOOKED_THROUGH", 7)
    monkeypatch.setattr(reconcile, "WINDOWS", 2)
    await house.plan(recipients=10)
    for seq in range(1, 11):
        await house.send(Try(1, seq, 1))

    noted = []
    for seconds in (31, 0, 0, 0):
        await house.after(seconds)
        noted.append(await house.open())

    assert noted == [7, 10, 10, 10]


async def test_of_two_senders_that_look_at_once_one_notes_it(house: House) -> None:
    await house.plan()
    await house.send(Try(1, 1, 1))
    look = {"channel": "sms", "before": NOON, "silent_after": timedelta(minutes=10)}
    async with house.hub.store.read() as tx:
        first = await inquiries.look_through(tx, **look)  # type: ignore[arg-type]
        second = await inquiries.look_through(tx, **look)  # type: ignore[arg-type]
    assert first is not None
    assert second is not None
    async with house.hub.store.write() as tx:
        await inquiries.note(tx, first)
    await house.after(601)
    async with house.hub.store.write() as tx:
        await inquiries.note(tx, second)

    async with house.hub.store.read() as tx:
        assert list((await tx.execute(select(questions.c.asked))).scalars()) == [1]


async def test_a_provider_that_fails_to_list_loses_no_question(house: House) -> None:
    await house.plan()
    house.provider.next(Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 1, 1))
    broken = replace(house, channel=Broken())  # type: ignore[arg-type]

    with pytest.raises(Unavailable):
        await broken.after(30)
    done = await house.after(30)

    assert done.adopted == 1


@pytest.mark.parametrize(
    "error",
    [
        Refused("21211", "the provider does not list this number"),
        Uncertain("500", "the provider fails on this number"),
        Unavailable("unreachable", "no answer: TimeoutError", counts=False),
        ValueError("what nobody foresaw"),
    ],
    ids=["refused", "500", "time-out", "unforeseen"],
)
async def test_a_question_that_is_never_answered_holds_up_no_other(house: House, error: Exception) -> None:
    await house.plan(recipients=30)
    house.provider.next(*[Fault.ACCEPT_AND_CUT] * 30)
    for seq in range(1, 31):
        await house.send(Try(1, seq, 1))
    async with house.hub.store.read() as tx:
        ((_, _, _, poison),) = await deliveries.addresses_of(tx, {(1, 1)})
    deaf = replace(house, channel=Deaf(house.channel, poison, error))  # type: ignore[arg-type]

    for seconds in (30, 1, 1, 1):
        with suppress(type(error)):
            await deaf.after(seconds)

    standing = [await house.standing(1, seq) for seq in range(1, 31)]
    assert standing == [Outcome.UNCERTAIN] + [Outcome.ACCEPTED] * 29
    assert await house.open() == 30  # it is asked again, as are those that say nothing of their fate
    assert len(await house.held()) == 1


async def test_what_cannot_be_asked_for_is_not_repeated_and_not_asked_for_ever(tmp_path: Path) -> None:
    async with opened(tmp_path, sms__repeat_uncertain="always") as house:
        await house.plan()
        house.provider.next(Fault.CUT)
        await house.send(Try(1, 1, 1))
        deaf = replace(house, channel=Deaf(house.channel, "", Refused("21211")))  # type: ignore[arg-type]

        for _ in range(60):
            with suppress(Refused):
                await deaf.after(3600)

        assert await house.held() == [True]
        assert await house.standing() is Outcome.UNCERTAIN
        assert await house.open() == 0


async def test_a_provider_that_answers_nothing_at_all_is_told(house: House) -> None:
    await house.plan(recipients=2)
    house.provider.next(*[Fault.ACCEPT_AND_CUT] * 2)
    for seq in (1, 2):
        await house.send(Try(1, seq, 1))
    deaf = replace(house, channel=Deaf(house.channel, "", Uncertain("500")))  # type: ignore[arg-type]

    with pytest.raises(Uncertain):
        await deaf.after(30)


class Deaf:
    """A channel whose far side fails on one number, or on all where none is given."""

    def __init__(self, channel: SmsChannel, number: str, error: Exception) -> None:
        self._channel = channel
        self._number = number
        self._error = error

    async def sent_to(self, address: str) -> Sequence[Trace]:
        if self._number in ("", address):
            raise self._error
        return await self._channel.sent_to(address)

    async def trace(self, provider_id: str) -> Trace | None:
        return await self._channel.trace(provider_id)

    def text_of(self, text: str, personal_link: str) -> str:
        return self._channel.text_of(text, personal_link)


class Broken:
    """A channel whose far side answers nothing."""

    async def sent_to(self, address: str) -> list[Sms]:
        raise Unavailable("20429", counts=False)

    def text_of(self, text: str, personal_link: str) -> str:
        return text


async def test_a_day_is_compared_by_sid_segments_and_price(house: House) -> None:
    await house.plan(recipients=3)
    for seq in (1, 2, 3):
        await house.send(Try(1, seq, 1))
    for sms in house.provider.messages[:2]:
        sms.status = "delivered"

    found = await compare.compare(house.hub, house.channel, NOON.date())

    assert (found.sent, found.segments, found.unpriced) == (3, 3, 1)
    assert f"{found.price:.3f}" == "0.110"
    assert found.agrees


async def test_a_comparison_names_what_only_one_side_knows(house: House) -> None:
    await house.plan(recipients=2)
    await house.send(Try(1, 1, 1))
    house.provider.next(Fault.ACCEPT_AND_CUT)
    await house.send(Try(1, 2, 1))
    lost, stranger = house.provider.messages
    house.provider.messages.remove(lost)

    found = await compare.compare(house.hub, house.channel, NOON.astimezone(UTC).date())

    assert (found.strangers, found.missing) == ((stranger.sid,), (lost.sid,))
    assert not found.agrees


async def test_a_long_list_is_read_to_its_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(twilio_sdk, "_PAGE", 4)
    await house.plan(recipients=11)
    for seq in range(1, 12):
        await house.send(Try(1, seq, 1))

    found = await compare.compare(house.hub, house.channel, NOON.date())

    assert found.sent == 11
    assert found.agrees


async def test_a_sid_that_nobody_has_is_no_error(house: House) -> None:
    assert await house.channel.trace("SM" + "f" * 32) is None

    house.provider.token = "another"
    with pytest.raises(ChannelError):
        await house.channel.trace("SM" + "f" * 32)
