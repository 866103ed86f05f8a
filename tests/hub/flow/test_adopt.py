"""A restored or copied database sends nothing until somebody adopts it by name."""

import asyncio
import shutil
import sqlite3
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert

from hub import epoch
from hub.context import Hub
from hub.errors import EnvironmentFailed, NotAllowed, Refusal
from hub.flow import life
from hub.flow.adopt import adopt, would_send
from hub.flow.approve import approve
from hub.flow.submit import submit
from hub.model.staff import Role
from hub.now import Clock
from hub.store import journal
from hub.store.engine import Store, open_store, sqlite_url
from hub.store.tables import attempts
from tests import a, plans
from tests.doubles.smtp import SmtpDouble
from tests.hub.mail import sending
from tests.plans import NOON

OPERATOR = a.staff("Opérations", Role.OPERATOR)
OpenHub = Callable[..., Hub]


@pytest.fixture
async def open_hub(tmp_path: Path) -> AsyncIterator[OpenHub]:
    """Opens the instance in a directory, also one that was copied there."""
    opened: list[Store] = []

    def open_(folder: Path, **settings: object) -> Hub:
        store = open_store(sqlite_url(folder / "univoque.db"))
        opened.append(store)
        return plans.hub_on(store, plans.config_for(folder, **settings), Clock(lambda: NOON))

    yield open_
    for store in opened:
        await store.close()


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    """The directory of an instance that was never sent from."""
    folder = tmp_path / "home"
    folder.mkdir()
    store = await plans.new_store(folder / "univoque.db")
    await plans.people(store, 5)
    await store.close()
    return folder


def backup(folder: Path, to: Path) -> Path:
    """As docs/operate.md says: by SQLite's own means."""
    with sqlite3.connect(folder / "univoque.db") as source, sqlite3.connect(to) as copy:
        source.backup(copy)
    source.close()
    copy.close()
    return to


def restore(file: Path, folder: Path) -> None:
    for old in folder.glob("univoque.db*"):
        old.unlink()
    shutil.copyfile(file, folder / "univoque.db")


def epoch_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("sender-*.epoch"))


def move(folder: Path, to: Path) -> Path:
    return folder.rename(to)


async def fault(hub: Hub) -> str | None:
    async with hub.store.read() as tx:
        return await life.fault(hub, tx)


async def tried(hub: Hub, seq: int) -> None:
    """As if a sender had sent one more."""
    async with hub.store.write() as tx:
        await tx.execute(
            insert(attempts).values(
                dispatch=1, seq=seq, attempt=1, outcome="accepted", at=NOON, owner="sender", epoch=1, lane=0,
                code="250", provider_id="",
            )
        )  # fmt: skip


async def test_a_database_that_was_never_sent_from_is_sent_from_here(home: Path, open_hub: OpenHub) -> None:
    hub = open_hub(home)

    assert await life.begin(hub) is None
    assert await fault(hub) is None


async def test_each_life_of_the_sender_advances_the_epoch(home: Path, open_hub: OpenHub) -> None:
    hub = open_hub(home)

    for _ in range(3):
        assert await life.begin(hub) is None

    (file,) = epoch_files(home)
    found = epoch.read(file)
    assert found is not None
    assert found.number == 3


async def test_a_backup_of_an_earlier_life_is_known(home: Path, open_hub: OpenHub, tmp_path: Path) -> None:
    hub = open_hub(home)
    await life.begin(hub)
    copy = backup(home, tmp_path / "backup.db")
    await life.begin(hub)
    await hub.store.close()

    restore(copy, home)

    assert "does not know the last sender of this machine" in (await life.begin(open_hub(home)) or "")


