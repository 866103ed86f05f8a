"""The one clock: every instant the hub uses comes from here, so that tests and an exercise can set it."""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")

CLOCK_FILE = "UNIVOQUE_DEMO_CLOCK"
"""Names in the environment the file that an exercise's processes go by; a live instance never looks at it."""


def _system() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """Tells the instant (UTC, aware). `offset` shifts it."""

    source: Callable[[], datetime] = _system
    offset: timedelta = field(default=timedelta(0))

    def now(self) -> datetime:
        return self.source() + self.offset

    def set(self, instant: datetime) -> None:
        """Let time go on from `instant`."""
        self.offset = instant - self.source()


class _Follower:
    """The system's time moved by the seconds that a file says; read again whenever the file has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = -1
        self._offset = timedelta(0)

    def __call__(self) -> datetime:
        changed = os.stat(self._file).st_mtime_ns
        if changed != self._seen:
            self._offset = timedelta(seconds=float(self._file.read_text(encoding="ascii")))
            self._seen = changed
        return _system() + self._offset


def follow(file: Path) -> Clock:
    """A clock that goes by `file`, as all others that follow it do (decision 0010)."""
    return Clock(source=_Follower(file))


def for_mode(mode: str, environ: Mapping[str, str] | None = None) -> Clock:
    """The clock of this process: the one that an exercise's environment names, else the system's."""
    file = (os.environ if environ is None else environ).get(CLOCK_FILE)
    return follow(Path(file)) if file and mode == "Exercise" else Clock()


def midnight(day: date) -> datetime:
    """The instant at which `day` begins in Brussels."""
    return datetime.combine(day, time(), BRUSSELS)


def parse_instant(text: str) -> datetime:
    """An instant from ISO 8601; without an offset it is Brussels time, a bare date is its midnight.

    Raises ValueError with the text at fault.
    """
    try:
        day = _bare_date(text)
        instant = midnight(day) if day else datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither a date (2020-04-17) nor an instant (2020-04-17T08:00)"
        ) from error
    if instant.year in (MINYEAR, MAXYEAR):  # no day before it, or none after it
        raise ValueError(f"{text!r} lies at the end of the calendar; name a nearer day")
    return instant if instant.tzinfo else _struck(instant)


def _struck(local: datetime) -> datetime:
    """A local hour as an instant. Raises ValueError for one that the change of clocks left out."""
    instant = local.replace(tzinfo=BRUSSELS)
    if instant.astimezone(UTC).astimezone(BRUSSELS).replace(tzinfo=None) != local:
        raise ValueError(
            f"{local.isoformat()} never struck in Brussels, where the clocks were put forward then; "
            "name the hour before or after, or give the offset"
        )
    return instant


def parse_appointment(text: str) -> datetime:
    """The one instant that a schedule names, in UTC: an hour of Brussels, or any instant with its offset.

    Raises ValueError for a bare date, and for an hour that struck twice or never, with the offsets to choose from.
    """
    if _bare_date(text):
        raise ValueError(f"{text!r} names no hour; write {text}T08:00")
    instant = parse_instant(text)
    written = datetime.fromisoformat(text)
    if written.tzinfo is None:
        first, second = (written.replace(tzinfo=BRUSSELS, fold=fold).utcoffset() for fold in (0, 1))
        if first != second:
            raise ValueError(
                f"{text} strikes twice in Brussels, where the clocks are put back then; write "
                f"{text}{_offset(first)} for the first time or {text}{_offset(second)} for the second"
            )
    return instant.astimezone(UTC)


def _offset(span: timedelta | None) -> str:
    return f"+{(span or timedelta(0)) // timedelta(hours=1):02}:00"


def in_brussels_time(instant: datetime) -> bool:
    """Whether an instant is written with the offset of Brussels then, or in UTC."""
    return instant.utcoffset() in (timedelta(0), instant.astimezone(BRUSSELS).utcoffset())


def parse_period(text: str) -> tuple[datetime, datetime]:
    """The time that --at names, [start, end): a bare date is that whole day in Brussels, an instant just that.

    Raises ValueError with the text at fault.
    """
    start = parse_instant(text)
    if _bare_date(text):
        return start, midnight(start.date() + timedelta(days=1))
    return start, start + datetime.resolution


def _bare_date(text: str) -> date | None:
    """The day where the text names nothing but one, in any of ISO 8601's spellings."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


async def came(event: asyncio.Event, seconds: float) -> bool:
    """Whether an event came within so many seconds."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(event.wait(), seconds)
    return event.is_set()
