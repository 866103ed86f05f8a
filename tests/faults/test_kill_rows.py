"""F1, F2, F16: senders that are killed, paused beyond their time, or die with a chunk in hand."""

import asyncio
import os
import random
import signal
import sqlite3
import time
from collections import Counter
from pathlib import Path

from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import kill, message_ids, open_house
from tests.processes import children

SEED = int(os.environ.get("UNIVOQUE_SEED", "2020"))


async def test_f1_kills_at_random_moments_repeat_at_most_one_message_per_lane(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, kills, lanes = (50_000, 100, 32) if large else (500, 3, 4)
    dice = random.Random(SEED)
    async with open_house(tmp_path, lanes=lanes) as house:
        house.relay.on("dot", Slow(0.004), times=None)
        dispatch = await house.plan(recipients)

        last_kill = 0.0
        for _ in range(kills):
            process = await house.start()
            await house.taken(len(house.relay.messages) + 1)
            await asyncio.sleep(dice.uniform(0, 0.15))
            await kill(process)
            last_kill = time.time()
        async with house.sending():
            await house.finished(dispatch, 300)

        what = "SIGKILL of the sender at random moments"
        row = await house.row("F1", what, dispatch, fault_at=last_kill)
        by_life = Counter(epoch for _, _, epoch in await house.doubts(dispatch))
    print(f"UNIVOQUE_SEED={SEED}: {kills} kills, {lanes} lanes, {row}")  # noqa: T201 - shown to repeat a failure
    assert max(by_life.values(), default=0) <= lanes
    assert all(len(ids) == 1 for ids in message_ids(house.relay.messages).values())
    judge(row, repeats=kills * lanes)


async def test_f2_a_sender_paused_while_another_took_its_slot_is_fenced_off_when_it_wakes(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients = 20_000 if large else 400
    async with open_house(tmp_path) as house:
        house.relay.on("dot", Slow(0.01), times=None)
        dispatch = await house.plan(recipients)
        first = await house.start()
        await house.taken(recipients // 4)

        await _pause_between_commits(first, tmp_path / "univoque.db")
        paused_at = time.time()
        # Whoever takes the slot of a hung sender by force removes its lock; the ledger's fence has to hold alone.
        (tmp_path / "univoque.db.sender.lock").unlink()
        try:
            async with house.sending():
                await house.taken(recipients // 2)
                first.send_signal(signal.SIGCONT)
                ended = await asyncio.wait_for(first.wait(), 30)
                await house.finished(dispatch, 120)
        finally:
            if first.returncode is None:
                await kill(first)

        what = "SIGSTOP, its slot taken over, SIGCONT"
        row = await house.row("F2", what, dispatch, fault_at=paused_at)
    assert ended != 0
    assert "newer life" in house.log
    # What it had in hand when it was paused, and what it may still hand over before its first commit on waking.
    judge(row, repeats=house.lanes)


async def _pause_between_commits(process: asyncio.subprocess.Process, database: Path) -> None:
    """Stop it where it holds no lock on the database: who is stopped with one stops everybody until it is killed."""
    while True:
        process.send_signal(signal.SIGSTOP)
        other = sqlite3.connect(database, isolation_level=None, timeout=0.2)
        try:
            other.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            process.send_signal(signal.SIGCONT)
            await asyncio.sleep(0.005)
        finally:
            other.close()


async def test_f16_a_chunk_whose_sender_died_goes_on_with_the_next(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients = 20_000 if large else 600
    async with open_house(tmp_path) as house:
        house.relay.on("dot", Slow(0.01), times=None)
        dispatch = await house.plan(recipients, chunk=recipients)
        async with house.sending("serve") as service:
            await house.taken(recipients // 4)

            os.kill(children(service.pid)["sender"], signal.SIGKILL)
            killed_at = time.time()
            await house.finished(dispatch, 240)

        row = await house.row("F16", "a sender dies with its only chunk in hand", dispatch, fault_at=killed_at)
    judge(row, repeats=house.lanes)
