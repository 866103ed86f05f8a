"""Plain text from outside: one line, without a character that has no place in a message or a terminal."""

import unicodedata
from collections.abc import Sequence
from typing import Any

_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control, format, surrogate, private-use and unassigned characters, and the two line separators."""

NAMED = 3
"""More names than this are counted, not named."""

_LONGEST = 100
"""Characters of a faulty value that is repeated."""


def clean(text: str) -> str:
    """One line of text in NFC. Raises ValueError for a character that has no place in it."""
    text = unicodedata.normalize("NFC", text).strip()
    for character in text:
        if unicodedata.category(character) in _FORBIDDEN:
            raise ValueError(f"holds the character U+{ord(character):04X}; write one line of plain text")
    if not text:
        raise ValueError("is empty; leave the key out instead")
    return text


def shown(text: str) -> str:
    """The same text with every forbidden character spelled out, so that a terminal obeys none of them."""
    return "".join(
        f"<U+{ord(character):04X}>" if unicodedata.category(character) in _FORBIDDEN else character
        for character in text
    )


def few(names: Sequence[str]) -> str:
    """The first of many names, and how many more there are; all where they are few."""
    if len(names) <= NAMED:
        return ", ".join(names)
    return f"{', '.join(names[:NAMED])} and {len(names) - NAMED} more"


def short(value: Any) -> str:
    """What was given, but not all of a long one; Python prints no integer of more than 4,300 digits."""
    try:
        text = repr(value)
    except ValueError:
        return "a number"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
