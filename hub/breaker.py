"""Each channel's circuit breaker: it pauses where the far side takes nothing from anybody, and goes on by itself."""

import asyncio
from collections.abc import Collection
from dataclasses import dataclass, field

import structlog

from channels.contract import Unavailable
from channels.patience import rest
from hub.flow import spend
from hub.model.delivery import Outcome
from hub.queue.contract import Settled
from hub.queue.desk import Desk
from hub.store.deliveries import Try

log = structlog.get_logger(__name__)

_PAUSE = (1.0, 60.0)
"""Seconds of the first and of the longest pause; they double in between."""

_OWN_PAUSE = (1.0, 5.0)
"""Where we hold back ourselves: to look bothers nobody outside, and whoever lifts it waits for that."""


IN_A_ROW = 30
"""So many who are put off, each as if alone, while nobody is let in: it is the far side that takes nothing."""

DOUBTFUL = 3
"""So many people at least in doubt before that says something of the channel."""


@dataclass(slots=True)
class Health:
    """Whether a channel works as a whole; where it does not, it pauses and nobody is marked as failed."""

    failures: int = 0
    until: float = 0.0
    silent: bool = False
    slowed: bool = False
    since: float = 0.0
    code: str = ""
    put_off: int = 0
    """Who was put off as if alone since somebody was accepted."""
    doubts: dict[int, set[Try]] = field(default_factory=dict)
    """By lane, who is in doubt since somebody was accepted."""
    doubtful: bool = False
    """Whether it pauses because nobody says what was taken."""

    def judge(self, name: str, desk: Desk, settled: Settled, error: Unavailable | None) -> None:
        if error is None:
            if settled.outcome is not Outcome.ACCEPTED:
                self._judge_outcome(name, desk, settled)
            elif self.failures or self.silent or self.put_off or self.doubts:
                self._works(name, desk)
        elif error.channel_wide:
            self._pause(name, desk, error)
        elif isinstance(error, spend.Withheld):
            return  # who withheld it has said so
        elif error.asks_less:
            if not self.slowed:  # said once: it goes on for as long as the limit does
                log.info("the far side asks for less", channel=name, code=error.code, who=error.asks_less)
            self.slowed = True
        elif error.counts or error.concerns == "address":
            self._looked_at(name, desk)
        else:
            self.put_off += error.concerns == "unclear"
            if self.holds_up(error):
                self._take_nothing(name, error)

    def holds_up(self, error: Unavailable) -> bool:
        """Whether a lane that met it is to rest: the next message would meet it too, as far as anybody can tell."""
        if error.counts:
            return False
        return error.concerns == "all" or (error.concerns == "unclear" and self.put_off >= IN_A_ROW)

    @property
    def in_doubt(self) -> frozenset[Try]:
        """The tries in doubt since somebody was accepted."""
        return frozenset().union(*self.doubts.values())

    def hear(self, name: str, desk: Desk, taken: Collection[Try]) -> None:
        """The far side has said by another way that it took these; where that is most, it only cannot say so."""
        if 2 * len(self.in_doubt.intersection(taken)) <= len(self.in_doubt):
            return
        if self.doubtful:
            self.until = 0.0
            self._works(name, desk, at_once=True)
        self.doubts.clear()

    def _judge_outcome(self, name: str, desk: Desk, settled: Settled) -> None:
        if settled.outcome is Outcome.UNCERTAIN:
            self._doubt(name, desk, settled)
        elif settled.outcome is Outcome.REFUSED:
            self._looked_at(name, desk)

    def _looked_at(self, name: str, desk: Desk) -> None:
        """It looked at this recipient, and would look at the next."""
        if self.failures and not self.doubtful:
            self._works(name, desk)

    def _works(self, name: str, desk: Desk, *, at_once: bool = False) -> None:
        failed = self.failures or self.silent
        self.failures, self.silent, self.put_off, self.doubtful = 0, False, 0, False
        self.doubts.clear()
        if failed:
            desk.resume(name, at_once=at_once)
            log.info("the channel works again", channel=name)

    def _doubt(self, name: str, desk: Desk, settled: Settled) -> None:
        """One break leaves each lane in doubt once; where it goes on, people would get copy after copy."""
        item = settled.item
        again = settled.lane in self.doubts
        self.doubts.setdefault(settled.lane, set()).add(Try(item.dispatch, item.seq, settled.attempt))
        if self.failures or (again and len({made[:2] for made in self.in_doubt}) >= DOUBTFUL):
            detail = "one message after the other leaves, and nobody says whether it was taken"
            error = Unavailable(settled.code, detail, counts=False, channel_wide=True)
            self._pause(name, desk, error, doubtful=True)

    def _pause(self, name: str, desk: Desk, error: Unavailable, *, doubtful: bool = False) -> None:
        now = asyncio.get_running_loop().time()
        if now < self.until:
            return  # another lane met the same fault
        self.doubtful = doubtful
        self._begin(now, error)
        self.failures += 1
        seconds = rest(self.failures, *(_OWN_PAUSE if isinstance(error, spend.Withheld) else _PAUSE))
        self.until = now + seconds
        desk.pause(name, seconds)
        if isinstance(error, spend.Withheld):
            return  # who withheld it has said so
        say = log.error if self.failures == 1 else log.warning
        say("the channel is paused", channel=name, code=error.code, reason=error.detail, seconds=seconds)

    def _take_nothing(self, name: str, error: Unavailable) -> None:
        self._begin(asyncio.get_running_loop().time(), error)
        if not self.silent:  # said once: every lane meets it, again and again
            log.warning("the far side takes nothing", channel=name, code=error.code, reason=error.detail)
        self.silent = True

    def _begin(self, now: float, error: Unavailable) -> None:
        self.since = self.since if self.failures or self.silent else now
        self.code = error.code
