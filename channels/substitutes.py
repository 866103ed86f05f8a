"""Which characters stand in for those that GSM-7 lacks: only such as leave the meaning as it is."""

_NO_BREAK = "\u00a0\u202f\u2009"
_SPACES = "\t\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000"
_INVISIBLE = "\u00ad\u200b\u200e\u200f\u2060\ufeff"


def _table() -> dict[str, str]:
    table = {
        # Typography. é è à ù ì ò Ç É Ä Ö Ü ä ö ü ß ñ Ñ § are in GSM-7 and stay.
        **dict.fromkeys("’‘‚‛′´`ʼ", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‹›", "'"),
        **dict.fromkeys("–—‑‐‒―−•‣·", "-"),
        "…": "...",
        # Letters, each by the one its readers write where the accent cannot be had.
        **_letters("áâãåā", "a", keep="å"),
        **_letters("êëēę", "e"),
        **_letters("íîïī", "i"),
        **_letters("óôõō", "o"),
        **_letters("úûū", "u"),
        **_letters("ýÿ", "y"),
        **_letters("ç", "c", keep="Ç"),
        "À": "A",
        "È": "E",
        "Ì": "I",
        "Ò": "O",
        "Ù": "U",
        "œ": "oe",
        "Œ": "OE",
        "ĳ": "ij",
        "Ĳ": "IJ",
        "ẞ": "SS",
        "ﬁ": "fi",
        "ﬂ": "fl",
        "ﬀ": "ff",
        # Signs and figures.
        "n°": "no",
        "N°": "No",
        "n°\u00a0": "no ",
        "N°\u00a0": "No ",
        "№": "No",
        "²": "2",
        "³": "3",
        "½": "1/2",
        "¼": "1/4",
        "¾": "3/4",
        "×": "x",
        "±": "+/-",
        "≤": "<=",
        "≥": ">=",
        "→": "->",
        "←": "<-",
    }
    table |= dict.fromkeys(_SPACES, " ")
    table |= dict.fromkeys(_INVISIBLE, "")
    # « mot » → "mot": the inner spaces belong to the French marks, not to the words.
    for space in (*_NO_BREAK, " "):
        table["«" + space] = '"'
        table[space + "»"] = '"'
    return table


def _letters(small: str, plain: str, *, keep: str = "") -> dict[str, str]:
    """Small and capital letters to their plain forms, but for those that GSM-7 has."""
    pairs = {letter: plain for letter in small} | {letter.upper(): plain.upper() for letter in small}
    return {letter: to for letter, to in pairs.items() if letter not in keep and letter not in keep.upper()}


SUBSTITUTES: dict[str, str] = _table()


def by_replacement() -> dict[str, list[str]]:
    """The same table the other way round: what stands in, and for which characters."""
    found: dict[str, list[str]] = {}
    for old, new in SUBSTITUTES.items():
        found.setdefault(new, []).append(old)
    return found
