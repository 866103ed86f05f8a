"""Whether this machine may send from this database: not from one that was restored or copied, until `adopt`."""

import asyncio
from dataclasses import replace
from pathlib import Path
from secrets import token_hex

from hub import epoch
from hub.context import Hub, database_url
from hub.epoch import Epoch
from hub.lock import Lock
from hub.store import instance, lives
from hub.store.engine import Tx, sqlite_file

PATIENCE = 10.0
"""Seconds within which another process has done with the epoch file."""

REMEDY = (
    "nothing is sent; `univoque stop ID` what must not leave again, then `univoque adopt` takes it over here"
)


async def fault(hub: Hub, tx: Tx) -> str | None:
    """Why nothing may be sent from this database on this machine; None where all agrees, or nobody ever sent."""
    file = await _file(hub, tx)
    known = await lives.known(tx)
    try:
        found = epoch.read(file)
    except epoch.Damaged:
        return f"the sender's epoch in {file} cannot be read"
    if found is None:
        return f"its messages were sent from elsewhere: there is no {file} here" if known else None
    if (copied := _copied(file, found)) is not None:
        return copied
    if known.get(found.seat) not in {_name(found.number, found.life), _name(found.number + 1, found.coming)}:
        return f"the database does not know the last sender of this machine (life {found.number}): it is another one"
    mark = await lives.mark(tx)
    if found.database and found.database != mark:
        return f"the database was restored or moved: its tables are not those that {file} was written beside"
    had = await lives.progress(tx)
    if had.attempts < found.attempts or had.entries < found.entries:
        return (
            f"the database is an older one: {max(found.attempts - had.attempts, 0)} lines of the ledger and "
            f"{max(found.entries - had.entries, 0)} of the journal that were written here are not in it"
        )
    return None


async def may_sign(hub: Hub, tx: Tx) -> str | None:
    """The same for who approves, perhaps on a machine from which nothing is ever sent."""
    if sqlite_file(database_url(hub.config)) is None and epoch.read(await _file(hub, tx)) is None:
        return None
    return await fault(hub, tx)


async def begin(hub: Hub) -> str | None:
    """Begin the next life of this machine's sender; returns why not, where it may not.

    The file says first which life is coming, then the database, then the file again: whatever is cut short in
    between, the two agree, and a database from before this life does not.
    """
    async with hub.store.read() as tx:
        file = await _file(hub, tx)
    async with _Turn(file):
        async with hub.store.read() as tx:
            if (why := await fault(hub, tx)) is not None:
                return why
        known = epoch.read(file) or Epoch(seat=token_hex(8), number=0, life="")
        await _advance(hub, file, known)
    return None


async def take_over(hub: Hub, tx: Tx) -> Epoch:
    """Make this machine the one that sends from this database, within the transaction that says so.

    With SQLite it is the only one; with PostgreSQL the others keep their seats.
    """
    file = await _file(hub, tx)
    known = await lives.known(tx)
    if sqlite_file(database_url(hub.config)) is not None or "sender/life" in known:
        await lives.forget(tx)
    had = await lives.progress(tx)
    number = 1 + max([int(life.split()[0]) for life in known.values()], default=0)
    fresh = Epoch(
        token_hex(8),
        number,
        token_hex(8),
        attempts=had.attempts,
        entries=had.entries,
        database=await lives.mark(tx),
    )
    await lives.put(tx, fresh.seat, _name(fresh.number, fresh.life))
    await asyncio.to_thread(epoch.write, file, fresh, durable=True)
    return fresh


async def note(hub: Hub) -> None:
    """Write down outside the database how far it has got; an older one is known by that."""
    async with hub.store.read() as tx:
        file = await _file(hub, tx)
        had = await lives.progress(tx)
    async with _Turn(file):
        known = epoch.read(file)
        if known is not None and (known.attempts, known.entries) != had:
            fresh = replace(
                known,
                attempts=max(known.attempts, had.attempts),
                entries=max(known.entries, had.entries),
            )
            await asyncio.to_thread(epoch.write, file, fresh, durable=False)


async def _advance(hub: Hub, file: Path, known: Epoch) -> None:
    coming = token_hex(8)
    await asyncio.to_thread(epoch.write, file, replace(known, coming=coming), durable=True)
    async with hub.store.write() as tx:
        await lives.put(tx, known.seat, _name(known.number + 1, coming))
        had, mark = await lives.progress(tx), await lives.mark(tx)
    fresh = Epoch(
        known.seat,
        known.number + 1,
        coming,
        attempts=had.attempts,
        entries=had.entries,
        database=mark,
    )
    await asyncio.to_thread(epoch.write, file, fresh, durable=True)


def _copied(file: Path, found: Epoch) -> str | None:
    here = epoch.machine()
    if found.machine and here and found.machine != here:
        return f"its directory was copied from another machine: {file} was written there"
    if not epoch.is_itself(file, found):
        return f"its directory was copied or restored: {file} is not the file that was written here"
    return None


def _name(number: int, life: str) -> str:
    return f"{number} {life}"


async def _file(hub: Hub, tx: Tx) -> Path:
    """One for each database: another one in the same directory is no stranger's."""
    directory = hub.config.service.epoch_dir or hub.config.service.data_dir
    return Path(directory) / f"sender-{(await instance.get(tx)).id[:8]}.epoch"


class _Turn:
    """Held by one process at a time; several senders of a machine share its file."""

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = Lock(file.with_suffix(".lock"))

    async def __aenter__(self) -> None:
        await self._lock.take_within(PATIENCE)

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
