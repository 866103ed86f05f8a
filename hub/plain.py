"""Plain text from outside: one line, without a character that has no place in a message or a terminal."""

import unicodedata

_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control, format, surrogate, private-use and unassigned characters, and the two line separators."""


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
