"""How fast messages may leave: unhindered until the far side asks for less, then half, then slowly more."""

import math
from dataclasses import dataclass, field

SLOWEST = 0.5
"""Messages a second below which no request brings it."""

_EVENT = 1.0
"""Seconds within which requests to slow down are one and the same."""
_RECOVERY = 10.0
"""Seconds in which a rate that was cut grows by itself again."""
_FREE = 4.0
"""A rate that grew to so many times what it was cut to is hindered no longer."""
_PROBES = 5
"""So many messages after a request find out whether it still holds; they say nothing of the rate."""
_PATIENCE = 1.5
"""By how much a rest grows each time that it still holds."""
_LONGEST_REST = 5.0
"""Seconds to which a rest grows by itself; the far side may ask for more."""
_MEMORY = 0.8
"""What remains of an observed rate from one look to the next."""
_UNKNOWN = 20.0
"""Messages a second, where nothing was observed yet."""
_BURST = 0.25
"""Seconds of its rate that may leave at once."""


@dataclass(slots=True)
class Pace:
    """Multiplicative decrease, additive increase, as TCP's congestion control (RFC 5681), in messages a second.

    `ceiling` is the most that settings allow, infinite for no limit. Instants are of the event loop's clock.
    """

    ceiling: float = math.inf
    _cut_to: float = math.inf
    _cut_at: float = -math.inf
    _rests_until: float = -math.inf
    _rate: float = math.inf
    _tokens: float = 0.0
    _filled_at: float = -math.inf
    _observed: float = 0.0
    _handed: int = 0
    """What left since the last request."""
    _probed: int = 0
    """Requests in a row before which little or nothing was taken."""

    @property
    def is_free(self) -> bool:
        """Whether nobody asked for less lately."""
        return self._rate == math.inf

    @property
    def is_limited(self) -> bool:
        """Whether there is any limit just now."""
        return self._rate < math.inf or self.ceiling < math.inf

    @property
    def rate(self) -> float:
        """What may leave in a second, at most."""
        return min(self._rate, self.ceiling)

    @property
    def observed(self) -> float:
        """How fast messages were taken of late; 0 where nobody looked yet."""
        return self._observed

    def observe(self, rate: float) -> None:
        """Take note of how fast messages were taken of late; a lull is forgotten only slowly."""
        self._observed = max(rate, self._observed * _MEMORY)

    def notice(self, rate: float) -> None:
        """Take note of a burst that nobody has looked at yet: it may show that messages are taken faster."""
        if rate > (self._observed or _UNKNOWN):
            self._observed = rate

    def slow_down(self, now: float, *, rest: float) -> None:
        """The far side asks for less: half of what it took, after a rest.

        Where it took next to nothing since it last asked, it is the same limit still: a longer rest, no lower rate.
        Where it took some, but far less than its rate, half that rate, and no less than it took, rests included.
        """
        if now - self._cut_at >= _EVENT:
            if self._handed >= max(_PROBES, self._cut_to * _EVENT / 2) or self.is_free:
                known = min(self.rate, self._observed or _UNKNOWN)
                self._cut_to = max(SLOWEST, known / 2)
                self._probed = 0
            else:
                if self._handed >= _PROBES:
                    took = self._handed / (now - self._cut_at)
                    self._cut_to = min(self._cut_to, max(SLOWEST, self._cut_to / 2, took))
                self._probed += 1
            self._rate = self._cut_to
            self._cut_at, self._handed = now, 0
        rest = max(rest, min(rest * _PATIENCE**self._probed, _LONGEST_REST))
        self._rests_until = max(self._rests_until, now + rest)
        self._tokens, self._filled_at = 0.0, self._rests_until

    def room(self, now: float) -> float:
        """How many may leave at this instant; infinite while there is no limit."""
        if self.rate < math.inf:
            if now < self._rests_until:
                return 0
            self._fill(now)
        return math.inf if self.rate == math.inf else int(self._tokens)

    def take(self) -> None:
        """One leaves."""
        self._tokens -= 1
        self._handed += 1

    def opens_in(self, now: float) -> float:
        """Seconds until there is room for one more."""
        if now < self._rests_until:
            return self._rests_until - now
        return max(0.0, (1 - self._tokens) / self.rate)

    def _fill(self, now: float) -> None:
        since = max(0.0, now - self._filled_at) if self._filled_at > -math.inf else 0.0
        self._filled_at = now
        if self._rate < math.inf:
            self._rate += since * self._cut_to / _RECOVERY
            if self._rate >= _FREE * self._cut_to:
                self._rate = math.inf
        if self.rate < math.inf:
            burst = max(1.0, self.rate * _BURST)
            self._tokens = min(burst, self._tokens + since * self.rate)


@dataclass(slots=True)
class Domains:
    """The recipients' domains that asked for less; the others are unhindered."""

    _paces: dict[str, Pace] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self._paces)

    def slow_down(self, domain: str, now: float, *, rest: float, observed: float) -> None:
        """A domain asks for less; `observed` is how fast the far side as a whole took messages of late."""
        pace = self._paces.get(domain)
        if pace is None:
            pace = self._paces[domain] = Pace()
            pace.observe(observed)
        pace.slow_down(now, rest=rest)

    def of(self, address: str) -> tuple[str, Pace] | None:
        """The domain of an address and its pace, None where nobody asked for less."""
        domain = domain_of(address)
        pace = self._paces.get(domain)
        if pace is None:
            return None
        if pace.is_free:
            del self._paces[domain]
            return None
        return domain, pace

    def pace(self, domain: str) -> Pace:
        """The pace of a domain."""
        return self._paces.get(domain) or Pace()

    def opens_in(self, now: float) -> float:
        """Seconds until the first of them has room."""
        return min((pace.opens_in(now) for pace in self._paces.values()), default=0.0)


def domain_of(address: str) -> str:
    """The domain of an e-mail address, as all compare it."""
    return address.rpartition("@")[2].lower()
