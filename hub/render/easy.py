"""One idea a line: a draft in easy-to-read style, for people who review it with its readers."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

from hub.model.message import Line, Span

_SENTENCE_END = re.compile(r"(?<=[.!?]) ")


def apart(lines: Iterable[Line]) -> Iterator[Line]:
    """The lines with each sentence on a line of its own; a full stop inside a fact ends none."""
    for line in lines:
        cuts = [m.start() for m in _SENTENCE_END.finditer(line.text) if not _inside(line.spans, m.start())]
        bounds = [-1, *cuts, len(line.text)]
        for before, end in pairwise(bounds):
            start = before + 1  # without the space that parted them
            yield Line(line.slot, line.text[start:end], _within(line.spans, start, end), line.url)


def _inside(spans: Iterable[Span], position: int) -> bool:
    """The modality is stated by a whole paragraph of words, so it alone may be cut."""
    return any(span.start < position < span.end for span in spans if not span.fact.endswith(".modality"))


def _within(spans: Iterable[Span], start: int, end: int) -> tuple[Span, ...]:
    return tuple(
        Span(max(span.start, start) - start, min(span.end, end) - start, span.fact)
        for span in spans
        if span.start < end and span.end > start
    )
