"""F2, F14, F16 on PostgreSQL: a sender is paused or dies and another takes over; the server itself is stopped."""

import asyncio
import gc
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from hub import config
from hub.sender import lease_of
from hub.store.engine import Store
from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import end, kill, open_house

if TYPE_CHECKING:
    from tests.postgres import Server

SENDERS, LANES = 2, 4

BRIEF: dict[str, Any] = {"email__command_timeout": 0.2, "email__dot_timeout": 1.0, "sms__timeout": 0.2}
"""A silent sender keeps what it has in hand for as long as one attempt may take: here three seconds."""
LEASE = 3.0
USUAL = lease_of(config.load(environ={}))
"""The same with the default settings."""


async def test_f2_a_sender_paused_past_its_lease_is_taken_over_and_fenced_off_when_it_wakes(
    lent: str, tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, answer = (10_000, 0.005) if large else (600, 0.02)
    async with open_house(tmp_path, lanes=LANES, database=lent, **BRIEF) as house:
        house.relay.on("dot", Slow(answer), times=None)
        dispatch = await house.plan(recipients, chunk=50)
        first = await house.work("one")
        others: list[asyncio.subprocess.Process] = []
        try:
            await house.taken(recipients // 4, 120)
            await _pause_between_commits(first, house.store)
            paused_at = time.time()
            others.append(await house.work("two"))
            await house.finished(dispatch, 240)
            awake_at = time.time()
            first.send_signal(signal.SIGCONT)
            ended = await asyncio.wait_for(first.wait(), 30)
            await house.finished(dispatch, 60)
        finally:
            if first.returncode is None:
                await kill(first)
            for other in others:
                await end(other)

        what = "SIGSTOP past its lease, taken over by another, SIGCONT (PostgreSQL)"
        row = await house.row("F2", what, dispatch, fault_at=paused_at)
        listed = [at for _, at, _ in await house.doubts(dispatch)]
    assert awake_at - paused_at > LEASE
    assert ended != 0
    assert "newer life" in house.log
    after = _taken_over(min(listed) - paused_at)
    judge(row, repeats=LANES, remarked=f"the other was started after the pause; {after}")


async def _pause_between_commits(process: asyncio.subprocess.Process, store: Store) -> None:
    """Stop it where it is in no transaction: whoever is stopped in one holds its locks until it is ended."""
    at_work = text(
        "SELECT count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
    )
    while True:
        process.send_signal(signal.SIGSTOP)
        await asyncio.sleep(0.1)  # what it had sent already is done by then
        async with store.read() as tx:
            if not await tx.scalar(at_work):
                return
        process.send_signal(signal.SIGCONT)
        await asyncio.sleep(0.005)


async def test_f16_what_one_of_three_had_in_hand_when_it_died_is_taken_over_when_its_lease_runs_out(
    lent: str, tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients = 20_000 if large else 900
    async with open_house(tmp_path, lanes=LANES, database=lent, **BRIEF) as house:
        house.relay.on("dot", Slow(0.02), times=None)
        dispatch = await house.plan(recipients, chunk=50)
        doomed, *others = await asyncio.gather(*(house.work(slot) for slot in ("one", "two", "three")))
        try:
            await kill(doomed)
            killed_at = time.time()
            await house.finished(dispatch, 240)
            finished_at = time.time()
        finally:
            ended = await asyncio.gather(*(end(other) for other in others))

        what = "one of three senders dies for good (PostgreSQL)"
        row = await house.row("F16", what, dispatch, no_rate="one of three is gone")
        listed = [at for _, at, _ in await house.doubts(dispatch)]
    assert ended == [0, 0]
    assert listed, "it died with nothing in hand"
    assert LEASE * 0.9 < min(listed) - killed_at < LEASE * 1.1 + 2
    assert finished_at - killed_at > LEASE
    judge(row, repeats=LANES, remarked=_taken_over(min(listed) - killed_at))


def _taken_over(seconds: float) -> str:
    return (
        f"what it had in hand was taken over after {seconds:.1f} s, where a lease is {LEASE:.0f} s; "
        f"with the default settings it is {USUAL.total_seconds():.0f} s."
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of connections that it broke
async def test_f14_a_server_that_is_stopped_at_once_costs_seconds_and_nobody_a_message(
    own_postgres: "Server", tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, stops, answer = (20_000, 3, 0.01) if large else (600, 1, 0.03)
    url = own_postgres.url("postgres")
    async with open_house(tmp_path, lanes=LANES, database=url) as house:
        house.relay.on("dot", Slow(answer), times=None)
        dispatch = await house.plan(recipients, chunk=50)
        async with house.sending(), house.sending():
            await house.at_work(SENDERS)
            for number in range(1, stops + 1):
                await house.taken(number * recipients // (stops + 2), 120)
                stopped_at = time.time()
                await asyncio.to_thread(own_postgres.restart_at_once)
            await house.finished(dispatch, 240)

        what = "PostgreSQL stopped at once, started again, under two senders"
        row = await house.row("F14", what, dispatch, fault_at=stopped_at)
    after = [mail for mail in house.relay.messages if mail.at > stopped_at]
    gc.collect()  # what the pool let go of is said here, and in no other test
    assert len(after) > SENDERS * LANES, "it was stopped in mid-send"
    assert house.log.count("ledger waits") >= SENDERS
    assert row.uncertain <= stops * SENDERS * LANES
    judge(row, repeats=stops * SENDERS * LANES)
