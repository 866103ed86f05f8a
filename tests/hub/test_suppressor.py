"""Addresses that a relay rules out: many lanes, one transaction, and no note lost."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select
from structlog.testing import capture_logs

from hub.context import Hub
from hub.queue.contract import Item
from hub.store import suppressions
from hub.store.tables import suppressions as table
from hub.suppressor import Suppressor
from subscribers.audience import UNSUBSCRIBED
from tests import plans
from tests.plans import NOON


@pytest.fixture
async def hub(database: str, tmp_path: Path) -> AsyncIterator[Hub]:
    store = await plans.new_store(database)
    yield plans.hub_on(store, plans.config_for(tmp_path))
    await store.close()


def item(number: int) -> Item:
    address = f"person-{number}@example.org"
    return Item(1, number, 1, address, f"token-{number}", 0, NOON + timedelta(days=1), due=False)


async def reason(hub: Hub, number: int) -> str | None:
    async with hub.store.read() as tx:
        return await suppressions.find(tx, channel="email", value=item(number).address)


async def test_lanes_that_are_refused_together_are_noted_together(hub: Hub) -> None:
    commits: list[None] = []
    event.listen(hub.store.engine.sync_engine, "commit", lambda _: commits.append(None))
    suppressor = Suppressor(hub, "email")

    await asyncio.gather(*(suppressor.note(item(number), "550 5.1.1") for number in range(32)))

    assert len(commits) <= 2  # the first one's, and that of all who came meanwhile
    async with hub.store.read() as tx:
        assert len((await tx.execute(select(table))).all()) == 32


async def test_a_lane_that_is_called_off_takes_no_other_ones_note_with_it(hub: Hub) -> None:
    suppressor = Suppressor(hub, "email")
    async with hub.store.write():
        first, second = (asyncio.create_task(suppressor.note(item(number), "550")) for number in (1, 2))
        await asyncio.sleep(0.02)
        first.cancel()
        await asyncio.wait([first])

    await second

    assert (await reason(hub, 1), await reason(hub, 2)) == ("550", "550")


async def test_a_note_that_fails_in_an_unforeseen_way_ends_no_lane(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(*_: object, **__: object) -> None:
        raise RuntimeError("nobody foresaw it")

    suppressor, add_all = Suppressor(hub, "email"), suppressions.add_all
    monkeypatch.setattr(suppressions, "add_all", failing)

    with capture_logs() as logs:
        await asyncio.gather(*(suppressor.note(item(number), "550") for number in range(4)))
        monkeypatch.setattr(suppressions, "add_all", add_all)
        await suppressor.note(item(9), "550")

    assert {log["event"] for log in logs} == {"refused addresses were not noted"}
    assert (await reason(hub, 1), await reason(hub, 9)) == (None, "550")


async def test_an_address_that_fails_outweighs_one_that_unsubscribed_and_the_first_code_stays(
    hub: Hub,
) -> None:
    async with hub.store.write() as tx:
        await suppressions.add(tx, channel="email", value=item(1).address, reason=UNSUBSCRIBED, at=NOON)
        await suppressions.add(tx, channel="email", value=item(2).address, reason="550 5.1.1", at=NOON)
    suppressor = Suppressor(hub, "email")

    await asyncio.gather(*(suppressor.note(item(number), "551") for number in (1, 2, 3)))

    assert [await reason(hub, number) for number in (1, 2, 3)] == ["551", "550 5.1.1", "551"]
