"""What changed from one revision of a directive to the next, for the page's history."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from hub.model.directive import Directive, Measure

Kind = Literal["changed", "added", "removed"]

FIELDS = (
    "title", "summary", "issuer", "act_type", "reference", "legal_basis", "issued", "effective_from",
    "effective_to", "territory", "establishments", "sectors", "audiences", "contacts", "links", "docs",
    "relations", "sources",
)  # fmt: skip
"""The fields a reader may want to hear about, in the order of the page."""


@dataclass(frozen=True, slots=True)
class Change:
    """A field of the sheet, or a measure by its topic, and what happened to it."""

    what: Kind
    field: str = ""
    topic: str = ""
    before: Directive | None = None
    after: Directive | None = None


def changes(before: Directive, after: Directive) -> Iterator[Change]:
    """What differs, field by field, then measure by measure."""
    for field in FIELDS:
        if getattr(before, field) != getattr(after, field):
            yield Change("changed", field=field, before=before, after=after)
    yield from _measures(before, after)


def _measures(before: Directive, after: Directive) -> Iterator[Change]:
    old: dict[str, Measure] = {measure.id: measure for measure in before.measures}
    new: dict[str, Measure] = {measure.id: measure for measure in after.measures}
    for id_, measure in new.items():
        if id_ not in old:
            yield Change("added", topic=measure.topic)
        elif old[id_] != measure:
            yield Change("changed", topic=measure.topic)
    for id_, measure in old.items():
        if id_ not in new:
            yield Change("removed", topic=measure.topic)
