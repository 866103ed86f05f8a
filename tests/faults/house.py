"""A house for the fault matrix: a database, a relay that misbehaves, and our own sender in a process of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import exists, select

from hub.errors import EnvironmentFailed
from hub.model.delivery import Outcome
from hub.store import dispatches, instance, schema
from hub.store.engine import Store, open_store, sqlite_url
from hub.store.tables import attempts, deliveries
from tests import a, plans
from tests.doubles.smtp import Received, SmtpDouble
from tests.faults.row import Row
from tests.processes import ROOT

Copies = Sequence[tuple[str, float]]
"""Who got a copy, and when (seconds since 1970), in order."""

EVER = datetime.min.replace(tzinfo=UTC)

LISTED = {Outcome.REFUSED, Outcome.EXPIRED, Outcome.CANCELLED, Outcome.SUPPRESSED, Outcome.UNCERTAIN}
"""Who got nothing is not lost where the ledger lists them so."""


def address(seq: int) -> str:
    return f"person-{seq}@example.org"


@dataclass(slots=True)
class House:
    """`lanes` is the C of the promise: so many repeats at most per kill."""

    folder: Path
    store: Store
    relay: SmtpDouble
    lanes: int = 4
    settings: dict[str, object] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    """What else its processes find in their environment."""
    database: str = ""
    """Its URL; empty for SQLite in the folder."""

    @property
    def log(self) -> str:
        """What the senders have said."""
        file = self.folder / "sender.log"
        return file.read_text(errors="replace") if file.exists() else ""

    async def plan(self, recipients: int, **how: Any) -> int:
        await plans.people(self.store, recipients)
        return await plans.plan(
            self.store, recipients=recipients, at=datetime.now(UTC), **{"chunk": 200, **how}
        )

    def environ(self, **settings: object) -> dict[str, str]:
        given = {
            "service__data_dir": self.folder,
            "database__url": self.database,
            "web__port": 0,
            **a.SINKS,
            "email__enabled": "true",
            "email__port": self.relay.port,
            "email__security": "none",
            "email__lanes": self.lanes,
            "email__command_timeout": 5,
            "email__dot_timeout": 5,
            "delivery__first_retry": 0.2,
            "delivery__drain": 2,
            "log__level": "warning",
            **self.settings,
            **settings,
        }
        named = {f"UNIVOQUE__{key.upper()}": str(value) for key, value in given.items()}
        return {**os.environ, **self.variables, **named}

    async def start(self, role: str = "sender", **settings: object) -> asyncio.subprocess.Process:
        """A sender, or a whole `serve`, once it is at work."""
        code = "from hub import app; app.serve(None, ready=lambda: print('ready', flush=True))"
        return await self._run(["-c", code] if role == "serve" else ["-m", "hub.app", role], settings)

    async def work(self, slot: str, **settings: object) -> asyncio.subprocess.Process:
        """A `univoque work --slot`, once it has sent something."""
        code = f"from hub import app; print('ready', flush=True); raise SystemExit(app.work(None, {slot!r}))"
        process = await self._run(["-c", code], settings)

        async def there() -> bool:
            async with self.store.read() as tx:
                return bool(await tx.scalar(select(exists().where(attempts.c.owner == slot))))

        await until(there, 60, lambda: f"{slot} sends nothing: {self.log[-3000:]}")
        return process

    async def _run(
        self, command: Sequence[str], settings: Mapping[str, object]
    ) -> asyncio.subprocess.Process:
        with (self.folder / "sender.log").open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.environ(**settings),
                cwd=ROOT,
            )
        assert process.stdout is not None
        async with asyncio.timeout(60):
            said = await process.stdout.readline()
        assert said == b"ready\n", self.log
        return process

    @asynccontextmanager
    async def sending(
        self, role: str = "sender", **settings: object
    ) -> AsyncIterator[asyncio.subprocess.Process]:
        """The same, drained at the end."""
        process = await self.start(role, **settings)
        try:
            yield process
        finally:
            await end(process)

    async def finished(self, dispatch: int, seconds: float = 60.0) -> None:
        """Wait until no sender has work left."""

        async def there() -> bool:
            try:
                async with self.store.read() as tx:
                    return not await dispatches.unfinished(tx, dispatch)
            except EnvironmentFailed:
                return False  # its server is being started again

        await until(there, seconds, lambda: f"the dispatch did not finish: {self.log[-3000:]}")

    async def taken(self, number: int, seconds: float = 30.0) -> None:
        """Wait until the relay has so many messages."""

        async def there() -> bool:
            return len(self.relay.messages) >= number

        await until(there, seconds, lambda: f"{len(self.relay.messages)} of {number}: {self.log[-3000:]}")

    async def at_work(self, senders: int, since: datetime = EVER) -> None:
        """Wait until so many senders have handed over an e-mail since an instant."""
        handed = attempts.c.code.startswith("250") & (attempts.c.at > since)
        query = select(attempts.c.owner).where(handed).distinct()

        async def there() -> bool:
            async with self.store.read() as tx:
                return len(list(await tx.execute(query))) >= senders

        await until(there, 60, lambda: f"not all of them send: {self.log[-3000:]}")

    async def row(
        self,
        fault: str,
        what: str,
        dispatch: int,
        *,
        copies: Copies | None = None,
        otherwise: Mapping[str, Collection[Outcome]] | None = None,
        among: Collection[str] | None = None,
        fault_at: float | None = None,
        paced_by: Sequence[float] | None = None,
        no_rate: str = "",
    ) -> Row:
        """Count. `otherwise` says at which outcomes some may stand instead of accepted, `fault_at` when it began.

        Where given, only those `among` are counted, the rate is that of the instants in `paced_by` instead of all
        copies', and `no_rate` says why there is none to come back to.
        """
        assert self.relay.out_of_place == []
        mails = self.relay.messages
        got = copies if copies is not None else [(mail.recipient, mail.at) for mail in mails]
        paces = paced_by if paced_by is not None else [at for _, at in got]
        stands = await self.standing(dispatch)
        if among is not None:
            got = [(to, at) for to, at in got if to in among]
            stands = {to: outcome for to, outcome in stands.items() if to in among}
        number = Counter(to for to, _ in got)
        expected = {to: (otherwise or {}).get(to, {Outcome.ACCEPTED}) for to in stands}
        doubts = [doubt for doubt in await self.doubts(dispatch) if among is None or doubt[0] in among]
        demand_listed_before(got, doubts)
        return Row(
            fault,
            what,
            recipients=len(stands),
            lost=sum(1 for to, outcome in stands.items() if not number[to] and outcome not in LISTED),
            repeats=sum(number.values()) - len(number),
            most_copies=max(number.values(), default=0),
            uncertain=len(doubts),
            wrong_state=sum(1 for to, outcome in stands.items() if outcome not in expected[to]),
            to_full_rate=no_rate or (full_rate_after(paces, fault_at) if fault_at else None),
        )

    async def standing(self, dispatch: int) -> dict[str, Outcome]:
        """Each address, and how its delivery stands."""
        query = select(attempts.c.seq, attempts.c.outcome).where(attempts.c.dispatch == dispatch)
        async with self.store.read() as tx:
            known = await tx.execute(
                select(deliveries.c.seq, deliveries.c.address).where(deliveries.c.dispatch == dispatch)
            )
            addresses = {seq: to for seq, to in known}
            latest = {
                seq: Outcome(outcome) for seq, outcome in await tx.execute(query.order_by(attempts.c.id))
            }
        return {to: latest.get(seq, Outcome.QUEUED) for seq, to in addresses.items()}

    async def doubts(self, dispatch: int) -> list[tuple[str, float, int]]:
        """Whose delivery was listed as uncertain, when, and by which life of the sender."""
        query = (
            select(deliveries.c.address, attempts.c.at, attempts.c.epoch)
            .join(
                deliveries,
                (deliveries.c.dispatch == attempts.c.dispatch) & (deliveries.c.seq == attempts.c.seq),
            )
            .where(attempts.c.dispatch == dispatch, attempts.c.outcome == Outcome.UNCERTAIN.value)
        )
        async with self.store.read() as tx:
            return [(to, at.timestamp(), epoch) for to, at, epoch in await tx.execute(query)]


@asynccontextmanager
async def open_house(
    folder: Path, *, lanes: int = 4, database: str = "", **settings: Any
) -> AsyncIterator[House]:
    """An instance without anything in it, beside a relay that does as it should."""
    store = open_store(database or sqlite_url(folder / "univoque.db"))
    await schema.upgrade(store)
    async with store.write() as tx:
        await instance.ensure(tx)
    try:
        async with SmtpDouble() as relay:
            yield House(folder, store, relay, lanes, settings, database=database)
    finally:
        await store.close()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


async def until(
    condition: Callable[[], Awaitable[bool]], seconds: float, otherwise: Callable[[], str]
) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not await condition():  # noqa: ASYNC110 - another process rings no bell
                await asyncio.sleep(0.03)
    except TimeoutError:
        raise AssertionError(otherwise()) from None


async def end(process: asyncio.subprocess.Process) -> int:
    """Ask a process to end, and wait for it."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(15):
            return await process.wait()
    except TimeoutError:
        process.kill()
        return await process.wait()


