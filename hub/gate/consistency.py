"""Reads every finished message back and holds it against the sheet: the same facts, and nothing else."""

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from channels import gsm
from channels.contract import PERSONAL_LINK
from hub.gate.case import Case, variant_name
from hub.gate.statements import Binding, Listed, Phrase, Statement, Statements, Values, Verbatim, statements
from hub.model.directive import Language
from hub.model.message import Message, Span, Variant
from hub.model.review import Finding, Level
from hub.model.value import Amount, Code, Day, Hour, Link, Mark, Phone, Value, Weekday, WrongDay
from hub.reread import FILLER, Found, Marked, read

_REMEDIES = {
    "U211": "look at the template or printer behind these words: they are not those of the sheet",
    "U212": "the text has been altered, or the printer is wrong: nothing leaves like this",
    "U213": "mend the date; a day of the week is never typed",
    "U214": "use the words of this modality in the pattern, or another pattern",
}
_JOINERS = re.compile(r"(?:[\s,;:]|\b(?:et|und|en|and|ou|oder|of|or)\b)*")
_SPACES = re.compile(r"\s+(?=[:;?!»])|(?<=«)\s+")


@dataclass(frozen=True, slots=True)
class Slip:
    """Something that a text says and the sheet does not."""

    code: str
    text: str


def read_back(case: Case) -> Iterator[Finding]:
    """Every value, every word of the sheet and how binding it is, in every message, text by text."""
    known = statements(case.sheet, case.frame)
    links = links_of(case)
    for variant, message in case.messages.items():
        allowed = case.sheet.wording.languages[variant.language].allowed
        for slip in slips(message, known, links=links, allowed=allowed):
            yield case.finding(
                slip.code, Level.BLOCKER, variant_name(variant), slip.text, _REMEDIES[slip.code]
            )


def links_of(case: Case) -> frozenset[str]:
    """The addresses that may stand in a message beside those that are facts of their own."""
    offers = (*case.directive.docs, *case.directive.links)
    return frozenset((PERSONAL_LINK, case.frame.url, *(offer.url for offer in offers)))


def slips(
    message: Message, known: Statements, *, links: Collection[str] = (), allowed: Collection[str] = ()
) -> Iterator[Slip]:
    """Where the text of a message does not say what the sheet says. `allowed` are modal words of the frame."""
    masked = list(message.text)
    places: list[tuple[Span, Statement]] = []
    read_through = 0
    for span in message.spans:
        statement = known.get(span.fact)
        if statement is None:
            continue
        if isinstance(statement, Values | Binding):
            places.append((span, statement))
            if isinstance(statement, Values):
                read_through = max(read_through, span.end)
            continue
        words = message.text[span.start : span.end]
        if not _fits(words, statement, message):
            yield Slip("U211", f"{span.fact} is said as {words!r}, which is not what the sheet says")
        if span.end > read_through:  # the code at the end of the page's address is read as part of it
            masked[span.start : span.end] = FILLER * (span.end - span.start)
    reading = read("".join(masked), message.language)
    yield from _values(message, [p for p in places if isinstance(p[1], Values)], reading.values, links)
    yield from _modalities(
        message, [p for p in places if isinstance(p[1], Binding)], reading.modalities, allowed
    )


def _values(
    message: Message,
    places: Sequence[tuple[Span, Statement]],
    found: Sequence[Found],
    links: Collection[str],
) -> Iterator[Slip]:
    read_by_place: dict[tuple[int, int], list[Found]] = {(span.start, span.end): [] for span, _ in places}
    for value in found:
        around = [key for key in read_by_place if key[0] <= value.start and value.end <= key[1]]
        for key in around:
            read_by_place[key].append(value)
        if not around and not _is_link(value, links):
            yield _stray(message, value)
    told: dict[str, set[Value]] = {}
    for span, statement in places:
        assert isinstance(statement, Values)
        values = read_by_place[span.start, span.end]
        words = message.text[span.start : span.end]
        matched = _match(values, words, statement)
        if matched is None:
            yield _wrong(span, words, values, statement)
        told.setdefault(span.fact, set()).update(matched or statement.values)
    for fact, said in told.items():
        expected = next(s for span, s in places if span.fact == fact)
        assert isinstance(expected, Values)
        if missing := set(expected.values) - said:
            yield Slip("U212", f"{fact} is said without {_spoken(missing)}")


def _match(found: Sequence[Found], words: str, statement: Values) -> list[Value] | None:
    """The values of the statement that a place states, None where it states another, or none at all."""
    expected = statement.values
    if len(expected) == 1 and isinstance(expected[0], Phone):
        digits = "".join(character for character in words if character.isdigit() or character == "+")
        return [expected[0]] if digits == expected[0].digits else None
    matched = []
    for value in found:
        fitting = [want for want in expected if any(_means(want, reading) for reading in value.readings)]
        if not fitting:
            return None
        matched.append(fitting[0])
    if not matched or (statement.in_order and tuple(matched) != expected):
        return None
    return matched


def _means(expected: Value, reading: Value) -> bool:
    if isinstance(expected, Amount) and isinstance(reading, Amount):
        bound = Amount(reading.op, reading.value, reading.unit or expected.unit).bound()
        return bound == expected
    return expected == reading


