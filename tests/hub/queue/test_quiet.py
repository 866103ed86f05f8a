"""In quiet hours a channel carries what is immediate and nothing else; all other messages wait, or expire."""

import asyncio
import math
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from hub.now import Clock
from hub.queue.desk import Desk
from hub.queue.line import Work
from hub.queue.sqlite import SqliteLedger
from hub.store.engine import Store
from hub.store.tables import chunks, dispatches, due
from tests import plans
from tests.plans import NOON

MORNING = NOON + timedelta(hours=9)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = await plans.new_store(tmp_path / "univoque.db")
    await plans.people(store, 9)
    yield store
    await store.close()


class Night:
    """A desk at work, with a clock and quiet hours that a test sets."""

    def __init__(self, file: Path) -> None:
        self.now = NOON
        self.quiet = True
        self.ledger = SqliteLedger(file, lambda channel, address: address, "Exercise")
        self.desk = Desk(
            self.ledger, Clock(lambda: self.now), {"email": math.inf}, quiet=lambda _: self._until()
        )
        self._lane = 0

    def _until(self) -> datetime | None:
        return MORNING if self.quiet else None

    async def look(self) -> None:
        await self.desk.look()

    def ask(self) -> "asyncio.Task[Work | None]":
        self._lane += 1
        return asyncio.create_task(self.desk.exchange("email", self._lane, None))


@pytest.fixture
async def night(store: Store, tmp_path: Path) -> AsyncIterator[Night]:
    night = Night(tmp_path / "univoque.db")
    await night.ledger.enter("sender", at=NOON, until=NOON + timedelta(days=1), repeats={})
    await night.look()
    serving = asyncio.create_task(night.desk.run())
    yield night
    serving.cancel()
    await night.ledger.close()


async def got(*asked: "asyncio.Task[Work | None]") -> list[int]:
    """The dispatches of what lanes were given within a moment; who got nothing waits on."""
    await asyncio.wait(asked, timeout=0.3)
    given = [task.result() for task in asked if task.done()]
    return [work.item.dispatch for work in given if work is not None]


async def is_due(store: Store, dispatch: int, seq: int = 1) -> None:
    async with store.write() as tx:
        await tx.execute(update(chunks).where(chunks.c.dispatch == dispatch).values(done_at=NOON))
        await tx.execute(
            insert(due).values(
                dispatch=dispatch, seq=seq, channel="email", attempt=1, due_at=NOON, held=False
            )
        )


async def test_what_is_immediate_passes_and_the_rest_waits(store: Store, night: Night) -> None:
    await plans.plan(store, recipients=1, directive="expected", urgency="Expected")
    urgent = await plans.plan(store, recipients=1, directive="immediate", urgency="Immediate")

    asked = night.ask(), night.ask()

    assert await got(*asked) == [urgent]


async def test_in_the_morning_it_leaves(store: Store, night: Night) -> None:
    expected = await plans.plan(store, recipients=1, urgency="Expected")
    asked = night.ask()
    at_night = await got(asked)

    night.quiet, night.now = False, MORNING
    await night.look()

    assert (at_night, await got(asked)) == ([], [expected])


async def test_retries_wait_too_but_those_of_what_is_immediate(store: Store, night: Night) -> None:
    expected = await plans.plan(store, recipients=1, directive="expected", urgency="Expected")
    urgent = await plans.plan(store, recipients=1, directive="immediate", urgency="Immediate")
    await is_due(store, expected)
    await is_due(store, urgent)

    given = await got(night.ask(), night.ask())

    assert given == [urgent]
    async with store.read() as tx:
        (wait,) = (await tx.execute(select(due.c.due_at).where(due.c.dispatch == expected))).scalars()
    assert wait == MORNING


async def test_what_is_in_hand_when_the_night_falls_is_put_back(store: Store, night: Night) -> None:
    await plans.plan(store, recipients=5, urgency="Expected")
    night.quiet = False
    await night.look()
    by_day = await got(night.ask())

    night.quiet = True
    await night.look()

    assert (by_day, await got(night.ask())) == ([1], [])


async def test_expiry_wins_over_the_night(store: Store, night: Night) -> None:
    expected = await plans.plan(store, recipients=1, urgency="Expected")
    await is_due(store, expected)
    async with store.write() as tx:
        await tx.execute(update(dispatches).values(expires_at=NOON))

    given = await got(night.ask())

    assert given == []
    async with store.read() as tx:
        assert (await tx.execute(select(due))).all() == []


async def test_what_is_held_for_a_person_is_not_moved(store: Store, night: Night) -> None:
    expected = await plans.plan(store, recipients=1, urgency="Expected")
    await is_due(store, expected)
    async with store.write() as tx:
        await tx.execute(update(due).values(held=True))

    await night.ledger.postpone("email", at=NOON, until=MORNING)

    async with store.read() as tx:
        assert (await tx.execute(select(due.c.due_at))).scalars().all() == [NOON]
