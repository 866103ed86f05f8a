"""The demo's clock: several processes replay the same moment of history, told by one small file."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.now import Clock

VARIABLE = "UNIVOQUE_DEMO_CLOCK"
"""Names the file in the environment of the demo's children; looked at in exercise mode only."""


class _Follower:
    """The system's time moved by the seconds that the file says; read again whenever the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = -1
        self._offset = timedelta(0)

    def __call__(self) -> datetime:
        changed = os.stat(self._file).st_mtime_ns
        if changed != self._seen:
            self._offset = timedelta(seconds=float(self._file.read_text(encoding="ascii")))
            self._seen = changed
        return datetime.now(UTC) + self._offset


def follow(file: Path) -> Clock:
    """A clock that goes by `file`, as all others that follow it do."""
    return Clock(source=_Follower(file))


def turn(file: Path, instant: datetime) -> None:
    """Let all who follow `file` go on from `instant`."""
    fresh = file.with_suffix(".new")
    fresh.write_text(str((instant - datetime.now(UTC)).total_seconds()), encoding="ascii")
    os.utime(fresh, ns=(time.time_ns(), time.time_ns()))
    os.replace(fresh, file)


def for_mode(mode: str, environ: dict[str, str] | None = None) -> Clock:
    """The clock of this process: the demo's in an exercise that names one, else the system's."""
    file = (os.environ if environ is None else environ).get(VARIABLE)
    return follow(Path(file)) if file and mode == "Exercise" else Clock()
