"""What the gate and people say about a revision: findings, waivers, approval."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from hub.model.directive import Text


class Level(StrEnum):
    """How grave a finding is; only a blocker stops a submission."""

    BLOCKER = "blocker"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check reports: a stable code, the cell or field it points at, what is wrong and what to do.

    A gap also names its `topic` and the `sectors` that hear nothing of it; where two acts meet, `parts` are the text
    as each act in its own words, and what follows.
    """

    code: str
    level: Level
    directive: str
    where: str
    text: str
    remedy: str
    waivable: bool = False
    topic: str = ""
    sectors: tuple[str, ...] = ()
    parts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiver:
    """A named person lets one finding pass, with a reason; bound to the sheet it was given for."""

    directive: str
    code: str
    cell: str
    sheet_digest: str
    by: str
    reason: str
    at: datetime
    words: Text = field(default_factory=dict)
    """The reason for readers, in the languages in which it was signed; printed where the rule says so."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a contradiction with another act stands, as it was signed; who signed it is in the journal."""

    other: str
    words: Text
    at: datetime


class Stage(StrEnum):
    """Where a revision stands with us (CAP's status is another thing)."""

    DRAFT = "draft"
    IN_CONSULTATION = "in consultation"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    SUPERSEDED = "superseded"
    CANCELLED = "cancelled"
    EXPIRED = "expired"


class Kind(StrEnum):
    """What a submission does to what readers hold (decision 18)."""

    NEW = "new"
    UPDATE = "update"
    CORRECTION = "correction"
    MINOR = "minor"
    CANCEL = "cancel"
    ALL_CLEAR = "all-clear"


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A published act was taken back. A cancel undoes what it did to other acts, an all clear does not."""

    at: datetime
    kind: Kind


ENDS: frozenset[Kind] = frozenset({Kind.CANCEL, Kind.ALL_CLEAR})
"""The kinds that rule nothing more: they tell whoever holds the directive that it is over."""


class Mode(StrEnum):
    """CAP 1.2 status values the hub uses: real, or an exercise that reaches no live transport."""

    ACTUAL = "Actual"
    EXERCISE = "Exercise"
