"""Finds what would fail on the day it matters: settings, disk, database, journal, relay, provider, feeds."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import feedparser

from hub import machine, outside
from hub.config import Config
from hub.context import Hub, database_url, open_hub
from hub.diagnosis import Diagnosis as Diagnosis
from hub.diagnosis import unlooked
from hub.errors import ConfigError, UnivoqueError, refused_by_system
from hub.flow import canary, life, publish
from hub.outside import TOLERANCE
from hub.store import instance, journal, reserve, schema, staff
from hub.store.engine import sqlite_file

SET_UP = frozenset({"staff", "languages", "public address", outside.SELECTOR})
"""What people settle in the instance itself; all else is its surroundings."""


def exit_code(diagnoses: Iterable[Diagnosis]) -> int:
    """0 where all is fine, 3 where the surroundings fail, 1 where only something is left to set up (decision 18)."""
    amiss = {diagnosis.what for diagnosis in diagnoses if not diagnosis.fine}
    if not amiss:
        return 0
    return 1 if amiss <= SET_UP else 3


async def examine(config: Config) -> list[Diagnosis]:
    """Look at everything; a fault in one does not hide the next."""
    async with open_hub(config) as hub:
        return [diagnosis async for diagnosis in _all(hub)]


async def _all(hub: Hub) -> AsyncIterator[Diagnosis]:
    config, now = hub.config, hub.clock.now()
    yield _or_refusal("data directory", lambda: machine.data_dir(config.service.data_dir))
    yield _or_refusal("disk", lambda: machine.syncs(config.service.data_dir))
    yield _or_refusal("reserve", lambda: machine.reserve(reserve.beside(database_url(config))))
    yield machine.event_loop()
    async for diagnosis in _database(hub):
        yield diagnosis
    yield await _clock(hub)
    yield _languages(hub)
    yield _canary(hub)
    yield _address(config)
    async for diagnosis in _way_in(hub):
        yield diagnosis
    async for diagnosis in outside.relays(config, now):
        yield diagnosis
    async for diagnosis in outside.sender_records(config):
        yield diagnosis
    async for diagnosis in outside.provider(config, now):
        yield diagnosis
    yield _or_refusal("feeds", lambda: _feeds(config.public_dir))


def _or_refusal(what: str, look: Callable[[], Diagnosis]) -> Diagnosis:
    """What was found, or why the system did not even let us look."""
    try:
        return look()
    except OSError as error:
        return Diagnosis(what, False, str(refused_by_system(error)), "mend that, and look again")


async def _database(hub: Hub) -> AsyncIterator[Diagnosis]:
    try:
        file = sqlite_file(database_url(hub.config))
        if file is not None and not file.is_file():
            yield Diagnosis("database", False, f"{file} is not there", "run `univoque init`")
            return
        if not await schema.is_current(hub.store):
            yield Diagnosis("database", False, "its tables are of another version", "run `univoque init`")
            return
        async with hub.store.read() as tx:
            verdict = await journal.verify(tx)
            elsewhere = await life.fault(hub, tx)
            people = [person for person in await staff.everybody(tx) if person.disabled_at is None]
        async with hub.store.write():
            pass  # the lock is had, so it can be written
    except UnivoqueError as error:
        yield Diagnosis("database", False, str(error), "see which process holds it, or restore it")
        return
    yield Diagnosis("database", True, "its tables are current, and it can be written")
    yield Diagnosis(
        "journal",
        verdict.fault is None,
        verdict.fault or f"{verdict.entries} entries hold",
        "" if verdict.fault is None else "somebody altered it: keep a copy, and find out who",
    )
    yield Diagnosis(
        "sender's epoch",
        elsewhere is None,
        elsewhere or "this database is sent from here",
        "" if elsewhere is None else life.REMEDY,
    )
    roles = {role for person in people for role in person.roles}
    fit = len(people) >= 2 and {"editor", "approver"} <= roles
    yield Diagnosis(
        "staff",
        fit,
        f"{len(people)} people",
        "" if fit else "an editor and another person as approver are needed: `univoque staff add`",
    )


async def _clock(hub: Hub) -> Diagnosis:
    """A clock that is behind what was already written under it is wrong: expiry and retries go by it."""
    now = hub.clock.now()
    written = [(at, what) for at, what in await _written(hub) if at > now + TOLERANCE]
    if written:
        at, what = max(written)
        finding = f"{now:%Y-%m-%d %H:%M} UTC is before {what} of {at:%Y-%m-%d %H:%M} UTC"
        return Diagnosis("clock", False, finding, "set the clock; see whether it is kept by NTP")
    return Diagnosis("clock", True, f"{now:%Y-%m-%d %H:%M} UTC")


async def _written(hub: Hub) -> list[tuple[datetime, str]]:
    """When something was last written, by the clock of its day: in the journal, and on the disk."""
    found = []
    database = sqlite_file(database_url(hub.config))
    if database is None or database.is_file():  # opening it would make one
        with suppress(UnivoqueError):
            async with hub.store.read() as tx:
                if last := await journal.last(tx):
                    found.append((last.at, f"entry {last.id} of the journal"))
    for file in (database, hub.config.public_dir / publish.STATE):
        with suppress(OSError):
            if file is not None:
                found.append((datetime.fromtimestamp(file.stat().st_mtime, UTC), f"{file.name}"))
    return found


def _languages(hub: Hub) -> Diagnosis:
    missing = [lang for lang in hub.config.service.languages if lang not in hub.wording.languages]
    if missing:
        return Diagnosis(
            "languages", False, f"no words in {', '.join(missing)}", "take them out of service.languages"
        )
    return Diagnosis("languages", True, ", ".join(hub.config.service.languages))


def _canary(hub: Hub) -> Diagnosis:
    """A list that cannot be read would hold up the next act that the staff is to see first."""
    file, pause = hub.config.canary.file, hub.config.canary.pause
    if not file or pause <= timedelta(0):
        return Diagnosis("canary", True, "nobody of the staff gets messages first")
    try:
        number = len(canary.staff_first(hub, "Future"))
    except ConfigError as error:
        remedy = "put the staff's addresses there, one a line, or leave canary.file empty"
        return Diagnosis("canary", False, str(error), remedy)
    if not number:
        return Diagnosis("canary", False, f"{file} names nobody", "name the staff's addresses, one a line")
    return Diagnosis("canary", True, f"{number} of the staff get messages first")


def _address(config: Config) -> Diagnosis:
    """Readers and callbacks come to base_url; a live instance on a loopback address is reached by nobody."""
    url = config.service.base_url
    live = config.service.mode == "Actual"
    local = any(host in url for host in ("127.0.0.1", "localhost", "[::1]"))
    if live and (local or not url.startswith("https://")):
        return Diagnosis(
            "public address", False, url, "set service.base_url to the https address readers use"
        )
    return Diagnosis("public address", True, url)


async def _way_in(hub: Hub) -> AsyncIterator[Diagnosis]:
    """Only where it is meant to be reached, and the address could be."""
    if hub.config.service.mode != "Actual" or not _address(hub.config).fine:
        yield unlooked("way in", "an exercise, or an address on this machine, is reached by nobody outside")
        return
    try:
        async with hub.store.read() as tx:
            who = await instance.get(tx)
    except UnivoqueError:
        return  # told of the database already
    async for diagnosis in outside.way_in(hub.config, who, hub.clock.now()):
        yield diagnosis


def _feeds(public: Path) -> Diagnosis:
    """Read our own feeds back, as a stranger's reader would."""
    files = sorted((public / "feeds").rglob("*.atom")) + sorted((public / "feeds").rglob("*.rss"))
    for file in files:
        # Octets, never a str: feedparser would open that as a file or an address.
        parsed = feedparser.parse(file.read_bytes())
        if parsed.bozo:
            return Diagnosis(
                "feeds", False, f"{file.name}: {parsed.bozo_exception}", "publish again: `univoque serve`"
            )
    return Diagnosis("feeds", True, f"{len(files)} feeds read back" if files else "nothing is published yet")
