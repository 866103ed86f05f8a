"""Why a dispatch that is planned waits all the same."""

from enum import StrEnum


class Hold(StrEnum):
    """What it waits for; a person's stop is apart from these, and holds as well."""

    SCHEDULED = "scheduled"
    """Its hour has not come."""
    LATE = "late"
    """Its hour passed by more than the limit before anything left: somebody says `go-on`, or stops it."""
    CANARY = "canary"
    """The staff has it, or is getting it; it goes on by itself when the pause is over."""
    UNSEEN = "unseen"
    """Nobody of the staff could be reached: somebody says `go-on`, or stops it."""


ASKS = frozenset({Hold.LATE, Hold.UNSEEN})
"""A person decides; nothing happens by itself."""
