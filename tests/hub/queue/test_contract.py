"""What every ledger promises, on every engine."""

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from datetime import timedelta

import pytest
from sqlalchemy import update

from hub.model.delivery import Outcome
from hub.model.pulse import ChannelPulse, Pulse
from hub.queue import statements
from hub.queue.contract import Again, FencedOff, Intent, Item, Ledger, Repeat, Settled
from hub.queue.postgres import PostgresLedger
from hub.queue.sqlite import SqliteLedger
from hub.store import deliveries, dispatches, holds, progress, stops, unreached
from hub.store.deliveries import Try
from hub.store.engine import Store, sqlite_file
from hub.store.tables import chunks, persons, suppressions
from hub.store.tables import dispatches as dispatches_table
from hub.store.tables import due as due_table
from subscribers.audience import UNSUBSCRIBED
from tests import plans
from tests.plans import NOON

REPEATS = {"email": Repeat(held=False), "sms": Repeat(held=True)}
LEASE = timedelta(minutes=15)
OpenLedger = Callable[[], Ledger]


def _fingerprint(channel: str, address: str) -> str:
    return f"hash of {channel}:{address}"


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = await plans.new_store(database)
    await plans.people(store, 20)
    yield store
    await store.close()


@pytest.fixture
async def open_ledger(store: Store) -> AsyncIterator[OpenLedger]:
    opened: list[Ledger] = []

    def open_() -> Ledger:
        file = sqlite_file(str(store.engine.url))
        if file is None:
            opened.append(PostgresLedger(store.engine.url, _fingerprint, "Exercise"))
        else:
            opened.append(SqliteLedger(file, _fingerprint, "Exercise"))
        return opened[-1]

    yield open_
    for ledger in opened:
        await ledger.close()


@pytest.fixture
async def ledger(open_ledger: OpenLedger) -> Ledger:
    ledger = open_ledger()
    await enter(ledger)
    return ledger


async def enter(ledger: Ledger, slot: str = "sender") -> int:
    return (await ledger.enter(slot, at=NOON, until=NOON + LEASE, repeats=REPEATS)).uncertain


async def lease(ledger: Ledger, channel: str = "email") -> list[Item]:
    found = await ledger.lease(channel, at=NOON)
    return [] if found is None else list(found.items)


async def due(ledger: Ledger, channel: str = "email", after: timedelta = timedelta(0)) -> list[Item]:
    found = await ledger.lease_due(channel, at=NOON + after, limit=100)
    return [] if found is None else list(found.items)


async def intend(ledger: Ledger, *items: Item) -> None:
    intents = [Intent(item, item.attempt + 1, lane) for lane, item in enumerate(items)]
    assert not await ledger.turn(at=NOON, settled=[], intents=intents)


def accepted(item: Item) -> Settled:
    return Settled(item, item.attempt + 1, 0, Outcome.ACCEPTED, "250", "queue-id")


def deferred(item: Item) -> Settled:
    again = Again(NOON + timedelta(minutes=1), held=False, attempt=item.attempt + 1)
    return Settled(item, item.attempt + 1, 0, Outcome.DEFERRED, "451", again=again)


async def standing(store: Store, dispatch: int) -> dict[Outcome, int]:
    async with store.read() as tx:
        found = await deliveries.counts(tx, dispatch)
    return {outcome: number for channel in found.values() for outcome, number in channel.items()}


async def test_a_chunk_is_leased_once(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=5, chunk=3)

    chunks = [await lease(ledger), await lease(ledger), await lease(ledger)]

    assert [[item.seq for item in chunk] for chunk in chunks] == [[1, 2, 3], [4, 5], []]


async def test_what_is_more_urgent_leaves_first_then_what_is_older(store: Store, ledger: Ledger) -> None:
    later = await plans.plan(store, recipients=2, directive="later", urgency="Future")
    older = await plans.plan(store, recipients=2, directive="older")
    newer = await plans.plan(store, recipients=2, directive="newer")

    order = [(await lease(ledger))[0].dispatch for _ in range(3)]

    assert order == [older, newer, later]


async def test_only_what_is_more_urgent_passes_what_is_in_hand(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=2, directive="expected", urgency="Expected")

    assert await ledger.lease("email", at=NOON, above=1) is None
    assert await ledger.lease("email", at=NOON, above=2) is not None


