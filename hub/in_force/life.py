"""An act as a whole: when it holds after all that was done to it, what carries it on, and what ended it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from hub.facts.scope import kept_in_force, scope_of
from hub.in_force.rules import Ending, Rules, name_of, starts_at, status_of, utc, validity
from hub.in_force.spans import EVER, Span, joined, without
from hub.model.directive import Directive, RelationType

FINALITY: tuple[RelationType, ...] = ("annuls", "repeals", "replaces", "suspends")
"""Of several endings the first of these is the one to tell."""


@dataclass(frozen=True, slots=True)
class Life:
    """When an act holds: while one of its measures does, itself or through an act that extends the whole of it.

    `declared` are the dates of its own sheet, `spans` those after all; `endings` what other acts did to it, to those
    that extend it and to those that it extends; `extended_by` is the act that gives the last end, where that is later
    than its own.
    """

    act: str
    declared: Span
    spans: tuple[Span, ...]
    endings: tuple[Ending, ...]
    extended_by: str | None

    @property
    def begins_at(self) -> datetime | None:
        """When it first holds; None where that is open."""
        start = self.spans[0].start if self.spans else self.declared.start
        return None if start == EVER.start else start

    @property
    def ends_at(self) -> datetime | None:
        """When it holds for the last time; None where that is open."""
        end = self.spans[-1].end if self.spans else self.declared.end
        return None if end == EVER.end else end

    def holds(self, at: datetime) -> bool:
        return any(span.start <= at < span.end for span in self.spans)

    def ended_by(self, at: datetime) -> Ending | None:
        """What took its force, where it has none at an instant; what came after its own end took nothing.

        A court's annulment counts whenever it comes: what it annuls never was.
        """
        if self.holds(at):
            return None
        last = max((span.end for span in self.spans if span.end <= at), default=None)
        goes_on = any(span.start > at for span in self.spans)
        acting = [ending for ending in self.endings if ending.span.start <= at < ending.span.end]
        own = [ending for ending in acting if ending.target == self.act and not ending.measure]
        cut = [ending for ending in acting if last in (None, ending.span.start)]
        if cut and not goes_on:
            return _most_final(own or cut)
        return _most_final(ending for ending in own if goes_on or ending.how == "annuls")

    def changes(self) -> frozenset[datetime]:
        """The instants at which it may begin or cease to hold, or cease once more."""
        instants = {side for span in self.spans for side in span}
        return frozenset(instants | {ending.span.start for ending in self.endings}) - {*EVER}


def lives(rules: Rules) -> Mapping[str, Life]:
    """The life of every act, by id."""
    extending: dict[str, list[str]] = {}
    for act in rules.acts.values():
        if status_of(act, rules.register) == "binding":
            for relation in act.relations:
                if relation.type == "extends" and not relation.partial and relation.target_measure is None:
                    extending.setdefault(relation.target or "", []).append(act.id)
    return {id_: _life(rules, act, extending, frozenset()) for id_, act in rules.acts.items()}


def _life(rules: Rules, act: Directive, extending: Mapping[str, list[str]], seen: frozenset[str]) -> Life:
    seen |= {act.id}
    carried = [
        _life(rules, rules.acts[id_], extending, seen) for id_ in extending.get(act.id, ()) if id_ not in seen
    ]
    declared, own, endings = _own(rules, act)
    spans = joined(
        without((*own, *(span for life in carried for span in life.spans)), _withheld(rules, act.id))
    )
    end = spans[-1].end if spans else declared.end
    last = [life.extended_by or life.act for life in carried if life.spans and life.spans[-1].end == end]
    return Life(
        act=act.id,
        declared=declared,
        spans=tuple(spans),
        endings=(*endings, *(ending for life in carried for ending in life.endings)),
        extended_by=last[-1] if last and end > declared.end else None,
    )


def _own(rules: Rules, act: Directive) -> tuple[Span, list[Span], tuple[Ending, ...]]:
    """The dates of the sheet, when the act itself holds, and what was done to it.

    An act without measures holds while a measure does that it keeps in force.
    """
    endings = rules.endings.get(act.id, ())
    if act.measures:
        dates = [validity(scope_of(act, measure)) for measure in act.measures]
        declared = Span(min(span.start for span in dates), max(span.end for span in dates))
        own = [span for measure in act.measures for span in rules.all[name_of(act, measure)].spans]
        return declared, own, endings
    declared = Span(starts_at(act) or EVER.start, utc(act.effective_to) or EVER.end)
    kept = [(owner, measure) for owner, measure, _ in kept_in_force(act, rules.acts)]
    if not kept:
        return declared, [declared], endings
    held = [
        piece
        for owner, measure in kept
        for span in rules.all[name_of(owner, measure)].spans
        if (piece := span.overlap(declared))
    ]
    owners = dict.fromkeys(owner.id for owner, _ in kept)
    return declared, held, (*endings, *(e for id_ in owners for e in rules.endings.get(id_, ())))


def _withheld(rules: Rules, act: str) -> list[Span]:
    """When nothing of an act holds, whatever its dates: another one ended the whole of it, or it was taken back."""
    found = [ending.span for ending in rules.endings.get(act, ()) if not ending.measure]
    taken = rules.withdrawn.get(act)
    return [*found, Span(taken.at, EVER.end)] if taken else found


def _most_final(endings: Iterable[Ending]) -> Ending | None:
    order = {how: index for index, how in enumerate(FINALITY)}
    return min(endings, key=lambda ending: order.get(ending.how, len(order)), default=None)
