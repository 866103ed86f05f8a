"""Reads every finished message back and holds it against the sheet: the same facts, and nothing else."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import combinations

from channels.contract import PERSONAL_LINK
from hub.gate.case import Case, variant_name
from hub.gate.line import LineSlips, Slip, said, spoken, unbound
from hub.gate.statements import Binding, Statements, Values, statements
from hub.model.directive import Directive, Language, Modality, Operator, Text
from hub.model.message import Message, Span, Variant
from hub.model.review import Finding, Level
from hub.model.value import Amount, Value
from hub.reread import OPPOSED, counted, denying, heard, read

_REMEDIES = {
    "U211": "look at the template or printer behind these words: they are not those of the sheet",
    "U212": "the text has been altered, or the printer is wrong: nothing leaves like this",
    "U213": "mend the date; a day of the week is never typed",
    "U214": "use the words of this modality in the pattern, or another pattern",
}


def read_back(case: Case) -> Iterator[Finding]:
    """Every value, every word of the sheet and how binding it is, in every message, text by text."""
    reader = reader_of(case)
    for variant, message in case.texts():
        for slip in reader.slips(message):
            yield case.finding(
                slip.code, Level.BLOCKER, variant_name(variant), slip.text, _REMEDIES[slip.code]
            )


def reader_of(case: Case) -> "Reader":
    """A reader for the messages of a case."""
    offers = (*case.directive.docs, *case.directive.links)
    return Reader(
        known=statements(case.sheet, case.frame),
        links=frozenset((PERSONAL_LINK, case.frame.url, *(offer.url for offer in offers))),
        allowed={language: words.allowed for language, words in case.sheet.wording.languages.items()},
    )


Line = tuple[str, tuple[Span, ...], Language, bool]
"""A line's text, its spans from its own start on, its language, and whether it is an SMS."""


@dataclass(slots=True)
class Reader:
    """Holds messages against the facts of one sheet; a line that several readers get is read once.

    `links` may stand in a message beside those that are facts; `allowed` are modal words of the frames.
    """

    known: Statements
    links: Collection[str] = ()
    allowed: dict[Language, frozenset[str]] = field(default_factory=dict)
    _read: dict[Line, LineSlips] = field(default_factory=dict)

    def slips(self, message: Message) -> Iterator[Slip]:
        """Where the text of a message does not say what the sheet says."""
        told: dict[str, set[Value]] = {}
        bound: dict[str, set[Modality]] = {}
        for line in lines(message):
            found = self._read.get(line)
            if found is None:
                allowed = self.allowed.get(message.language, frozenset())
                found = self._read[line] = said(*line, known=self.known, links=self.links, allowed=allowed)
            yield from found.slips
            for fact, values in found.told.items():
                told.setdefault(fact, set()).update(values)
            for fact, binds in found.bound.items():
                bound.setdefault(fact, set()).update(binds)
        yield from self._whole(told)
        for fact, modalities in bound.items():
            statement = self.known[fact]
            assert isinstance(statement, Binding)
            if slip := unbound(fact, modalities, statement):
                yield slip

    def _whole(self, told: dict[str, set[Value]]) -> Iterator[Slip]:
        """A fact of several values is stated with all of them, if in several places."""
        for fact, stated in told.items():
            expected = self.known[fact]
            assert isinstance(expected, Values)
            if not any(stated >= set(option) for option in expected.options):
                missing = set(expected.options[0]) - stated
                yield Slip("U212", f"{fact} is said without {spoken(missing)}")


def lines(message: Message) -> Iterator[Line]:
    """The lines of a message with the spans that lie in each; no fact is said across two lines."""
    sms = message.channel == "sms"
    spans = iter((*message.spans, None))
    span = next(spans)
    start = 0
    for text in message.text.split("\n"):
        end = start + len(text)
        own = []
        while span is not None and span.start <= end:
            own.append(Span(span.start - start, span.end - start, span.fact))
            span = next(spans)
        yield text, tuple(own), message.language, sms
        start = end + 1


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


def same_values(case: Case) -> Iterator[Finding]:
    """The sheet's own words state the same numbers, days and hours in each language: nobody else compares them."""
    for where, text in _texts(case.directive):
        first, *others = [_read_as(words, language) for language, words in text.items()] or [[]]
        if not all(_alike(first, other) for other in others):
            yield case.finding(
                "U216",
                Level.BLOCKER,
                where,
                f"the languages do not state the same values ({_told(text)})",
                "mend the words in the language that is wrong",
            )


