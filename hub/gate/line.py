"""One line of a message, read back: what it says of which fact, and where that is not what the sheet says."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from channels import gsm
from hub.gate import around
from hub.gate.statements import Binding, Listed, Phrase, Statement, Statements, Values, wordings_in
from hub.model.directive import Language, Modality
from hub.model.message import Span
from hub.model.value import Amount, Code, Day, Hour, Link, Mark, Phone, Value, Weekday, WrongDay
from hub.reread import FILLER, Found, Marked, read

_JOINERS = re.compile(r"(?:[\s,;:]|\b(?:et|und|en|and|ou|oder|of|or)\b)*")
_SPACES = re.compile(r"\s+(?=[:;?!»])|(?<=«)\s+")


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that a text says and the sheet does not."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class LineSlips:
    """What is wrong in a line, which values of which facts it states, and in which way each of its rules binds."""

    slips: tuple[Slip, ...]
    told: Mapping[str, frozenset[Value]]
    bound: Mapping[str, frozenset[Modality]]


Place = tuple[Span, Values]
Rule = tuple[Span, Binding]


def said(
    text: str,
    spans: tuple[Span, ...],
    language: Language,
    sms: bool,
    *,
    known: Statements,
    links: Collection[str],
    allowed: Collection[str],
) -> LineSlips:
    """Read a line: the words of the sheet as they stand, then its values, then how it binds."""
    slips: list[Slip] = []
    places: list[Place] = []
    rules: list[Rule] = []
    masked, through = text, 0
    for span in spans:
        statement = known.get(span.fact)
        if isinstance(statement, Values):
            places.append((span, statement))
            through = max(through, span.end)
        elif isinstance(statement, Binding):
            rules.append((span, statement))
        elif statement is not None:
            words = text[span.start : span.end]
            if not _fits(words, statement, language, sms=sms):
                slips.append(
                    Slip("U211", f"{span.fact} is said as {words!r}, which is not what the sheet says")
                )
            if span.end > through:  # the code at the end of the page's address is read as part of it
                masked = masked[: span.start] + FILLER * (span.end - span.start) + masked[span.end :]
    reading = read(masked, language)
    told: dict[str, frozenset[Value]] = {}
    slips += _values(text, places, reading.values, links, told)
    slips += [
        Slip("U212", words) for words in around.strange_words(text, spans, reading.values, known, language)
    ]
    slips += [Slip("U212", words) for words in around.wrong_side(text, spans, language)]
    slips += [Slip("U212", words) for words in around.wrong_revision(masked, spans, language)]
    bound: dict[str, frozenset[Modality]] = {}
    slips += _modalities(text, rules, reading.modalities, allowed, bound)
    slips += [Slip("U214", words) for words in around.misplaced(text, masked, spans, language)]
    return LineSlips(tuple(slips), told, bound)


def _values(
    text: str,
    places: Sequence[Place],
    found: Sequence[Found],
    links: Collection[str],
    told: dict[str, frozenset[Value]],
) -> Iterator[Slip]:
    within: dict[tuple[int, int], list[Found]] = {(span.start, span.end): [] for span, _ in places}
    for value in found:
        around = [key for key in within if key[0] <= value.start and value.end <= key[1]]
        for key in around:
            within[key].append(value)
        if not around and not _is_link(value, links):
            yield _stray(text, value)
    for span, statement in places:
        values, words = within[span.start, span.end], text[span.start : span.end]
        matched = _match(values, words, statement)
        if matched is None:
            yield _wrong(span, words, values, statement)
        told[span.fact] = told.get(span.fact, frozenset()).union(matched or statement.options[0])


def _match(found: Sequence[Found], words: str, statement: Values) -> list[Value] | None:
    """The values of the statement that a place states, None where it states another, or none at all."""
    for option in statement.options:
        matched = _matches(found, words, option, statement)
        if matched is not None:
            return matched
    return None


def _matches(
    found: Sequence[Found], words: str, option: tuple[Value, ...], statement: Values
) -> list[Value] | None:
    if len(option) == 1 and isinstance(option[0], Phone):
        digits = "".join(character for character in words if character.isdigit() or character == "+")
        return [option[0]] if digits == option[0].digits else None
    matched = []
    for value in found:
        fitting = [want for want in option if any(_means(want, reading) for reading in value.readings)]
        if not fitting:
            return None
        matched.append(fitting[0])
    if bool(matched) != bool(option) or (statement.in_order and tuple(matched) != option):
        return None
    return matched


def _means(expected: Value, reading: Value) -> bool:
    if isinstance(expected, Amount) and isinstance(reading, Amount):
        return Amount(reading.op, reading.value, reading.unit or expected.unit).bound() == expected
    return expected == reading


def _is_link(value: Found, links: Collection[str]) -> bool:
    return any(isinstance(reading, Link) and reading.url in links for reading in value.readings)


def _stray(text: str, value: Found) -> Slip:
    words = text[value.start : value.end]
    if isinstance(value.readings[0], WrongDay):
        return Slip("U213", f"{words!r} is no day of the calendar")
    return Slip("U212", f"it says {words!r}, which states no fact of the sheet")


def _wrong(span: Span, words: str, found: Sequence[Found], statement: Values) -> Slip:
    for value in found:
        if isinstance(value.readings[0], WrongDay):
            return Slip("U213", f"{span.fact}: {value.readings[0].text!r} is no day of the calendar")
    return Slip("U212", f"{span.fact} is said as {words!r}; the sheet says {spoken(statement.options[0])}")


def _modalities(
    text: str,
    rules: Sequence[Rule],
    found: Sequence[Marked],
    allowed: Collection[str],
    bound: dict[str, frozenset[Modality]],
) -> Iterator[Slip]:
    """A rule binds in no other way than the sheet says; nothing binds outside of a rule."""
    inside: set[Marked] = set()
    for span, statement in rules:
        marked = [m for m in found if span.start <= m.start and m.end <= span.end]
        inside.update(marked)
        heard = frozenset(mark.modality for mark in marked)
        bound[span.fact] = bound.get(span.fact, frozenset()) | heard
        if heard - statement.modalities:
            words, says = text[span.start : span.end], " and ".join(sorted(heard))
            yield Slip("U214", f"{span.fact}: {words!r} says {says}, the sheet {_named(statement)}")
    for mark in found:
        words = text[mark.start : mark.end]
        if mark not in inside and words.lower() not in allowed:
            yield Slip("U214", f"{words!r} says {mark.modality} outside of any rule")


def unbound(fact: str, heard: Collection[Modality], statement: Binding) -> Slip | None:
    """A rule of which no line of a message says how it binds."""
    if heard or statement.silent or not statement.modalities:
        return None
    return Slip("U214", f"{fact}: nothing says that it is {_named(statement)}")


def _named(statement: Binding) -> str:
    return " or ".join(sorted(statement.modalities)) or "information"


def _fits(words: str, statement: Statement, language: Language, *, sms: bool) -> bool:
    """Whether words of the sheet stand there as they are, but for what typography or an SMS makes of them."""
    plain = _plain(words)
    if isinstance(statement, Listed):
        return _is_list(plain, statement, language, sms=sms)
    for wording in wordings_in(language, getattr(statement, "wordings")):  # noqa: B009 - Verbatim or Phrase
        text = _as_sent(wording, sms)
        if plain == text or (isinstance(statement, Phrase) and _parts(plain) == _parts(text)):
            return True
    return False


def _is_list(plain: str, statement: Listed, language: Language, *, sms: bool) -> bool:
    rest = plain.casefold()
    for wordings in statement.names:
        sent = (_as_sent(wording, sms).casefold() for wording in wordings_in(language, wordings))
        found = next((text for text in sorted(sent, key=len, reverse=True) if text in rest), None)
        if found is None:
            return False
        rest = rest.replace(found, "\n", 1)
    return _JOINERS.fullmatch(rest) is not None


@lru_cache(maxsize=8192)
def _as_sent(wording: str, sms: bool) -> str:
    return _plain(gsm.substitute(wording).text if sms else wording)


def _plain(text: str) -> str:
    """Without what typography adds: no-break spaces, the space before a colon, a capital at the start."""
    text = _SPACES.sub("", " ".join(text.split()))
    return text[:1].lower() + text[1:]


def _parts(text: str) -> list[str]:
    return sorted(re.findall(r"\w+", text.lower()))


def spoken(values: Collection[Value]) -> str:
    """Values in words for an editor, in a form that is no language's."""
    return ", ".join(_say(value) for value in values)


def _say(value: Value) -> str:
    match value:
        case Day(on, inclusive):
            return f"{on.isoformat()}{' inclusive' if inclusive else ''}"
        case Hour(at):
            return at.isoformat("minutes")
        case Amount(op, number, unit):
            return f"{op} {number:g} {unit or ''}".strip()
        case Phone(digits):
            return digits
        case Link(url):
            return url
        case Code(text) | WrongDay(text):
            return text
        case Weekday(number):
            return f"weekday {number + 1}"
        case Mark():
            return value.value
