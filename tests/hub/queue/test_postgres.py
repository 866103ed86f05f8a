"""Several senders on one PostgreSQL: they share the work, and a broken connection leaves nothing open."""

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from hub.errors import EnvironmentFailed
from hub.model.delivery import Outcome
from hub.queue.contract import Again, FencedOff, Intent, Item, Ledger, LedgerWaits, Settled
from hub.store import deliveries
from hub.store.deliveries import Try
from hub.store.engine import Store
from hub.store.tables import attempts, due
from tests import plans
from tests.doubles.wire import Wire, wire
from tests.hub.queue.test_contract import LEASE, REPEATS, accepted, deferred, lease, standing
from tests.plans import NOON

if TYPE_CHECKING:
    from hub.queue.postgres import PostgresLedger
    from tests.postgres import Server

pytestmark = pytest.mark.parametrize("database", ["postgresql"], indirect=True)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = await plans.new_store(database)
    await plans.people(store, 20)
    yield store
    await store.close()


@pytest.fixture
async def cable(postgres: "Server") -> AsyncIterator[Wire]:
    async with wire(postgres.socket) as found:
        yield found


def ledger_on(store: Store, cable: Wire | None = None) -> "PostgresLedger":
    from hub.queue.postgres import PostgresLedger

    url = store.engine.url
    if cable is not None:
        url = url.set(host="127.0.0.1", port=cable.port, query={})
    return PostgresLedger(url, lambda channel, address: f"{channel}:{address}", "Exercise")


@pytest.fixture
async def ledger(store: Store, cable: Wire) -> AsyncIterator["PostgresLedger"]:
    ledger = ledger_on(store, cable)
    await enter(ledger, "one")
    yield ledger
    await ledger.close()


@pytest.fixture
async def other(store: Store) -> AsyncIterator["PostgresLedger"]:
    ledger = ledger_on(store)
    await enter(ledger, "other")
    yield ledger
    await ledger.close()


async def enter(ledger: Ledger, slot: str) -> None:
    await ledger.enter(slot, at=NOON, until=NOON + LEASE, repeats=REPEATS)


async def rows(store: Store, seq: int) -> list[str]:
    async with store.read() as tx:
        query = select(attempts.c.outcome).where(attempts.c.seq == seq).order_by(attempts.c.id)
        return list((await tx.execute(query)).scalars())


async def begun(ledger: Ledger, *items: Item) -> None:
    intents = [Intent(item, 1, lane) for lane, item in enumerate(items)]
    assert not await ledger.turn(at=NOON, settled=[], intents=intents)


async def test_senders_share_the_chunks_at_the_same_time(
    store: Store, ledger: "PostgresLedger", other: "PostgresLedger"
) -> None:
    await plans.plan(store, recipients=20, chunk=2)

    found = await asyncio.gather(*(lease(one) for one in (ledger, other) * 5))

    assert sorted(item.seq for chunk in found for item in chunk) == list(range(1, 21))


async def test_a_turn_whose_answer_is_lost_is_found_to_be_written(
    store: Store, ledger: "PostgresLedger", cable: Wire
) -> None:
    dispatch = await plans.plan(store, recipients=3)
    first, second, _ = await lease(ledger)
    await begun(ledger, first)

    cable.swallow_the_next_answer()
    void = await ledger.turn(at=NOON, settled=[accepted(first)], intents=[Intent(second, 1, 0)])

    assert void == set()
    assert await rows(store, 1) == ["attempting", "accepted"]
    assert await rows(store, 2) == ["attempting"]
    await ledger.turn(at=NOON, settled=[accepted(second)], intents=[])
    assert await standing(store, dispatch) == {Outcome.ACCEPTED: 2, Outcome.QUEUED: 1}


async def test_a_turn_that_never_arrived_has_written_nothing_and_is_made_again(
    store: Store, ledger: "PostgresLedger", cable: Wire
) -> None:
    await plans.plan(store, recipients=3)
    first, second, _ = await lease(ledger)
    await begun(ledger, first)
    turn = {"at": NOON, "settled": [accepted(first)], "intents": [Intent(second, 1, 0)]}

    cable.lose_the_next_question()
    with pytest.raises(LedgerWaits):
        await ledger.turn(**turn)  # type: ignore[arg-type]
    before = await rows(store, 1)
    await ledger.turn(**turn)  # type: ignore[arg-type]

    assert before == ["attempting"]
    assert await rows(store, 1) == ["attempting", "accepted"]
    assert await rows(store, 2) == ["attempting"]


