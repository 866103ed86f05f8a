"""F1, F2, F16: senders that are killed, paused beyond their time, or die with a chunk in hand."""

import asyncio
import os
import signal
import sqlite3
import time
from pathlib import Path

from bench import control
from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import full_rate_after, kill, open_house
from tests.faults.kills import killed
from tests.faults.row import Row, note

SEED = int(os.environ.get("UNIVOQUE_SEED", "2020"))


async def test_f1_kills_at_random_moments_repeat_at_most_one_message_per_lane(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, kills, lanes = (50_000, 100, 32) if large else (500, 2, 4)

    found = await killed(tmp_path, recipients=recipients, kills=kills, lanes=lanes, seed=SEED)

    print(f"UNIVOQUE_SEED={SEED}: {found}")  # noqa: T201 - shown when it fails, to repeat it
    assert found.most_in_doubt <= lanes
    assert found.ids_per_recipient == 1
    judge(found.row, repeats=kills * lanes)


def test_f1_the_control_with_a_cursor_per_chunk_repeats_more_than_that(tmp_path: Path, large: bool) -> None:
    recipients, kills, lanes = (50_000, 100, 32) if large else (1_500, 2, 4)

    found = control.run(tmp_path, recipients=recipients, kills=kills, lanes=lanes, seed=SEED)

    if large:
        what = f"control: a cursor saved per chunk of {control.CHUNK}, {lanes} lanes"
        rate = full_rate_after(found.instants, found.last_kill_at) or "the last kill came near the end"
        note(Row("F1", what, recipients, found.lost, found.repeats, found.most_copies, 0, 0, rate))
    assert found.lost == 0
    assert found.repeats > kills * lanes


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
        first = await house.start()
        await house.taken(recipients // 4)
        await kill(first)
        killed_at = time.time()
        async with house.sending():
            await house.finished(dispatch, 240)

        what = "a sender dies with its only chunk in hand, another takes its slot"
        row = await house.row("F16", what, dispatch, fault_at=killed_at)
    first_again = min(mail.at for mail in house.relay.messages if mail.at > killed_at)
    remarked = (
        f"its chunk went on after {first_again - killed_at:.1f} s, most of them the start of the other."
    )
    judge(row, repeats=house.lanes, remarked=remarked)
