"""F12, F13: the database is locked by another process, or its disk is full."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import open_house
from tests.faults.row import Row
from tests.processes import ROOT


async def test_f12_a_locked_database_delays_and_loses_nothing(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, locks = (10_000, (1, 10, 60)) if large else (400, (1,))
    async with open_house(tmp_path) as house:
        house.relay.on("dot", Slow(0.01), times=None)
        dispatch = await house.plan(recipients)
        other = sqlite3.connect(tmp_path / "univoque.db", isolation_level=None, timeout=10)
        async with house.sending():
            for number, seconds in enumerate(locks, start=1):
                await house.taken(number * recipients // 5)
                other.execute("BEGIN IMMEDIATE")
                locked_at = time.time()
                await asyncio.sleep(seconds)
                other.execute("COMMIT")
            await house.finished(dispatch, 180)
        other.close()

        what = "another process holds the write lock for 1, 10 and 60 s"
        row = await house.row("F12", what, dispatch, fault_at=locked_at)
    judge(row)


def test_f13_a_full_disk_stops_sending_and_what_is_under_way_is_written_down(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    alone = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    if subprocess.run([*alone, "mount", "-t", "tmpfs", "none", str(tmp_path)], check=False).returncode:
        pytest.skip("no mount namespace for a disk of our own (needs unshare and the right to use it)")

    command = [sys.executable, "-m", "tests.faults.full_disk", str(tmp_path), "10000" if large else "600"]
    done = subprocess.run([*alone, *command], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr[-3000:]
    said = json.loads(done.stdout.splitlines()[-1])
    row = Row(**said["row"])
    print(f"sending went on {said['resumed_after']:.1f} s after there was room")  # noqa: T201
    assert (said["left_while_full"], said["page"], said["attempting"]) == (0, 200, 0)
    assert row.uncertain <= 4
    judge(row)