async def test_nothing_leaves_before_the_plan_is_complete(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=2)
    async with store.write() as tx:
        await tx.execute(update(dispatches_table).values(planned_at=None))

    assert await lease(ledger) == []


async def test_outcomes_and_intents_of_one_turn_stand_together(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=4)
    first, second, third, fourth = await lease(ledger)
    await intend(ledger, first, second)

    await ledger.turn(at=NOON, settled=[accepted(first), deferred(second)], intents=[Intent(third, 1, 0)])

    assert await standing(store, dispatch) == {
        Outcome.ACCEPTED: 1,
        Outcome.DEFERRED: 1,
        Outcome.ATTEMPTING: 1,
        Outcome.QUEUED: 1,
    }
    assert fourth.seq == 4


async def test_a_new_life_makes_open_intents_uncertain_and_then_due(
    store: Store, ledger: Ledger, open_ledger: OpenLedger
) -> None:
    dispatch = await plans.plan(store, recipients=4)
    items = await lease(ledger)
    await intend(ledger, items[0], items[1])
    await ledger.turn(at=NOON, settled=[accepted(items[0])], intents=[])

    again = open_ledger()
    uncertain = await enter(again)

    assert uncertain == 1
    assert (await standing(store, dispatch))[Outcome.UNCERTAIN] == 1
    async with store.read() as tx:
        assert [s.seq for s in await deliveries.uncertain(tx, dispatch)] == [2]
    assert [(item.seq, item.attempt) for item in await due(again)] == [(2, 1)]
    assert [item.seq for item in await lease(again)] == [3, 4]


async def test_an_uncertain_retry_is_found_too(store: Store, ledger: Ledger, open_ledger: OpenLedger) -> None:
    await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[], done=[1])
    (retry,) = await due(ledger, after=timedelta(minutes=2))
    await intend(ledger, retry)

    assert await enter(open_ledger()) == 1


async def test_an_uncertain_sms_is_held_for_a_person(
    store: Store, ledger: Ledger, open_ledger: OpenLedger
) -> None:
    dispatch = await plans.plan(store, recipients=1, channel="sms")
    (item,) = await lease(ledger, "sms")
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[], intents=[], done=[1])
    again = open_ledger()
    await enter(again)

    assert await due(again, "sms", after=timedelta(days=1)) == []
    async with store.read() as tx:
        assert not await dispatches.unfinished(tx, dispatch)


async def test_an_older_life_is_fenced_off(store: Store, ledger: Ledger, open_ledger: OpenLedger) -> None:
    await plans.plan(store, recipients=2)
    (item, _) = await lease(ledger)
    await enter(open_ledger())

    with pytest.raises(FencedOff):
        await ledger.turn(at=NOON, settled=[], intents=[Intent(item, 1, 0)])


async def test_a_silent_sender_is_taken_over_and_fenced_off(
    store: Store, ledger: Ledger, open_ledger: OpenLedger
) -> None:
    await plans.plan(store, recipients=3, chunk=2)
    items = await lease(ledger)
    await intend(ledger, items[0])
    other = open_ledger()
    await enter(other, "other")

    early = await other.renew(at=NOON + LEASE, until=NOON + 2 * LEASE)
    late = await other.renew(at=NOON + LEASE + timedelta(seconds=1), until=NOON + 2 * LEASE)

    assert (early, late) == (0, 1)
    assert [item.seq for item in await lease(other)] == [2]
    with pytest.raises(FencedOff):
        await ledger.turn(at=NOON, settled=[accepted(items[0])], intents=[])


async def test_a_deferred_delivery_comes_up_when_its_time_has_come(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[], done=[1])

    early = await due(ledger)
    (retry,) = await due(ledger, after=timedelta(minutes=1))
    await intend(ledger, retry)
    await ledger.turn(at=NOON, settled=[accepted(retry)], intents=[])

    assert early == []
    assert retry.attempt == 1
    assert await standing(store, dispatch) == {Outcome.ACCEPTED: 1}
    async with store.read() as tx:
        assert not await dispatches.unfinished(tx, dispatch)


