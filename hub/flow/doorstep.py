"""Tells a recipient whom the far side refuses from a far side that refuses everybody.

docs/decisions/0042 says why, and why so many.
"""

from dataclasses import dataclass, field
from enum import Enum, auto
from time import monotonic
from typing import NamedTuple

from hub.queue.pace import domain_of

Key = tuple[int, int]
"""A delivery: its dispatch and its place in it."""

LATELY = 600.0
"""Seconds for which an acceptance shows that the far side works."""

DOMAINS = 3
"""So many domains in a row are no accident of one of them."""

SEVERAL = 3
"""So many in a row show what is said of us, or what is said a second time by a far side that has taken nothing."""

UNKNOWN = 10
"""So many of several domains in a row are enough where the far side has taken nothing lately."""

PATIENCE = 10.0
"""Seconds after which a row of one domain is everybody's: had there been others, they would have gone first."""

_KEPT = 10_000
"""How many who were put off are remembered; who is forgotten is put off once more."""


class Verdict(Enum):
    """What follows from a refusal at the door."""

    THEIRS = auto()
    """Others are let in: it is this recipient's own."""
    ALONE = auto()
    """It is taken for this recipient's own, though nobody was let in lately who would show it."""
    LATER = auto()
    """Nobody can say yet; it is tried again, and no try of this delivery's."""
    SLOWLY = auto()
    """The same, and it is one domain's for all we know: others go first."""
    NOBODY = auto()
    """Nobody would be let in: the channel pauses."""


class _Refused(NamedTuple):
    domain: str
    of_us: bool


@dataclass(slots=True)
class Doorstep:
    """The rule, and what one channel met in this sender's life; with `most` 0 each refusal is its recipient's own."""

    most: int
    accepted_at: float = float("-inf")
    """When the far side last took a message, by the monotonic clock."""
    _refused_at: float = float("-inf")
    _began_at: float = float("-inf")
    _row: dict[Key, _Refused] = field(default_factory=dict)
    """Who was refused since somebody was last accepted."""
    _put_off: dict[Key, None] = field(default_factory=dict)
    """Who is to be tried a second time."""

    def weigh(self, key: Key, address: str, *, of_us: bool, now: float | None = None) -> Verdict:
        """What follows from a refusal; `of_us` says that the far side's words are about the sender."""
        if not self.most:
            return Verdict.THEIRS
        now = monotonic() if now is None else now
        if self.accepted_at >= self._refused_at:
            self._row.clear()
        self._refused_at = now
        self._began_at = self._began_at if self._row else now
        again, known = key in self._put_off, now - self.accepted_at < LATELY
        if again and key not in self._row:
            return self._settle(key, known=known)
        if known and not self._row:
            self._row[key] = _Refused(domain_of(address), of_us)
            return Verdict.THEIRS
        self._row[key] = _Refused(domain_of(address), of_us)
        if self._is_everybodys(of_us, again=again, known=known):
            self._put_off[key] = None
            return Verdict.NOBODY
        if again:
            del self._row[key]
            return self._settle(key, known=known)
        self._put_off[key] = None
        if len(self._put_off) > _KEPT:
            del self._put_off[next(iter(self._put_off))]
        return Verdict.SLOWLY if len(self._row) >= self.most else Verdict.LATER

    def _is_everybodys(self, of_us: bool, *, again: bool, known: bool) -> bool:
        length = len(self._row)
        wide = len({each.domain for each in self._row.values()}) >= DOMAINS
        if not known and again and (of_us or length >= SEVERAL):
            return True
        if of_us and (wide or not known) and sum(each.of_us for each in self._row.values()) >= SEVERAL:
            return True
        if length >= self.most and self._refused_at - self._began_at >= PATIENCE:
            return True
        return length >= (self.most if known else min(UNKNOWN, self.most)) and (wide or again)

    def _settle(self, key: Key, *, known: bool) -> Verdict:
        del self._put_off[key]
        return Verdict.THEIRS if known else Verdict.ALONE
