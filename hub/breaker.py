"""Each channel's circuit breaker: it pauses where the far side takes nothing from anybody, and goes on by itself."""

import asyncio
from dataclasses import dataclass

import structlog

from channels.contract import Unavailable
from channels.patience import rest
from hub.flow import spend
from hub.model.delivery import Outcome
from hub.queue.contract import Settled
from hub.queue.desk import Desk

log = structlog.get_logger(__name__)

_PAUSE = (1.0, 60.0)
"""Seconds of the first and of the longest pause; they double in between."""

_OWN_PAUSE = (1.0, 5.0)
"""Where we hold back ourselves: to look bothers nobody outside, and whoever lifts it waits for that."""


@dataclass(slots=True)
class Health:
    """Whether a channel works as a whole; where it does not, it pauses and nobody is marked as failed."""

    failures: int = 0
    until: float = 0.0
    silent: bool = False
    slowed: bool = False
    since: float = 0.0
    code: str = ""

    def judge(self, name: str, desk: Desk, settled: Settled, error: Unavailable | None) -> None:
        if error is not None and error.channel_wide:
            now = asyncio.get_running_loop().time()
            if now < self.until:
                return  # another lane met the same fault
            self._begin(now, error)
            self.failures += 1
            seconds = rest(self.failures, *(_OWN_PAUSE if isinstance(error, spend.Withheld) else _PAUSE))
            self.until = now + seconds
            desk.pause(name, seconds)
            if isinstance(error, spend.Withheld):
                return  # who withheld it has said so
            say = log.error if self.failures == 1 else log.warning
            say("the channel is paused", channel=name, code=error.code, reason=error.detail, seconds=seconds)
        elif isinstance(error, spend.Withheld):
            return  # who withheld it has said so
        elif error is not None and error.asks_less:
            if not self.slowed:  # said once: it goes on for as long as the limit does
                log.info("the far side asks for less", channel=name, code=error.code, who=error.asks_less)
            self.slowed = True
        elif error is not None and not error.counts:
            self._begin(asyncio.get_running_loop().time(), error)
            if not self.silent:  # said once: every lane meets it, again and again
                log.warning("the far side takes nothing", channel=name, code=error.code, reason=error.detail)
            self.silent = True
        elif settled.outcome is Outcome.ACCEPTED and (self.failures or self.silent):
            self.failures, self.silent = 0, False
            desk.resume(name)
            log.info("the channel works again", channel=name)

    def _begin(self, now: float, error: Unavailable) -> None:
        self.since = self.since if self.failures or self.silent else now
        self.code = error.code
