"""What the reader knows of one language, from its own files: it shares no word with the templates."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from typing import Any, get_args

from hub.model.directive import Language, Modality, Operator, Unit
from hub.model.value import Mark
from hub.reread.form import IMPERATIVES, FaultyLexicon, LexiconFile

DATA: Traversable = resources.files("hub.reread") / "data"

FILLER = "\ufffc"
"""Stands for what somebody else has read already: it is part of no word."""

_SPACE = "[ \u00a0\u202f\u2009]"


@dataclass(frozen=True, slots=True)
class Marker:
    """A pattern that says how a sentence rules, and the words that it uses up elsewhere in the sentence."""

    modality: Modality
    words: re.Pattern[str]
    uses: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class Lexicon:
    """One language, compiled. `tokens` finds every value; its groups say which kind it is. `ruling` is any marker."""

    tokens: re.Pattern[str]
    months: Mapping[str, int]
    weekdays: Mapping[str, int]
    marks: Mapping[str, Mark]
    before: re.Pattern[str]
    after: re.Pattern[str]
    operators: Mapping[str, Operator]
    units: Mapping[str, Unit]
    last_day_before: re.Pattern[str] | None
    last_day_after: re.Pattern[str] | None
    hour_is_duration: bool
    decimal: str
    thousands: str
    limit: re.Pattern[str]
    markers: tuple[Marker, ...]
    ruling: re.Pattern[str]
    excluding: re.Pattern[str]
    sides: re.Pattern[str]
    joins: frozenset[str]
    per: re.Pattern[str]
    denial: re.Pattern[str]
    spelled: re.Pattern[str]
    numbers: Mapping[str, int]
    senses: Mapping[str, Mapping[str, re.Pattern[str]]]


def languages() -> tuple[Language, ...]:
    """The languages that can be read back: each has a file of its own."""
    return tuple(
        sorted(file.name.removesuffix(".toml") for file in DATA.iterdir() if file.name.endswith(".toml"))
    )


@cache
def lexicon(language: Language) -> Lexicon:
    """The lexicon of a language. Raises FileNotFoundError where nobody wrote one, FaultyLexicon for one of no use."""
    file = DATA / f"{language}.toml"
    try:
        raw = tomllib.loads(file.read_text(encoding="utf-8"))
        LexiconFile.model_validate(raw)
        return _compiled(raw)
    except (ValueError, RecursionError, re.error) as error:
        raise FaultyLexicon(language, error) from error


def _compiled(raw: Mapping[str, Any]) -> Lexicon:
    months = {
        name.lower(): number for number, names in enumerate(raw["months"], 1) for name in names.split("|")
    }
    weekdays = {name.lower(): number for number, name in enumerate(raw["weekdays"])}
    marks = {text.lower(): Mark(mark) for mark, texts in raw["marks"].items() for text in texts.split("|")}
    operators = {
        word.lower(): _operator(op)
        for side in ("before", "after")
        for op, words in raw[side].items()
        for word in words
    }
    imperatives = _any(raw.get("imperatives", {}).get("words", ()))
    ruling = [_filled(row["words"], imperatives) for row in raw["modality"]]
    return Lexicon(
        tokens=_tokens(raw, months, weekdays, marks),
        months=months,
        weekdays=weekdays,
        marks=marks,
        before=re.compile(rf"(?<!\w)({_any(_words(raw['before']))}) $", re.I),
        after=re.compile(rf"{_SPACE}({_any(_words(raw['after']))})\b", re.I),
        operators=operators,
        units={unit: name for name, unit in _units(raw)},
        last_day_before=_last(raw.get("last_day_before"), r"(?<!\w)(?:{}) $"),
        last_day_after=_last(raw.get("last_day_after"), r" (?:{})\b"),
        hour_is_duration=raw.get("hour_is_duration", False),
        decimal=raw["decimal"],
        thousands=raw.get("thousands", ""),
        limit=re.compile(raw["limit"], re.I),
        markers=tuple(_marker(row, imperatives) for row in raw["modality"]),
        ruling=_at_word_start("|".join(f"(?:{words})" for words in ruling)),
        excluding=re.compile(
            rf"(?=[{_letters(_words(raw['excluding']))}])(?<!\w)(?:(?P<binds>{_any(raw['excluding']['words'])})|{_any(raw['excluding']['headings'])})(?!\w)",
            re.I,
        ),
        sides=re.compile(
            rf"(?<!\w)(?:(?P<start>{_any(raw['sides']['start'])})|{_any(raw['sides']['end'])})[ \u00a0]$",
            re.I,
        ),
        joins=frozenset(_joins(raw)),
        per=re.compile(rf"{_SPACE}(?:{_spaced(raw['per']['words'])})(?=\S)", re.I),
        denial=_sense(_any(raw["denial"]["words"], escape=False)),
        spelled=_sense(_any((*raw["spelled"]["words"], *raw["spelled"]["numbers"].values()))),
        numbers={word.lower(): int(number) for number, word in raw["spelled"]["numbers"].items()},
        senses={
            group: {sense: _sense(words) for sense, words in table.items()}
            for group, table in raw["senses"].items()
        },
    )


def _sense(words: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.I)


def _spaced(words: Iterable[str]) -> str:
    """An alternation of patterns in which a space may be one that does not break."""
    return _any(words, escape=False).replace(" ", _SPACE)


def _joins(raw: Mapping[str, Any]) -> Iterator[str]:
    """The words that may stand in a value beside what is read of it: those that bound it, and small ones."""
    said = (*_words(raw["before"]), *_words(raw["after"]), *raw["joins"]["words"])
    last = (raw.get("last_day_before", ""), raw.get("last_day_after", ""))
    for words in (*said, *last):
        yield from (word.lower() for word in re.findall(r"[^\W\d_]+", words))


def _tokens(
    raw: Mapping[str, Any], months: Mapping[str, int], weekdays: Mapping[str, int], marks: Mapping[str, Mark]
) -> re.Pattern[str]:
    number = rf"\d{{1,3}}(?:{_SPACE}\d{{3}})+(?!\d)|\d+(?:{re.escape(raw['decimal'])}\d+)?"
    if thousands := raw.get("thousands"):
        number = rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+(?!\d)|{number}"
    units = _any([unit for _, unit in _units(raw)], escape=False)
    days = _any(weekdays)
    parts = (
        r"(?P<link>https?://[^\s<>\"\ufffc]+)",
        rf"(?:(?P<weekday>{days})s?,? )?(?P<day>\d{{1,2}})(?:er|\.)? (?P<month>{_any(months)}) (?P<year>\d{{4}})",
        rf"(?P<hour>{raw['hour']})",
        rf"(?P<midnight>\b{raw['midnight']}\b)",
        r"(?P<phone>(?<![\w,.])(?:\+\d|0\d)[\d ./()-]*\d)",
        rf"(?P<amount>(?:(?P<first>EUR){_SPACE})?(?<![\w])(?P<number>{number})(?:{_SPACE}?(?P<unit>{units})(?!\w))?(?![\w]))",
        r"(?P<code>\d[\w/]*)",
        rf"(?P<mark>\b(?:{_any(marks)})\b)",
        rf"(?P<bare>\b(?:{days})s?\b)",
    )
    # Most positions of a text begin no value: one look at the next character says so.
    first = _letters((*weekdays, *marks, raw["midnight"], "http", "EUR"))
    return re.compile(rf"(?=[\d+{first}])(?:{'|'.join(parts)})", re.I)


def _letters(words: Iterable[str]) -> str:
    """The letters that the words begin with, small and capital."""
    return "".join(sorted({letter for word in words for letter in (word[0].lower(), word[0].upper())}))


def _units(raw: Mapping[str, Any]) -> list[tuple[Unit, str]]:
    return [(name, unit) for name in get_args(Unit) for unit in [raw["unit"][name]]]


def _marker(row: Mapping[str, str], imperatives: str) -> Marker:
    uses = row.get("with")
    return Marker(
        modality=_modality(row["is"]),
        words=_at_word_start(_filled(row["words"], imperatives)),
        uses=re.compile(_filled(uses, imperatives), re.I) if uses else None,
    )


def _filled(pattern: str, imperatives: str) -> str:
    return pattern.replace(IMPERATIVES, imperatives)


def _at_word_start(words: str) -> re.Pattern[str]:
    """The words, which begin where a word does: most positions of a text fail at one look."""
    return re.compile(rf"\b(?=\w)(?:{words})", re.I)


def _last(words: str | None, form: str) -> re.Pattern[str] | None:
    return re.compile(form.format(words), re.I) if words else None


def _words(table: Mapping[str, list[str]]) -> list[str]:
    return [word for words in table.values() for word in words]


def _any(words: Any, *, escape: bool = True) -> str:
    """An alternation, the longest first."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(re.escape(word) if escape else word for word in ordered)


def _operator(text: str) -> Operator:
    return next(op for op in get_args(Operator) if op == text)


def _modality(text: str) -> Modality:
    return next(modality for modality in get_args(Modality) if modality == text)