async def kill(process: asyncio.subprocess.Process) -> None:
    process.send_signal(signal.SIGKILL)
    await process.wait()


def demand_listed_before(got: Copies, doubts: Sequence[tuple[str, float, int]]) -> None:
    """Each repeat was listed as uncertain before it arrived."""
    seen: Counter[str] = Counter()
    for to, at in sorted(got, key=lambda one: one[1]):
        listed = sum(1 for whose, when, _ in doubts if whose == to and when <= at) if seen[to] else 0
        assert listed >= seen[to], f"{to} got copy {seen[to] + 1} and was not listed before"
        seen[to] += 1


def message_ids(mails: Sequence[Received]) -> dict[str, set[str]]:
    """The Message-IDs under which each recipient got copies: one each, however many copies."""
    found: dict[str, set[str]] = {}
    for mail in mails:
        found.setdefault(mail.recipient, set()).add(mail.message_id)
    return found


def rates(instants: Sequence[float], at: float) -> tuple[float, float]:
    """Of so many arrivals: how many came a second before and after an instant."""
    before, after = [one for one in instants if one <= at], [one for one in instants if one > at]
    return len(before) / (at - before[0]), len(after) / (after[-1] - at)


def full_rate_after(instants: Sequence[float], fault_at: float, window: float = 0.5) -> float | None:
    """Seconds from the fault to a window in which 80 % of the rate before it was reached; None if never."""
    before = [at for at in instants if at <= fault_at]
    after = sorted(at for at in instants if at > fault_at)
    if len(before) < 20:
        return None
    rate = len(before) / max(fault_at - before[0], window)
    for number, at in enumerate(after):
        needed = number + int(0.8 * rate * window)
        if needed < len(after) and after[needed] <= at + window:
            return at - fault_at
    return None
