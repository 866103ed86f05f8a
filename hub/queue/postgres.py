"""The ledger on PostgreSQL: one connection, one round trip and one durable commit per turn."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy.engine import URL

from hub.model.delivery import Outcome
from hub.queue import statements_postgres as sql
from hub.queue.contract import (
    Body,
    Entered,
    FencedOff,
    Fingerprint,
    Intent,
    Item,
    Lease,
    LedgerWaits,
    Orders,
    Repeat,
    Settled,
)
from hub.queue.session import LedgerLost, Session
from hub.queue.statements import LEAST_URGENT, STOP
from hub.store.postgres import ALONE
from subscribers.audience import UNSUBSCRIBED

log = structlog.get_logger(__name__)

_PAUSE = 0.25
"""Seconds between two looks whether the server is back."""


class PostgresLedger:
    """See hub.queue.contract.Ledger.

    A connection that breaks leaves open whether its last call was committed. The next one begins with a new epoch,
    which fences that call off, and gives back leases that nobody heard of; a turn is then read back from the
    attempts, so that no intent is written twice and none is forgotten.
    """

    def __init__(self, url: URL, fingerprint: Fingerprint, mode: str) -> None:
        self._session = Session(url, self._go_on)
        self._fingerprint = fingerprint
        self._mode = mode
        self._one_call = asyncio.Lock()
        self._claimed: str | None = None
        self._slot = ""
        self._epoch = 0
        self._repeats: Mapping[str, Repeat] = {}
        self._chunks: set[int] = set()
        self._due: set[tuple[int, int]] = set()

    async def claim(self, slot: str) -> bool:
        """Have `slot` alone as long as the connection lives; False where another process has it."""
        async with self._call():
            ((alone,),) = await self._session.fetch(sql.CLAIM, slot)
            if alone:
                self._claimed = slot
            return bool(alone)

    async def enter(
        self, slot: str, *, at: datetime, until: datetime, repeats: Mapping[str, Repeat]
    ) -> Entered:
        async with self._call(), self._session.transaction(ALONE) as db:
            self._slot, self._repeats = slot, repeats
            self._epoch = await db.fetchval(sql.TAKE_SLOT, slot, at, until)
            uncertain = await self._expel(db, slot, at)
        return Entered(self._epoch, uncertain)

    async def renew(self, *, at: datetime, until: datetime) -> int:
        async with self._call(), self._session.transaction(ALONE) as db:
            await db.execute(sql.FENCE, self._slot, self._epoch)
            await db.execute(sql.RENEW, until, self._slot)
            if self._claimed:  # after a break the server may have believed in the old connection for a while
                await db.execute(sql.CLAIM, self._claimed)
            uncertain = 0
            for (slot,) in await db.fetch(sql.SLOTS_RUN_OUT, at, self._slot):
                # The new epoch fences the owner off, should it only have been paused.
                await db.execute(sql.NEW_EPOCH, slot)
                uncertain += await self._expel(db, slot, at)
        return uncertain

    async def lease(self, channel: str, *, at: datetime, above: int | None = None) -> Lease | None:
        which = (channel, LEAST_URGENT if above is None else above, self._mode)
        async with self._call():
            if not await self._session.fetch(sql.WAITING_CHUNK, *which):
                return None  # asked several times a second: open a transaction only when there is something
            async with self._session.transaction(sql.FENCE, self._slot, self._epoch) as db:
                row = await db.fetchrow(sql.NEXT_CHUNK, *which)
                if row is None:
                    return None  # another sender was quicker
                chunk, dispatch, first, last, urgency, approved_at, expires_at, cancelled = row
                if cancelled or expires_at <= at:
                    outcome = Outcome.CANCELLED if cancelled else Outcome.EXPIRED
                    stamp = (outcome, at, self._slot, self._epoch)
                    await db.execute(sql.CLOSE_CHUNK, *stamp, dispatch, first, last)
                    await db.execute(sql.CHUNK_DONE, at, chunk)
                    return Lease(chunk, ())
                out = dict(await db.fetch(sql.OUT_SINCE, channel, approved_at))
                items: list[Item] = []
                suppressed: list[Settled] = []
                for seq, body, address, token, duty, barred in await db.fetch(
                    sql.CHUNK_ITEMS, dispatch, first, last
                ):
                    item = Item(dispatch, seq, body, address, token, 0, expires_at, due=False)
                    if barred or (out and self._is_out(channel, address, out, duty=duty)):
                        suppressed.append(Settled(item, 0, -1, Outcome.SUPPRESSED))
                    else:
                        items.append(item)
                await self._settle(db, suppressed, at)
                if items:
                    await db.execute(sql.TAKE_CHUNK, self._slot, chunk)
                else:
                    await db.execute(sql.CHUNK_DONE, at, chunk)
            if items:
                self._chunks.add(chunk)
        return Lease(chunk, items, urgency)

    async def lease_due(
        self, channel: str, *, at: datetime, limit: int, above: int | None = None
    ) -> Lease | None:
        which = (channel, at, self._mode, LEAST_URGENT if above is None else above)
        async with self._call():
            if not await self._session.fetch(sql.DUE_DISPATCH, *which):
                return None
            async with self._session.transaction(sql.FENCE, self._slot, self._epoch) as db:
                found = await db.fetchrow(sql.DUE_DISPATCH, *which)
                if found is None:
                    return None
                dispatch, urgency, approved_at, expires_at, cancelled = found
                over = Outcome.CANCELLED if cancelled else Outcome.EXPIRED if expires_at <= at else None
                if over is None and await db.fetch(sql.WAITING_CHUNK, channel, urgency, self._mode):
                    return None
                rows = await db.fetch(sql.DUE_ITEMS, channel, dispatch, at, limit)
                if not rows:
                    return None  # another sender was quicker
                out = dict(await db.fetch(sql.OUT_SINCE, channel, approved_at))
                items: list[Item] = []
                settled: list[Settled] = []
                for seq, attempt, body, address, token, duty, barred in rows:
                    item = Item(dispatch, seq, body, address, token, attempt, expires_at, due=True)
                    if over is not None:
                        settled.append(Settled(item, attempt, -1, over))
                    elif barred or (out and self._is_out(channel, address, out, duty=duty)):
                        settled.append(Settled(item, attempt, -1, Outcome.SUPPRESSED))
                    else:
                        items.append(item)
                await self._settle(db, settled, at)
                await db.execute(sql.TAKE_DUE, self._slot, *_keys(items))
            self._due.update((item.dispatch, item.seq) for item in items)
        return Lease(0, items, urgency)

    async def turn(
        self,
        *,
        at: datetime,
        settled: Sequence[Settled],
        intents: Sequence[Intent],
        done: Sequence[int] = (),
        released: Sequence[int] = (),
    ) -> AbstractSet[Intent]:
        async with self._call():
            life = self._epoch
            row = (self._slot, life, at, *_outcomes(settled), *_intents(intents), list(done), list(released))
            try:
                ((numbers,),) = await self._session.fetch(sql.TURN, *row)
                void: AbstractSet[Intent] = {intents[number - 1] for number in numbers}
            except LedgerLost:
                void = await self._find_out(life, at, settled, intents)
            self._chunks.difference_update(done, released)
            if self._due:
                self._due.difference_update((s.item.dispatch, s.item.seq) for s in settled)
                self._due.difference_update((i.item.dispatch, i.item.seq) for i in void)
        return void

    async def put_back(self, items: Sequence[Item]) -> None:
        async with self._call():
            async with self._session.transaction(sql.FENCE, self._slot, self._epoch) as db:
                await db.execute(sql.GIVE_DUE, self._slot, *_keys(items))
            self._due.difference_update((item.dispatch, item.seq) for item in items)

    async def body(self, body: int) -> Body:
        async with self._call():
            return Body(*(await self._session.fetch(sql.BODY, body))[0])

    async def orders(self) -> Orders:
        async with self._call():
            ((keys, dispatches),) = await self._session.fetch(sql.ORDERS)
        channels = frozenset(key.removeprefix(STOP) for key in keys)
        return Orders("*" in channels, channels - {"*"}, frozenset(dispatches))

    async def postpone(self, channel: str, *, at: datetime, until: datetime) -> None:
        async with self._call():
            if await self._session.fetch(sql.WOULD_WAKE, channel, at, self._mode):
                async with self._session.transaction(sql.FENCE, self._slot, self._epoch) as db:
                    await db.execute(sql.POSTPONE, channel, at, self._mode, until)

    async def beat(self, *, at: datetime, state: str) -> None:
        async with self._call(), self._session.transaction(sql.FENCE, self._slot, self._epoch) as db:
            await db.execute(sql.BEAT, at, state, self._slot, self._epoch)

    async def doubts(self, item: Item) -> int:
        async with self._call():
            return int((await self._session.fetch(sql.DOUBTS, item.dispatch, item.seq))[0][0])

    async def leave(self) -> None:
        async with self._call(), self._session.transaction(sql.FENCE, self._slot, self._epoch) as db:
            # What has an open intent keeps its owner, so that the next life finds it.
            if not await db.fetch(sql.OPEN_INTENTS, self._slot):
                await db.execute(sql.FREE_CHUNKS, self._slot)
                await db.execute(sql.FREE_DUE, self._slot)

    async def close(self) -> None:
        self._session.close()

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        """One call at a time, on a connection that is there."""
        async with self._one_call:
            await self._session.ready()
            yield

    async def _expel(self, db: Any, slot: str, at: datetime) -> int:
        """Open intents of a slot's earlier lives become uncertain and due again; its leases are freed."""
        found = await db.fetch(sql.OPEN_INTENTS, slot)
        if found:
            dispatches, seqs, attempts, lanes, channels, doubts = map(list, zip(*found, strict=True))
            stamp = (at, self._slot, self._epoch)
            await db.execute(sql.DOUBT, dispatches, seqs, attempts, lanes, *stamp)
            again = [
                self._repeats.get(channel, Repeat(held=True)).after(before + 1)
                for channel, before in zip(channels, doubts, strict=True)
            ]
            times, held = [at + wait for wait, _ in again], [held for _, held in again]
            await db.execute(sql.AGAIN, dispatches, seqs, attempts, times, held)
        await db.execute(sql.FREE_CHUNKS, slot)
        await db.execute(sql.FREE_DUE, slot)
        return len(found)

    async def _settle(self, db: Any, settled: Sequence[Settled], at: datetime) -> None:
        if settled:
            await db.execute(sql.SETTLE, self._slot, self._epoch, at, *_outcomes(settled))

    def _is_out(self, channel: str, address: str, out: Mapping[str, str], *, duty: bool) -> bool:
        reason = out.get(self._fingerprint(channel, address))
        return reason is not None and not (duty and reason == UNSUBSCRIBED)

    async def _find_out(
        self, life: int, at: datetime, settled: Sequence[Settled], intents: Sequence[Intent]
    ) -> AbstractSet[Intent]:
        """Whether a turn was committed whose answer never came; waits for the server as long as it takes.

        Returns the intents that are void. Raises LedgerWaits where nothing of it was written.
        """
        keys = _keys([*(s.item for s in settled), *(i.item for i in intents)])
        said = False
        while True:
            try:
                await self._session.ready()
                rows = {
                    tuple(row) for row in await self._session.fetch(sql.WRITTEN, self._slot, life, at, *keys)
                }
                break
            except LedgerWaits as reason:
                if not said:
                    log.warning("ledger waits", reason=str(reason))
                said = True
                await asyncio.sleep(_PAUSE)
        mine = {(s.item.dispatch, s.item.seq, s.attempt, s.outcome) for s in settled}
        begun = {i: (i.item.dispatch, i.item.seq, i.attempt, Outcome.ATTEMPTING) for i in intents}
        if not rows & (mine | set(begun.values())):
            raise LedgerWaits("the connection broke before the commit; it is tried again")
        return {intent for intent, row in begun.items() if row not in rows}

    async def _go_on(self, db: Any) -> None:
        """On a new connection: fence off what the broken one may still bring, free what it leased unheard."""
        if self._claimed:
            await db.fetchval(sql.CLAIM, self._claimed)
        if not self._epoch:
            return
        async with db.transaction():
            await db.execute(ALONE)
            epoch = await db.fetchval(sql.NEXT_EPOCH, self._slot, self._epoch)
            if epoch is None:
                raise FencedOff(
                    f"{self._slot!r} has a newer life than epoch {self._epoch}; this one ends here"
                )
            due = sorted(self._due)
            await db.execute(sql.FREE_UNKNOWN_CHUNKS, self._slot, sorted(self._chunks))
            await db.execute(sql.FREE_UNKNOWN_DUE, self._slot, [d for d, _ in due], [s for _, s in due])
        self._epoch = epoch


def _keys(items: Sequence[Item]) -> tuple[list[int], list[int]]:
    return [item.dispatch for item in items], [item.seq for item in items]


def _outcomes(settled: Sequence[Settled]) -> tuple[list[Any], ...]:
    """Column by column, as the functions take them."""
    return (
        [s.item.dispatch for s in settled],
        [s.item.seq for s in settled],
        [s.attempt for s in settled],
        [s.lane for s in settled],
        [s.outcome for s in settled],
        [s.code for s in settled],
        [s.provider_id for s in settled],
        [s.again and s.again.attempt for s in settled],
        [s.again and s.again.at for s in settled],
        [s.again and s.again.held for s in settled],
    )


def _intents(intents: Sequence[Intent]) -> tuple[list[Any], ...]:
    return (
        [i.item.dispatch for i in intents],
        [i.item.seq for i in intents],
        [i.attempt for i in intents],
        [i.lane for i in intents],
        [i.item.attempt for i in intents],
        [i.item.due for i in intents],
    )
