"""Counts that are kept as attempts come are those of a walk through all of them, whatever the order."""

import asyncio
import random
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from hub.context import Hub
from hub.flow.tally import tally
from hub.model.delivery import TRANSITIONS, Outcome
from hub.now import Clock
from hub.store import deliveries, sums
from hub.store.engine import Store, open_to_read
from hub.store.tables import attempts, paces
from tests import plans
from tests.plans import NOON


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = await plans.new_store(database)
    await plans.people(store, 40)
    yield store
    await store.close()


def hub(store: Store, tmp_path: Path, at: datetime = NOON) -> Hub:
    return plans.hub_on(store, plans.config_for(tmp_path), Clock(lambda: at))


async def append(
    store: Store, dispatch: int, seq: int, outcome: Outcome, *, at: datetime = NOON, id_: int | None = None
) -> None:
    row = {"id": id_} if id_ is not None else {}
    async with store.write() as tx:
        await tx.execute(
            insert(attempts).values(
                **row, dispatch=dispatch, seq=seq, attempt=1, outcome=outcome.value, at=at, owner="sender",
                epoch=1, lane=0, code="", provider_id="",
            )
        )  # fmt: skip


async def counted(store: Store, dispatch: int) -> dict[Outcome, int]:
    async with store.read() as tx:
        found = await sums.by_code(tx, [dispatch])
    counts: dict[Outcome, int] = {}
    for key, each in found.items():
        counts[key.outcome] = counts.get(key.outcome, 0) + each.number
    return counts


async def walked(store: Store, dispatch: int) -> dict[Outcome, int]:
    async with store.read() as tx:
        found = dict((await deliveries.counts(tx, dispatch))["email"])
    found.pop(Outcome.QUEUED, None)
    return found


@pytest.mark.parametrize("seed", range(3))
async def test_they_agree_with_a_walk_after_any_history(
    store: Store, tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sums, "BATCH", 7)
    dice = random.Random(seed)
    ids = [await plans.plan(store, recipients=15, directive=name) for name in ("d1", "d2")]
    stands = {(id_, seq): Outcome.QUEUED for id_ in ids for seq in range(1, 16)}
    for turn in range(60):
        place = dice.choice(list(stands))
        if followers := list(TRANSITIONS[stands[place]]):
            stands[place] = dice.choice(followers)
            await append(store, *place, stands[place])
        if turn % 9 == 0:
            assert await tally(hub(store, tmp_path))

    assert await tally(hub(store, tmp_path))

    for id_ in ids:
        assert await counted(store, id_) == await walked(store, id_)


async def test_counting_twice_counts_nothing_twice(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=2)
    await append(store, id_, 1, Outcome.ACCEPTED)

    await tally(hub(store, tmp_path))
    await tally(hub(store, tmp_path))

    assert await counted(store, id_) == {Outcome.ACCEPTED: 1}


async def test_of_several_that_count_at_once_one_counts(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=9)
    for seq in range(1, 10):
        await append(store, id_, seq, Outcome.ACCEPTED)

    assert all(await asyncio.gather(*(tally(hub(store, tmp_path)) for _ in range(4))))

    assert await counted(store, id_) == {Outcome.ACCEPTED: 9}


async def test_a_number_still_on_its_way_is_waited_for(store: Store, tmp_path: Path) -> None:
    """With several senders a later number may be committed before an earlier one."""
    id_ = await plans.plan(store, recipients=4)
    await append(store, id_, 1, Outcome.ACCEPTED, id_=1)
    await append(store, id_, 3, Outcome.ACCEPTED, id_=3)

    await tally(hub(store, tmp_path))
    before = await counted(store, id_)
    await append(store, id_, 2, Outcome.REFUSED, id_=2)
    await tally(hub(store, tmp_path))

    assert before == {Outcome.ACCEPTED: 1}
    assert await counted(store, id_) == {Outcome.ACCEPTED: 2, Outcome.REFUSED: 1}


async def test_a_number_that_was_never_used_holds_nothing_up_for_long(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=4)
    await append(store, id_, 1, Outcome.ACCEPTED, id_=1)
    await append(store, id_, 3, Outcome.ACCEPTED, id_=3)

    await tally(hub(store, tmp_path, NOON + sums.PATIENCE + timedelta(seconds=1)))

    assert await counted(store, id_) == {Outcome.ACCEPTED: 2}


async def test_how_far_it_is_is_noted_every_few_seconds_and_forgotten(store: Store, tmp_path: Path) -> None:
    id_ = await plans.plan(store, recipients=20)
    for second in range(20):
        await append(store, id_, second + 1, Outcome.ACCEPTED, at=NOON + timedelta(seconds=second))
        await tally(hub(store, tmp_path))
    later = NOON + timedelta(days=1)
    await append(store, id_, 1, Outcome.DELIVERED, at=later)

    async with store.read() as tx:
        noted = [(pace.at, pace.finished) for pace in (await sums.paces_of(tx, [id_]))[id_, "email"]]
    await tally(hub(store, tmp_path))

    assert noted == [(NOON + timedelta(seconds=s), s + 1) for s in (0, 5, 10, 15)]
    async with store.read() as tx:
        assert [row.at for row in await tx.execute(select(paces.c.at))] == [later]


async def test_counts_that_cannot_be_kept_are_said_to_be_old(tmp_path: Path) -> None:
    """Only an SQLite file is opened to be read alone."""
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 2)
    id_ = await plans.plan(store, recipients=2)
    await append(store, id_, 1, Outcome.ACCEPTED)
    reader = open_to_read(tmp_path / "univoque.db")

    current = await tally(hub(reader, tmp_path))
    await reader.close()

    assert not current
    assert await counted(store, id_) == {}
    await store.close()
