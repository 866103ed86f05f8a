"""Quoted-printable (RFC 2045 §6.7) with a place left open for a URL that comes later."""

from collections.abc import Iterable, Iterator

_LONGEST_LINE = 76
_PLAIN = frozenset(range(0x21, 0x7F)) - {ord("=")}
_WHITE = frozenset(b" \t")


def quoted_printable(text: str, place: bytes) -> str:
    """Encode a text, with line breaks, real or soft, around each `place`, whatever will fill it.

    No line is longer than 76 characters, begins with a dot or ends with white space.
    """
    return "\n".join(_line(line, place) for line in text.encode().split(b"\n"))


def quoted_url(url: bytes) -> bytes:
    """A URL as it fills a place: "=" encoded, soft breaks where it is long."""
    if len(url) < _LONGEST_LINE and b"=" not in url:
        return url
    return "=\r\n".join(_packed(_encoded(url))).encode("ascii")


def _line(line: bytes, place: bytes) -> str:
    packed: list[str] = []
    for number, piece in enumerate(line.split(place)):
        if number:
            packed.append(place.decode("ascii"))
        if piece:
            packed.extend(_packed(_encoded(piece)))
    return "=\n".join(packed)


def _encoded(piece: bytes) -> Iterator[str]:
    last = len(piece) - 1
    for index, octet in enumerate(piece):
        if octet in _PLAIN or (octet in _WHITE and index != last):
            yield chr(octet)
        else:
            yield f"={octet:02X}"


def _packed(codes: Iterable[str]) -> list[str]:
    """Codes in lines that leave room for the "=" of a soft break."""
    lines, line = [], ""
    for code in codes:
        if len(line) + len(code) >= _LONGEST_LINE:
            lines.append(line)
            line = ""
        # A dot that begins a line would need stuffing, and some old relays lose it.
        line += "=2E" if code == "." and not line else code
    return [*lines, line] if line else lines
