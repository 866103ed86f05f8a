"""Which relay takes the mail: the first that works; another stands in for it while it does not."""

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import uniform

import structlog

from channels.contract import RelayState, Unavailable
from channels.patience import rest
from channels.settings import EmailSettings
from channels.smtp_connection import Connection, connect

log = structlog.get_logger(__name__)

_REST = (1.0, 60.0)
"""Seconds for which a relay that failed is left alone: doubling from the first to the last."""

_SPARED = 600.0
"""Seconds for which nothing is announced to a relay that did not hear it: so long the first time, then doubling."""


@dataclass(slots=True, eq=False)
class Relay:
    """One relay and its circuit breaker: open while it rests, half open for the lane that tries it again."""

    settings: EmailSettings
    context: ssl.SSLContext | None
    failures: int = 0
    rests_until: float = 0.0
    error: Unavailable | None = None
    told: bool = False
    """Whether it was said that it refuses us, and another stands in: once, until it works again."""
    _spared_for: float = 0.0
    _spared_until: float = 0.0

    @property
    def place(self) -> str:
        return f"{self.settings.host}:{self.settings.port}"

    def is_closed_at(self, now: float) -> bool:
        """Whether mail may go there: its last connection worked, or its rest is over."""
        return self.error is None or now >= self.rests_until

    def fail(self, error: Unavailable, now: float) -> None:
        """It took no connection: leave it alone for a while, longer each time."""
        if self.error is None:
            log.warning("a relay fails", relay=self.place, code=error.code, reason=error.detail)
        elif now < self.rests_until:
            return  # another lane met the same fault
        self.error = error
        self.failures += 1
        self.rests_until = now + rest(self.failures, *_REST) * uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret

    @property
    def hears_ahead(self) -> bool:
        """Whether it may be told in the same breath what follows a message, as RFC 2920 §3.1 has it."""
        return not self._spared_for or asyncio.get_running_loop().time() >= self._spared_until

    def spare(self) -> None:
        """It did not hear what followed a message: say each by itself for a while, longer each time."""
        if self.hears_ahead:  # once for all lanes that met it
            self._spared_for = self._spared_for * 2 or _SPARED
            self._spared_until = asyncio.get_running_loop().time() + self._spared_for
            said = {"relay": self.place, "seconds": self._spared_for}
            log.warning("a relay does not hear what follows a message", **said)

    def work(self) -> None:
        """It took a connection."""
        if self.error is not None:
            log.info("a relay works again", relay=self.place)
        self.failures, self.error, self.told = 0, None, False

    def refuses_us(self, other: "Relay") -> None:
        """Another took the connection. Where it is our login or the like that it refuses, somebody has to mend that."""
        if self.error is None or not self.error.channel_wide or self.told:
            return
        self.told = True
        error = self.error
        said = {"relay": self.place, "code": error.code, "reason": error.detail, "instead": other.place}
        log.error("a relay refuses us, and another stands in", **said)


@dataclass(slots=True)
class Relays:
    """The relays in order of preference, shared by all lanes."""

    order: Sequence[Relay]
    _trying: set[Relay] = field(default_factory=set)
    _latest: Relay | None = None
    """Who took the newest connection."""

    async def connect(self) -> tuple[Relay, Connection]:
        """Connect to the first relay that takes it. Raises Unavailable, the first relay's, where none does.

        A relay that failed is tried again by one lane at a time; a single one is always tried.
        """
        loop = asyncio.get_running_loop()
        failed: list[Unavailable] = []
        for relay in self.order:
            resting = not relay.is_closed_at(loop.time()) or relay in self._trying
            if relay.error is not None and resting and len(self.order) > 1:
                failed.append(relay.error)
                continue
            if relay.error is not None:
                self._trying.add(relay)
            try:
                connection = await connect(relay.settings, relay.context)
            except Unavailable as error:
                relay.fail(error, loop.time())
                failed.append(error)
            else:
                relay.work()
                self._latest = relay
                for other in self.order[: self.order.index(relay)]:
                    other.refuses_us(relay)
                return relay, connection
            finally:
                self._trying.discard(relay)
        raise failed[0]

    def prefer_another(self, relay: Relay) -> bool:
        """Whether a relay before this one may be tried: a lane goes home as soon as it can."""
        if relay is self.order[0]:
            return False
        now = asyncio.get_running_loop().time()
        before = self.order[: self.order.index(relay)]
        return any(other.is_closed_at(now) and other not in self._trying for other in before)

    def states(self) -> list[RelayState]:
        """How each stands, in order of preference."""
        return [RelayState(each.place, each is self._latest, each.error is not None) for each in self.order]
