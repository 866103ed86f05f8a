"""The one clock: every instant the hub uses comes from here, so that tests and the demo can set it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

BRUSSELS = ZoneInfo("Europe/Brussels")


def _system() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class Clock:
    """Tells the instant (UTC, aware). The demo shifts it by `offset` to replay history."""

    source: Callable[[], datetime] = _system
    offset: timedelta = field(default=timedelta(0))

    def now(self) -> datetime:
        return self.source() + self.offset

    def set(self, instant: datetime) -> None:
        """Let time go on from `instant`."""
        self.offset = instant - self.source()


def midnight(day: date) -> datetime:
    """The instant at which `day` begins in Brussels."""
    return datetime.combine(day, time(), BRUSSELS)


def parse_instant(text: str) -> datetime:
    """An instant from ISO 8601; without an offset it is Brussels time, a bare date is its midnight.

    Raises ValueError with the text at fault.
    """
    try:
        if len(text) == len("2020-04-17"):
            return midnight(date.fromisoformat(text))
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither a date (2020-04-17) nor an instant (2020-04-17T08:00)"
        ) from error
    return instant if instant.tzinfo else instant.replace(tzinfo=BRUSSELS)
