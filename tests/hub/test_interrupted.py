"""A sender that is told to stop, to drain or to end, finds the database locked, or is followed by another life."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, MutableMapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from hub.flow import stop
from hub.model.delivery import Outcome
from hub.queue import desk
from hub.queue.contract import FencedOff, LedgerBusy, LedgerWaits
from hub.store import deliveries, dispatches
from tests.doubles.smtp import Fault, Slow
from tests.hub.mail import House, opened, sending, until


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with opened(tmp_path) as house:
        yield house


@pytest.mark.parametrize("scope", [{}, {"directive": "d1"}, {"channel": "email"}])
async def test_a_stop_takes_effect_and_is_lifted(house: House, scope: dict[str, str]) -> None:
    dispatch = await house.plan(60)
    house.relay.on("dot", Slow(0.05), times=None)
    hub = house.hub()

    async with sending(hub):
        await until(lambda: house.has_sent(5))
        await stop.stop(hub, by="Olga", **scope)
        await asyncio.sleep(1)
        stopped_at = len(house.relay.messages)
        await asyncio.sleep(0.5)
        still_at = len(house.relay.messages)
        await stop.resume(hub, by="Olga", **scope)
        await house.until(dispatch, accepted=60)

    assert stopped_at == still_at < 60
    assert len(house.relay.messages) == 60


async def test_what_is_cancelled_ends_as_cancelled(house: House) -> None:
    dispatch = await house.plan(60)
    house.relay.on("dot", Slow(0.05), times=None)
    hub = house.hub()

    async with sending(hub):
        await until(lambda: house.has_sent(5))
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
        await until(lambda: house.has_sent(3))

    standing = await house.standing(dispatch)
    assert set(standing) == {Outcome.ACCEPTED, Outcome.QUEUED}
    assert standing[Outcome.ACCEPTED] == len(house.relay.messages)


async def test_asked_twice_it_ends_at_once_and_the_doubt_is_listed_by_the_next_life(house: House) -> None:
    dispatch = await house.plan(1)
    house.relay.on("dot", Fault.HANG)
    hub = house.hub()

    async with sending(hub) as stopping:
        await until(lambda: house.has_sent(1))
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
            await until(lambda: house.has_sent(3))
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
            await until(lambda: house.has_sent(3))
            async with sending(hub):
                await house.until(dispatch, accepted=60)

    async with house.store.read() as tx:
        doubtful = await deliveries.ever_uncertain(tx, dispatch)
    assert len(house.relay.messages) - 60 <= len(doubtful) <= 4
