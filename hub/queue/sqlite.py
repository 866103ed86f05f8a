"""The ledger on SQLite: plain sqlite3, one connection, one durable commit per turn."""

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime
from pathlib import Path

from hub.model.delivery import FINISHED, Outcome
from hub.queue import statements as sql
from hub.queue.contract import (
    Again,
    Body,
    Entered,
    FencedOff,
    Fingerprint,
    Intent,
    Item,
    Lease,
    Orders,
    Repeat,
    Settled,
)
from hub.queue.file import File
from subscribers.audience import UNSUBSCRIBED

Key = tuple[int, int]
"""A delivery: its dispatch and its place in it."""

_UNHEARD = -1
"""No version of a file."""


class SqliteLedger:
    """See hub.queue.contract.Ledger. The methods are coroutines by contract; they wait for nothing but `turns`,
    which are the store's where this process writes through one too (hub.store.engine.Store).
    It hands out what was approved in `mode` alone: an exercise never leaves where it is meant in earnest.
    """

    def __init__(
        self, file: Path, fingerprint: Fingerprint, mode: str, *, turns: asyncio.Lock | None = None
    ) -> None:
        self._file = File(file, turns or asyncio.Lock())
        self._db = self._file.db
        self._fingerprint = fingerprint
        self._mode = mode
        self._slot = ""
        self._epoch = 0
        self._repeats: Mapping[str, Repeat] = {}
        self._flying: dict[int, Item] = {}
        """By lane, what it has in hand since its intent was written, and of which nobody else wrote since."""
        self._seen = 0
        """The newest attempt when this life last wrote: all that is newer is of others."""
        self._version = _UNHEARD
        """Of the file when others were last listened to; every commit of another connection changes it."""
        self._current: set[int] = set()
        """Dispatches that were not cancelled then."""

    async def enter(
        self, slot: str, *, at: datetime, until: datetime, repeats: Mapping[str, Repeat]
    ) -> Entered:
        async with self._file.transaction() as db:
            (epoch,) = db.execute(sql.TAKE_SLOT, (slot, _text(at), _text(until))).fetchone()
            self._slot, self._epoch, self._repeats = slot, epoch, repeats
            uncertain = self._expel(slot, at)
            (self._seen,) = db.execute(sql.NEWEST).fetchone()
        self._flying.clear()
        self._version = _UNHEARD
        return Entered(epoch, uncertain)

    async def renew(self, *, at: datetime, until: datetime) -> int:
        async with self._file.transaction() as db:
            self._fence()
            db.execute("UPDATE slots SET lease_until = ? WHERE slot = ?", (_text(until), self._slot))
            run_out = [slot for (slot,) in db.execute(sql.SLOTS_RUN_OUT, (_text(at), self._slot))]
            for slot in run_out:  # the new epoch fences the owner off, should it only have been paused
                db.execute("UPDATE slots SET epoch = epoch + 1 WHERE slot = ?", (slot,))
            return sum(self._expel(slot, at) for slot in run_out)

    async def lease(self, channel: str, *, at: datetime, above: int | None = None) -> Lease | None:
        ceiling = sql.LEAST_URGENT if above is None else above
        if not self._file.query(sql.NEXT_CHUNK, channel, ceiling, self._mode):
            return None  # asked several times a second: take the write lock only when there is something
        async with self._file.transaction() as db:
            self._fence()
            row = db.execute(sql.NEXT_CHUNK, (channel, ceiling, self._mode)).fetchone()
            if row is None:
                return None
            chunk, dispatch, first, last, urgency, approved_at, expires_at, cancelled = row
            expires = _instant(expires_at)
            if cancelled or expires <= at:
                outcome = Outcome.CANCELLED if cancelled else Outcome.EXPIRED
                stamp = (outcome, _text(at), self._slot, self._epoch)
                db.execute(sql.CLOSE_CHUNK, (*stamp, dispatch, first, last))
                db.execute(sql.CHUNK_DONE, (_text(at), chunk))
                return Lease(chunk, ())
            out = self._out_since(channel, approved_at)
            items: list[Item] = []
            suppressed: list[Settled] = []
            for seq, body, address, token, duty, barred in db.execute(
                sql.CHUNK_ITEMS, (dispatch, first, last)
            ):
                item = Item(dispatch, seq, body, address, token, 0, expires, due=False)
                if barred or (out and self._is_out(channel, address, out, duty=duty)):
                    suppressed.append(Settled(item, 0, -1, Outcome.SUPPRESSED))
                else:
                    items.append(item)
            self._settle(suppressed, at)
            if items:
                db.execute("UPDATE chunks SET owner = ? WHERE id = ?", (self._slot, chunk))
            else:
                db.execute(sql.CHUNK_DONE, (_text(at), chunk))
        return Lease(chunk, items, urgency)

    async def lease_due(
        self, channel: str, *, at: datetime, limit: int, above: int | None = None
    ) -> Lease | None:
        ceiling = sql.LEAST_URGENT if above is None else above
        which = (channel, _text(at), self._mode, ceiling)
        if not self._file.query(sql.DUE_DISPATCH, *which):
            return None
        async with self._file.transaction() as db:
            self._fence()
            found = db.execute(sql.DUE_DISPATCH, which).fetchone()
            if found is None:
                return None
            dispatch, urgency, approved_at, expires_at, cancelled = found
            expires = _instant(expires_at)
            over = Outcome.CANCELLED if cancelled else Outcome.EXPIRED if expires <= at else None
            if over is None and db.execute(sql.NEXT_CHUNK, (channel, urgency, self._mode)).fetchone():
                return None
            out = self._out_since(channel, approved_at)
            items: list[Item] = []
            settled: list[Settled] = []
            for seq, attempt, body, address, token, duty, barred in db.execute(
                sql.DUE_ITEMS, (channel, dispatch, _text(at), limit)
            ).fetchall():
                item = Item(dispatch, seq, body, address, token, attempt, expires, due=True)
                if over is not None:
                    settled.append(Settled(item, attempt, -1, over))
                elif barred or (out and self._is_out(channel, address, out, duty=duty)):
                    settled.append(Settled(item, attempt, -1, Outcome.SUPPRESSED))
                else:
                    items.append(item)
            self._settle(settled, at)
            db.executemany(sql.TAKE_DUE, [(self._slot, item.dispatch, item.seq) for item in items])
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
        now = _text(at)
        async with self._file.transaction() as db:
            self._listen()
            flying = self._flying
            landed = [s for s in settled if flying.get(s.lane) is s.item]
            if len(landed) < len(settled):
                self._settle([s for s in settled if flying.get(s.lane) is not s.item], at)
            self._follow(landed)
            ended = self._ended(intents)
            self._settle([Settled(i.item, i.item.attempt, -1, Outcome.CANCELLED) for i in ended], at)
            void = {*ended, *[i for i in intents if i.item.due and not self._still_due(i.item)]}
            begun = [intent for intent in intents if intent not in void] if void else intents
            newest = self._append(landed, begun, now)
            for chunk in done:
                db.execute(sql.CHUNK_DONE, (now, chunk))
            for chunk in released:
                db.execute("UPDATE chunks SET owner = NULL WHERE id = ?", (chunk,))
        self._seen = newest or self._seen
        for s in settled:
            flying.pop(s.lane, None)
        flying.update([(lane, item) for item, _, lane in begun])
        return void

    async def put_back(self, items: Sequence[Item]) -> None:
        async with self._file.transaction() as db:
            self._fence()
            db.executemany(sql.GIVE_DUE, [(item.dispatch, item.seq, self._slot) for item in items])

    async def body(self, body: int) -> Body:
        return Body(*self._file.query(sql.BODY, body)[0])

    async def orders(self) -> Orders:
        channels = frozenset(key.removeprefix(sql.STOP) for (key,) in self._file.query(sql.STOPS))
        dispatches = frozenset(dispatch for (dispatch,) in self._file.query(sql.STOPPED_DISPATCHES))
        return Orders("*" in channels, channels - {"*"}, dispatches)

    async def leave(self) -> None:
        async with self._file.transaction() as db:
            self._fence()
            # What has an open intent keeps its owner, so that the next life finds it.
            if not db.execute(sql.OPEN_INTENTS, {"slot": self._slot}).fetchall():
                db.execute(sql.FREE_CHUNKS, (self._slot,))
                db.execute(sql.FREE_DUE, (self._slot,))

    async def close(self) -> None:
        self._file.close()

    async def beat(self, *, at: datetime, state: str) -> None:
        async with self._file.transaction() as db:
            self._fence()
            db.execute(sql.BEAT, (_text(at), state, self._slot, self._epoch))

    def _expel(self, slot: str, at: datetime) -> int:
        """Open intents of a slot's earlier lives become uncertain and due again; its leases are freed."""
        found = self._db.execute(sql.OPEN_INTENTS, {"slot": slot}).fetchall()
        stamp = (_text(at), self._slot, self._epoch)
        for dispatch, seq, attempt, lane, channel, doubts in found:
            row = (dispatch, seq, attempt, Outcome.UNCERTAIN, lane, "crash", "")
            self._db.execute(sql.append(1), (*stamp, *row))
            wait, held = self._repeats.get(channel, Repeat(held=True)).after(doubts + 1)
            self._db.execute(sql.AGAIN, (attempt, _text(at + wait), held, dispatch, seq))
        self._db.execute(sql.FREE_CHUNKS, (slot,))
        self._db.execute(sql.FREE_DUE, (slot,))
        return len(found)

    def _listen(self) -> None:
        """Where others have written since, learn whether this life still holds, and of which deliveries in flight."""
        (version,) = self._db.execute(sql.VERSION).fetchone()
        if version == self._version:
            return
        self._fence()
        told = set(self._db.execute(sql.NEWS, (self._seen,)))
        self._flying = {lane: item for lane, item in self._flying.items() if _key(item) not in told}
        self._current.clear()
        self._version = version

    def _append(self, landed: Sequence[Settled], begun: Sequence[Intent], now: str) -> int:
        """Outcomes of which nobody else has written, then intents; returns the newest id, 0 where there was nothing."""
        stamp = (now, self._slot, self._epoch)
        newest: int | None = 0
        if landed:
            values: list[object] = [*stamp]
            for settled in landed:
                values += _row(settled)
            newest = self._db.execute(sql.append(len(landed)), values).lastrowid
        if begun:
            values = [*stamp]
            for item, attempt, lane in begun:
                values += (item[0], item[1], attempt, lane)
            newest = self._db.execute(sql.intend(len(begun)), values).lastrowid
        return newest or 0

    def _follow(self, landed: Sequence[Settled]) -> None:
        """What follows from outcomes of which nobody else has written: their own intent is the latest word."""
        for s in landed:
            if s.item.due and s.outcome in FINISHED:
                self._db.execute(sql.FORGET, _key(s.item))
            elif s.again is not None:
                self._try_again(s.item, s.again)

    def _settle(self, settled: Sequence[Settled], at: datetime) -> None:
        """Append outcomes; those of deliveries that a report finished meanwhile are dropped."""
        stamp = (_text(at), self._slot, self._epoch)
        for s in settled:
            self._db.execute(sql.SETTLE, (*stamp, *_row(s)))
        for s in settled:
            if s.outcome in FINISHED:
                if s.item.due:
                    self._db.execute(sql.FORGET, _key(s.item))
            elif s.again is not None:
                if self._outcome(s.item) in FINISHED:
                    self._db.execute(sql.FORGET, _key(s.item))
                else:
                    self._try_again(s.item, s.again)

    def _try_again(self, item: Item, again: Again) -> None:
        self._db.execute(sql.AGAIN, (again.attempt, _text(again.at), again.held, *_key(item)))

    def _ended(self, intents: Sequence[Intent]) -> AbstractSet[Intent]:
        """Those of a dispatch that was cancelled since its rows were taken in hand."""
        unsure = {intent.item.dispatch for intent in intents} - self._current
        cancelled = {id_ for id_ in unsure if self._db.execute(sql.CANCELLED, (id_,)).fetchone()}
        self._current |= unsure - cancelled
        return (
            {intent for intent in intents if intent.item.dispatch in cancelled} if cancelled else frozenset()
        )

    def _outcome(self, item: Item) -> Outcome:
        return Outcome(self._db.execute(sql.OUTCOME, (item.dispatch, item.seq)).fetchone()[0])

    def _still_due(self, item: Item) -> bool:
        return self._db.execute(sql.STILL_DUE, (item.dispatch, item.seq, self._slot)).fetchone() is not None

    def _out_since(self, channel: str, approved_at: str) -> Mapping[str, str]:
        """Hashes of addresses suppressed since approval, and why; who was before is not in the audience."""
        return dict(self._db.execute(sql.OUT_SINCE, (channel, approved_at)).fetchall())

    def _is_out(self, channel: str, address: str, out: Mapping[str, str], *, duty: bool) -> bool:
        reason = out.get(self._fingerprint(channel, address))
        return reason is not None and not (duty and reason == UNSUBSCRIBED)

    def _fence(self) -> None:
        if self._file.query("SELECT epoch FROM slots WHERE slot = ?", self._slot) != [(self._epoch,)]:
            raise FencedOff(f"{self._slot!r} has a newer life than epoch {self._epoch}; this one ends here")

    async def postpone(self, channel: str, *, at: datetime, until: datetime) -> None:
        if not self._file.query(sql.WOULD_WAKE, channel, _text(at), self._mode):
            return
        async with self._file.transaction() as db:
            self._fence()
            db.execute(sql.POSTPONE, (channel, _text(at), self._mode, _text(until)))

    async def doubts(self, item: Item) -> int:
        return int(self._file.query(sql.DOUBTS, *_key(item))[0][0])


def _row(settled: Settled) -> tuple[object, ...]:
    """An outcome as the statements take it, behind the stamp."""
    item, attempt, lane, outcome, code, provider_id, _ = settled
    # `_value_` is exactly a `str`: the driver takes twice as long over an instance of a subclass.
    return item[0], item[1], attempt, outcome._value_, lane, code, provider_id


def _key(item: Item) -> Key:
    return item.dispatch, item.seq


def _text(at: datetime) -> str:
    """An instant as SQLAlchemy keeps it in SQLite (hub.store.tables.Instant)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
