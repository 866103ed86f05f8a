"""Phrase patterns: literal text, slots and optional parts, parsed once, filled with traced values."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

Resolve = Callable[[str], str | None]
"""Gives the traced words for a slot, None when it has no value."""

_TOKEN = re.compile(
    r"\{(?P<slot>[a-z_]+(?:\.[a-z_]+)?)\}|(?P<open>\[)|(?P<close>\])|(?P<text>[^{}\[\]]+)|(?P<bad>.)", re.S
)


class Unfilled(Exception):
    """A slot that the pattern needs has no value."""


@dataclass(frozen=True, slots=True)
class Literal:
    text: str


@dataclass(frozen=True, slots=True)
class Slot:
    name: str


@dataclass(frozen=True, slots=True)
class Optional:
    """Printed when all its slots have a value, else left out whole."""

    parts: "tuple[Literal | Slot, ...]"


Part = Literal | Slot | Optional
Pattern = tuple[Part, ...]


@lru_cache(maxsize=4096)
def parse(text: str) -> Pattern:
    """Parse a pattern. Raises ValueError, which quotes it, for a brace or bracket out of place."""
    parts: list[Part] = []
    inner: list[Literal | Slot] | None = None
    for match in _TOKEN.finditer(text):
        if match["bad"] or (match["open"] and inner is not None) or (match["close"] and inner is None):
            raise ValueError(f"{match.group()!r} at {match.start()} is out of place in the pattern {text!r}")
        if match["open"]:
            inner = []
        elif match["close"]:
            parts.append(Optional(tuple(inner or ())))
            inner = None
        else:
            part = Slot(match["slot"]) if match["slot"] else Literal(match["text"])
            (parts if inner is None else inner).append(part)
    if inner is not None:
        raise ValueError(f"a bracket never closes in the pattern {text!r}")
    return tuple(parts)


def fill(pattern: Pattern, resolve: Resolve) -> str:
    """The pattern with its slots filled. Raises Unfilled, with the slot's name, when a needed one has no value."""
    words = []
    for part in pattern:
        if isinstance(part, Literal):
            words.append(part.text)
        elif isinstance(part, Slot):
            words.append(_value(part, resolve))
        else:
            try:
                words.append(
                    "".join(_value(p, resolve) if isinstance(p, Slot) else p.text for p in part.parts)
                )
            except Unfilled:
                continue
    return "".join(words)


def _value(slot: Slot, resolve: Resolve) -> str:
    value = resolve(slot.name)
    if value is None:
        raise Unfilled(slot.name)
    return value