async def test_due_rows_that_were_put_back_come_up_again(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[], done=[1])
    (retry,) = await due(ledger, after=timedelta(minutes=1))

    while_leased = await due(ledger, after=timedelta(minutes=1))
    await ledger.put_back([retry])

    assert while_leased == []
    assert await due(ledger, after=timedelta(minutes=1)) == [retry]


async def test_a_report_before_our_own_outcome_stands(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    made = Try(dispatch, 1, 1)
    async with store.write() as tx:
        await deliveries.append_report(tx, made, Outcome.DELIVERED, at=NOON, code="", provider_id="SM1")

    await ledger.turn(at=NOON, settled=[accepted(item)], intents=[])

    assert await standing(store, dispatch) == {Outcome.DELIVERED: 1}


async def test_a_report_voids_a_repeat_that_is_in_hand(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[], done=[1])
    (retry,) = await due(ledger, after=timedelta(minutes=1))
    made = Try(dispatch, 1, 1)
    async with store.write() as tx:
        await deliveries.append_report(tx, made, Outcome.DELIVERED, at=NOON, code="", provider_id="SM1")

    intent = Intent(retry, 2, 0)
    void = await ledger.turn(at=NOON, settled=[], intents=[intent])

    assert void == {intent}
    assert await standing(store, dispatch) == {Outcome.DELIVERED: 1}


@pytest.mark.parametrize(("stream", "sent"), [("directives", [1, 3]), ("duty", [1, 2, 3])])
async def test_who_opted_out_after_approval_is_suppressed_but_for_duty(
    store: Store, ledger: Ledger, stream: str, sent: list[int]
) -> None:
    await plans.plan(store, recipients=3, stream=stream)
    async with store.write() as tx:
        await tx.execute(update(persons).where(persons.c.id == 2).values(opted_out_at=NOON))

    assert [item.seq for item in await lease(ledger)] == sent


@pytest.mark.parametrize(
    ("stream", "reason", "sent"),
    [
        ("directives", "550 5.1.1", [1, 2]),
        ("directives", UNSUBSCRIBED, [1, 2]),
        ("duty", "550 5.1.1", [1, 2]),
        ("duty", UNSUBSCRIBED, [1, 2, 3]),
    ],
)
async def test_an_address_suppressed_after_approval_gets_nothing_but_what_is_mandatory(
    store: Store, ledger: Ledger, stream: str, reason: str, sent: list[int]
) -> None:
    dispatch = await plans.plan(store, recipients=3, stream=stream)
    hash_ = _fingerprint("email", "person-3@example.org")
    async with store.write() as tx:
        await tx.execute(
            suppressions.insert().values(channel="email", value_hash=hash_, reason=reason, at=NOON)
        )

    assert [item.seq for item in await lease(ledger)] == sent
    assert (await standing(store, dispatch)).get(Outcome.SUPPRESSED, 0) == 3 - len(sent)


async def test_a_chunk_of_which_nothing_is_left_to_send_is_done(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=1)
    async with store.write() as tx:
        await tx.execute(update(persons).values(opted_out_at=NOON))

    found = await ledger.lease("email", at=NOON)

    assert found is not None
    assert list(found.items) == []
    async with store.read() as tx:
        assert not await dispatches.unfinished(tx, dispatch)


async def test_what_has_expired_is_listed_and_not_sent(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=2, life=timedelta(0))

    assert await lease(ledger) == []
    assert await standing(store, dispatch) == {Outcome.EXPIRED: 2}


async def test_a_retry_that_has_expired_is_listed_and_not_sent(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=1, life=timedelta(hours=1))
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[], done=[1])

    assert await due(ledger, after=timedelta(hours=1)) == []
    assert await standing(store, dispatch) == {Outcome.EXPIRED: 1}


async def test_a_stopped_dispatch_waits_and_a_cancelled_one_ends(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=2, chunk=1)
    async with store.write() as tx:
        await stops.put_directive(tx, "d1", at=NOON)
    stopped = await lease(ledger)
    orders = await ledger.orders()
    async with store.write() as tx:
        await stops.lift_directive(tx, "d1")
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[], done=[1])
    async with store.write() as tx:
        await stops.cancel_directive(tx, "d1", at=NOON)

    assert stopped == []
    assert orders.dispatches == {dispatch}
    assert await lease(ledger) == []
    assert await due(ledger) == []
    assert await standing(store, dispatch) == {Outcome.CANCELLED: 2}


