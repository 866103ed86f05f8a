"""A measure among all acts: what it says, where, when it holds after all that was done to it, and how firmly."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Literal

from hub.facts.scope import Scope, judged_on, last_instant, scope_of, speaking_measures
from hub.in_force.spans import EVER, Span
from hub.model.directive import Directive, Measure, Relation, RelationType
from hub.model.review import Kind, Withdrawal
from hub.now import midnight
from hub.register import Places, Register
from hub.register.entries import GENERAL

Status = Literal["binding", "announced", "reported"]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a rule's validity, and the sectors for which it holds then."""

    span: Span
    sectors: tuple[str, ...]

    def concerns(self, sector: str) -> bool:
        return sector in self.sectors or GENERAL in self.sectors


@dataclass(frozen=True, slots=True)
class Rule:
    """A measure with its act. `stretches` are when it holds after extensions and endings; `narrower` are the rules of
    the same act that suspend it while they hold.
    """

    owner: Directive
    measure: Measure
    scope: Scope
    places: Places
    status: Status
    stretches: tuple[Stretch, ...]
    narrower: "tuple[Rule, ...]" = ()

    @property
    def name(self) -> str:
        return name_of(self.owner, self.measure)

    @property
    def spans(self) -> tuple[Span, ...]:
        return tuple(stretch.span for stretch in self.stretches)

    @property
    def declared(self) -> Span:
        """The validity that its own act gives it."""
        return validity(self.scope)


@dataclass(frozen=True, slots=True)
class Ending:
    """What one act did to another, or to one of its measures ("" for the whole): when that does not hold, and how."""

    target: str
    measure: str
    span: Span
    by: str
    how: RelationType


@dataclass(frozen=True, eq=False)
class Rules:
    """All measures of all acts by name. `ended` has, for each act, the measures that it put an end to; `endings`, for
    each act, what others did to it.

    One is equal to itself alone, so that what was asked of it can be remembered.
    """

    acts: Mapping[str, Directive]
    register: Register
    all: Mapping[str, Rule]
    ended: Mapping[str, tuple[str, ...]]
    endings: Mapping[str, tuple[Ending, ...]]
    withdrawn: Mapping[str, Withdrawal]

    @cached_property
    def cancelled(self) -> frozenset[str]:
        return frozenset(id_ for id_, taken in self.withdrawn.items() if taken.kind == Kind.CANCEL)

    @cached_property
    def by_topic(self) -> Mapping[str, tuple[Rule, ...]]:
        """The only rules that can meet."""
        found: dict[str, list[Rule]] = {}
        for rule in self.all.values():
            found.setdefault(rule.measure.topic, []).append(rule)
        return {topic: tuple(rules) for topic, rules in found.items()}

    @cached_property
    def speaking(self) -> Mapping[str, tuple[tuple[Directive, Measure], ...]]:
        """For each act the measures through which it speaks, each with its owner."""
        return {id_: speaking_measures(act, self.acts) for id_, act in self.acts.items()}

    @cached_property
    def first_named(self) -> Mapping[str, Mapping[str, tuple[date, str]]]:
        """topic → sector → the first act that named it, with the day of its issue."""
        found: dict[str, dict[str, tuple[date, str]]] = {}
        for act in self.acts.values():
            day = judged_on(act)
            if day is None:
                continue
            for _, measure in self.speaking[act.id]:
                named = found.setdefault(measure.topic, {})
                for sector in scope_of(act, measure).sectors:
                    named[sector] = min(named.get(sector, (day, act.id)), (day, act.id))
        return found

    def relations_of(self, act: Directive) -> Sequence[Relation]:
        """What an act does to others: an announcement and a cancelled act do nothing (decision 27)."""
        if act.id in self.cancelled or status_of(act, self.register) != "binding":
            return ()
        return act.relations


def name_of(owner: Directive, measure: Measure) -> str:
    """How a measure is named anywhere: "act#m1"."""
    return f"{owner.id}#{measure.id}"


def status_of(act: Directive, register: Register) -> Status:
    """Whether an act binds, or is only announced or reported (decision 27)."""
    if act.reported:
        return "reported"
    return "announced" if register.issuers[act.issuer].binding == "none" else "binding"


def taken_back(act: Directive, kind: Kind, at: datetime) -> Withdrawal | None:
    """How a revision of this kind takes its act back: a cancel at once, an all clear when what it ruled ends."""
    if kind == Kind.ALL_CLEAR:
        return Withdrawal(max(at, last_instant(act) or at), kind)
    return Withdrawal(at, kind) if kind == Kind.CANCEL else None


def is_narrower(one: Rule, other: Rule) -> bool:
    """Whether the validity of `one` lies within that of `other`, and is shorter."""
    inner, outer = one.declared, other.declared
    return inner != outer and outer.start <= inner.start and inner.end <= outer.end


def covers(one: Rule, other: Rule) -> bool:
    """Whether `one` speaks to all whom `other` commands, and of all that it is about."""
    actors = one.measure.actor in (other.measure.actor, "citizen")
    return actors and one.measure.subject_key in (None, other.measure.subject_key)


def validity(scope: Scope) -> Span:
    """The dates of a scope as a span; an open side is open for ever."""
    return Span(utc(scope.start) or EVER.start, utc(scope.end) or EVER.end)


def utc(instant: datetime | None) -> datetime | None:
    """The same instant in UTC, so that instants of one zone compare across a change of clocks."""
    return instant.astimezone(UTC) if instant else None


def starts_at(act: Directive) -> datetime | None:
    """When an act begins to act: its start, else its day of issue, else its first measure; None where all are open."""
    day = judged_on(act)
    return utc(act.effective_from or (midnight(day) if day else None))
