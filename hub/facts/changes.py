"""What changed from one revision of a directive to the next, fact by fact: one truth for messages and the page."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Literal

from hub.facts.scope import Scope, scope_of
from hub.model.directive import Directive, Measure, Quantity

What = Literal["changed", "added", "removed"]

OF_THE_ACT = (
    "title", "summary", "issuer", "act_type", "reported", "reference", "legal_basis", "issued", "effective_from",
    "effective_to", "territory", "establishments", "sectors", "audiences", "hazard", "contacts", "links", "docs",
    "relations", "sources",
)  # fmt: skip
"""The fields of an act that somebody may want to hear about, in reading order."""

OF_A_RULE = (
    "modality", "actor", "act", "population_rule", "quantity", "window", "deadline", "from", "until", "territory",
    "exceptions", "conditions", "further", "advice_quantity", "window_alternative", "contact", "code", "sectors",
    "audiences",
)  # fmt: skip
"""The facts of a rule in reading order; its labels ("label.subject" …) come after the act."""

CODES = ("quantity", "window")
"""The labels that name a value and are no fact of their own."""

_FIELDS = {
    "from": "effective_from",
    "until": "effective_to",
    "territory": "territory",
    "sectors": "sectors",
    "audiences": "audiences",
}
"""The facts that a measure may leave to its act, and where both keep them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A measure as an act announces it: who made it, and where, when and for whom it holds."""

    owner: Directive
    measure: Measure
    scope: Scope

    @property
    def key(self) -> tuple[str, str]:
        """What stays the same from revision to revision."""
        return self.owner.id, self.measure.id

    def own(self, fact: str) -> bool:
        """Whether the measure itself says it, instead of leaving it to the act."""
        field = _FIELDS.get(fact)
        return field is None or bool(getattr(self.measure, field)) or field in self.measure.unknown


@dataclass(frozen=True, slots=True)
class Change:
    """One fact that differs; without rules it is the act's own, without a fact the rule itself came or went."""

    what: What
    fact: str = ""
    before: Rule | None = None
    after: Rule | None = None

    @property
    def inherited(self) -> bool:
        """Whether the act's own change already says it."""
        rules = [rule for rule in (self.before, self.after) if rule]
        return bool(self.fact and rules) and not any(rule.own(self.fact) for rule in rules)


def rules(act: Directive, measures: Iterable[tuple[Directive, Measure]]) -> tuple[Rule, ...]:
    """Measures, each with its owner, as an act announces them."""
    return tuple(Rule(owner, measure, scope_of(act, measure)) for owner, measure in measures)


def of_the_act(before: Directive, after: Directive) -> Iterator[Change]:
    """The fields of the act that differ; one that is to be confirmed differs from one that is left open."""
    for field in OF_THE_ACT:
        old, new = ((getattr(act, field), field in act.unknown) for act in (before, after))
        if old != new:
            yield Change("changed", field)


def of_rules(before: Iterable[Rule], after: Iterable[Rule]) -> Iterator[Change]:
    """What differs rule by rule, in the new order, then the rules that are gone.

    A rule that turns to another topic is another rule.
    """
    old = {rule.key: rule for rule in before}
    kept = set()
    for rule in after:
        known = old.get(rule.key)
        if known is None or known.measure.topic != rule.measure.topic:
            yield Change("added", after=rule)
            continue
        kept.add(rule.key)
        for fact in _facts(known, rule):
            if _value(known, fact) != _value(rule, fact):
                yield Change("changed", fact, known, rule)
    for key, rule in old.items():
        if key not in kept:
            yield Change("removed", before=rule)


def _facts(before: Rule, after: Rule) -> Iterator[str]:
    labels = sorted({*before.measure.label, *after.measure.label} - set(CODES))
    for fact in OF_A_RULE:
        yield fact
        if fact == "act":
            yield from (f"label.{name}" for name in labels)


def _value(rule: Rule, fact: str) -> Any:
    """What two revisions are compared by; an editor's name for a number does not count."""
    measure, scope = rule.measure, rule.scope
    name, _, label = fact.partition(".")
    match name:
        case "from":
            return scope.start, scope.start_unknown
        case "until":
            return scope.end, scope.end_unknown
        case "territory" | "sectors" | "audiences":
            return getattr(scope, name)
        case "act":
            return measure.verb, measure.object
        case "label":
            return measure.label.get(label)
        case "contact":
            return measure.contact or next((contact.id for contact in rule.owner.contacts), None)
        case "code":
            labels = [measure.label.get(code) for code in CODES]
            return measure.value, measure.scope, measure.subject_key, labels
    value = getattr(measure, name)
    if isinstance(value, Quantity):
        value = replace(value, name="")
    return value, name in measure.unknown