async def test_stops_of_a_channel_and_of_everything_are_orders(store: Store, ledger: Ledger) -> None:
    async with store.write() as tx:
        await stops.put(tx, "sms", at=NOON)
        await stops.put(tx, stops.EVERYTHING, at=NOON)

    orders = await ledger.orders()

    assert orders.all
    assert orders.channels == {"sms"}


async def test_leaving_gives_everything_back(store: Store, ledger: Ledger, open_ledger: OpenLedger) -> None:
    await plans.plan(store, recipients=3)
    await lease(ledger)

    await ledger.leave()
    again = open_ledger()

    assert await enter(again) == 0
    assert len(await lease(again)) == 3


async def test_a_released_chunk_comes_up_without_what_was_tried(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=3)
    first, *_ = await lease(ledger)
    await intend(ledger, first)
    await ledger.turn(at=NOON, settled=[accepted(first)], intents=[], released=[1])

    assert [item.seq for item in await lease(ledger)] == [2, 3]


async def test_words_are_read_as_they_were_frozen(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=1, words="Été à 20 °C")
    (item,) = await lease(ledger)

    body = await ledger.body(item.body)

    assert body.text.startswith("Été à 20 °C\n")
    assert body.digest == dispatches.body_digest(
        body.channel, body.language, body.stream, body.subject, body.text, body.html
    )


async def test_rows_in_hand_of_a_dispatch_that_was_cancelled_do_not_leave_any_more(
    store: Store, ledger: Ledger
) -> None:
    dispatch = await plans.plan(store, recipients=3)
    first, second, third = await lease(ledger)
    await intend(ledger, first)
    async with store.write() as tx:
        await stops.cancel_directive(tx, "d1", at=NOON)

    intents = [Intent(second, 1, 1), Intent(third, 1, 2)]
    void = await ledger.turn(at=NOON, settled=[accepted(first)], intents=intents)

    assert void == set(intents)
    assert await standing(store, dispatch) == {Outcome.ACCEPTED: 1, Outcome.CANCELLED: 2}


async def test_a_retry_in_hand_of_a_dispatch_that_was_cancelled_is_ended_too(
    store: Store, ledger: Ledger
) -> None:
    dispatch = await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[])
    (again,) = await due(ledger, after=timedelta(minutes=2))
    async with store.write() as tx:
        await stops.cancel_directive(tx, "d1", at=NOON)

    void = await ledger.turn(at=NOON, settled=[], intents=[Intent(again, 2, 0)])

    assert void == {Intent(again, 2, 0)}
    assert await standing(store, dispatch) == {Outcome.CANCELLED: 1}
    assert await due(ledger, after=timedelta(hours=1)) == []


async def test_in_quiet_hours_what_is_due_and_not_immediate_waits_for_the_morning(
    store: Store, ledger: Ledger
) -> None:
    morning = NOON + timedelta(hours=9)
    await plans.plan(store, recipients=1, directive="expected", urgency="Expected")
    urgent = await plans.plan(store, recipients=1, directive="immediate")
    for _ in range(2):
        lease_ = await ledger.lease("email", at=NOON)
        assert lease_ is not None
        settled = [deferred(item) for item in lease_.items]
        await ledger.turn(at=NOON, settled=settled, intents=[], done=[lease_.chunk])
    later = NOON + timedelta(minutes=2)

    await ledger.postpone("email", at=later, until=morning)
    await ledger.postpone("sms", at=later, until=morning)

    at_night = await ledger.lease_due("email", at=later, limit=10)
    by_day = await ledger.lease_due("email", at=morning, limit=10)
    assert at_night is not None
    assert [item.dispatch for item in at_night.items] == [urgent]
    assert by_day is not None
    assert len(by_day.items) == 1


async def test_a_chunk_that_is_lent_to_a_schedule_is_no_sender_s_until_it_is_free(
    store: Store, open_ledger: OpenLedger
) -> None:
    dispatch = await plans.plan(store, recipients=4, chunk=2)
    async with store.write() as tx:
        await tx.execute(update(chunks).values(owner=holds.SCHEDULE))
    ledger = open_ledger()
    await enter(ledger)
    held = await ledger.lease("email", at=NOON)
    await ledger.renew(at=NOON + 3 * LEASE, until=NOON + 4 * LEASE)
    await ledger.leave()
    await enter(ledger)
    still = await ledger.lease("email", at=NOON)

    async with store.write() as tx:
        await holds.free(tx, dispatch, holds.SCHEDULE)

    assert (held, still) == (None, None)
    assert len(await lease(ledger)) == 2


