"""What an SMS costs: GSM 03.38 alphabets, segments, the signs outside them, and what may stand in."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from channels.substitutes import SUBSTITUTES

Encoding = Literal["GSM-7", "UCS-2"]

# 3GPP TS 23.038 §6.2.1, the default alphabet in the order of its codes; ESC (0x1B) is no character.
BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
# 3GPP TS 23.038 §6.2.1.1: each costs two septets, ESC and itself.
EXTENSION = frozenset("\f^{}\\[~]|€")

_ANY = f"[{re.escape(''.join(sorted(BASIC | EXTENSION)))}]"
_OUTSIDE = re.compile(_ANY.replace("[", "[^", 1))
_EXTENSION = re.compile(f"[{re.escape(''.join(sorted(EXTENSION)))}]")
# Up to a character that may belong with the next one: a space before », n before °, a letter before its accent.
_PLAIN = re.compile(f"{_ANY}+(?={_ANY})")

# One message alone, and each part of a longer one: the part header takes 6 octets (TS 23.040 §9.2.3.24.1).
CAPACITY: dict[Encoding, tuple[int, int]] = {"GSM-7": (160, 153), "UCS-2": (70, 67)}


@dataclass(frozen=True, slots=True)
class Offender:
    """A character outside GSM-7: it alone turns the whole text into UCS-2."""

    character: str
    name: str
    positions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Length:
    """How long a text is on the air. `units` are septets in GSM-7, UTF-16 code units in UCS-2."""

    encoding: Encoding
    units: int
    segments: int
    offenders: tuple[Offender, ...]

    def cost(self, per_segment: float) -> float:
        """What one message costs."""
        return self.segments * per_segment


def measure(text: str) -> Length:
    """The encoding, length, number of segments and offending characters of a text."""
    coded = encoding(text)
    if coded == "GSM-7" and not _EXTENSION.search(text):  # most texts: a character is a septet
        alone, part = CAPACITY[coded]
        return Length(coded, len(text), 1 if 0 < len(text) <= alone else -(-len(text) // part), ())
    units = sum(_cost(character, coded) for character in text)
    return Length(coded, units, len(segments(text)), offenders(text))


def encoding(text: str) -> Encoding:
    """The smallest encoding that holds the text as it stands."""
    return "UCS-2" if _OUTSIDE.search(text) else "GSM-7"


def fits(character: str) -> bool:
    """Whether GSM-7 has this character."""
    return character in BASIC or character in EXTENSION


def offenders(text: str) -> tuple[Offender, ...]:
    """The characters outside GSM-7, each once, in order of first use, with their Unicode names and places."""
    places: dict[str, list[int]] = {}
    for position, character in enumerate(text):
        if not fits(character):
            places.setdefault(character, []).append(position)
    return tuple(Offender(character, name(character), tuple(found)) for character, found in places.items())


def name(character: str) -> str:
    """The Unicode name of a character, its code where it has none."""
    return unicodedata.name(character, f"U+{ord(character):04X}")


def segments(text: str) -> list[str]:
    """The text as it is cut into parts; neither an escape pair nor a surrogate pair is ever cut."""
    coded = encoding(text)
    alone, part = CAPACITY[coded]
    costs = [_cost(character, coded) for character in text]
    if sum(costs) <= alone:
        return [text] if text else []
    cut, used, start = [], 0, 0
    for position, cost in enumerate(costs):
        if used + cost > part:
            cut.append(text[start:position])
            start, used = position, 0
        used += cost
    return [*cut, text[start:]]


@dataclass(frozen=True, slots=True)
class Replacement:
    """At `start` in the original, `old` became `new`."""

    start: int
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Substituted:
    """A text in characters that SMS can carry cheaply, and everything that was changed for it."""

    text: str
    replacements: tuple[Replacement, ...]

    def moved(self, position: int) -> int:
        """Where a position of the original lies in the new text; within a replaced piece, its nearer end."""
        shift = 0
        for done in self.replacements:
            end = done.start + len(done.old)
            if position <= done.start:
                break
            if position < end:
                return done.start + shift + min(position - done.start, len(done.new))
            shift += len(done.new) - len(done.old)
        return position + shift

    def moved_spans(self, spans: Iterable[tuple[int, int, str]]) -> list[tuple[int, int, str]]:
        """Spans (start, end, fact) of the original, in the new text."""
        return [(self.moved(start), self.moved(end), fact) for start, end, fact in spans]


def substitute(text: str) -> Substituted:
    """Replace what GSM-7 lacks by what means the same; what has no substitute stays, never a "?".

    Whoever sends the result shows the replacements first.
    """
    if not _OUTSIDE.search(text):
        return Substituted(text, ())
    pieces, replacements, start = [], [], 0
    for old in _clusters(text):
        new = _substitute(old)
        if new != old:
            replacements.append(Replacement(start, old, new))
        pieces.append(new)
        start += len(old)
    return Substituted("".join(pieces), tuple(replacements))


def _clusters(text: str) -> Iterator[str]:
    """A character with its combining marks; French quotation marks with their inner space; "n°" whole."""
    start = 0
    while start < len(text):
        plain = _PLAIN.match(text, start)
        if plain:  # letters of the alphabet that begin nothing longer
            yield plain.group()
            start = plain.end()
            continue
        end = start + 1
        while end < len(text) and unicodedata.combining(text[end]):
            end += 1
        for length in (3, 2):
            if text[start : start + length] in SUBSTITUTES:
                end = max(end, start + length)
                break
        yield text[start:end]
        start = end


def _substitute(old: str) -> str:
    if not _OUTSIDE.search(old):
        return old
    if old in SUBSTITUTES:
        return SUBSTITUTES[old]
    composed = unicodedata.normalize("NFC", old)
    new = "".join(SUBSTITUTES.get(character, character) for character in composed)
    return new if all(map(fits, new)) else old


def _cost(character: str, coded: Encoding) -> int:
    if coded == "GSM-7":
        return 2 if character in EXTENSION else 1
    return 2 if ord(character) > 0xFFFF else 1
