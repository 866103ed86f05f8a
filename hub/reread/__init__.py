"""The independent reader: what a finished text says, found in its words alone.

It knows nothing of templates, of the printer or of the sheet, and imports `hub.model` only (decision 12): what it
finds is compared elsewhere with what should stand there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, time
from functools import lru_cache
from typing import Literal

from hub.model.directive import Language, Modality, Operator
from hub.model.value import Amount, Code, Day, Hour, Link, Phone, Value, Weekday, WrongDay
from hub.reread.form import FaultyLexicon
from hub.reread.lexicon import FILLER, Lexicon, languages, lexicon

__all__ = [
    "FILLER",
    "OPPOSED",
    "Excluding",
    "FaultyLexicon",
    "Found",
    "Marked",
    "Reading",
    "counted",
    "demand",
    "denials",
    "denying",
    "excluded",
    "heard",
    "languages",
    "read",
    "says_per",
    "senses",
    "side_before",
    "spelled",
    "unknown_words",
]

OPPOSED = ("order", "whereabouts", "moving", "door", "supply", "assent")
"""Groups of senses of which one contradicts the other."""

_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*\s*|\n")
_WORD = re.compile(r"[^\W\d_]+")
_REACH = 32
"""How far before a number its bound may begin."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value at [start, end), and what it may mean: 10 uur is an hour of the day or ten hours."""

    start: int
    end: int
    readings: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Marked:
    """Words at [start, end) that say how binding a sentence is."""

    start: int
    end: int
    modality: Modality


@dataclass(frozen=True, slots=True)
class Excluding:
    """Words at [start, end) that except something; `binds` where they cannot stand alone, as a heading can."""

    start: int
    end: int
    binds: bool


Side = Literal["from", "until"]
"""Which end of a time."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Every value and every modal word of a text, in order."""

    values: tuple[Found, ...]
    modalities: tuple[Marked, ...]


def demand(language: Language) -> None:
    """Raises FaultyLexicon where the file of a language cannot be used."""
    lexicon(language)


def read(text: str, language: Language) -> Reading:
    """What the text says. A stretch of FILLER in it is skipped, but holds the sentence together."""
    words = lexicon(language)
    values = tuple(_values(text, words))
    blanked = list(text)
    for found in values:
        blanked[found.start : found.end] = FILLER * (found.end - found.start)
    return Reading(values, tuple(_modalities("".join(blanked), words)))


def excluded(text: str, language: Language) -> Iterator[Excluding]:
    """The words that take something out of a rule."""
    for match in lexicon(language).excluding.finditer(text):
        yield Excluding(match.start(), match.end(), binds=match["binds"] is not None)


def side_before(text: str, position: int, language: Language) -> Side | None:
    """Whether the words right before a position open or close a time."""
    match = lexicon(language).sides.search(text[max(0, position - _REACH) : position])
    return None if match is None else "from" if match["start"] else "until"


def denials(text: str, language: Language) -> int:
    """How many sentences deny something, beside the words that say how they bind."""
    words = lexicon(language)
    rests = (_ruling(sentence, words)[1] for sentence in _SENTENCE.finditer(text))
    return sum(words.denial.search(rest) is not None for rest in rests)


def senses(text: str, language: Language, group: str) -> tuple[str, ...]:
    """What a sentence says that it is for, of the senses of one group, in the order in which it says so."""
    return tuple(sense for sense, _ in heard(text, language, group))


def heard(text: str, language: Language, group: str) -> tuple[tuple[str, str], ...]:
    """The same senses, each with the words that say it."""
    table = lexicon(language).senses[group]
    found = [
        (match.start(), sense, match.group())
        for sense, words in table.items()
        for match in words.finditer(text)
    ]
    return tuple((sense, words) for _, sense, words in sorted(found))


def spelled(text: str, language: Language) -> tuple[str, ...]:
    """Numbers and days that a text says in words."""
    return tuple(match.group() for match in lexicon(language).spelled.finditer(text))


def counted(text: str, language: Language) -> tuple[int, ...]:
    """The numbers that a text says in words."""
    numbers = lexicon(language).numbers
    words = (word.lower() for word in spelled(text, language))
    return tuple(numbers[word] for word in words if word in numbers)


def denying(text: str, language: Language) -> tuple[str, ...]:
    """The words by which a text denies or forbids: "no visits" and "visits are forbidden" say the same."""
    words = [match.group() for match in lexicon(language).denial.finditer(text)]
    for mark in read(text, language).modalities:
        if mark.modality in ("forbidden", "discouraged"):
            words.append(text[mark.start : mark.end])
    return tuple(dict.fromkeys(words))


def says_per(text: str, position: int, language: Language) -> bool:
    """Whether the words right behind a value say for each of whom or what it counts: "per resident"."""
    return lexicon(language).per.match(text, position) is not None


@lru_cache(maxsize=4096)
def unknown_words(text: str, language: Language) -> tuple[str, ...]:
    """The words that belong to no value and join none; values are FILLER."""
    joins = lexicon(language).joins
    return tuple(word for word in _WORD.findall(text) if word.lower() not in joins)


