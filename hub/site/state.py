"""Where a directive stands for a reader at an instant: to come, in force, extended, replaced, over …"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from hub.facts.scope import last_instant
from hub.in_force import Life
from hub.model.directive import Directive, RelationType
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


WORDS: Mapping[RelationType, StateName] = {
    "annuls": "annulled",
    "repeals": "repealed",
    "suspends": "suspended",
}
"""How an ending is called; whatever else takes the place of an act replaces it."""


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
    life = catalogue.lives[edition.directive.id]
    if ending := life.ended_by(catalogue.now):
        return State(WORDS.get(ending.how, "replaced"), ending.span.start, catalogue.by_id[ending.by])
    if edition.stage is Stage.SUPERSEDED:
        return State("replaced")
    return _by_dates(edition, catalogue, life)


def _by_dates(edition: Edition, catalogue: Catalogue, life: Life) -> State:
    end, starts = life.ends_at, life.begins_at
    extended_by = catalogue.by_id[life.extended_by] if life.extended_by else None
    if end is not None and end <= catalogue.now:
        return State("expired", end, extended_by)
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
    instants = {instant for life in catalogue.lives.values() for instant in life.changes()}
    return min((instant for instant in instants if instant > catalogue.now), default=None)
