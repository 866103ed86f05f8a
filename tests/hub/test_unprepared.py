"""Words that cannot be made ready to leave hold up themselves, and nobody else."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update
from structlog.testing import capture_logs

from hub.flow import alarms, stop
from hub.flow.observe import observe
from hub.model.delivery import Outcome
from hub.queue.contract import Body, LedgerBusy
from hub.queue.sqlite import SqliteLedger
from hub.store import journal, stops
from hub.store.tables import attempts, bodies
from tests.hub.mail import House, opened, sending, until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path, people=300) as house:
        yield house


async def falsify(house: House, dispatch: int, text: str = "Tout est permis") -> str:
    """Let other words stand there than were approved; returns those."""
    async with house.store.write() as tx:
        of = bodies.c.dispatch == dispatch
        approved = (await tx.execute(select(bodies.c.text).where(of))).scalar_one()
        await tx.execute(update(bodies).where(of).values(text=text))
    return str(approved)


async def is_stopped(house: House, dispatch: int) -> bool:
    async with house.store.read() as tx:
        return f"email/{dispatch}" in await stops.causes(tx)


async def tries(house: House, dispatch: int) -> int:
    count = select(func.count()).where(attempts.c.dispatch == dispatch, attempts.c.outcome == "attempting")
    async with house.store.read() as tx:
        return int((await tx.execute(count)).scalar_one())


async def test_what_cannot_be_prepared_is_stopped_once_and_everything_else_leaves(house: House) -> None:
    poisoned = await house.plan(300, directive="d1", urgency="Expected")
    await falsify(house, poisoned)
    hub = house.hub()

    with capture_logs() as logs:
        async with sending(hub):
            await until(lambda: is_stopped(house, poisoned))
            others = await house.plan(60, directive="d2", urgency="Expected")
            newsletter = await house.plan(60, directive="d3", urgency="Future")
            async with asyncio.timeout(3):
                await house.until(others, accepted=60)
                await house.until(newsletter, accepted=60)
            tried = await tries(house, poisoned)
            await asyncio.sleep(0.5)
            assert await tries(house, poisoned) == tried, "it is left alone until a person mends it"
            raised = alarms.raised(await observe(hub), hub.config.alarms)

    assert tried <= 2 * 4, "what the four lanes had in hand"
    assert set(await house.standing(poisoned)) == {Outcome.DEFERRED, Outcome.QUEUED}
    assert {message.recipient for message in house.relay.messages} <= set(house.recipients())
    (said,) = [line for line in logs if line["log_level"] == "error"]
    assert said["directive"] == "d1"
    assert "resume d1" in said["remedy"]
    assert all(line["event"] != "the far side takes nothing" for line in logs)
    (alarm,) = raised
    assert alarm.name == "unprepared"
    assert "d1 by email" in alarm.finding
    async with house.store.read() as tx:
        assert [entry.action async for entry in journal.entries(tx)] == ["message unprepared"]


async def test_once_it_is_mended_and_resumed_everybody_gets_it(house: House) -> None:
    dispatch = await house.plan(60)
    approved = await falsify(house, dispatch)
    hub = house.hub()

    async with sending(hub):
        await until(lambda: is_stopped(house, dispatch))
        await asyncio.sleep(1.2)
        assert house.relay.messages == []
        await falsify(house, dispatch, approved)
        assert await stop.resume(hub, by="Olga", directive="d1")
        await house.until(dispatch, accepted=60)


async def test_resumed_without_a_remedy_it_is_stopped_again(house: House) -> None:
    dispatch = await house.plan(10)
    await falsify(house, dispatch)
    hub = house.hub()

    async with sending(hub):
        for _ in range(2):
            await until(lambda: is_stopped(house, dispatch))
            await asyncio.sleep(1.2)
            await stop.resume(hub, by="Olga", directive="d1")
        await until(lambda: is_stopped(house, dispatch))

    assert house.relay.messages == []


async def test_a_ledger_that_cannot_be_read_for_a_moment_stops_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispatch = await house.plan(5)
    read, left = SqliteLedger.body, iter(range(2))

    async def body(self: SqliteLedger, id_: int) -> Body:
        if next(left, None) is not None:
            raise LedgerBusy("database is locked; it is tried again")
        return await read(self, id_)

    monkeypatch.setattr(SqliteLedger, "body", body)
    with capture_logs() as logs:
        async with sending(house.hub()):
            await until(lambda: house.has(dispatch, Outcome.ACCEPTED))
            assert not await is_stopped(house, dispatch)
            await house.until(dispatch, accepted=5)

    assert [line for line in logs if line["log_level"] in ("error", "warning")] == []