def _values(text: str, words: Lexicon) -> Iterator[Found]:
    for match in words.tokens.finditer(text):
        start, end = match.span()
        if match["link"]:
            url = match["link"].rstrip(".,;:!?)")
            yield Found(start, start + len(url), (Link(url),))
        elif match["code"]:
            while start and text[start - 1].isalnum():  # K7QX2M begins before its first digit
                start -= 1
            yield Found(start, end, (Code(text[start:end]),))
        elif match["amount"]:
            yield Found(start, start + len(match["amount"]), tuple(_amounts(match, text, words)))
        elif match["hour"]:
            yield Found(start, end, tuple(_hours(match, text, words)))
        else:
            yield Found(start, end, (_one(match, text, words),))


def _one(match: re.Match[str], text: str, words: Lexicon) -> Value:
    """A value that can be read in one way only."""
    if match["month"]:
        return _day(match, text, words)
    if match["midnight"]:
        return Hour(time(0))
    if match["phone"]:
        return _phone(match["phone"])
    if match["mark"]:
        return words.marks[match["mark"].lower()]
    return Weekday(words.weekdays[_singular(match["bare"], words)])


def _singular(weekday: str, words: Lexicon) -> str:
    lower = weekday.lower()
    return lower if lower in words.weekdays else lower.removesuffix("s")


def _day(match: re.Match[str], text: str, words: Lexicon) -> Value:
    try:
        on = date(int(match["year"]), words.months[match["month"].lower()], int(match["day"]))
    except ValueError:
        return WrongDay(match.group())
    if match["weekday"] and words.weekdays[match["weekday"].lower()] != on.weekday():
        return WrongDay(match.group())
    last = (words.last_day_before and words.last_day_before.search(text, 0, match.start())) or (
        words.last_day_after and words.last_day_after.match(text, match.end())
    )
    return Day(on, inclusive=bool(last))


def _hours(match: re.Match[str], text: str, words: Lexicon) -> Iterator[Value]:
    hour, minute = int(match["h"]), int(match["min"] or 0)
    if hour < 24 and minute < 60:
        yield Hour(time(hour, minute))
    if words.hour_is_duration and not match["min"]:
        yield from (Amount(op, hour, "heure") for op in _bounds(match.start(), match.end(), text, words))
    if hour >= 24 and not words.hour_is_duration:
        yield Code(match.group())


def _amounts(match: re.Match[str], text: str, words: Lexicon) -> Iterator[Value]:
    digits = re.sub(r"[ \u00a0\u202f\u2009]", "", match["number"])
    if words.thousands:
        digits = digits.replace(words.thousands, "")
    value = float(digits.replace(words.decimal, "."))
    name = match["unit"] or match["first"]
    unit = next(
        (known for pattern, known in words.units.items() if name and re.fullmatch(pattern, name, re.I)), None
    )
    start, end = match.start(), match.start() + len(match["amount"])
    yield from (Amount(op, value, unit) for op in _bounds(start, end, text, words))
    if unit is None:
        yield Phone(digits)


def _bounds(start: int, end: int, text: str, words: Lexicon) -> Iterator[Operator]:
    """How the words around a number bound it; "limited to 5" bounds it from above."""
    before = words.before.search(text[max(0, start - _REACH) : start])
    after = words.after.match(text, end)
    if after:
        yield words.operators[after[1].lower()]
    elif before:
        yield words.operators[before[1].lower()]
    else:
        yield "="
        if words.limit.search(_sentence_around(text, start, end)):
            yield "<="


def _sentence_around(text: str, start: int, end: int) -> str:
    first = max(text.rfind(". ", 0, start), text.rfind("\n", 0, start)) + 1
    stops = [stop for stop in (text.find(". ", end), text.find("\n", end)) if stop >= 0]
    return text[first : min(stops, default=len(text))]


def _phone(text: str) -> Phone:
    return Phone(re.sub(r"[^+\d]", "", text))


def _modalities(text: str, words: Lexicon) -> Iterator[Marked]:
    for sentence in _SENTENCE.finditer(text):
        yield from _ruling(sentence, words)[0]


def _ruling(sentence: re.Match[str], words: Lexicon) -> tuple[list[Marked], str]:
    """How a sentence binds, and the rest of it: the most telling marker first, what it used up no other sees."""
    rest, offset = sentence.group(), sentence.start()
    marked: list[Marked] = []
    if not words.ruling.search(rest):
        return marked, rest
    for marker in words.markers:
        if not marker.words.search(rest):
            continue
        for found in marker.words.finditer(rest):
            marked.append(Marked(offset + found.start(), offset + found.end(), marker.modality))
        rest = _without(marker.words, rest)
        if marker.uses:
            rest = _without(marker.uses, rest)
    return marked, rest


def _without(pattern: re.Pattern[str], text: str) -> str:
    return pattern.sub(lambda found: FILLER * len(found.group()), text)
