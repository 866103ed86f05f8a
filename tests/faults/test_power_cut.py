"""F3: power cuts of the SQLite file. No acknowledged outcome is lost; with synchronous=NORMAL some are."""

import os
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest

from hub.model.delivery import Outcome
from hub.queue import file as ledger_file
from hub.queue.contract import Intent, Settled
from hub.queue.sqlite import SqliteLedger
from hub.store.engine import PRAGMAS
from tests import plans
from tests.faults.conftest import Judge
from tests.faults.row import Row, note

SEED = int(os.environ.get("UNIVOQUE_SEED", "2020"))
SECTOR = 512
"""A disk keeps a sector as a whole or not at all."""

RECIPIENTS = 3_000
LANES = 8
NO_RATE = "cut again from a record"


@dataclass(frozen=True, slots=True)
class Write:
    """Octets handed to the system for a file, which a power cut may lose until the next sync."""

    file: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Cut:
    """A file shortened to `size`."""

    file: str
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    """All that was written to a file before is on the disk."""

    file: str


class Recorder(apsw.VFS):
    """A file layer over the usual one that writes down what reaches which file in which order."""

    def __init__(self) -> None:
        self.deeds: list[Write | Cut | Sync] = []
        self.name = "recording"
        super().__init__(self.name, "")

    def xOpen(self, name: Any, flags: Any) -> Any:  # noqa: N802 - SQLite's own name
        return _File(self, name, flags)