async def test_a_backup_of_the_same_life_is_known_by_what_has_left_since(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    hub = open_hub(home)
    await life.begin(hub)
    copy = backup(home, tmp_path / "backup.db")
    await tried(hub, 1)
    await tried(hub, 2)
    await life.note(hub)
    await hub.store.close()

    restore(copy, home)

    assert "older one: 2 lines of the ledger" in (await life.begin(open_hub(home)) or "")


async def test_a_backup_from_before_the_first_life_is_known(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    copy = backup(home, tmp_path / "backup.db")
    hub = open_hub(home)
    await life.begin(hub)
    await hub.store.close()

    restore(copy, home)

    assert await life.begin(open_hub(home)) is not None


async def test_a_copy_of_the_database_elsewhere_is_known(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    await life.begin(open_hub(home))
    (tmp_path / "copy").mkdir()
    backup(home, tmp_path / "copy" / "univoque.db")

    assert "sent from elsewhere" in (await life.begin(open_hub(tmp_path / "copy")) or "")


async def test_a_copy_of_the_whole_directory_is_known(home: Path, open_hub: OpenHub, tmp_path: Path) -> None:
    await life.begin(open_hub(home))

    shutil.copytree(home, tmp_path / "copy")

    assert "copied or restored" in (await life.begin(open_hub(tmp_path / "copy")) or "")


async def test_a_directory_from_another_machine_is_known(
    home: Path, open_hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch, "machine", lambda: "here")
    hub = open_hub(home)
    await life.begin(hub)

    monkeypatch.setattr(epoch, "machine", lambda: "there")

    assert "copied from another machine" in (await life.begin(hub) or "")


async def test_a_machine_without_a_name_is_no_reason_to_stop(
    home: Path, open_hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub = open_hub(home)
    await life.begin(hub)

    monkeypatch.setattr(epoch, "machine", lambda: "")

    assert await life.begin(hub) is None


async def test_a_directory_that_was_moved_on_its_machine_goes_on(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    await life.begin(open_hub(home))

    moved = move(home, tmp_path / "moved")

    assert await life.begin(open_hub(moved)) is None


async def test_an_epoch_file_that_was_altered_is_no_epoch(home: Path, open_hub: OpenHub) -> None:
    hub = open_hub(home)
    await life.begin(hub)
    (file,) = epoch_files(home)

    file.write_bytes(file.read_bytes().replace(b'"number": 1', b'"number": 2'))

    assert "cannot be read" in (await life.begin(hub) or "")


async def test_with_the_epoch_elsewhere_a_directory_restored_in_place_is_known(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    hub = open_hub(home, service__epoch_dir=str(tmp_path / "state"))
    await life.begin(hub)
    copy = backup(home, tmp_path / "backup.db")
    await tried(hub, 1)
    await life.note(hub)
    await hub.store.close()
    restore(copy, home)

    again = open_hub(home, service__epoch_dir=str(tmp_path / "state"))

    assert epoch_files(home) == []
    assert "older one" in (await life.begin(again) or "")


@pytest.mark.parametrize("cut", ["before the database", "after the database"])
async def test_a_life_that_is_cut_short_as_it_begins_is_no_stranger(
    home: Path, open_hub: OpenHub, monkeypatch: pytest.MonkeyPatch, cut: str
) -> None:
    hub = open_hub(home)
    await life.begin(hub)
    write = epoch.write
    written: list[epoch.Epoch] = []

    def cutting(file: Path, found: epoch.Epoch, *, durable: bool) -> None:
        if not written:
            write(file, found, durable=durable)
        written.append(found)
        if cut == "before the database" or len(written) == 2:
            raise OSError("the power fails")

    monkeypatch.setattr(epoch, "write", cutting)
    with pytest.raises(OSError, match="power"):
        await life.begin(hub)
    monkeypatch.undo()

    assert await life.begin(hub) is None


async def test_a_copy_sends_nothing_until_it_is_adopted_and_then_begins(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    first = open_hub(home)
    await life.begin(first)
    await plans.plan(first.store, recipients=5, at=NOON, life=timedelta(days=1))
    (tmp_path / "copy").mkdir()
    backup(home, tmp_path / "copy" / "univoque.db")

    async with SmtpDouble() as relay:
        hub = open_hub(tmp_path / "copy", email__port=relay.port)
        async with sending(hub):
            await asyncio.sleep(1)
            before = len(relay.messages)
            async with hub.store.read() as tx:
                listed = await would_send(hub, tx)
            why, found = await adopt(hub, by=OPERATOR)
            async with asyncio.timeout(10):
                while len(relay.messages) < 5:  # noqa: ASYNC110 - the relay rings no bell
                    await asyncio.sleep(0.02)

    assert before == 0
    assert "sent from elsewhere" in why
    assert found == listed
    assert [(o.directive, o.waiting, o.again, o.uncertain, o.stopped) for o in found] == [
        ("d1", 5, 0, 0, False)
    ]
    async with hub.store.read() as tx:
        entry = await journal.latest(tx, subject="sender", action="adopted")
    assert entry is not None
    assert entry.actor == "Opérations"
    assert entry.detail["open"] == [o.to_json() for o in found]


async def test_what_was_adopted_elsewhere_is_not_sent_from_the_first_place_when_it_gets_that_database(
    home: Path, open_hub: OpenHub, tmp_path: Path
) -> None:
    first = open_hub(home)
    await life.begin(first)
    (tmp_path / "copy").mkdir()
    backup(home, tmp_path / "copy" / "univoque.db")
    await adopt(open_hub(tmp_path / "copy"), by=OPERATOR)
    await first.store.close()

    restore(backup(tmp_path / "copy", tmp_path / "back.db"), home)

    assert await life.begin(open_hub(home)) is not None


async def test_where_nothing_is_amiss_nothing_is_adopted(home: Path, open_hub: OpenHub) -> None:
    hub = open_hub(home)
    await life.begin(hub)

    with pytest.raises(Refusal, match="nothing is amiss"):
        await adopt(hub, by=OPERATOR)


async def test_an_editor_adopts_nothing(home: Path, open_hub: OpenHub) -> None:
    with pytest.raises(NotAllowed):
        await adopt(open_hub(home), by=a.staff("Rédaction", Role.EDITOR))


async def test_nobody_signs_on_a_copy(hub: Hub) -> None:
    await life.begin(hub)
    (file,) = epoch_files(hub.config.service.data_dir)
    file.unlink()
    hub.clock.set(NOON)
    act = a.covered(a.directive(effective_from=None, effective_to=None))
    await submit(hub, act, by=a.staff("Rédaction"))

    with pytest.raises(EnvironmentFailed, match=r"sent from elsewhere.*`univoque adopt`"):
        await approve(hub, "visites", by=a.staff("Crise", Role.APPROVER))


async def test_senders_of_one_machine_take_turns_and_both_may_send(home: Path, open_hub: OpenHub) -> None:
    first, second = open_hub(home), open_hub(home)

    begun = await asyncio.gather(life.begin(first), life.begin(second))
    await asyncio.gather(life.note(first), life.note(second))

    assert [why for why in begun if why is not None] == []
    assert await fault(first) is None
