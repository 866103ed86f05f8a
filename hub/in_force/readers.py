"""What holds for one reader: a sector, an audience and a place, at an instant or over a day."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from hub.facts.scope import Scope
from hub.in_force.rules import Rule, Rules
from hub.in_force.spans import EVER, Span, joined, without
from hub.model.directive import Audience, Directive
from hub.register import Places
from hub.register.entries import GENERAL


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who asks what holds for them. `organisation` is its name, for acts that mean establishments by name."""

    sector: str
    audience: Audience
    nis: str
    community: str | None = None
    organisation: str | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A rule as it holds for a reader: since when, until when (None: open), and the measures it took the place of."""

    rule: Rule
    since: datetime | None
    until: datetime | None
    replaced: tuple[str, ...]

    @property
    def scope(self) -> Scope:
        """The measure's scope with the dates that hold after all that was done to it."""
        unknown = self.rule.scope.end_unknown and self.until is None
        return replace(self.rule.scope, start=self.since, end=self.until, end_unknown=unknown)


def in_force(rules: Rules, reader: Reader, during: Span) -> tuple[Held, ...]:
    """What holds for a reader at some time of `during`, by topic, the oldest first.

    Announced and reported measures are among them, with their status; they bind nobody.
    """
    order = {topic: index for index, topic in enumerate(rules.register.topics)}
    found = [held for rule in rules.all.values() if (held := hold(rules, rule, reader, during))]
    return tuple(
        sorted(found, key=lambda h: (order[h.rule.measure.topic], h.since or EVER.start, h.rule.name))
    )


def hold(rules: Rules, rule: Rule, reader: Reader, during: Span) -> Held | None:
    """How a rule holds for a reader at some time of `during`; None where it does not."""
    if not reaches(rule, reader):
        return None
    suspended = [span for other in rule.narrower if reaches(other, reader) for span in other.spans]
    for span in joined(s.span for s in rule.stretches if s.concerns(reader.sector)):
        if any(rest.overlap(during) for rest in without([span], suspended)):
            since = None if span.start == EVER.start else span.start
            until = None if span.end == EVER.end else span.end
            return Held(rule, since, until, _replaced(rules, rule))
    return None


def reaches(rule: Rule, reader: Reader) -> bool:
    """Whether a rule means this reader in this place, whatever the time."""
    if reader.audience not in rule.scope.audiences:
        return False
    if reader.sector not in rule.scope.sectors and (
        GENERAL not in rule.scope.sectors or _spared(rule.owner, reader)
    ):
        return False
    return rule.places.includes(reader.nis, reader.community, reader.organisation)


Aim = Literal["territory", "community", "establishment", "elsewhere", "other_community", "not_listed"]
AIMED: frozenset[Aim] = frozenset({"territory", "community", "establishment"})


def aim(places: Places, nis: str, *, community: str | None = None, organisation: str | None = None) -> Aim:
    """Why a place is meant, or is not: what AIMED lists is meant."""
    outright = nis in places.nis
    communities = {name for name, members in places.nis_if_community.items() if nis in members}
    if not outright and not communities:
        return "elsewhere"
    if not outright and community not in communities:
        return "other_community"
    if places.establishments is not None:
        listed = (organisation or "").casefold() in places.establishments
        return "establishment" if listed else "not_listed"
    return "territory" if outright else "community"


def _replaced(rules: Rules, rule: Rule) -> tuple[str, ...]:
    """What the rule's act put an end to on the same topic."""
    return tuple(
        name
        for name in rules.ended.get(rule.owner.id, ())
        if rules.all[name].measure.topic == rule.measure.topic
    )


def _spared(act: Directive, reader: Reader) -> bool:
    """Whether the act says, signed, that it does not concern this sector and audience."""
    named = set(act.sectors).union(*(measure.sectors for measure in act.measures))
    return any(
        reader.audience in decision.audiences
        and (
            reader.sector not in named if decision.sectors == "others" else reader.sector in decision.sectors
        )
        for decision in act.coverage
    )
