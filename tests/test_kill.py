"""Killed at any moment, the house loses nobody, and repeats at most one message per lane, listed before."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

import pytest
from sqlalchemy import select

from hub.model.delivery import Outcome
from hub.store import deliveries, dispatches, schema
from hub.store.engine import Store, open_store, sqlite_url
from hub.store.tables import attempts
from tests import plans
from tests.processes import ROOT, children, is_there

RECIPIENTS = 2_000
LANES = 8
KILLS = 10
GAP = 0.006
"""Seconds that the relay takes, on average, between writing a message down and answering."""

SEED = int(os.environ.get("UNIVOQUE_SEED", "2020"))
Victim = Literal["sender", "serve", "everything"]
VICTIMS: tuple[Victim, ...] = ("sender", "everything", "serve", "sender", "everything")

SETTINGS = """
[service]
data_dir = "{folder}"
[web]
port = 0
[email]
enabled = true
port = {port}
security = "none"
lanes = {lanes}
[delivery]
chunk = 150
drain = 2
[log]
level = "error"
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line of the relay's log, written before it answered."""

    recipient: str
    message_id: str
    at: datetime


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    store = open_store(sqlite_url(tmp_path / "univoque.db"))
    await schema.upgrade(store)
    yield store
    await store.close()


@contextmanager
def relay(log: Path) -> Iterator[int]:
    """A mail server in its own process; gives its port."""
    arguments = ("-m", "tests.doubles.sink", "--log", str(log), "--gap", str(GAP))
    process = _python(*arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def serve(settings: Path) -> "subprocess.Popen[bytes]":
    start = f"from pathlib import Path; from hub import app; app.serve(Path({str(settings)!r}))"
    with said(settings).open("ab") as log:
        return _python("-c", start, stdout=subprocess.DEVNULL, stderr=log)


def said(settings: Path) -> Path:
    """What the service says of itself, for whoever looks into a failure."""
    return settings.with_name("service.log")


def _python(*arguments: str, stdout: int, stderr: IO[bytes] | None = None) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, *arguments], stdin=subprocess.PIPE, stdout=stdout, stderr=stderr, cwd=ROOT
    )


def arrivals(log: Path) -> list[Arrival]:
    if not log.exists():
        return []
    lines = (line.split() for line in log.read_text().splitlines())
    return [Arrival(to, id_, datetime.fromtimestamp(float(at), UTC)) for to, id_, at in lines]


async def strike(service: "subprocess.Popen[bytes]", victim: Victim) -> None:
    """SIGKILL the sender, or `serve` alone, whose children then end by themselves, or all of them."""
    theirs = children(service.pid)
    if victim == "sender":
        os.kill(theirs["sender"], signal.SIGKILL)
        return
    doomed = [service.pid] if victim == "serve" else [*theirs.values(), service.pid]
    for pid in doomed:
        os.kill(pid, signal.SIGKILL)
    service.communicate()
    await until(lambda: not is_there(theirs["sender"]))


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - other processes ring no bell
            await asyncio.sleep(0.03)


async def test_ten_kills_lose_nobody_and_repeat_at_most_one_message_per_lane(
    store: Store, tmp_path: Path
) -> None:
    print(f"UNIVOQUE_SEED={SEED}")  # noqa: T201 - shown when the test fails, to repeat it
    dice = random.Random(SEED)
    log, settings = tmp_path / "relay.log", tmp_path / "config.toml"
    await plans.people(store, RECIPIENTS)
    dispatch = await plans.plan(store, recipients=RECIPIENTS, at=datetime.now(UTC), chunk=150)

    with relay(log) as port:
        settings.write_text(SETTINGS.format(folder=tmp_path, port=port, lanes=LANES))
        service = serve(settings)
        try:
            for number in range(KILLS):
                victim = VICTIMS[number % len(VICTIMS)]
                await _in_mid_send(service, log)
                await asyncio.sleep(dice.uniform(0, 0.15))
                await strike(service, victim)
                if victim != "sender":
                    service = serve(settings)
            await _finished(store, dispatch, service, said(settings))
        finally:
            service.terminate()
            service.communicate(timeout=20)

    got = arrivals(log)
    copies = Counter(arrival.recipient for arrival in got)
    doubts = await _doubts(store, dispatch)
    async with store.read() as tx:
        standing = await deliveries.counts(tx, dispatch)
    assert standing == {"email": {Outcome.ACCEPTED: RECIPIENTS}}
    assert len(copies) == RECIPIENTS
    assert len({arrival.message_id for arrival in got}) == RECIPIENTS
    assert max(Counter(life for _, life, _ in doubts).values()) <= LANES
    _each_repeat_was_listed_before(got, doubts)
    repeats = len(got) - RECIPIENTS
    print(f"{KILLS} kills: {repeats} repeats, {len(doubts)} listed as uncertain")  # noqa: T201


async def _in_mid_send(service: "subprocess.Popen[bytes]", log: Path) -> None:
    await until(lambda: "sender" in children(service.pid))
    await asyncio.sleep(0.1)  # what the last life had handed over is written down by now
    so_far = len(arrivals(log))
    await until(lambda: len(arrivals(log)) > so_far)


Doubt = tuple[str, int, datetime]
"""Whose delivery was listed as uncertain, by which life of the sender, and when."""


def _each_repeat_was_listed_before(got: list[Arrival], doubts: list[Doubt]) -> None:
    by_recipient: dict[str, list[Arrival]] = {}
    for arrival in got:
        by_recipient.setdefault(arrival.recipient, []).append(arrival)
    for recipient, theirs in by_recipient.items():
        for repeats, arrival in enumerate(theirs[1:], start=1):
            listed = sum(1 for whose, _, at in doubts if whose == recipient and at <= arrival.at)
            assert listed >= repeats


async def _doubts(store: Store, dispatch: int) -> list[Doubt]:
    columns = (attempts.c.seq, attempts.c.epoch, attempts.c.at)
    query = select(*columns).where(
        attempts.c.dispatch == dispatch, attempts.c.outcome == Outcome.UNCERTAIN.value
    )
    async with store.read() as tx:
        return [(f"person-{seq}@example.org", epoch, at) for seq, epoch, at in await tx.execute(query)]


async def _finished(
    store: Store, dispatch: int, service: "subprocess.Popen[bytes]", service_log: Path
) -> None:
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and service.poll() is None:
        async with store.read() as tx:
            if not await dispatches.unfinished(tx, dispatch):
                return
        await asyncio.sleep(0.1)
    pytest.fail(f"the dispatch did not finish; the service says:\n{_end_of(service_log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-3_000:]
