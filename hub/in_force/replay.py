"""Replays what acts do to each other in the order of their start: extend, end, suspend (docs/directive-file.md)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from hub.facts.scope import kept_in_force, scope_of
from hub.in_force.rules import (
    Ending,
    Rule,
    Rules,
    Stretch,
    covers,
    is_narrower,
    name_of,
    starts_at,
    status_of,
    utc,
    validity,
)
from hub.in_force.spans import EVER, Span, without
from hub.model.directive import Directive, Relation, RelationType
from hub.model.review import Kind, Withdrawal
from hub.register import Places, Register

SETTLING: frozenset[RelationType] = frozenset(
    {"replaces", "repeals", "corrects", "suspends", "annuls", "overrides", "amends"}
)
"""The relations after which the other act no longer stands as it was."""

_Key = tuple[str, str]
"""An act and one of its measures; "" for the act as a whole."""
_Holes = Mapping[_Key, Sequence[Span]]


def consolidate(
    acts: Mapping[str, Directive], register: Register, withdrawn: Mapping[str, Withdrawal] | None = None
) -> Rules:
    """All measures as they stand after all acts, once, for any number of questions about any instant."""
    taken_back = withdrawn or {}
    endings = _endings(acts, register, taken_back)
    holes = _holes(acts, endings, taken_back)
    extensions = _extensions(acts, register, holes)
    atlas = _Atlas(register)
    found: dict[str, Rule] = {}
    for act in acts.values():
        status = status_of(act, register)
        own = []
        for measure in act.measures:
            scope = scope_of(act, measure)
            key = (act.id, measure.id)
            given = [Stretch(validity(scope), scope.sectors), *extensions.get(key, ())]
            stretches = _kept(given, [*holes.get((act.id, ""), ()), *holes.get(key, ())])
            own.append(Rule(act, measure, scope, atlas.places(act, scope.territory), status, stretches))
        found.update((rule.name, rule) for rule in _with_narrower(own, register))
    return Rules(acts, register, found, _ended(acts, endings), _by_target(endings), taken_back)


class _Atlas:
    """Expands each list of territories once."""

    def __init__(self, register: Register) -> None:
        self._register = register
        self._known: dict[tuple[str, ...], Places] = {}

    def places(self, act: Directive, territory: tuple[str, ...]) -> Places:
        """Where an act means by its territory, at its named establishments alone where it says so."""
        if territory not in self._known:
            self._known[territory] = self._register.places(territory)
        places = self._known[territory]
        return places.only(act.establishments) if act.establishments_only else places


def _endings(
    acts: Mapping[str, Directive], register: Register, withdrawn: Mapping[str, Withdrawal]
) -> list[Ending]:
    """What acts do to each other, in the order of their start.

    An act that was ended before it started ends nothing; one that is cancelled gives back what it had ended.
    """
    gone: dict[str, list[Span]] = {id_: [Span(taken.at, EVER.end)] for id_, taken in withdrawn.items()}
    found: list[Ending] = []
    for start, act in _in_order(acts, register):
        taken = withdrawn.get(act.id)
        until = taken.at if taken and taken.kind == Kind.CANCEL else EVER.end
        if until <= start or any(hole.start < start < hole.end for hole in gone.get(act.id, ())):
            continue
        for relation in act.relations:
            target = acts.get(relation.target or "")
            if target is None or target.id == act.id:
                continue
            for id_ in _ends(act, relation, target):
                found.append(Ending(target.id, id_, Span(start, until), act.id, relation.type))
                if not id_:
                    gone.setdefault(target.id, []).append(Span(start, until))
    return found


def _holes(
    acts: Mapping[str, Directive], endings: Iterable[Ending], withdrawn: Mapping[str, Withdrawal]
) -> _Holes:
    """When acts and measures do not hold because of another act or of their withdrawal."""
    holes: dict[_Key, list[Span]] = {
        (id_, ""): [Span(taken.at, EVER.end)] for id_, taken in withdrawn.items() if id_ in acts
    }
    for ending in endings:
        holes.setdefault((ending.target, ending.measure), []).append(ending.span)
    return holes


def _ended(acts: Mapping[str, Directive], endings: Iterable[Ending]) -> Mapping[str, tuple[str, ...]]:
    """For each act the names of the measures that it put an end to."""
    found: dict[str, dict[str, None]] = {}
    for ending in endings:
        target = acts[ending.target]
        names = [name_of(target, m) for m in target.measures if ending.measure in ("", m.id)]
        found.setdefault(ending.by, {}).update(dict.fromkeys(names))
    return {id_: tuple(names) for id_, names in found.items()}


def _by_target(endings: Iterable[Ending]) -> Mapping[str, tuple[Ending, ...]]:
    found: dict[str, list[Ending]] = {}
    for ending in endings:
        found.setdefault(ending.target, []).append(ending)
    return {id_: tuple(done) for id_, done in found.items()}


def _in_order(acts: Mapping[str, Directive], register: Register) -> list[tuple[datetime, Directive]]:
    """The acts that can do something to others, with their start; one without any date ends nothing."""
    acting = [
        (start, act)
        for act in acts.values()
        if act.relations and status_of(act, register) == "binding" and (start := starts_at(act))
    ]
    return sorted(acting, key=lambda entry: (entry[0], entry[1].id))


def _ends(act: Directive, relation: Relation, target: Directive) -> list[str]:
    """The measures of the target that a relation ends; [""] for the act as a whole.

    What is ended in part goes on. An amendment ends what it says anew; a correction without its measures, nothing.
    """
    if (
        relation.type not in SETTLING
        or relation.partial
        or (relation.type == "corrects" and not act.measures)
    ):
        return []
    if relation.type != "amends":
        return [relation.target_measure or ""]
    anew = {measure.topic for measure in act.measures}
    return [m.id for m in target.measures if m.topic in anew and relation.target_measure in (None, m.id)]


def _extensions(
    acts: Mapping[str, Directive], register: Register, holes: _Holes
) -> Mapping[_Key, Sequence[Stretch]]:
    """The stretches that acts without measures of their own add to those of others."""
    found: dict[_Key, list[Stretch]] = {}
    for act in acts.values():
        if act.measures or status_of(act, register) != "binding":
            continue
        for owner, measure, sectors in kept_in_force(act, acts):
            begun = validity(scope_of(owner, measure)).start
            span = Span(max(starts_at(act) or begun, begun), utc(act.effective_to) or EVER.end)
            pieces = without([span], holes.get((act.id, ""), ()))
            found.setdefault((owner.id, measure.id), []).extend(
                Stretch(p, sectors) for p in pieces if sectors
            )
    return found


def _kept(stretches: Iterable[Stretch], holes: Sequence[Span]) -> tuple[Stretch, ...]:
    return tuple(
        Stretch(span, stretch.sectors)
        for stretch in stretches
        if stretch.span.start < stretch.span.end
        for span in without([stretch.span], holes)
    )


def _with_narrower(rules: list[Rule], register: Register) -> list[Rule]:
    """The rules of one act, each with those that suspend it: the same matter, for a shorter time."""
    if len({rule.declared for rule in rules}) < 2:
        return rules
    rivals: dict[str, list[Rule]] = {}
    for rule in rules:
        rivals.setdefault(rule.measure.topic, []).append(rule)
    return [
        replace(rule, narrower=tuple(one for one in rivals[rule.measure.topic] if _suspends(one, rule)))
        if register.topics[rule.measure.topic].value != "text"
        else rule
        for rule in rules
    ]


def _suspends(one: Rule, other: Rule) -> bool:
    """Words beside a rule suspend nothing, and a rule suspends no words."""
    informs = "information" in (one.measure.modality, other.measure.modality)
    return not informs and is_narrower(one, other) and covers(one, other)
