"""How two measures stand to each other: the ordered rules of docs/directive-file.md as functions.

Nothing here asks which level of government is higher: what no relation settles, a person explains (decision 0014).
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.gate.values import agreement
from hub.in_force import EVER, SETTLING, Rule, Rules, Span, is_narrower, without
from hub.model.directive import Directive, Measure, RelationType
from hub.register.entries import GENERAL

Verdict = Literal[
    "contradiction",
    "divergence",
    "stricter_allowed",
    "exception_ok",
    "duplicate",
    "resolved",
    "same_key_no_overlap",
]
Reason = Literal["narrower", "relation", "territory", "sector", "population", "subject", "time", ""]

ATTENTION: frozenset[Verdict] = frozenset({"contradiction", "divergence", "stricter_allowed"})
"""What a person should look at."""

ALLOWING = frozenset({"permitted", "required", "restricted"})


@dataclass(frozen=True, slots=True)
class Comparison:
    """What two rules are to each other; `verdict` None where nothing is said.

    `together` are the times at which both hold, as far as they reach. `why` says what settles them or keeps them
    apart; `relation` and `by`, which relation does and which act declares it.
    """

    left: Rule
    right: Rule
    verdict: Verdict | None
    together: tuple[Span, ...] = ()
    why: Reason = ""
    relation: RelationType | None = None
    by: Directive | None = None


@dataclass(frozen=True, slots=True)
class _Link:
    """A relation that leads from one act to the other, and the act that declares it."""

    type: RelationType
    by: Directive


def comparisons(rules: Rules, own: Collection[str], during: Span = EVER) -> Iterator[Comparison]:
    """Each pair of one topic with at least one measure of `own` (names), once, over some time."""
    for group in rules.by_topic.values():
        for index, left in enumerate(group):
            for right in group[index + 1 :]:
                if left.name in own or right.name in own:
                    yield compare(rules, left, right, during)


def compare(rules: Rules, one: Rule, other: Rule, during: Span = EVER) -> Comparison:
    """The first rule that fits, from (a) to (i). The order of the two does not matter."""
    left, right = sorted((one, other), key=_order)
    apart = separation(left, right)
    meeting = () if apart else together(left, right, during)
    holding = _unsuspended(left, right, meeting, during)
    if _narrower_in_one_act(left, right, meeting) or (meeting and not holding):
        return Comparison(left, right, "resolved", meeting, "narrower")
    if link := _settling(rules, left, right):
        return Comparison(left, right, "resolved", holding, "relation", link.type, link.by)
    if link := _linked(rules, left, right, "exception_to"):
        return Comparison(left, right, "exception_ok", holding, "relation", link.type, link.by)
    if not holding:
        return Comparison(left, right, "same_key_no_overlap", (), apart or "time")
    if _opposite(left.measure, right.measure):
        return Comparison(left, right, "contradiction", holding)
    agreed = agreement(left.measure, right.measure, rules.register.topics[left.measure.topic])
    if agreed == "equal":
        return Comparison(left, right, "duplicate", holding)
    if agreed == "silent":
        return Comparison(left, right, None, holding)
    if link := _linked(rules, left, right, "stricter_than"):
        return Comparison(left, right, "stricter_allowed", holding, "relation", link.type, link.by)
    return Comparison(left, right, "divergence", holding)


def separation(left: Rule, right: Rule) -> Reason:
    """What keeps two rules apart at any time; "" where nothing does."""
    ours, theirs = left.scope.sectors, right.scope.sectors
    if not left.places.meets(right.places):
        return "territory"
    if GENERAL not in (*ours, *theirs) and set(ours).isdisjoint(theirs):
        return "sector"
    if left.measure.actor != right.measure.actor and "citizen" not in (
        left.measure.actor,
        right.measure.actor,
    ):
        return "population"
    keys = (left.measure.subject_key, right.measure.subject_key)
    return "subject" if None not in keys and keys[0] != keys[1] else ""


def common_sectors(left: Rule, right: Rule) -> tuple[str, ...]:
    """The sectors that both mean; `general` means every one."""
    ours, theirs = left.scope.sectors, right.scope.sectors
    if GENERAL in ours:
        return theirs
    return ours if GENERAL in theirs else tuple(sector for sector in ours if sector in theirs)


def together(left: Rule, right: Rule, during: Span) -> tuple[Span, ...]:
    """The times at which both hold for a common sector, whatever suspends them; those that reach into `during`."""
    found = set()
    for ours in left.stretches:
        for theirs in right.stretches:
            common = ours.span.overlap(theirs.span)
            shared = ours.concerns(GENERAL) or any(map(theirs.concerns, ours.sectors))
            if common and shared and common.overlap(during):
                found.add(common)
    return tuple(sorted(found))


def _unsuspended(left: Rule, right: Rule, meeting: tuple[Span, ...], during: Span) -> tuple[Span, ...]:
    """The times that are left when narrower rules of the same act, for all whom the two mean, suspend one of them."""
    if not meeting or not (left.narrower or right.narrower):
        return meeting
    places = left.places & right.places
    sectors = common_sectors(left, right)
    holes = [
        span
        for narrower in (*left.narrower, *right.narrower)
        if places <= narrower.places and _names(narrower, sectors)
        for span in narrower.spans
    ]
    return tuple(span for span in without(meeting, holes) if span.overlap(during))


def _names(rule: Rule, sectors: Collection[str]) -> bool:
    return GENERAL in rule.scope.sectors or set(sectors) <= set(rule.scope.sectors)


def _narrower_in_one_act(left: Rule, right: Rule, meeting: tuple[Span, ...]) -> bool:
    """(a): within one act the measure with the narrower validity suspends the wider for that time."""
    one_act = left.owner.id == right.owner.id
    return bool(one_act and meeting and (is_narrower(left, right) or is_narrower(right, left)))


def _settling(rules: Rules, left: Rule, right: Rule) -> _Link | None:
    """(b): a chain of settling relations of binding acts leads from one of the two to the other."""
    return _chain(rules, left, right) or _chain(rules, right, left)


def _chain(rules: Rules, source: Rule, target: Rule) -> _Link | None:
    """The first relation of the chain that leads from the act of `source` to the measure of `target`."""
    seen = {source.owner.id}
    waiting: list[tuple[Directive, _Link | None]] = [(source.owner, None)]
    while waiting:
        act, first = waiting.pop(0)
        for relation in rules.relations_of(act):
            reached = rules.acts.get(relation.target or "")
            if relation.type not in SETTLING or reached is None:
                continue
            link = first or _Link(relation.type, act)
            named = relation.target_measure
            if reached.id == target.owner.id and named in (None, target.measure.id):
                return link
            if reached.id not in seen and _speaks_of(reached, named, target.measure.topic):
                seen.add(reached.id)
                waiting.append((reached, link))
    return None


def _speaks_of(act: Directive, measure: str | None, topic: str) -> bool:
    """Whether a link of a chain that names one measure names one on the topic."""
    return measure is None or any(m.id == measure and m.topic == topic for m in act.measures)


def _linked(rules: Rules, left: Rule, right: Rule, kind: RelationType) -> _Link | None:
    """(c), (g): a relation of one of the two acts to the other, or to its measure."""
    for source, target in ((left, right), (right, left)):
        for relation in rules.relations_of(source.owner):
            named = relation.target_measure in (None, target.measure.id)
            if relation.type == kind and relation.target == target.owner.id and named:
                return _Link(kind, source.owner)
    return None


def _opposite(left: Measure, right: Measure) -> bool:
    """(e): one forbids what the other permits, requires or restricts."""
    return (left.modality == "forbidden" and right.modality in ALLOWING) or (
        right.modality == "forbidden" and left.modality in ALLOWING
    )


def _order(rule: Rule) -> tuple[datetime, str]:
    """The earlier one stands on the left."""
    return rule.declared.start, rule.name
