"""Traced text: while a message is put together, marks in it say which fact stands where."""

import re
from collections.abc import Callable, Iterable

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


def untrace(text: str, rewrite: Callable[[str], str] = str) -> tuple[str, tuple[Span, ...]]:
    """The plain text, each piece of it rewritten, and the spans of the facts, outer before inner.

    Raises ValueError for marks that do not nest: a bug of a template, never of a sheet.
    """
    plain: list[str] = []
    length = 0
    open_: list[tuple[str, int]] = []
    spans: list[Span] = []
    piece_start = position = 0
    while position < len(text):
        character = text[position]
        if character not in (OPEN, CLOSE):
            position += 1
            continue
        piece = rewrite(text[piece_start:position])
        plain.append(piece)
        length += len(piece)
        if character == OPEN:
            end = text.index(IS, position)
            open_.append((text[position + 1 : end], length))
            position = end + 1
        else:
            if not open_:
                raise ValueError("a mark closes that was never opened")
            fact, start = open_.pop()
            spans.append(Span(start, length, fact))
            position += 1
        piece_start = position
    if open_:
        raise ValueError(f"the mark of {open_[-1][0]} never closes")
    plain.append(rewrite(text[piece_start:]))
    return "".join(plain), tuple(sorted(spans, key=lambda span: (span.start, -span.end)))


def bare(text: str) -> str:
    """The plain text alone."""
    return untrace(text)[0]


def retrace(line: Line) -> str:
    """The traced text of a finished line."""
    at: dict[int, list[str]] = {}
    closing: dict[int, int] = {}
    for span in line.spans:
        at.setdefault(span.start, []).append(f"{OPEN}{span.fact}{IS}")
        closing[span.end] = closing.get(span.end, 0) + 1
    parts = []
    for position in range(len(line.text) + 1):
        parts.append(CLOSE * closing.get(position, 0))
        parts += at.get(position, [])
        parts.append(line.text[position : position + 1])
    return "".join(parts)


def capitalised(text: str) -> str:
    """`text` with its first letter a capital, whatever marks stand before it."""
    position = 0
    while position < len(text):
        if text[position] == OPEN:
            position = text.index(IS, position) + 1
        elif text[position].isspace() or text[position] == CLOSE:
            position += 1
        else:
            return text[:position] + text[position].upper() + text[position + 1 :]
    return text


def sentences(text: str) -> str:
    """`text` with a capital at the start of each sentence; a full stop inside a fact ends none."""
    parts: list[str] = []
    depth = start = 0
    for position, character in enumerate(text):
        depth += (character == OPEN) - (character == CLOSE)
        if depth == 0 and text.startswith(". ", position):
            parts.append(capitalised(text[start : position + 2]))
            start = position + 2
    return "".join([*parts, capitalised(text[start:])])


_TAG = re.compile(r"<[^>]*>")


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
    opened = re.sub(f"{OPEN}([^{IS}]*){IS}", rf'<{wrap} class="fact" value="\1">', text)
    return opened.replace(CLOSE, f"</{wrap}>")


def _unmarked(tag: str) -> str:
    return re.sub(f"{OPEN}[^{IS}]*{IS}|{CLOSE}", "", tag)