async def test_a_stop_of_one_channel_holds_that_dispatch_there_and_nothing_else(
    store: Store, ledger: Ledger
) -> None:
    first = await plans.plan(store, recipients=2, directive="a", channel="sms")
    second = await plans.plan(store, recipients=2, directive="b", channel="sms")
    mail = await plans.plan(store, recipients=2, directive="c")
    async with store.write() as tx:
        for dispatch in (first, mail):
            await stops.put(tx, f"sms/{dispatch}", at=NOON)

    orders = await ledger.orders()
    leased = [(await lease(ledger, channel))[:1] for channel in ("sms", "sms", "email")]

    assert orders.channels == {f"sms/{first}", f"sms/{mail}"}
    assert [[item.dispatch for item in items] for items in leased] == [[second], [], [mail]]


async def test_a_retry_waits_while_its_channel_of_its_dispatch_is_stopped(
    store: Store, ledger: Ledger
) -> None:
    dispatch = await plans.plan(store, recipients=1, channel="sms")
    (item,) = await lease(ledger, "sms")
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[deferred(item)], intents=[])
    async with store.write() as tx:
        await stops.put(tx, f"sms/{dispatch}", at=NOON)

    stopped = await due(ledger, "sms", after=timedelta(minutes=2))
    async with store.write() as tx:
        await stops.lift(tx, f"sms/{dispatch}")
    lifted = await due(ledger, "sms", after=timedelta(minutes=2))

    assert (stopped, [item.seq for item in lifted]) == ([], [1])


async def test_what_was_cancelled_is_closed_whatever_is_stopped(store: Store, ledger: Ledger) -> None:
    dispatch = await plans.plan(store, recipients=3, channel="sms")
    async with store.write() as tx:
        await stops.put(tx, f"sms/{dispatch}", at=NOON)
        await stops.cancel_directive(tx, "d1", at=NOON)

    await lease(ledger, "sms")

    assert await standing(store, dispatch) == {Outcome.CANCELLED: 3}


async def test_a_beat_says_in_the_slot_how_its_life_does(ledger: Ledger, store: Store) -> None:
    told = Pulse({"email": ChannelPulse(32, 7)})

    await ledger.beat(at=NOON, state=json.dumps(told.to_json()))

    async with store.read() as tx:
        (slot,) = await progress.senders(tx)
    assert (slot.name, slot.epoch, slot.beat_at, slot.pulse) == ("sender", 1, NOON, told)


async def test_a_life_that_was_fenced_off_beats_no_more(open_ledger: OpenLedger, store: Store) -> None:
    first, second = open_ledger(), open_ledger()
    await enter(first)
    await enter(second)

    with pytest.raises(FencedOff):
        await first.beat(at=NOON, state="{}")

    async with store.read() as tx:
        assert [slot.beat_at for slot in await progress.senders(tx)] == [None]


async def test_an_outcome_after_a_person_had_it_tried_again_counts(ledger: Ledger, store: Store) -> None:
    """The refusal before it does not: only the last word on a delivery decides what may follow."""
    await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await intend(ledger, item)
    await ledger.turn(at=NOON, settled=[Settled(item, 1, 0, Outcome.REFUSED, "550")], intents=[])
    async with store.write() as tx:
        (missed,) = [each async for each in unreached.of_dispatch(tx, item.dispatch)]
        assert await unreached.put_due(tx, item.dispatch, [missed], at=NOON) == 1

    (again,) = await due(ledger)
    await intend(ledger, again)
    await ledger.turn(at=NOON, settled=[accepted(again)], intents=[])

    async with store.read() as tx:
        assert await deliveries.outcome_of(tx, item.dispatch, item.seq) is Outcome.ACCEPTED
    assert await due(ledger) == []


