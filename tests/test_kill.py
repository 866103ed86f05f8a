"""Killed at any moment, the house loses nobody, and repeats at most one message per lane, listed before."""

import asyncio
import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Literal

import pytest
from sqlalchemy import select

from hub.model.delivery import Outcome
from hub.store import deliveries, dispatches, instance, schema
from hub.store.engine import Store, open_store
from hub.store.tables import attempts
from tests import plans
from tests.processes import ROOT, children, is_there

LANES = 8
SEED = int(os.environ.get("UNIVOQUE_SEED", "2020"))
Victim = Literal["sender", "serve", "work", "everything"]
VICTIMS: tuple[Victim, ...] = ("sender", "everything", "serve", "sender", "everything")
VICTIMS_OF_TWO: tuple[Victim, ...] = ("sender", "work", "serve", "work", "everything")


@dataclass(frozen=True, slots=True)
class Size:
    """How many recipients a directive has, how often something is killed, how long the end may take in seconds.

    Where the kills are not used up when a directive has almost reached everybody, another one follows it.
    """

    recipients: int
    kills: int
    gap: float
    """Seconds that the relay takes, on average, between writing a message down and answering."""
    limit: float


SHORT = Size(recipients=2_000, kills=10, gap=0.006, limit=40)
LONG = Size(recipients=50_000, kills=100, gap=0.001, limit=300)

SETTINGS = """
[service]
data_dir = "{folder}"
[database]
url = "{url}"
[web]
port = 0
[email]
enabled = true
port = {port}
sink = true
security = "none"
lanes = {lanes}
[delivery]
chunk = 150
first_retry = 1
drain = 2
[log]
level = "error"
"""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A line of the relay's log, written before it answered."""

    recipient: str
    key: str
    """The delivery's, from the Message-ID: the same for each copy."""
    at: datetime


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    store = open_store(database)
    await schema.upgrade(store)
    yield store
    await store.close()


@contextmanager
def relay(log: Path, gap: float) -> Iterator[int]:
    """A mail server in its own process; gives its port."""
    arguments = ("-m", "tests.doubles.sink", "--log", str(log), "--gap", str(gap))
    process = _python(*arguments, stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield int(process.stdout.readline())
    finally:
        process.kill()
        process.communicate()


def start(command: Literal["serve", "work"], settings: Path) -> "subprocess.Popen[bytes]":
    ready = settings.with_name("ready")
    told = f", ready=Path({str(ready)!r}).touch" if command == "serve" else ""
    code = f"from pathlib import Path; from hub import app; app.{command}(Path({str(settings)!r}){told})"
    if command == "serve":
        ready.unlink(missing_ok=True)
    with said(settings).open("ab") as log:
        return _python("-c", code, stdout=subprocess.DEVNULL, stderr=log)


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
    return [
        Arrival(to, id_.partition("@")[0], datetime.fromtimestamp(float(at), UTC)) for to, id_, at in lines
    ]


@dataclass(slots=True)
class Counted:
    """Counts the lines of the relay's log; reads only what is new."""

    log: Path
    _lines: int = 0
    _read: int = 0

    def lines(self) -> int:
        if self.log.exists():
            with self.log.open("rb") as octets:
                octets.seek(self._read)
                fresh = octets.read()
            self._read += len(fresh)
            self._lines += fresh.count(b"\n")
        return self._lines


@dataclass(slots=True)
class House:
    """A `serve`, and a `work` beside it where the engine takes two senders."""

    settings: Path
    two: bool
    serve: "subprocess.Popen[bytes]" = field(init=False)
    work: "subprocess.Popen[bytes] | None" = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.serve = start("serve", self.settings)
        self._start_work()

    def _start_work(self) -> None:
        if self.two:
            self.work = start("work", self.settings)

    async def strike(self, victim: Victim) -> int:
        """SIGKILL a sender, or `serve` alone, whose children then end by themselves, or all of them.

        Starts again what does not start by itself; returns how many senders died.
        """
        theirs = children(self.serve.pid)
        if victim == "sender":
            os.kill(theirs["sender"], signal.SIGKILL)
            return 1
        if self.work is not None and victim in ("work", "everything"):
            self.work.kill()
            self.work.communicate()
        if victim in ("serve", "everything"):
            for pid in [self.serve.pid] if victim == "serve" else [*theirs.values(), self.serve.pid]:
                os.kill(pid, signal.SIGKILL)
            self.serve.communicate()
            await until(lambda: not is_there(theirs["sender"]))
            self.serve = start("serve", self.settings)
        if victim in ("work", "everything"):
            self._start_work()
        return 2 if self.two and victim == "everything" else 1

    def end(self) -> None:
        for process in filter(None, (self.serve, self.work)):
            process.terminate()
        for process in filter(None, (self.serve, self.work)):
            process.communicate(timeout=20)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):  # two processes start anew while others use the machine
        while not condition():  # noqa: ASYNC110 - other processes ring no bell
            await asyncio.sleep(0.03)


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_ten_kills_lose_nobody_and_repeat_at_most_one_message_per_lane(
    store: Store, tmp_path: Path
) -> None:
    await _survives(store, tmp_path, SHORT)


@pytest.mark.prove
async def test_a_hundred_kills_lose_nobody_and_repeat_at_most_one_message_per_lane(
    store: Store, tmp_path: Path
) -> None:
    """On SQLite, and on PostgreSQL with two senders."""
    await _survives(store, tmp_path, LONG)


