"""A desk at work with lanes that take what it gives them, for tests of what it gives to whom and when."""

import asyncio
import math
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from hub.model.delivery import Outcome
from hub.now import Clock
from hub.queue.contract import LedgerWaits, Settled
from hub.queue.desk import Desk
from hub.queue.line import Work
from hub.queue.sqlite import SqliteLedger
from tests.plans import NOON

DAY = timedelta(days=1)
PERSONS = 200


class Hall:
    """A desk at work, and lanes that take what it gives them; each that asks hands in that it was accepted."""

    def __init__(self, file: Path) -> None:
        self.now = NOON
        self.night: datetime | None = None
        self.ledger = SqliteLedger(file, lambda channel, address: address, "Exercise")
        self.desk = Desk(
            self.ledger,
            Clock(lambda: self.now),
            {"email": math.inf, "sms": math.inf},
            announcing=["email"],
            quiet=lambda _: self.night,
        )
        self.has: dict[int, Work] = {}
        self.sent: list[tuple[int, int]] = []
        self.astray = 0
        """How often a lane got something else than what was said to follow."""
        self._asking: dict[int, asyncio.Task[Work | None]] = {}

    async def ask(self, *lanes: int, within: float = 5.0, channel: str = "email") -> list[Work | None]:
        """What these lanes get, None for one that got nothing in time; it asks on."""
        for lane in lanes:
            if lane not in self._asking:
                self._asking[lane] = asyncio.create_task(
                    self.desk.exchange(channel, lane, self._settled(lane))
                )
        await asyncio.wait([self._asking[lane] for lane in lanes], timeout=within)
        return [self._given(lane) for lane in lanes]

    async def one(self, lane: int) -> Work:
        (work,) = await self.ask(lane)
        assert work is not None
        return work

    async def look(self) -> None:
        """As a sender does: a ledger that waits is looked at again."""
        with suppress(LedgerWaits):
            await self.desk.look()

    async def drain(self, *lanes: int, channel: str = "email") -> None:
        """Let these lanes work until there is nothing left for them."""
        await self.look()
        while any(await self.ask(*lanes, within=0.1, channel=channel)):
            await self.look()

    def _settled(self, lane: int) -> Settled | None:
        had = self.has.get(lane)
        return None if had is None else Settled(had.item, had.item.attempt + 1, lane, Outcome.ACCEPTED, "250")

    def _given(self, lane: int) -> Work | None:
        if not self._asking[lane].done():
            return None
        work = self._asking.pop(lane).result()
        had = self.has.pop(lane, None)
        if work is not None:
            self.astray += had is not None and had.ahead is not None and had.ahead is not work.item
            self.has[lane] = work
            self.sent.append(work.item[:2])
        return work


def seqs(works: Iterable[Work | None]) -> list[int]:
    return [work.item.seq for work in works if work is not None]
