"""Where a directive stands for a reader at an instant: to come, in force, extended, replaced, over …"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.facts.scope import last_instant
from hub.model.directive import Directive, Relation, RelationType
from hub.model.review import Kind, Stage
from hub.now import midnight
from hub.site.catalogue import Catalogue, Edition

StateName = Literal[
    "coming", "in_force", "extended", "announced", "reported", "suspended",
    "ending", "replaced", "repealed", "annulled", "expired", "cancelled", "all_clear",
]  # fmt: skip

ENDED: frozenset[StateName] = frozenset(
    {"replaced", "repealed", "annulled", "expired", "cancelled", "all_clear"}
)
"""States after which nobody has to follow the directive any more."""


@dataclass(frozen=True, slots=True)
class State:
    """The state, since when or until when where that is known, and the act that brought it about."""

    name: StateName
    at: datetime | None = None
    by: Edition | None = None

    @property
    def at_unknown(self) -> bool:
        """Whether the act behind it leaves its own end open to confirmation."""
        return self.by is not None and "effective_to" in self.by.directive.unknown

    @property
    def ended(self) -> bool:
        return self.name in ENDED


ENDINGS: tuple[tuple[RelationType, StateName], ...] = (
    ("annuls", "annulled"),
    ("repeals", "repealed"),
    ("replaces", "replaced"),
    ("suspends", "suspended"),
)


def starts_at(directive: Directive) -> datetime | None:
    """When it takes effect; without a date of its own that is the day of issue (decision 3)."""
    if directive.effective_from is not None or "effective_from" in directive.unknown:
        return directive.effective_from
    return midnight(directive.issued) if directive.issued else None


def state(edition: Edition, catalogue: Catalogue) -> State:
    """Where the directive stands at the catalogue's instant."""
    if edition.stage is Stage.CANCELLED or edition.kind is Kind.CANCEL:
        return State("cancelled", edition.published_at)
    if edition.kind is Kind.ALL_CLEAR:
        end = last_instant(edition.directive)
        return (
            State("ending", end) if end and end > catalogue.now else State("all_clear", edition.published_at)
        )
    for relation, name in ENDINGS:
        if by := _done_by(edition, relation, catalogue):
            return State(name, starts_at(by.directive) or by.published_at, by)
    if edition.stage is Stage.SUPERSEDED:
        return State("replaced")
    return _by_dates(edition, catalogue)


def _by_dates(edition: Edition, catalogue: Catalogue) -> State:
    end, extended_by = _end(edition, catalogue, frozenset())
    if end is not None and end <= catalogue.now:
        return State("expired", end, extended_by)
    starts = starts_at(edition.directive)
    if edition.stage is Stage.EXPIRED and extended_by is None:
        return State("expired", end)
    if edition.directive.reported:
        return State("reported")
    if catalogue.issuer(edition).binding == "none":
        # Decision 27: it binds nobody until an act follows.
        return State("announced")
    if starts is not None and starts > catalogue.now:
        return State("coming", starts)
    if extended_by is not None:
        return State("extended", end, extended_by)
    return State("in_force", end)


def changes_at(catalogue: Catalogue) -> datetime | None:
    """The next instant at which some state changes by itself; pages must be rendered anew then."""
    instants = {
        instant
        for edition in catalogue.editions
        for instant in (starts_at(edition.directive), last_instant(edition.directive))
        if instant is not None and instant > catalogue.now
    }
    return min(instants, default=None)


def _done_by(edition: Edition, relation: RelationType, catalogue: Catalogue) -> Edition | None:
    """The published act that does this to the whole of the directive, and has begun."""
    for act, done in catalogue.incoming.get(edition.directive.id, ()):
        if done.type == relation and _counts(act, done, catalogue):
            return act
    return None


def _end(
    edition: Edition, catalogue: Catalogue, seen: frozenset[str]
) -> tuple[datetime | None, Edition | None]:
    """The end of validity, after the acts that extend it, and the last of these acts."""
    seen |= {edition.directive.id}
    for act, done in reversed(catalogue.incoming.get(edition.directive.id, ())):
        fresh = act.directive.id not in seen
        if done.type == "extends" and fresh and _counts(act, done, catalogue):
            end, _ = _end(act, catalogue, seen)
            return end, act
    return last_instant(edition.directive), None


def _counts(act: Edition, relation: Relation, catalogue: Catalogue) -> bool:
    whole = not relation.partial and relation.target_measure is None
    standing = act.stage is not Stage.CANCELLED and act.kind is not Kind.CANCEL
    binding = catalogue.issuer(act).binding != "none" and not act.directive.reported
    starts = starts_at(act.directive)
    begun = relation.type == "extends" or starts is None or starts <= catalogue.now
    return whole and standing and binding and begun
