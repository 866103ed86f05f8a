"""How a delivery stands: eleven outcomes for all channels, and which may follow which."""

from enum import StrEnum


class Outcome(StrEnum):
    """One vocabulary for what happened to one message for one address."""

    QUEUED = "queued"
    """Planned; no attempt was made yet."""
    ATTEMPTING = "attempting"
    """An intent is on disk; the far side may already have it."""
    ACCEPTED = "accepted"
    """The far side took responsibility (SMTP 250 after the dot, Twilio 201)."""
    DEFERRED = "deferred"
    """Refused for now; it will be tried again."""
    DELIVERED = "delivered"
    """The far side reports arrival."""
    REFUSED = "refused"
    """Refused for good before acceptance."""
    BOUNCED = "bounced"
    """Accepted, then returned or reported undeliverable."""
    UNCERTAIN = "uncertain"
    """The far side may have accepted it; nobody can say."""
    EXPIRED = "expired"
    """Its time passed before it could be sent."""
    CANCELLED = "cancelled"
    """Stopped by a person before it was sent."""
    SUPPRESSED = "suppressed"
    """Not sent, because the address opted out or is known not to work."""


O = Outcome  # noqa: E741 - only in the table below
FOLLOWERS: dict[Outcome, frozenset[Outcome]] = {
    O.QUEUED: frozenset({O.ATTEMPTING, O.EXPIRED, O.CANCELLED, O.SUPPRESSED}),
    O.ATTEMPTING: frozenset({O.ACCEPTED, O.DEFERRED, O.DELIVERED, O.REFUSED, O.BOUNCED, O.UNCERTAIN}),
    O.DEFERRED: frozenset({O.ATTEMPTING, O.EXPIRED, O.CANCELLED, O.SUPPRESSED}),
    O.UNCERTAIN: frozenset(
        {O.ATTEMPTING, O.ACCEPTED, O.DELIVERED, O.REFUSED, O.BOUNCED, O.EXPIRED, O.CANCELLED, O.SUPPRESSED}
    ),
    O.ACCEPTED: frozenset({O.DELIVERED, O.BOUNCED}),
    O.DELIVERED: frozenset(),
    O.REFUSED: frozenset(),
    O.BOUNCED: frozenset(),
    O.EXPIRED: frozenset(),
    O.CANCELLED: frozenset(),
    O.SUPPRESSED: frozenset(),
}
"""Which outcome may follow which; a final one never goes back."""
del O

FINISHED: frozenset[Outcome] = frozenset(
    {
        Outcome.ACCEPTED,
        Outcome.DELIVERED,
        Outcome.REFUSED,
        Outcome.BOUNCED,
        Outcome.EXPIRED,
        Outcome.CANCELLED,
        Outcome.SUPPRESSED,
    }
)
"""No sender has work left; a receipt may still refine `accepted`."""


def may_follow(before: Outcome, after: Outcome) -> bool:
    """Whether a delivery that stands at `before` may move to `after`."""
    return after in FOLLOWERS[before]
