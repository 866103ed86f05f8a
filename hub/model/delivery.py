"""How a delivery stands: eleven outcomes for all channels, which may follow which, and by whose hand."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


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


class Writer(StrEnum):
    """Whose hand moves a delivery on."""

    LANE = "lane"
    """A connection, with what came of its try."""
    LEDGER = "ledger"
    """The ledger, when rows are taken in hand or a dead sender's are found."""
    REPORT = "report"
    """The far side, afterwards: a callback, a bounce, or what it says when asked."""
    PERSON = "person"
    """An operator who has it tried again by name (`univoque retry`)."""


_O, _LANE, _LEDGER, _REPORT = Outcome, {Writer.LANE}, {Writer.LEDGER}, {Writer.REPORT}
TRANSITIONS: Mapping[Outcome, Mapping[Outcome, frozenset[Writer]]] = MappingProxyType({
    before: MappingProxyType({after: frozenset(by) for after, by in followers.items()})
    for before, followers in {
        _O.QUEUED: {
            _O.ATTEMPTING: _LANE,
            _O.EXPIRED: _LEDGER, _O.CANCELLED: _LEDGER, _O.SUPPRESSED: _LEDGER,
        },
        _O.ATTEMPTING: {
            _O.ACCEPTED: _LANE | _REPORT, _O.DEFERRED: _LANE, _O.DELIVERED: _REPORT,
            _O.REFUSED: _LANE | _REPORT, _O.BOUNCED: _REPORT,
            _O.UNCERTAIN: _LANE | _LEDGER, _O.EXPIRED: _LANE,
        },
        _O.DEFERRED: {
            _O.ATTEMPTING: _LANE,
            _O.EXPIRED: _LEDGER, _O.CANCELLED: _LEDGER, _O.SUPPRESSED: _LEDGER,
        },
        _O.UNCERTAIN: {
            _O.ATTEMPTING: _LANE,
            _O.ACCEPTED: _REPORT, _O.DELIVERED: _REPORT, _O.REFUSED: _REPORT, _O.BOUNCED: _REPORT,
            _O.EXPIRED: _LEDGER, _O.CANCELLED: _LEDGER, _O.SUPPRESSED: _LEDGER,
        },
        _O.ACCEPTED: {_O.DELIVERED: _REPORT, _O.BOUNCED: _REPORT},
        _O.DELIVERED: {},
        _O.REFUSED: {_O.DEFERRED: {Writer.PERSON}},
        _O.BOUNCED: {_O.DEFERRED: {Writer.PERSON}},
        _O.EXPIRED: {},
        _O.CANCELLED: {},
        _O.SUPPRESSED: {},
    }.items()
})  # fmt: skip
"""From an outcome to those that may follow it, and who may write that. docs/the-way.md shows it."""

FINISHED: frozenset[Outcome] = frozenset(
    before
    for before, followers in TRANSITIONS.items()
    if not any(writers & {Writer.LANE, Writer.LEDGER} for writers in followers.values())
)
"""No sender has work left; a report may still refine `accepted`, and only a person begins anew."""

FINAL: frozenset[Outcome] = frozenset(before for before, followers in TRANSITIONS.items() if not followers)
"""Nothing may follow, by anybody's hand."""

FAILED: frozenset[Outcome] = frozenset(
    before
    for before, followers in TRANSITIONS.items()
    if any(Writer.PERSON in writers for writers in followers.values())
)
"""It did not arrive, and a person may have it tried again."""

TAKEN: frozenset[Outcome] = frozenset({Outcome.ACCEPTED, Outcome.DELIVERED, Outcome.BOUNCED})
"""The far side took it, whatever became of it then."""


def may_follow(before: Outcome, after: Outcome, *, by: Writer | None = None) -> bool:
    """Whether a delivery that stands at `before` may move to `after`, by that hand or by any."""
    writers = TRANSITIONS[before].get(after, frozenset())
    return bool(writers) if by is None else by in writers
