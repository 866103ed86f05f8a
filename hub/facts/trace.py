"""Traced text: while a message is put together, marks in it say which fact stands where."""

import re
from collections.abc import Iterable
from functools import lru_cache

from hub.model.message import Line, Span

OPEN, IS, CLOSE = "\ue000", "\ue001", "\ue002"
"""Private-use characters: no text from outside can hold them (hub.intake.form.clean)."""


def traced(fact: str, text: str) -> str:
    """`text`, marked as stating `fact`. Marks nest."""
    return f"{OPEN}{fact}{IS}{text}{CLOSE}"


def traced_all(facts: Iterable[str], text: str) -> str:
    """`text`, marked as stating each of several facts."""
    for fact in facts:
        text = traced(fact, text)
    return text


_MARKS = re.compile(f"({OPEN}[^{IS}]*{IS}|{CLOSE})")


def untrace(text: str) -> tuple[str, tuple[Span, ...]]:
    """The plain text, and the spans of the facts, outer before inner.

    Raises ValueError for marks that do not nest: a bug of a template, never of a sheet.
    """
    pieces = _MARKS.split(text)  # plain, mark, plain, mark, … plain
    if len(pieces) == 1:
        return text, ()
    length = len(pieces[0])
    open_: list[tuple[str, int]] = []
    spans: list[Span] = []
    for mark, piece in zip(pieces[1::2], pieces[2::2], strict=True):
        if mark != CLOSE:
            open_.append((mark[1:-1], length))
        elif not open_:
            raise ValueError("a mark closes that was never opened")
        else:
            fact, start = open_.pop()
            spans.append(Span(start, length, fact))
        length += len(piece)
    if open_:
        raise ValueError(f"the mark of {open_[-1][0]} never closes")
    return "".join(pieces[::2]), tuple(sorted(spans, key=_outer_first))


@lru_cache(maxsize=16384)
def untrace_line(text: str) -> tuple[str, tuple[Span, ...]]:
    """The same for one line; most lines of a directive stand in many of its messages."""
    return untrace(text)


def _outer_first(span: Span) -> tuple[int, int]:
    return span.start, -span.end


def bare(text: str) -> str:
    """The plain text alone."""
    return _MARKS.sub("", text)


def states(text: str, fact: str) -> bool:
    """Whether a traced text states a fact."""
    return f"{OPEN}{fact}{IS}" in text


def retrace(line: Line) -> str:
    """The traced text of a finished line."""
    if not line.spans:
        return line.text
    closing = sorted((span.end for span in line.spans), reverse=True)
    parts: list[str] = []
    position = 0
    for span in line.spans:  # outer before inner, so the marks nest
        while closing and closing[-1] <= span.start:
            end = closing.pop()
            parts += line.text[position:end], CLOSE
            position = end
        parts += line.text[position : span.start], f"{OPEN}{span.fact}{IS}"
        position = span.start
    while closing:
        end = closing.pop()
        parts += line.text[position:end], CLOSE
        position = end
    return "".join([*parts, line.text[position:]])


_BEFORE_TEXT = re.compile(rf"(?:{OPEN}[^{IS}]*{IS}|{CLOSE}|\s)*")


def capitalised(text: str) -> str:
    """`text` with its first letter a capital, whatever marks stand before it."""
    before = _BEFORE_TEXT.match(text)
    first = before.end() if before else 0
    return text[:first] + text[first : first + 1].upper() + text[first + 1 :]


_STOPS = re.compile(rf"{OPEN}|{CLOSE}|\. ")


def sentences(text: str) -> str:
    """`text` with a capital at the start of each sentence; a full stop inside a fact ends none."""
    parts: list[str] = []
    depth = start = 0
    for stop in _STOPS.finditer(text):
        if stop.group() == OPEN:
            depth += 1
        elif stop.group() == CLOSE:
            depth -= 1
        elif depth == 0:
            parts.append(capitalised(text[start : stop.end()]))
            start = stop.end()
    return "".join([*parts, capitalised(text[start:])])


_TAG = re.compile(r"<[^>]*>")
_OPENING = re.compile(f"{OPEN}([^{IS}]*){IS}")


def shown(html: str, *, start: str = "<body", wrap: str = "data") -> str:
    """Traced HTML for a preview: each fact in the text of the body in an element that names it."""
    head, mark, body = html.partition(start) if start else ("", "", html)
    parts, position = [_unmarked(head), mark], 0
    for tag in _TAG.finditer(body):
        parts += [_elements(body[position : tag.start()], wrap), _unmarked(tag.group())]
        position = tag.end()
    parts.append(_elements(body[position:], wrap))
    return "".join(parts)


def _elements(text: str, wrap: str) -> str:
    opened = _OPENING.sub(rf'<{wrap} class="fact" value="\1">', text)
    return opened.replace(CLOSE, f"</{wrap}>")


def _unmarked(tag: str) -> str:
    return bare(tag)