async def test_a_try_that_did_not_count_is_not_taken_for_the_one_after_it(
    store: Store, ledger: "PostgresLedger", cable: Wire
) -> None:
    await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await begun(ledger, item)
    uncounted = Settled(item, 1, 0, Outcome.DEFERRED, "421", again=Again(NOON, held=False, attempt=0))
    await ledger.turn(at=NOON, settled=[uncounted], intents=[], done=[1])
    later = NOON + LEASE
    again = await ledger.lease_due("email", at=later, limit=10)
    assert again is not None
    intent = Intent(again.items[0], 1, 0)

    cable.lose_the_next_question()
    with pytest.raises(LedgerWaits):
        await ledger.turn(at=later, settled=[], intents=[intent])
    before = await rows(store, 1)
    assert not await ledger.turn(at=later, settled=[], intents=[intent])

    assert before == ["attempting", "deferred"]
    assert await rows(store, 1) == ["attempting", "deferred", "attempting"]


async def test_a_void_intent_of_a_turn_whose_answer_is_lost_stays_void(
    store: Store, ledger: "PostgresLedger", cable: Wire
) -> None:
    dispatch = await plans.plan(store, recipients=2)
    first, second = await lease(ledger)
    await begun(ledger, first)
    await ledger.turn(at=NOON, settled=[deferred(first)], intents=[])
    again = await ledger.lease_due("email", at=NOON + LEASE, limit=10)
    assert again is not None
    made = Try(dispatch, 1, 1)
    async with store.write() as tx:
        await deliveries.append_report(tx, made, Outcome.DELIVERED, at=NOON, code="", provider_id="")
    retry, fresh = Intent(again.items[0], 2, 0), Intent(second, 1, 1)

    cable.swallow_the_next_answer()
    void = await ledger.turn(at=NOON, settled=[], intents=[retry, fresh])

    assert void == {retry}
    assert await rows(store, 2) == ["attempting"]


async def test_a_chunk_that_was_leased_unheard_is_given_back(
    store: Store, ledger: "PostgresLedger", cable: Wire
) -> None:
    await plans.plan(store, recipients=4, chunk=2)
    kept = await lease(ledger)

    for _ in range(8):  # whichever of a lease's steps loses its answer
        cable.swallow_the_next_answer()
        with pytest.raises(LedgerWaits):
            await lease(ledger)
    found = await lease(ledger)

    assert [item.seq for item in (*kept, *found)] == [1, 2, 3, 4]
    assert await lease(ledger) == []


async def test_a_call_that_arrives_after_its_connection_broke_is_fenced_off(
    store: Store, ledger: "PostgresLedger", other: "PostgresLedger", cable: Wire
) -> None:
    await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    late = ledger_on(store)
    late._slot, late._epoch = "one", 1  # the call that is still under way

    await cable.cut()
    await ledger.orders()

    with pytest.raises(FencedOff):
        await late.turn(at=NOON, settled=[], intents=[Intent(item, 1, 0)])
    assert not await ledger.turn(at=NOON, settled=[], intents=[Intent(item, 1, 0)])
    await late.close()


async def test_a_life_that_lost_its_slot_while_it_was_cut_off_ends(
    store: Store, ledger: "PostgresLedger", cable: Wire
) -> None:
    await cable.cut()
    newer = ledger_on(store)
    await enter(newer, "one")

    with pytest.raises(FencedOff):
        await ledger.orders()
    await newer.close()


async def test_an_outcome_waits_for_a_report_that_is_being_written(
    store: Store, ledger: "PostgresLedger"
) -> None:
    dispatch = await plans.plan(store, recipients=1)
    (item,) = await lease(ledger)
    await begun(ledger, item)
    made = Try(dispatch, 1, 1)

    async with store.write() as tx:
        turn = asyncio.create_task(ledger.turn(at=NOON, settled=[deferred(item)], intents=[]))
        await asyncio.sleep(0.1)
        await deliveries.append_report(tx, made, Outcome.DELIVERED, at=NOON, code="", provider_id="")
    await turn

    assert await standing(store, dispatch) == {Outcome.DELIVERED: 1}
    async with store.read() as tx:
        assert (await tx.execute(select(func.count()).select_from(due))).scalar_one() == 0


async def test_senders_go_on_beside_an_import(store: Store, ledger: "PostgresLedger") -> None:
    await plans.plan(store, recipients=1)

    async with store.write_beside():
        (item,) = await lease(ledger)
        await begun(ledger, item)

    assert await rows(store, 1) == ["attempting"]


async def test_a_slot_has_one_sender_and_is_free_when_that_one_is_gone(
    store: Store, ledger: "PostgresLedger", other: "PostgresLedger"
) -> None:
    first = await ledger.claim("host/1")
    second = await other.claim("host/1")

    await ledger.close()

    async def free() -> bool:
        return await other.claim("host/1")

    async with asyncio.timeout(10):
        while not await free():  # noqa: ASYNC110 - the server rings no bell
            await asyncio.sleep(0.02)
    assert (first, second) == (True, False)


async def test_a_ledger_without_tables_names_the_remedy(store: Store, postgres: "Server") -> None:
    from hub.queue.postgres import PostgresLedger

    url = store.engine.url.set(database="postgres")
    ledger = PostgresLedger(url, lambda channel, address: "", "Exercise")

    with pytest.raises(EnvironmentFailed, match="univoque init"):
        await ledger.orders()
    await ledger.close()
