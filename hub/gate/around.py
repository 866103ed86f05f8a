"""What the words around a fact make of it: an exception, a start, an end, what was or is, or nothing of the sheet."""

import re
from collections.abc import Iterator, Sequence

from hub.gate.statements import Statements, Values
from hub.model.directive import Language
from hub.model.message import Span
from hub.model.value import Mark
from hub.reread import FILLER, Found, excluded, senses, side_before, unknown_words

_BETWEEN = re.compile(r"[\s:]*")
_EXCEPTION = re.compile(r"(?:^|\.)exceptions\.\d+$")
_SIDES = {"from": "from", "until": "until", "deadline": "until"}
"""Which side of a time a fact is, by the last part of its key."""
_CHANGED = (".before", ".now")
"""What the keys of a changed fact's two values end in."""


def misplaced(text: str, masked: str, spans: Sequence[Span], language: Language) -> Iterator[str]:
    """Exceptions that no word introduces as such, and words that except something else.

    In `masked` the words of the sheet are blanked: what they say among themselves is theirs.
    """
    words = tuple(excluded(masked, language))
    exceptions = [span for span in spans if "exceptions." in span.fact and _EXCEPTION.search(span.fact)]
    if not words and not exceptions:
        return
    starts = {span.start: span.fact for span in spans if not span.fact.endswith("modality")}
    introduced = set()
    for word in words:
        at = _next(masked, word.end)
        fact = starts.get(at, "")
        if _EXCEPTION.search(fact):
            introduced.add(at)
        elif word.binds or fact:
            yield f"{text[word.start : word.end]!r} excepts what the sheet does not"
    through = -1
    for span in exceptions:
        if span.start not in introduced and (through < 0 or FILLER in masked[through : span.start]):
            yield f"nothing says that {span.fact} is an exception"
        through = span.end


def wrong_side(text: str, spans: Sequence[Span], language: Language) -> Iterator[str]:
    """A start that is said as an end, or the other way round."""
    for span in spans:
        side = _SIDES.get(span.fact.rpartition(".")[2])
        said = side and side_before(text, span.start, language)
        if said and said != side:
            yield f"{span.fact} is said as {'the end' if said == 'until' else 'the start'} of a time"


def wrong_revision(masked: str, spans: Sequence[Span], language: Language) -> Iterator[str]:
    """An old value that is said as what holds now, or a new one as what held before."""
    for span in spans:
        if span.fact.endswith(_CHANGED):
            said = senses(masked[: span.start], language, "change")
            if said and said[-1] != span.fact.rpartition(".")[2]:
                yield f"{span.fact} is said as what {'is now' if said[-1] == 'now' else 'was before'}"


def strange_words(
    text: str, spans: Sequence[Span], found: Sequence[Found], known: Statements, language: Language
) -> Iterator[str]:
    """Words within a value that the reader does not know: each may make another value of it."""
    for span in spans:
        statement = known.get(span.fact)
        if not isinstance(statement, Values) or not _is_read(statement):
            continue
        rest, through = "", span.start
        for value in found:
            if through <= value.start and value.end <= span.end:
                rest += f"{text[through : value.start]}{FILLER}"
                through = value.end
        rest += text[through : span.end]
        for word in unknown_words(rest, language):
            yield f"{span.fact} is said with {word!r}, which the sheet does not say"


def _is_read(statement: Values) -> bool:
    """Whether all words of the place belong to its value; "to be confirmed" is a sentence of its own."""
    return all(option and Mark.UNCONFIRMED not in option for option in statement.options)


def _next(text: str, position: int) -> int:
    match = _BETWEEN.match(text, position)
    return match.end() if match else position
