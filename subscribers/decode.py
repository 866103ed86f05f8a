"""The text of a list, in whichever encoding it came."""

import codecs
from collections.abc import Sequence

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MANGLED_BOM = "ï»¿"
"""What a UTF-8 BOM becomes when a program takes it for Windows-1252 and writes it out again."""


def lines_of(data: bytes) -> Sequence[str]:
    """The lines of a text in UTF-8, UTF-16, Windows-1252 or Latin-1; with or without BOM, any line ends.

    Where a file mixes UTF-8 and Windows-1252, as lists pasted together do, each line is read as what it is.
    Nothing is refused here: what no encoding explains becomes control characters, which rows refuse.
    """
    text = _decode(data).removeprefix("\ufeff").removeprefix(_MANGLED_BOM)
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _decode(data: bytes) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            data = data[len(bom) :]
            if encoding != "utf-8":
                return data.decode(encoding, errors="replace")
    if wide := _utf16_without_bom(data[:4096]):
        return data.decode(wide, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return "\n".join(_decode_line(line) for line in data.split(b"\n"))


def _utf16_without_bom(sample: bytes) -> str | None:
    """In our languages nearly every second byte of UTF-16 is zero."""
    half = len(sample) // 2
    if half < 8:
        return None
    low, high = sample[0::2].count(0), sample[1::2].count(0)
    if high > half * 0.7 and low < half * 0.1:
        return "utf-16-le"
    if low > half * 0.7 and high < half * 0.1:
        return "utf-16-be"
    return None


def _decode_line(line: bytes) -> str:
    for encoding in ("utf-8", "cp1252"):
        try:
            return line.decode(encoding)
        except UnicodeDecodeError:
            continue
    return line.decode("latin-1")
