"""Two acts side by side, and a sentence on what they are to each other, for whoever has to explain it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from hub.facts.scope import Scope
from hub.facts.trace import capitalised
from hub.gate import competence
from hub.gate.values import contains
from hub.gate.verdict import ATTENTION, Comparison, common_sectors
from hub.in_force import EVER, Rule, Span
from hub.model.directive import Measure, Text
from hub.register import Register
from hub.render.pattern import fill, parse
from hub.render.wording import Words


@dataclass(frozen=True, slots=True)
class Account:
    """Each act in its own words and numbers, and what follows."""

    left: str
    right: str
    explanation: str

    @property
    def text(self) -> str:
        return f"{self.left} {self.right} {self.explanation}"


@dataclass(frozen=True, slots=True)
class Teller:
    """Puts comparisons into the words of one language; facts go through its printer."""

    register: Register
    words: Words

    def account(self, comparison: Comparison) -> Account:
        """The whole of it, in reading order."""
        left, right = comparison.left, comparison.right
        return Account(self.side(left), self.side(right), " ".join(self._explanation(comparison)))

    def side(self, rule: Rule) -> str:
        """What one act rules: act, issuer, topic, kind of rule, values, where, exceptions and conditions."""
        act, measure, language = rule.owner, rule.measure, self.words.language
        printer = self.words.printer
        subject = measure.label.get("subject")
        places = [self.register.territory(id_).in_[language] for id_ in rule.scope.territory]
        values = {
            "act_type": self.register.act_types[act.act_type].name[language],
            "day": printer.day(act.issued) if act.issued else None,
            "issuer": self._issuer(rule),
            "topic": self.register.topics[measure.topic].name[language],
            "subject": subject.get(language) if subject else None,
            "rule": self._wording("rule")[measure.modality],
            "values": printer.join(list(self._values(rule))) or None,
            "place": printer.join_places(places),
            "exceptions": printer.join(self._texts(measure.exceptions)) or None,
            "conditions": printer.join(self._texts(measure.conditions)) or None,
        }
        return capitalised(fill(parse(self._pattern("side")), values.get))

    def competent(self, rule: Rule, levels: tuple[str, ...], sectors: Iterable[str]) -> str:
        """Who is competent for a rule in some sectors, and that its issuer is of another level where it is."""
        names = [self.register.sectors[sector].name[self.words.language] for sector in sectors]
        said = [self._levels(levels, self.words.printer.join(names))]
        if competence.is_outside(self.register.issuers[rule.owner.issuer], levels):
            said.append(self._say("outside", issuer=self._issuer(rule)))
        return " ".join(said)

    def _explanation(self, comparison: Comparison) -> Iterator[str]:
        yield self._verdict(comparison)
        if comparison.verdict == "duplicate":
            yield from self._differing(comparison.left, comparison.right)
        if comparison.verdict not in ATTENTION:
            return
        yield from self._hours(comparison.left, comparison.right)
        yield self._together(comparison.together)
        sides = (comparison.left, comparison.right)
        yield from dict.fromkeys(
            self._say(rule.status, issuer=self._issuer(rule)) for rule in sides if rule.status != "binding"
        )
        places = comparison.left.places & comparison.right.places
        topic = comparison.left.measure.topic
        levels = competence.levels(self.register, topic, common_sectors(*sides), places)
        yield self._levels(levels)
        yield from dict.fromkeys(
            self._say("outside", issuer=self._issuer(rule))
            for rule in sides
            if rule.status == "binding"
            and competence.is_outside(self.register.issuers[rule.owner.issuer], levels)
        )

    def _verdict(self, comparison: Comparison) -> str:
        verdict, left, right = comparison.verdict, comparison.left, comparison.right
        if verdict == "contradiction":
            modalities = {left.measure.modality, right.measure.modality} - {"forbidden"}
            return self._wording("contradiction")[modalities.pop()]
        if verdict == "resolved" and comparison.why == "narrower":
            return self._wording("resolved")["narrower"]
        if verdict == "same_key_no_overlap":
            return self._wording("apart")[comparison.why]
        act = comparison.by
        by = self.register.issuers[act.issuer].name[self.words.language] if act else None
        if verdict == "resolved" and comparison.relation:
            relation = self._wording("relation")[comparison.relation]
            return fill(parse(self._wording("resolved")["relation"]), {"by": by, "relation": relation}.get)
        assert verdict is not None
        return self._say(verdict, by=by)

    def _differing(self, left: Rule, right: Rule) -> Iterator[str]:
        """The exceptions and conditions that stand in one of two equal rules only."""
        ours, theirs = (
            self._texts((*rule.measure.exceptions, *rule.measure.conditions)) for rule in (left, right)
        )
        texts = [text for text in (*ours, *theirs) if (text in ours) != (text in theirs)]
        if texts:
            yield self._say("differing", texts=self.words.printer.join(texts))

    def _hours(self, left: Rule, right: Rule) -> Iterator[str]:
        ours, theirs = left.measure.window, right.measure.window
        if ours is None or theirs is None or ours == theirs:
            return
        for outer, inner in ((ours, theirs), (theirs, ours)):
            if contains(outer, inner):
                printer = self.words.printer
                yield self._say("hours", outer=printer.window(outer), inner=printer.window(inner))

    def _together(self, spans: tuple[Span, ...]) -> str:
        printer = self.words.printer
        periods = [printer.period(_scope(span), _plain) or "" for span in spans]
        return self._say("together", period=printer.join(periods))

    def _levels(self, levels: tuple[str, ...], sectors: str | None = None) -> str:
        if not levels:
            return self._say("unclear", sectors=sectors)
        *others, last = [self._wording("level")[level] for level in levels]
        joined = self._pattern("or").join([", ".join(others), last]) if others else last
        return self._say("competent", levels=joined, sectors=sectors)

    def _values(self, rule: Rule) -> Iterator[str]:
        measure, printer = rule.measure, self.words.printer
        if measure.quantity:
            per = self._per(measure)
            yield f"{printer.quantity(measure.quantity)}{f' {per}' if per else ''}"
        if measure.window:
            yield printer.window(measure.window)
        if measure.value:
            yield self._say("value", value=measure.value)
        if measure.scope:
            yield self._say("scope", scope=measure.scope)

    def _per(self, measure: Measure) -> str | None:
        """For each of whom or what its number counts, by the sheet's label or by the topic."""
        if text := measure.label.get("per", {}).get(self.words.language):
            return text
        per = self.register.topics[measure.topic].per_whom(measure.quantity)
        return self._wording("per")[per] if per else None

    def _texts(self, texts: Iterable[Text]) -> list[str]:
        return [text[self.words.language] for text in texts if self.words.language in text]

    def _issuer(self, rule: Rule) -> str:
        return self.register.issuers[rule.owner.issuer].name[self.words.language]

    def _wording(self, table: str) -> dict[str, str]:
        found: dict[str, str] = self.words.wording["conflict"][table]
        return found

    def _pattern(self, name: str) -> str:
        pattern: str = self.words.wording["conflict"][name]
        return pattern

    def _say(self, name: str, **values: str | None) -> str:
        return fill(parse(self._pattern(name)), values.get)


def _scope(span: Span) -> Scope:
    """A span as the printer takes it: an open side has no date."""
    start = None if span.start == EVER.start else span.start
    end = None if span.end == EVER.end else span.end
    return Scope((), (), (), start=start, end=end, start_unknown=start is None, end_unknown=False)


def _plain(_: str, words: str) -> str:
    """Nothing is traced: this is no message."""
    return words