async def test_a_delivery_that_is_in_doubt_life_after_life_waits_longer_and_is_held_in_the_end(
    store: Store, open_ledger: OpenLedger
) -> None:
    """A sender that dies again and again sends the same people no copy per life."""
    dispatch = await plans.plan(store, recipients=1)
    repeat = Repeat(held=False, later=(timedelta(minutes=1), timedelta(minutes=2)))
    at, waited = NOON, []
    first = open_ledger()
    await enter(first)
    await intend(first, *await lease(first))
    for _ in range(4):
        ledger = open_ledger()
        await ledger.enter("sender", at=at, until=at + LEASE, repeats={"email": repeat})
        for minutes in (0, 1, 2, 60):
            found = await ledger.lease_due("email", at=at + timedelta(minutes=minutes), limit=9)
            if found is not None:
                waited.append(minutes)
                at += timedelta(minutes=minutes)
                intents = [Intent(item, item.attempt + 1, 0) for item in found.items]
                await ledger.turn(at=at, settled=[], intents=intents)
                break

    assert waited == [0, 1, 2]
    async with store.read() as tx:
        assert [(s.seq, s.held) for s in await deliveries.uncertain(tx, dispatch)] == [(1, True)]


async def test_a_take_over_counts_the_doubts_of_other_lives_too(
    store: Store, ledger: Ledger, open_ledger: OpenLedger
) -> None:
    """Here the second doubt is held: the repeats name no wait for it."""
    await plans.plan(store, recipients=2)
    first, second = await lease(ledger)
    await intend(ledger, first)
    other = open_ledger()
    await enter(other, "other")
    await other.renew(at=NOON + 2 * LEASE, until=NOON + 9 * LEASE)
    (again,) = await due(other, after=2 * LEASE)
    await intend(other, again, *await lease(other))

    last = open_ledger()
    await last.enter("last", at=NOON, until=NOON + 99 * LEASE, repeats=REPEATS)
    assert await last.renew(at=NOON + 10 * LEASE, until=NOON + 99 * LEASE) == 2

    assert [item.seq for item in await due(last, after=20 * LEASE)] == [second.seq]


async def test_doubts_about_a_delivery_are_counted(store: Store, ledger: Ledger) -> None:
    await plans.plan(store, recipients=2)
    item, other = await lease(ledger)
    for attempt in (1, 2):
        await ledger.turn(at=NOON, settled=[], intents=[Intent(item, attempt, 0)])
        again = Again(NOON, held=False, attempt=attempt)
        doubt = Settled(item, attempt, 0, Outcome.UNCERTAIN, "connection-lost", again=again)
        await ledger.turn(at=NOON, settled=[doubt], intents=[])

    assert await ledger.doubts(item) == 2
    assert await ledger.doubts(other) == 0


async def defer(store: Store, ledger: Ledger, **how: object) -> int:
    """A dispatch, all of whose deliveries are to be tried again in a minute."""
    dispatch = await plans.plan(store, **how)  # type: ignore[arg-type]
    lease_ = await ledger.lease("email", at=NOON)
    assert lease_ is not None
    assert {item.dispatch for item in lease_.items} == {dispatch}
    settled = [deferred(item) for item in lease_.items]
    await ledger.turn(at=NOON, settled=settled, intents=[], done=[lease_.chunk])
    return dispatch


SOON = NOON + timedelta(minutes=2)


async def test_retries_come_up_by_the_urgency_of_their_dispatch(store: Store, ledger: Ledger) -> None:
    later = await defer(store, ledger, recipients=2, directive="later", urgency="Future")
    expected = await defer(store, ledger, recipients=2, directive="expected", urgency="Expected")
    urgent = await defer(store, ledger, recipients=2, directive="urgent", urgency="Immediate")

    found = [await ledger.lease_due("email", at=SOON, limit=9) for _ in range(4)]

    assert found.pop() is None
    assert [({item.dispatch for item in each.items}, each.urgency) for each in found if each] == [
        ({urgent}, 0),
        ({expected}, 1),
        ({later}, 2),
    ]


async def test_of_retries_that_are_as_urgent_the_oldest_come_first(store: Store, ledger: Ledger) -> None:
    first = await defer(store, ledger, recipients=1, directive="first")
    second = await defer(store, ledger, recipients=3, directive="second")
    async with store.write() as tx:
        later = update(due_table).where(due_table.c.dispatch == first)
        await tx.execute(later.values(due_at=NOON + timedelta(seconds=90)))

    order = [[item.dispatch for item in await due(ledger, after=timedelta(minutes=2))] for _ in range(2)]

    assert order == [[second] * 3, [first]]


