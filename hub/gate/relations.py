"""Relations that lead somewhere."""

from collections.abc import Iterator

from hub.gate.case import Case
from hub.model.review import Finding, Level


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
