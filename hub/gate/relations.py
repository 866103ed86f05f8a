"""Relations that lead somewhere, and not back to where they began."""

from collections.abc import Iterator, Mapping

from hub.gate.case import Case
from hub.in_force import SETTLING
from hub.model.directive import Directive, Relation
from hub.model.review import Finding, Kind, Level


def targets(case: Case) -> Iterator[Finding]:
    """A target that the hub does not hold; fatal where the act speaks through it."""
    for relation in case.directive.relations:
        if relation.target is None or relation.target in case.sheet.others:
            continue
        silent = not case.directive.measures and relation.type in ("extends", "corrects")
        yield case.finding(
            "U701",
            Level.BLOCKER if silent else Level.NOTE,
            f"relation {relation.type} {relation.target}",
            "the hub does not hold this act" + (", and the act has no measure of its own" if silent else ""),
            "submit that act first, or give its file too",
        )
    if not case.messages:
        yield case.finding(
            "U702",
            Level.BLOCKER,
            "sectors",
            "not one message can be made of it",
            "mend sectors, audiences and relations, and give the words in a language of this instance",
        )


def circles(case: Case) -> Iterator[Finding]:
    """Acts that end each other in a circle: when all have acted none is left, and nobody meant that."""
    circle = _circle(case.directive, _standing(case))
    if circle:
        yield case.finding(
            "U703",
            Level.BLOCKER,
            f"relation {circle[0][0]} {circle[0][1]}",
            f"these acts end each other in a circle, so that none of them would hold: {case.directive.id} "
            + ", which ".join(f"{type_} {target}" for type_, target in circle),
            "take out the relation that is wrong: only the later act ends the earlier one",
        )


def _standing(case: Case) -> Mapping[str, Directive]:
    """This act and the others; one that was cancelled ends nothing any more."""
    withdrawn = case.sheet.withdrawn
    others = {
        id_: act
        for id_, act in case.sheet.others.items()
        if id_ not in withdrawn or withdrawn[id_].kind != Kind.CANCEL
    }
    return {**others, case.directive.id: case.directive}


def _circle(first: Directive, acts: Mapping[str, Directive]) -> list[tuple[str, str]]:
    """The shortest way from an act back to itself, as relation and target; empty where there is none."""
    reached: dict[str, tuple[str, str]] = {}
    queue = [first]
    for act in queue:  # grows while it is walked
        for relation in act.relations:
            target = acts.get(relation.target or "")
            if target is None or target.id in reached or not _ends(relation):
                continue
            reached[target.id] = (act.id, relation.type)
            if target.id == first.id:
                return _way(first.id, reached)
            queue.append(target)
    return []


def _ends(relation: Relation) -> bool:
    """What is ended in part goes on."""
    return relation.type in SETTLING and not relation.partial


def _way(last: str, reached: Mapping[str, tuple[str, str]]) -> list[tuple[str, str]]:
    """The steps that led to `last`, from the first one."""
    steps: list[tuple[str, str]] = []
    target = last
    while not steps or target != last:
        before, type_ = reached[target]
        steps.append((type_, target))
        target = before
    return steps[::-1]