def same_sense(case: Case) -> Iterator[Finding]:
    """The sheet's own words deny, except and confine alike in each language, and none contradicts another.

    Words may say the same in ways that the reader does not know: then a person who speaks the languages says so.
    """
    for where, text in _texts(case.directive):
        if what := _differing(text):
            yield case.finding(
                "U220",
                Level.BLOCKER,
                where,
                f"the languages do not {what} ({_told(text)})",
                "mend the words in the language that is wrong; or say the same with other words in the languages "
                "that are named; or sign with `univoque waive` that they say the same",
                waivable=True,
            )


def _differing(text: Text) -> str | None:
    """In what the languages differ, and by which words in which of them."""
    if len(set(text.values())) == 1:
        return None  # a name, or words that nobody translated
    denied = {language: denying(words, language) for language, words in text.items()}
    if len({bool(found) for found in denied.values()}) > 1:
        return f"deny the same: {_heard(denied)}"
    bound = {language: _bounds(words, language) for language, words in text.items()}
    if len({frozenset(found) for found in bound.values()}) > 1:
        return (
            f"except or confine the same: {_heard({lang: found.values() for lang, found in bound.items()})}"
        )
    for group in OPPOSED:
        if said := _opposed(text, group):
            return f"say the same: {said}"
    return None


def _bounds(words: str, language: Language) -> dict[str, str]:
    """By which words a text takes something out, or holds for something only."""
    return {sense: said for sense, said in heard(words, language, "named") if sense in ("exception", "only")}


def _opposed(text: Text, group: str) -> str | None:
    """Two languages that say senses of one group of opposites and share none, with their words."""
    said = {language: found for language, words in text.items() if (found := heard(words, language, group))}
    for ours, theirs in combinations(said, 2):
        if {sense for sense, _ in said[ours]}.isdisjoint(sense for sense, _ in said[theirs]):
            return "; ".join(
                f"{language} says {', '.join(f'{words!r} ({sense})' for sense, words in said[language])}"
                for language in (ours, theirs)
            )
    return None


def _heard(words: Mapping[Language, Collection[str]]) -> str:
    """Each language with the words that were taken for it: "nl says 'gesloten'; fr says none"."""
    return "; ".join(
        f"{language} says {', '.join(map(repr, found)) or 'none'}" for language, found in words.items()
    )


def _told(text: Text) -> str:
    return "; ".join(f"{language}: {words}" for language, words in text.items())


def _texts(act: Directive) -> Iterator[tuple[str, Text]]:
    """All words of a sheet that are printed as they stand, but for the hours of contacts."""
    yield "title", act.title
    if act.hazard:
        yield "hazard", act.hazard
    for name in ("docs", "links"):
        for index, offer in enumerate(getattr(act, name)):
            yield f"{name} {index + 1}", offer.label
    for measure in act.measures:
        where = f"measure {measure.id}"
        yield f"{where}.verb", measure.verb
        yield f"{where}.object", measure.object
        if measure.population_rule:
            yield f"{where}.population_rule", measure.population_rule
        for name in ("exceptions", "conditions"):
            for index, text in enumerate(getattr(measure, name)):
                yield f"{where}.{name} {index + 1}", text
        for index, more in enumerate(measure.further):
            yield f"{where}.further {index + 1}", more.label
        for name, text in measure.label.items():
            yield f"{where}.label.{name}", text


_UNREAD: tuple[Operator, ...] = ("=", "<=", ">=")
"""The bounds that a number in words may have; nobody reads them there."""


def _read_as(text: str, language: Language) -> list[frozenset[str]]:
    """Each value with all that it may mean; without its unit, since English says "12 or over" of an age."""
    values = [frozenset(_key(reading) for reading in found.readings) for found in read(text, language).values]
    words = (
        frozenset(_key(Amount(operator, number, None)) for operator in _UNREAD)
        for number in counted(text, language)
    )
    return [*values, *words]


def _key(value: Value) -> str:
    return spoken([replace(value.bound(), unit=None) if isinstance(value, Amount) else value])


def _alike(ours: list[frozenset[str]], theirs: list[frozenset[str]]) -> bool:
    """Whether each value of one text may be one of the other, in whatever order."""
    left = list(theirs)
    for value in ours:
        same = next((other for other in left if value & other), None)
        if same is None:
            return False
        left.remove(same)
    return not left


def _hours_read(text: str, language: Language) -> tuple[str, ...]:
    """Days and hours, without the order in which a language puts them."""
    return tuple(sorted(spoken([found.readings[0]]) for found in read(text, language).values))