class _File(apsw.VFSFile):
    def __init__(self, recorder: Recorder, name: Any, flags: Any) -> None:
        self._recorder = recorder
        path = name.filename() if isinstance(name, apsw.URIFilename) else name
        self._file = Path(str(path)).name
        super().__init__("", name, flags)

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's own name
        super().xWrite(data, offset)
        self._recorder.deeds.append(Write(self._file, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802 - SQLite's own name
        super().xTruncate(size)
        self._recorder.deeds.append(Cut(self._file, size))

    def xSync(self, flags: int) -> None:  # noqa: N802 - SQLite's own name
        super().xSync(flags)
        self._recorder.deeds.append(Sync(self._file))


class _Cursor(apsw.Cursor):
    """With what our ledger asks of the cursors of `sqlite3`."""

    @property
    def lastrowid(self) -> int:
        return self.connection.last_insert_rowid()


def connected(file: Path, recorder: Recorder) -> apsw.Connection:
    """The ledger's connection, on a disk that remembers everything."""
    connection = apsw.Connection(str(file), vfs=recorder.name)
    connection.cursor_factory = _Cursor
    return connection


@dataclass(slots=True)
class Run:
    """What our ledger did to its files, and how many outcomes it had acknowledged by which deed."""

    before: dict[str, bytes]
    deeds: list[Write | Cut | Sync]
    acknowledged: list[tuple[int, list[int]]] = field(default_factory=list)
    """After so many deeds, these further deliveries had their outcome acknowledged."""


async def recorded(folder: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str) -> Run:
    """A dispatch to `RECIPIENTS` people through the real ledger, on a disk that remembers everything."""
    file = folder / "univoque.db"
    store = await plans.new_store(file)
    await plans.people(store, RECIPIENTS)
    now = datetime.now(UTC)
    await plans.plan(store, recipients=RECIPIENTS, at=now, chunk=500)
    await store.close()
    with sqlite3.connect(file) as settled:
        settled.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    settled.close()

    recorder = Recorder()
    run = Run({"univoque.db": file.read_bytes()}, recorder.deeds)
    # An exclusive lock keeps the index of the write-ahead log in memory: this file layer has no shared memory.
    pragmas = ["locking_mode = EXCLUSIVE", *(pragma for pragma in PRAGMAS if "synchronous" not in pragma)]
    monkeypatch.setattr(ledger_file, "PRAGMAS", (*pragmas, f"synchronous = {synchronous}"))
    monkeypatch.setattr(sqlite3, "connect", lambda file, **_: connected(file, recorder))
    ledger = SqliteLedger(file, lambda channel, value: value, "Exercise")
    monkeypatch.undo()
    await ledger.enter("sender", at=now, until=now + timedelta(hours=1), repeats={})
    flying: list[Intent] = []
    while lease := await ledger.lease("email", at=now):
        rows = list(lease.items)
        while rows or flying:
            settled_now = [
                Settled(item, 1, lane, Outcome.ACCEPTED, "250", "queued") for item, _, lane in flying
            ]
            chosen = [Intent(item, 1, lane) for lane, item in enumerate(rows[:LANES])]
            rows = rows[LANES:]
            done = [] if rows or chosen else [lease.chunk]
            await ledger.turn(at=now, settled=settled_now, intents=chosen, done=done)
            run.acknowledged.append((len(run.deeds), [each.item.seq for each in settled_now]))
            flying = chosen
    await ledger.close()
    return run


def after_a_cut(run: Run, at: int, dice: random.Random) -> dict[str, bytes]:
    """The files as the disk has them: what was synced, and any part of what was not, sector by sector."""
    files = {name: bytearray(content) for name, content in run.before.items()}
    synced = {deed.file: number for number, deed in enumerate(run.deeds[:at]) if isinstance(deed, Sync)}
    for number, deed in enumerate(run.deeds[:at]):
        content = files.setdefault(deed.file, bytearray())
        safe = number < synced.get(deed.file, 0)
        match deed:
            case Write(_, offset, data):
                for start, part in _sectors(offset, data):
                    if safe or dice.random() < 0.5:
                        content.extend(bytes(max(0, start + len(part) - len(content))))
                        content[start : start + len(part)] = part
            case Cut(_, size):
                if safe or dice.random() < 0.5:
                    del content[size:]
    return {name: bytes(content) for name, content in files.items()}


def _sectors(offset: int, data: bytes) -> Iterator[tuple[int, bytes]]:
    start = 0
    while start < len(data):
        end = min(len(data), start + SECTOR - (offset + start) % SECTOR)
        yield offset + start, data[start:end]
        start = end


def missing(folder: Path, run: Run, at: int, dice: random.Random) -> int:
    """How many acknowledged outcomes the database lacks that is found after the power comes back."""
    folder.mkdir()
    for name, content in after_a_cut(run, at, dice).items():
        (folder / name).write_bytes(content)
    acknowledged = {seq for deeds, seqs in run.acknowledged if deeds <= at for seq in seqs}
    found = sqlite3.connect(folder / "univoque.db")
    try:
        assert found.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {seq for (seq,) in found.execute("SELECT seq FROM attempts WHERE outcome = 'accepted'")}
    finally:
        found.close()
    return len(acknowledged - kept)


async def losses(
    folder: Path, monkeypatch: pytest.MonkeyPatch, synchronous: str, cuts: int
) -> tuple[list[int], Run]:
    dice = random.Random(SEED)
    (folder / synchronous).mkdir()
    run = await recorded(folder / synchronous, monkeypatch, synchronous)
    instants = [dice.randrange(1, len(run.deeds) + 1) for _ in range(cuts)]
    places = enumerate(instants)
    return [missing(folder / f"{synchronous}-{n}", run, at, dice) for n, at in places], run


async def test_f3_no_power_cut_loses_an_acknowledged_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, judge: Judge, large: bool
) -> None:
    lost, run = await losses(tmp_path, monkeypatch, "FULL", 200 if large else 10)

    assert sum(len(seqs) for _, seqs in run.acknowledged) == RECIPIENTS
    assert any(isinstance(deed, Sync) and deed.file == "univoque.db" for deed in run.deeds), "no checkpoint"
    cuts = sum(map(bool, lost))
    judge(Row("F3", "200 power cuts, synchronous=FULL", RECIPIENTS, sum(lost), 0, 1, 0, cuts, NO_RATE))


async def test_f3_the_control_with_synchronous_normal_loses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, large: bool
) -> None:
    lost, _ = await losses(tmp_path, monkeypatch, "NORMAL", 200 if large else 10)

    if large:
        cuts = sum(map(bool, lost))
        what = "control: the same with synchronous=NORMAL"
        note(Row("F3", what, RECIPIENTS, sum(lost), 0, 1, 0, cuts, NO_RATE))
    assert max(lost) > 0
