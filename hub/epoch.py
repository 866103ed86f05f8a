"""The sender's epoch outside the database: which life of a sender this machine saw last, and how far it had got."""

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hub.errors import refused_by_system

SIZE = 512
"""Octets of the file: one sector, which a disk writes whole or not at all."""

_MACHINE_IDS = (Path("/etc/machine-id"), Path("/var/lib/dbus/machine-id"))


@dataclass(frozen=True, slots=True)
class Epoch:
    """What the file says; `place` and `machine` tell a copy of it from itself."""

    seat: str
    """Names this file in the database."""
    number: int
    life: str
    coming: str = ""
    """The life that was about to begin when the file was written."""
    attempts: int = 0
    """The ledger had so many tries at least."""
    entries: int = 0
    """The journal had so many lines at least."""
    database: str = ""
    """The mark of the database's tables (hub.store.lives.mark); empty where it has none."""
    machine: str = ""
    place: int = 0


class Damaged(Exception):
    """The file is there and cannot be read as one."""


def read(file: Path) -> Epoch | None:
    """What the file says, None where there is none. Raises Damaged, EnvironmentFailed when the system refuses."""
    try:
        octets = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise refused_by_system(error) from error
    try:
        sealed = json.loads(octets)
        found = Epoch(**sealed["epoch"])
        if sealed["seal"] == _seal(sealed["epoch"]):  # of what is written: an older version has fewer words
            return found
    except (ValueError, KeyError, TypeError) as error:
        raise Damaged from error
    raise Damaged


def write(file: Path, epoch: Epoch, *, durable: bool) -> None:
    """Write it in place, so that the file stays the one that it says it is. Raises EnvironmentFailed."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            here = replace(epoch, machine=machine(), place=os.fstat(handle).st_ino)
            text = json.dumps({"epoch": asdict(here), "seal": _seal(asdict(here))})
            os.pwrite(handle, text.encode().ljust(SIZE), 0)
            if durable:
                os.fsync(handle)
        finally:
            os.close(handle)
    except OSError as error:
        raise refused_by_system(error) from error


def is_itself(file: Path, epoch: Epoch) -> bool:
    """Whether the file lies where it was written: a copy and a restored file have another place on the disk."""
    return epoch.place == file.stat().st_ino


def machine() -> str:
    """A mark of this machine, the same after a restart; empty where the system has none, as in a container."""
    for file in _MACHINE_IDS:
        try:
            text = file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            continue
        if text:  # the id itself is not for others' eyes (machine-id(5))
            return hashlib.sha256(f"univoque {text}".encode()).hexdigest()[:16]
    return ""


def _seal(epoch: Mapping[str, object]) -> str:
    return hashlib.sha256(json.dumps(epoch, sort_keys=True).encode()).hexdigest()[:16]