async def _survives(store: Store, tmp_path: Path, size: Size) -> None:
    print(f"UNIVOQUE_SEED={SEED}")  # noqa: T201 - shown when the test fails, to repeat it
    dice = random.Random(SEED)
    log, settings = tmp_path / "relay.log", tmp_path / "config.toml"
    two = store.engine.dialect.name == "postgresql"
    victims = VICTIMS_OF_TWO if two else VICTIMS
    await plans.people(store, size.recipients)
    planned = [await _plan(store, size, 1)]
    died, sent = 0, Counted(log)

    with relay(log, size.gap) as port:
        url = store.engine.url.render_as_string(hide_password=False)
        settings.write_text(SETTINGS.format(folder=tmp_path, url=url, port=port, lanes=LANES))
        house = House(settings, two)
        try:
            for number in range(size.kills):
                await _in_mid_send(house, sent, lambda: _keep_busy(store, size, planned, sent))
                share = _left(sent, size, planned) / (size.kills - number + 1)
                await _some_more(sent, dice.uniform(0, min(share, size.recipients / 10)))
                died += await house.strike(victims[number % len(victims)])
            await _finished(store, planned, house, size.limit)
        finally:
            house.end()

    got = arrivals(log)
    copies = Counter(arrival.key for arrival in got)
    doubts = await _doubts(store)
    everybody = len(planned) * size.recipients
    for dispatch in planned:
        async with store.read() as tx:
            assert await deliveries.counts(tx, dispatch) == {"email": {Outcome.ACCEPTED: size.recipients}}
    assert len(copies) == everybody
    assert len({(arrival.recipient, arrival.key) for arrival in got}) == everybody
    repeats = len(got) - everybody
    assert repeats <= len(doubts) <= died * LANES
    assert max(Counter(life for _, life, _ in doubts).values()) <= LANES
    _each_repeat_was_listed_before(got, doubts)
    engine = store.engine.dialect.name
    print(  # noqa: T201 - the figures of `make prove`
        f"{engine}: {size.kills} kills of {died} senders over {everybody} recipients: 0 lost, {repeats} repeats, "
        f"at most {max(copies.values())} copies, {len(doubts)} listed as uncertain before"
    )


async def _plan(store: Store, size: Size, number: int) -> int:
    now = datetime.now(UTC)
    return await plans.plan(store, recipients=size.recipients, directive=f"d{number}", at=now, chunk=150)


async def _in_mid_send(house: House, sent: Counted, keep_busy: Callable[[], Awaitable[None]]) -> None:
    await until(house.settings.with_name("ready").exists)
    await until(lambda: "sender" in children(house.serve.pid))
    await asyncio.sleep(0.1)  # what the last life had handed over is written down by now
    so_far = sent.lines()
    async with asyncio.timeout(60):
        while sent.lines() == so_far:
            await keep_busy()  # the other sender may have sent all meanwhile
            await asyncio.sleep(0.03)
    await keep_busy()


async def _keep_busy(store: Store, size: Size, planned: list[int], sent: Counted) -> None:
    if _left(sent, size, planned) < size.recipients / 10:
        planned.append(await _plan(store, size, len(planned) + 1))


def _left(sent: Counted, size: Size, planned: list[int]) -> int:
    return len(planned) * size.recipients - sent.lines()


async def _some_more(sent: Counted, messages: float) -> None:
    """Wait for so many more, unless the relay gets nothing for a while."""
    goal = sent.lines() + messages
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(5):
            while sent.lines() < goal:  # noqa: ASYNC110 - other processes ring no bell
                await asyncio.sleep(0.001)


Doubt = tuple[str, tuple[str, int], datetime]
"""Which delivery was listed as uncertain, by which life of which sender, and when."""


def _each_repeat_was_listed_before(got: list[Arrival], doubts: list[Doubt]) -> None:
    arrived: dict[str, list[datetime]] = defaultdict(list)
    listed: dict[str, list[datetime]] = defaultdict(list)
    for arrival in got:
        arrived[arrival.key].append(arrival.at)
    for key, _, at in doubts:
        listed[key].append(at)
    for key, times in arrived.items():
        for repeats, at in enumerate(times[1:], start=1):
            assert sum(1 for doubt in listed[key] if doubt <= at) >= repeats


async def _doubts(store: Store) -> list[Doubt]:
    c = attempts.c
    query = select(c.dispatch, c.seq, c.owner, c.epoch, c.at).where(c.outcome == Outcome.UNCERTAIN.value)
    async with store.read() as tx:
        who = await instance.get(tx)
        rows = (await tx.execute(query)).all()
    return [
        (deliveries.key_of(who, dispatch, seq), (owner, epoch), at)
        for dispatch, seq, owner, epoch, at in rows
    ]


async def _finished(store: Store, planned: list[int], house: House, limit: float) -> None:
    deadline = time.monotonic() + limit
    while time.monotonic() < deadline and house.serve.poll() is None:
        async with store.read() as tx:
            if not any([await dispatches.unfinished(tx, dispatch) for dispatch in planned]):
                return
        await asyncio.sleep(0.1)
    pytest.fail(f"the dispatch did not finish; the service says:\n{_end_of(said(house.settings))}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-3_000:]
