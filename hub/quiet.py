"""Quiet hours: from when to when a channel stays silent at night, in Brussels, whatever the clocks do."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from hub.now import BRUSSELS


@dataclass(frozen=True, slots=True)
class Hours:
    """A span of every day, [start, end) in Brussels time; it may pass midnight."""

    start: time
    end: time

    def end_after(self, instant: datetime) -> datetime | None:
        """When the quiet that holds at an instant is over; None where it is not quiet.

        A night in which the clocks change is never shorter than it is written: an hour that strikes twice or
        not at all counts in favour of whoever sleeps.
        """
        today = instant.astimezone(BRUSSELS).date()
        for day in (today - timedelta(days=1), today):
            begun, over = self._night(day)
            if begun <= instant < over:
                return over
        return None

    def within(self, since: datetime, until: datetime) -> timedelta:
        """How much of a span is quiet."""
        total, counted = timedelta(0), since
        day, last = since.astimezone(BRUSSELS).date() - timedelta(days=1), until.astimezone(BRUSSELS).date()
        while day <= last:
            begun, over = self._night(day)
            end = min(over, until)
            total += max(end - max(begun, counted), timedelta(0))
            counted, day = max(counted, end), day + timedelta(days=1)
        return total

    def _night(self, day: date) -> tuple[datetime, datetime]:
        """From when to when it is quiet, of the night that begins on a day."""
        over = max(_readings(day + timedelta(days=self.end <= self.start), self.end))
        return min(_readings(day, self.start)), over


def parse(text: str) -> Hours:
    """21:00-07:00 → Hours. Raises ValueError with what to write."""
    found = re.fullmatch(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)", text)
    if found is None or text[:5] == text[6:]:
        raise ValueError("is no span of a day; write 21:00-07:00, or leave it empty for none")
    hours = [int(part) for part in found.groups()]
    return Hours(time(hours[0], hours[1]), time(hours[2], hours[3]))


def _readings(day: date, at: time) -> tuple[datetime, datetime]:
    """The two instants that a time of the clock may be; the same one on every night but two."""
    local = datetime.combine(day, at, BRUSSELS)
    return local.astimezone(UTC), local.replace(fold=1).astimezone(UTC)
