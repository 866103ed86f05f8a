"""Times [start, end), cut and joined."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple


class Span(NamedTuple):
    """A time [start, end)."""

    start: datetime
    end: datetime

    def overlap(self, other: "Span") -> "Span | None":
        """The time in both; None where there is none."""
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


EVER = Span(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def without(spans: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """What is left of some times when others are taken out."""
    left = list(spans)
    for hole in holes:
        cut = [
            piece
            for span in left
            for piece in (
                Span(span.start, min(span.end, hole.start)),
                Span(max(span.start, hole.end), span.end),
            )
        ]
        left = [span for span in cut if span.start < span.end]
    return tuple(left)


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same times, pieces that touch made one."""
    whole: list[Span] = []
    for span in sorted(spans):
        if whole and span.start <= whole[-1].end:
            whole[-1] = Span(whole[-1].start, max(whole[-1].end, span.end))
        else:
            whole.append(span)
    return whole
