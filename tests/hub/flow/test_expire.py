"""What has expired is listed as expired wherever it lies, and never sent."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from hub.flow.expire import expire
from hub.flow.stop import stop
from hub.model.delivery import Outcome
from hub.model.hold import Hold
from hub.now import Clock
from hub.queue.contract import Again, Ledger, Settled
from hub.queue.postgres import PostgresLedger
from hub.queue.sqlite import SqliteLedger
from hub.store import deliveries, dispatches, holds
from hub.store.engine import Store, sqlite_file
from hub.store.tables import attempts, chunks, due
from tests import plans
from tests.plans import NOON

LIFE = timedelta(hours=2)
OVER = NOON + LIFE


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = await plans.new_store(database)
    await plans.people(store, 9)
    yield store
    await store.close()


@pytest.fixture
async def ledger(store: Store) -> AsyncIterator[Ledger]:
    file = sqlite_file(str(store.engine.url))
    ledger: Ledger = (
        PostgresLedger(store.engine.url, _fingerprint, "Exercise")
        if file is None
        else SqliteLedger(file, _fingerprint, "Exercise")
    )
    await ledger.enter("sender", at=NOON, until=NOON + timedelta(hours=9), repeats={})
    yield ledger
    await ledger.close()


def _fingerprint(channel: str, address: str) -> str:
    return address


async def swept(store: Store, folder: Path, at: datetime = OVER) -> int:
    return await expire(plans.hub_on(store, plans.config_for(folder), Clock(lambda: at)))


async def standing(store: Store, dispatch: int = 1) -> dict[str, int]:
    async with store.read() as tx:
        found = await deliveries.counts(tx, dispatch)
    return {outcome.value: number for outcomes in found.values() for outcome, number in outcomes.items()}


@pytest.mark.parametrize("scope", [{}, {"channel": "email"}, {"directive": "d1"}])
async def test_what_is_stopped_expires_all_the_same(
    store: Store, tmp_path: Path, scope: dict[str, str]
) -> None:
    await plans.plan(store, recipients=9, chunk=2, life=LIFE)
    hub = plans.hub_on(store, plans.config_for(tmp_path), Clock(lambda: NOON))
    await stop(hub, by="Opérations", **scope)

    before = await swept(store, tmp_path, OVER - timedelta(seconds=1))
    after = await swept(store, tmp_path)

    assert (before, after) == (0, 9)
    assert await standing(store) == {"expired": 9}
    async with store.read() as tx:
        assert len(await deliveries.failed(tx, 1)) == 9
        assert not await dispatches.unfinished(tx, 1)


@pytest.mark.parametrize("holder", [holds.SCHEDULE, holds.CANARY])
async def test_what_waits_for_its_hour_or_the_staff_expires_and_waits_no_more(
    store: Store, tmp_path: Path, holder: str
) -> None:
    await plans.plan(store, recipients=9, life=LIFE)
    async with store.write() as tx:
        await tx.execute(update(chunks).values(owner=holder))
        assert await holds.move(tx, 1, None, Hold.SCHEDULED)

    await swept(store, tmp_path)

    assert await standing(store) == {"expired": 9}
    async with store.read() as tx:
        assert await holds.waiting(tx) == []


async def test_what_is_in_a_sender_s_hand_is_left_to_that_sender(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    await plans.plan(store, recipients=9, chunk=5, life=LIFE)
    lease = await ledger.lease("email", at=NOON)
    assert lease is not None

    await swept(store, tmp_path)

    assert await standing(store) == {"queued": 5, "expired": 4}


async def test_what_is_to_be_tried_again_expires_before_its_hour(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    await plans.plan(store, recipients=2, life=LIFE)
    lease = await ledger.lease("email", at=NOON)
    assert lease is not None
    again = Again(OVER + timedelta(hours=5), held=False, attempt=1)
    settled = [Settled(item, 1, 0, Outcome.DEFERRED, "451", again=again) for item in lease.items]
    await ledger.turn(at=NOON, settled=settled, intents=[], done=[lease.chunk])

    await swept(store, tmp_path)

    assert await standing(store) == {"expired": 2}
    async with store.read() as tx:
        assert (await tx.execute(select(due))).all() == []


async def test_what_is_held_in_doubt_stays_listed_as_in_doubt(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    await plans.plan(store, recipients=1, life=LIFE)
    lease = await ledger.lease("email", at=NOON)
    assert lease is not None
    held = Settled(lease.items[0], 1, 0, Outcome.UNCERTAIN, "cut", again=Again(NOON, held=True, attempt=1))
    await ledger.turn(at=NOON, settled=[held], intents=[], done=[lease.chunk])

    await swept(store, tmp_path)

    assert await standing(store) == {"uncertain": 1}


async def test_what_is_held_in_doubt_and_released_too_late_is_not_sent(
    store: Store, ledger: Ledger, tmp_path: Path
) -> None:
    await plans.plan(store, recipients=1, life=LIFE)
    async with store.write() as tx:
        await tx.execute(update(chunks).values(done_at=NOON))
        await tx.execute(
            insert(due).values(dispatch=1, seq=1, channel="email", attempt=1, due_at=NOON, held=False)
        )

    lease = await ledger.lease_due("email", at=OVER, limit=9)

    assert lease is not None
    assert lease.items == []
    assert await standing(store) == {"expired": 1}


async def test_sweeping_twice_lists_nobody_twice(store: Store, tmp_path: Path) -> None:
    await plans.plan(store, recipients=9, chunk=4, life=LIFE)

    first, second = await swept(store, tmp_path), await swept(store, tmp_path)

    assert (first, second) == (9, 0)
    async with store.read() as tx:
        assert len((await tx.execute(select(attempts))).all()) == 9


async def test_who_was_tried_before_is_not_listed_as_expired(store: Store, tmp_path: Path) -> None:
    await plans.plan(store, recipients=3, life=LIFE)
    values = {"dispatch": 1, "seq": 2, "attempt": 1, "outcome": "accepted", "at": NOON}
    async with store.write() as tx:
        await tx.execute(
            insert(attempts).values(**values, owner="sender", epoch=1, lane=0, code="250", provider_id="")
        )

    await swept(store, tmp_path)

    assert await standing(store) == {"accepted": 1, "expired": 2}
