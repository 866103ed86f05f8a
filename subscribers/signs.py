"""Signs that no address and no name may hold: they break lines, hide, or cannot be written down."""

import unicodedata

BLANKS = " \t\u00a0\u202f\u2009"
"""What may stand around a value; a line break may not, U+2028 and U+2029 included."""


def forbidden(text: str) -> str | None:
    """What is wrong with the first forbidden sign of `text`, None where there is none.

    Zl and Zp are U+2028 and U+2029, line breaks to some programs; Cs cannot be encoded at all.
    """
    if text.isascii() and text.isprintable():
        return None
    for sign in text:
        category = unicodedata.category(sign)
        if category in ("Cc", "Zl", "Zp"):
            return f"a line break or control character (U+{ord(sign):04X})"
        if category in ("Cf", "Cs", "Co", "Cn"):
            return f"an invisible character (U+{ord(sign):04X})"
        if sign == "\ufffd":
            return "a character that was lost when the file was written"
    return None


def like_a_formula(text: str) -> bool:
    """Whether a spreadsheet would run the cell instead of showing it, full-width signs included."""
    return text[:1] in tuple("=+-@＝＋－＠")
