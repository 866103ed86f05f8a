"""F12, F13: the database is locked by another process, or its disk is full."""

import asyncio
import json
import os
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest
from sqlalchemy import select

from hub.store.engine import PATIENCE
from hub.store.tables import persons
from tests.doubles.smtp import Slow
from tests.faults.conftest import Judge
from tests.faults.house import free_port, open_house
from tests.faults.row import Row
from tests.processes import ROOT


async def test_f12_a_locked_database_delays_and_loses_nothing(
    tmp_path: Path, judge: Judge, large: bool
) -> None:
    recipients, locks = (10_000, (1, 10, 60)) if large else (400, (1,))
    wishes: list[Wish] = []
    port = free_port()
    async with open_house(tmp_path, web__port=port) as house:
        house.relay.on("dot", Slow(0.01), times=None)
        dispatch = await house.plan(recipients)
        other = sqlite3.connect(tmp_path / "univoque.db", isolation_level=None, timeout=10)
        async with house.sending("serve"):
            for number, seconds in enumerate(locks, start=1):
                await house.taken(number * recipients // 5)
                other.execute("BEGIN IMMEDIATE")
                locked_at = time.time()
                async with asyncio.TaskGroup() as group:
                    wish = group.create_task(_unsubscribe(port, number))
                    await asyncio.sleep(seconds)
                    other.execute("COMMIT")
                wishes += [wish.result(), await _unsubscribe(port, number)]
            await house.finished(dispatch, 180)
        async with house.store.read() as tx:
            opted_out = await tx.execute(select(persons.c.id).where(persons.c.opted_out_at.is_not(None)))
            kept = list(opted_out.scalars())
        other.close()

        what = "another process holds the write lock for 1, 10 and 60 s"
        row = await house.row("F12", what, dispatch, fault_at=locked_at)
    assert [wish.status for wish in wishes[1::2]] == [200] * len(locks)
    assert kept == list(range(1, len(locks) + 1))
    while_locked = wishes[::2]
    assert while_locked[0].status == 200
    assert while_locked[0].seconds > locks[0] - 0.5
    if large:
        assert while_locked[-1].status == 503
        assert while_locked[-1].retry_after
        assert while_locked[-1].seconds < PATIENCE + 5
    told = ", ".join(f"{wish.status} after {wish.seconds:.1f} s" for wish in while_locked)
    remarked = f"a wish to get no more was answered {told}; made again after the lock it was kept each time."
    judge(row, remarked=remarked)


class Wish(NamedTuple):
    """How the web answered to somebody who wants no more, and when."""

    status: int
    retry_after: str
    seconds: float


async def _unsubscribe(port: int, person: int) -> Wish:
    began = time.monotonic()
    url = f"http://127.0.0.1:{port}/u/token-{person:06}/one-click"
    async with aiohttp.ClientSession() as http:
        form = {"List-Unsubscribe": "One-Click"}
        async with http.post(url, data=form, timeout=aiohttp.ClientTimeout(90)) as answer:
            return Wish(answer.status, answer.headers.get("Retry-After", ""), time.monotonic() - began)


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
