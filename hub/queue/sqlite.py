"""The ledger on SQLite: plain sqlite3, one connection, one durable commit per turn."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hub.errors import EnvironmentFailed
from hub.model.delivery import FINISHED, Outcome
from hub.queue.contract import (
    Body,
    Entered,
    FencedOff,
    Intent,
    Item,
    Lease,
    LedgerWaits,
    Orders,
    Repeat,
    Settled,
)
from hub.queue.statements import (
    APPEND,
    CHUNK_ITEMS,
    CLOSE_CHUNK,
    DUE_ITEMS,
    NEXT_CHUNK,
    OPEN_INTENTS,
    SETTLE,
    SLOTS_RUN_OUT,
    TAKE_SLOT,
    URGENCIES,
)
from hub.store.engine import PRAGMAS

Fingerprint = Callable[[str, str], str]
"""The keyed hash of a channel's address under which suppressions are kept."""

# A lock that is held longer than this is waited for by the desk, not inside a call that stops the event loop.
_PATIENCE = timedelta(milliseconds=250)


class SqliteLedger:
    """See hub.queue.contract.Ledger. The methods are coroutines by contract; none of them waits."""

    def __init__(self, file: Path, fingerprint: Fingerprint) -> None:
        try:
            self._db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
            for pragma in PRAGMAS:
                self._db.execute(f"PRAGMA {pragma}")
            self._db.execute(f"PRAGMA busy_timeout = {int(_PATIENCE.total_seconds() * 1000)}")
        except sqlite3.Error as error:
            raise EnvironmentFailed(
                f"{file}: {error}; run `univoque init` first, or name the right file"
            ) from error
        self._fingerprint = fingerprint
        self._slot = ""
        self._epoch = 0
        self._repeats: Mapping[str, Repeat] = {}

    async def enter(
        self, slot: str, *, at: datetime, until: datetime, repeats: Mapping[str, Repeat]
    ) -> Entered:
        with self._transaction() as db:
            (epoch,) = db.execute(TAKE_SLOT, (slot, _text(at), _text(until))).fetchone()
            self._slot, self._epoch, self._repeats = slot, epoch, repeats
            uncertain = self._expel(slot, at)
        return Entered(epoch, uncertain)

    async def renew(self, *, at: datetime, until: datetime) -> int:
        with self._transaction() as db:
            self._fence()
            db.execute("UPDATE slots SET lease_until = ? WHERE slot = ?", (_text(until), self._slot))
            run_out = [slot for (slot,) in db.execute(SLOTS_RUN_OUT, (_text(at), self._slot))]
            for slot in run_out:  # the new epoch fences the owner off, should it only have been paused
                db.execute("UPDATE slots SET epoch = epoch + 1 WHERE slot = ?", (slot,))
            return sum(self._expel(slot, at) for slot in run_out)

    async def lease(self, channel: str, *, at: datetime, above: int | None = None) -> Lease | None:
        ceiling = 1_000_000 if above is None else above
        if self._db.execute(NEXT_CHUNK, (channel, ceiling)).fetchone() is None:
            return None  # asked several times a second: take the write lock only when there is something
        with self._transaction() as db:
            self._fence()
            row = db.execute(NEXT_CHUNK, (channel, ceiling)).fetchone()
            if row is None:
                return None
            chunk, dispatch, first, last, urgency, approved_at, expires_at, cancelled = row
            expires = _instant(expires_at)
            if cancelled or expires <= at:
                outcome = Outcome.CANCELLED if cancelled else Outcome.EXPIRED
                db.execute(CLOSE_CHUNK, (outcome, _text(at), self._slot, self._epoch, dispatch, first, last))
                db.execute("UPDATE chunks SET done_at = ? WHERE id = ?", (_text(at), chunk))
                return Lease(chunk, dispatch, urgency, ())
            rows = db.execute(CHUNK_ITEMS, (dispatch, first, last)).fetchall()
            out = self._out_since(channel, approved_at)
            items: list[Item] = []
            settled: list[Settled] = []
            for seq, body, address, token, barred in rows:
                item = Item(dispatch, seq, body, address, token, 0, expires, due=False)
                if barred or (out and self._fingerprint(channel, address) in out):
                    settled.append(Settled(item, 0, -1, Outcome.SUPPRESSED))
                else:
                    items.append(item)
            self._settle(settled, at)
            db.execute(
                "UPDATE chunks SET owner = ?, done_at = ? WHERE id = ?",
                (self._slot, None if items else _text(at), chunk),
            )
        return Lease(chunk, dispatch, urgency, items)

    async def lease_due(self, channel: str, *, at: datetime, limit: int) -> Lease | None:
        now = _text(at)
        if self._db.execute(DUE_ITEMS, (channel, now, 1)).fetchone() is None:
            return None
        with self._transaction() as db:
            self._fence()
            items: list[Item] = []
            settled: list[Settled] = []
            for row in db.execute(DUE_ITEMS, (channel, now, limit)).fetchall():
                (
                    dispatch,
                    seq,
                    attempt,
                    body,
                    address,
                    token,
                    barred,
                    approved_at,
                    expires_at,
                    cancelled,
                    _,
                ) = row
                item = Item(dispatch, seq, body, address, token, attempt, _instant(expires_at), due=True)
                out = self._out_since(channel, approved_at)
                if cancelled:
                    settled.append(Settled(item, attempt, -1, Outcome.CANCELLED))
                elif item.expires_at <= at:
                    settled.append(Settled(item, attempt, -1, Outcome.EXPIRED))
                elif barred or (out and self._fingerprint(channel, address) in out):
                    settled.append(Settled(item, attempt, -1, Outcome.SUPPRESSED))
                else:
                    items.append(item)
            self._settle(settled, at)
            db.executemany(
                "UPDATE due SET owner = ? WHERE dispatch = ? AND seq = ?",
                [(self._slot, item.dispatch, item.seq) for item in items],
            )
            urgencies = [db.execute(URGENCIES, (item.dispatch,)).fetchone() for item in items[:1]]
        return Lease(0, 0, urgencies[0][0] if urgencies and urgencies[0] else 0, items)

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
        with self._transaction() as db:
            self._fence()
            self._settle(settled, at)
            void = {intent for intent in intents if intent.item.due and not self._still_due(intent.item)}
            db.executemany(
                APPEND,
                [
                    (
                        item.dispatch,
                        item.seq,
                        attempt,
                        "attempting",
                        now,
                        self._slot,
                        self._epoch,
                        lane,
                        "",
                        "",
                    )
                    for item, attempt, lane in (
                        intents if not void else [i for i in intents if i not in void]
                    )
                ],
            )
            if done:
                db.executemany("UPDATE chunks SET done_at = ? WHERE id = ?", [(now, chunk) for chunk in done])
            if released:
                db.executemany(
                    "UPDATE chunks SET owner = NULL WHERE id = ?", [(chunk,) for chunk in released]
                )
        return void

    async def put_back(self, items: Sequence[Item]) -> None:
        with self._transaction() as db:
            self._fence()
            db.executemany(
                "UPDATE due SET owner = NULL WHERE dispatch = ? AND seq = ? AND owner = ?",
                [(item.dispatch, item.seq, self._slot) for item in items],
            )

    async def body(self, body: int) -> Body:
        row = self._db.execute(
            "SELECT id, dispatch, channel, language, stream, subject, text, html, digest FROM bodies WHERE id = ?",
            (body,),
        ).fetchone()
        return Body(*row)

    async def orders(self) -> Orders:
        keys = [key for (key,) in self._db.execute("SELECT key FROM settings WHERE key GLOB 'stop/*'")]
        dispatches = self._db.execute(
            "SELECT id FROM dispatches WHERE stopped_at IS NOT NULL OR cancelled_at IS NOT NULL"
        )
        channels = frozenset(key.removeprefix("stop/") for key in keys)
        return Orders("*" in channels, channels - {"*"}, frozenset(id_ for (id_,) in dispatches))

    async def leave(self) -> None:
        with self._transaction() as db:
            self._fence()
            # What has an open intent keeps its owner, so that the next life finds it.
            open_ = {(dispatch, seq) for dispatch, seq, *_ in db.execute(OPEN_INTENTS, {"slot": self._slot})}
            if not open_:
                db.execute(
                    "UPDATE chunks SET owner = NULL WHERE owner = ? AND done_at IS NULL", (self._slot,)
                )
                db.execute("UPDATE due SET owner = NULL WHERE owner = ?", (self._slot,))

    async def close(self) -> None:
        self._db.close()

    def _expel(self, slot: str, at: datetime) -> int:
        """Open intents of a slot's earlier lives become uncertain and due again; its leases are freed."""
        found = self._db.execute(OPEN_INTENTS, {"slot": slot}).fetchall()
        now = _text(at)
        for dispatch, seq, attempt, lane, channel in found:
            self._db.execute(
                APPEND,
                (dispatch, seq, attempt, Outcome.UNCERTAIN, now, self._slot, self._epoch, lane, "crash", ""),
            )
            repeat = self._repeats.get(channel, Repeat(held=True))
            self._again(dispatch, seq, attempt, _text(at + repeat.wait), repeat.held)
        self._db.execute("UPDATE chunks SET owner = NULL WHERE owner = ? AND done_at IS NULL", (slot,))
        self._db.execute("UPDATE due SET owner = NULL WHERE owner = ?", (slot,))
        return len(found)

    def _settle(self, settled: Sequence[Settled], at: datetime) -> None:
        """Append outcomes; those of deliveries that a report finished meanwhile are dropped."""
        if not settled:
            return
        now, slot, epoch = _text(at), self._slot, self._epoch
        self._db.executemany(
            SETTLE,
            [
                (
                    s.item.dispatch,
                    s.item.seq,
                    s.attempt,
                    s.outcome,
                    now,
                    slot,
                    epoch,
                    s.lane,
                    s.code,
                    s.provider_id,
                )
                for s in settled
            ],
        )
        for s in settled:
            if s.outcome in FINISHED:
                if s.item.due:
                    self._forget(s.item)
            elif s.again is not None:
                if self._outcome(s.item) in FINISHED:
                    self._forget(s.item)
                else:
                    self._again(s.item.dispatch, s.item.seq, s.again.attempt, _text(s.again.at), s.again.held)

    def _again(self, dispatch: int, seq: int, attempt: int, due_at: str, held: bool) -> None:
        self._db.execute(
            "INSERT OR REPLACE INTO due (dispatch, seq, channel, attempt, due_at, held, owner) "
            "SELECT dispatch, seq, channel, ?, ?, ?, NULL FROM deliveries WHERE dispatch = ? AND seq = ?",
            (attempt, due_at, held, dispatch, seq),
        )

    def _forget(self, item: Item) -> None:
        self._db.execute("DELETE FROM due WHERE dispatch = ? AND seq = ?", (item.dispatch, item.seq))

    def _outcome(self, item: Item) -> Outcome:
        (outcome,) = self._db.execute(
            "SELECT outcome FROM attempts WHERE dispatch = ? AND seq = ? ORDER BY id DESC LIMIT 1",
            (item.dispatch, item.seq),
        ).fetchone()
        return Outcome(outcome)

    def _still_due(self, item: Item) -> bool:
        row = self._db.execute(
            "SELECT 1 FROM due WHERE dispatch = ? AND seq = ? AND owner = ?",
            (item.dispatch, item.seq, self._slot),
        ).fetchone()
        return row is not None

    def _out_since(self, channel: str, approved_at: str) -> frozenset[str]:
        """The hashes of addresses suppressed since approval; who was before is not in the audience."""
        rows = self._db.execute(
            "SELECT value_hash FROM suppressions WHERE channel = ? AND at >= ?", (channel, approved_at)
        )
        return frozenset(hash_ for (hash_,) in rows)

    def _fence(self) -> None:
        row = self._db.execute("SELECT epoch FROM slots WHERE slot = ?", (self._slot,)).fetchone()
        if row != (self._epoch,):
            raise FencedOff(
                f"Slot {self._slot!r} has a newer life than epoch {self._epoch}; this one ends here"
            )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """BEGIN IMMEDIATE … COMMIT; any failure rolls back."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield self._db
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            # Locked, full, read-only, an I/O error: all may pass, and the transaction is not half done.
            raise LedgerWaits(f"{error}; it is tried again") from error


def _text(at: datetime) -> str:
    """An instant as SQLAlchemy keeps it in SQLite (hub.store.tables.Instant)."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