def _is_link(value: Found, links: Collection[str]) -> bool:
    return any(isinstance(reading, Link) and reading.url in links for reading in value.readings)


def _stray(message: Message, value: Found) -> Slip:
    words = message.text[value.start : value.end]
    if isinstance(value.readings[0], WrongDay):
        return Slip("U213", f"{words!r} is no day of the calendar")
    return Slip("U212", f"it says {words!r}, which states no fact of the sheet")


def _wrong(span: Span, words: str, found: Sequence[Found], statement: Values) -> Slip:
    for value in found:
        if isinstance(value.readings[0], WrongDay):
            return Slip("U213", f"{span.fact}: {value.readings[0].text!r} is no day of the calendar")
    return Slip("U212", f"{span.fact} is said as {words!r}; the sheet says {_spoken(statement.values)}")


def _modalities(
    message: Message,
    places: Sequence[tuple[Span, Statement]],
    found: Sequence[Marked],
    allowed: Collection[str],
) -> Iterator[Slip]:
    """Each rule binds as the sheet says and in no second way; nothing binds outside of a rule."""
    inside: set[Marked] = set()
    for span, statement in places:
        assert isinstance(statement, Binding)
        marked = [m for m in found if span.start <= m.start and m.end <= span.end]
        inside.update(marked)
        said = {mark.modality for mark in marked}
        expected = set() if statement.modality == "information" else {statement.modality}
        if said != expected:
            yield Slip(
                "U214",
                f"{span.fact}: the sheet says {statement.modality}, "
                f"and {message.text[span.start : span.end]!r} says {' and '.join(sorted(said)) or 'nothing of it'}",
            )
    for mark in found:
        words = message.text[mark.start : mark.end]
        if mark not in inside and words.lower() not in allowed:
            yield Slip("U214", f"{words!r} says {mark.modality} outside of any rule")


def _fits(words: str, statement: Statement, message: Message) -> bool:
    """Whether words of the sheet stand there as they are, but for what typography or an SMS makes of them."""
    said = _plain(words)
    if isinstance(statement, Listed):
        return _is_list(said, statement, message)
    assert isinstance(statement, Verbatim | Phrase)
    for wording in statement.wordings.get(message.language, ()):
        text = _as_sent(wording, message)
        if said == text or (isinstance(statement, Phrase) and _parts(said) == _parts(text)):
            return True
    return False


def _is_list(said: str, statement: Listed, message: Message) -> bool:
    said = said.casefold()
    for wordings in statement.names:
        sent = (_as_sent(wording, message).casefold() for wording in wordings.get(message.language, ()))
        found = next((text for text in sorted(sent, key=len, reverse=True) if text in said), None)
        if found is None:
            return False
        said = said.replace(found, "\n", 1)
    return _JOINERS.fullmatch(said) is not None


def _as_sent(wording: str, message: Message) -> str:
    return _plain(gsm.substitute(wording).text if message.channel == "sms" else wording)


def _plain(text: str) -> str:
    """Without what typography adds: no-break spaces, the space before a colon, a capital at the start."""
    text = _SPACES.sub("", " ".join(text.split()))
    return text[:1].lower() + text[1:]


def _parts(text: str) -> list[str]:
    return sorted(re.findall(r"\w+", text.lower()))


def _spoken(values: Collection[Value]) -> str:
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


def same_facts(case: Case) -> Iterator[Finding]:
    """A reader's messages state the same facts in every language: nobody learns more or less for their tongue."""
    by_reader: dict[tuple[str, str, str], dict[Language, tuple[Variant, frozenset[str]]]] = {}
    for variant, message in case.messages.items():
        if variant.channel != "sms":  # what of a rule fits an SMS depends on the length of the words
            reader = (variant.sector, variant.audience, variant.channel)
            by_reader.setdefault(reader, {})[variant.language] = (variant, message.stated)
    for told in by_reader.values():
        everything = frozenset().union(*(stated for _, stated in told.values()))
        for language, (variant, stated) in told.items():
            if missing := everything - stated:
                others = [other for other, (_, facts) in told.items() if missing & facts]
                yield case.finding(
                    "U215",
                    Level.BLOCKER,
                    variant_name(variant),
                    f"{language} does not state {', '.join(sorted(missing))}; {', '.join(others)} does",
                    "give the pattern the same slots in every language",
                )


def same_hours(case: Case) -> Iterator[Finding]:
    """Opening hours are words of the sheet: read in each language, they must be the same hours."""
    for contact in case.directive.contacts:
        if not contact.hours:
            continue
        read_in = {language: _hours_read(text, language) for language, text in contact.hours.items()}
        if len(set(read_in.values())) > 1:
            told = "; ".join(f"{language}: {contact.hours[language]}" for language in read_in)
            yield case.finding(
                "U216",
                Level.BLOCKER,
                f"contact {contact.id}.hours",
                f"the languages do not say the same hours ({told})",
                "mend the hours of the contact in the language that is wrong",
            )


def _hours_read(text: str, language: Language) -> tuple[object, ...]:
    """Days and hours, without the order in which a language puts them."""
    values = [found.readings[0] for found in read(text, language).values]
    return tuple(sorted(map(_say, values)))
