"""Looks at the machine: room on the disk, the reserve, how quickly the disk keeps what it is given, the event loop."""

import importlib.util
import os
import shutil
import tempfile
import time
from pathlib import Path

from hub.diagnosis import Diagnosis, unlooked
from hub.store.reserve import LEAST, SIZE, Reserve

ROOM = 512 * 1024 * 1024
"""Octets that should be free: a large dispatch with its write-ahead log, and then some."""

SLOW_SYNC = 0.02
"""Seconds: with a disk slower than this, fifty commits a second hold up every lane."""

_SYNCS = 20


def data_dir(directory: Path) -> Diagnosis:
    """Whether it can be written, and has room."""
    if not directory.is_dir() or not os.access(directory, os.W_OK):
        return Diagnosis("data directory", False, f"{directory} cannot be written", "run `univoque init`")
    free = shutil.disk_usage(directory).free
    finding = f"{free // 2**20:,} MiB free at {directory}"
    return Diagnosis(
        "data directory", free >= ROOM, finding, "" if free >= ROOM else "make room before sending"
    )


def reserve(held: Reserve | None) -> Diagnosis:
    """Whether there is something to give back on a full disk."""
    if held is None:
        return unlooked("reserve", "the database is on another machine")
    if held.is_there:
        return Diagnosis("reserve", True, f"{SIZE // 2**20} MiB at {held.file} to give back on a full disk")
    needed = (SIZE + 2 * LEAST) // 2**20
    if held.file.parent.is_dir() and held.free() < needed * 2**20:
        return Diagnosis(
            "reserve",
            False,
            "given back: the disk is full, and nothing is sent",
            f"make {needed} MiB of room",
        )
    return Diagnosis("reserve", True, "not taken yet: a sender does when it starts")


def syncs(directory: Path) -> Diagnosis:
    """How long the disk takes until it promises to have kept what it was given; each commit waits for that."""
    with tempfile.TemporaryFile(dir=directory) as file:
        began = time.perf_counter()
        for _ in range(_SYNCS):
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
        took = (time.perf_counter() - began) / _SYNCS
    finding = f"a sync takes {took * 1000:.1f} ms, so {1 / took:,.0f} commits a second at most"
    fine = took <= SLOW_SYNC
    return Diagnosis("disk", fine, finding, "" if fine else "put the data directory on a quicker disk")


def event_loop() -> Diagnosis:
    """Whether the quicker event loop is there; without it all works, and more slowly."""
    if importlib.util.find_spec("uvloop"):
        return Diagnosis("event loop", True, "uvloop")
    return Diagnosis("event loop", True, "asyncio's own; `pip install uvloop` makes sending quicker")