async def test_a_newsletter_s_retries_wait_for_what_is_fresh_and_more_urgent(
    store: Store, ledger: Ledger
) -> None:
    newsletter = await defer(store, ledger, recipients=2, directive="later", urgency="Future")
    await plans.plan(store, recipients=2, directive="expected", urgency="Expected")

    while_fresh = await ledger.lease_due("email", at=SOON, limit=9)
    fresh = await ledger.lease("email", at=SOON)
    afterwards = await ledger.lease_due("email", at=SOON, limit=9)

    assert while_fresh is None
    assert fresh is not None
    assert afterwards is not None
    assert {item.dispatch for item in afterwards.items} == {newsletter}


async def test_retries_go_before_what_is_fresh_and_no_more_urgent(store: Store, ledger: Ledger) -> None:
    urgent = await defer(store, ledger, recipients=2, directive="urgent")
    await plans.plan(store, recipients=2, directive="fresh")
    await plans.plan(store, recipients=2, directive="expected", urgency="Expected")

    found = await ledger.lease_due("email", at=SOON, limit=9)

    assert found is not None
    assert {item.dispatch for item in found.items} == {urgent}


async def test_only_retries_that_are_more_urgent_pass_what_is_in_hand(store: Store, ledger: Ledger) -> None:
    await defer(store, ledger, recipients=2, directive="expected", urgency="Expected")

    assert await ledger.lease_due("email", at=SOON, limit=9, above=1) is None
    assert await ledger.lease_due("email", at=SOON, limit=9, above=2) is not None


async def test_retries_that_are_stopped_hide_none_that_are_less_urgent(store: Store, ledger: Ledger) -> None:
    """Nor do those that are held for a person, in somebody's hand, or not due yet."""
    stopped = await defer(store, ledger, recipients=2, directive="stopped")
    held = await defer(store, ledger, recipients=2, directive="held")
    taken = await defer(store, ledger, recipients=2, directive="taken")
    early = await defer(store, ledger, recipients=2, directive="early")
    other = await defer(store, ledger, recipients=2, directive="other", urgency="Future")
    async with store.write() as tx:
        await stops.put(tx, f"email/{stopped}", at=NOON)
        for dispatch, values in (
            (held, {"held": True}),
            (taken, {"owner": "another"}),
            (early, {"due_at": SOON + timedelta(seconds=1)}),
        ):
            await tx.execute(update(due_table).where(due_table.c.dispatch == dispatch).values(**values))

    assert {item.dispatch for item in await due(ledger, after=timedelta(minutes=2))} == {other}


async def test_retries_of_what_was_cancelled_are_closed_whatever_is_fresh(
    store: Store, ledger: Ledger
) -> None:
    dispatch = await defer(store, ledger, recipients=2, directive="later", urgency="Future")
    await plans.plan(store, recipients=2, directive="urgent")
    async with store.write() as tx:
        await stops.cancel_directive(tx, "later", at=NOON)

    assert await due(ledger, after=timedelta(minutes=2)) == []

    assert await standing(store, dispatch) == {Outcome.CANCELLED: 2}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_what_is_due_is_found_without_a_look_at_what_is_not(store: Store, ledger: Ledger) -> None:
    """The most urgent is asked for ten times a second: each dispatch costs a seek, and no row a look.

    SQLite tells its plan in words that stay the same.
    """
    for number in range(3):
        await defer(store, ledger, recipients=20, directive=f"d{number}", urgency="Future")
    file = sqlite_file(str(store.engine.url))
    assert file is not None
    plan: list[str] = []
    with closing(sqlite3.connect(file)) as db:
        for query, values in (
            (statements.DUE_DISPATCH, ("email", "", "Exercise", 9)),
            (statements.WOULD_WAKE, ("email", "", "Exercise")),
        ):
            plan += [detail for *_, detail in db.execute(f"EXPLAIN QUERY PLAN {query}", values)]

    asked = [line for line in plan if " u " in line]
    assert asked
    assert all("INDEX ix_due_open (channel=?" in line for line in asked)
