"""What a sender makes of its disk: it pauses where there is no room, and lives on where it cannot look."""

import asyncio
import errno
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from hub import minding
from hub.queue.desk import Desk
from hub.store.reserve import LEAST, Reserve
from tests import plans


class Watched(Desk):
    """A desk that only notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def hold_back(self, seconds: float) -> None:
        self.told.append("held back" if seconds else "goes on")


@asynccontextmanager
async def minded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Watched]:
    monkeypatch.setattr(minding, "EVERY", 0.01)
    store, desk = await plans.new_store(folder / "univoque.db"), Watched()
    hub = plans.hub_on(store, plans.config_for(folder))
    task = asyncio.create_task(minding.the_disk(hub, desk))
    try:
        yield desk
        assert not task.done(), "it ended, and the sender with it"
    finally:
        task.cancel()
        await asyncio.wait([task])
        await store.close()


async def some_looks() -> None:
    await asyncio.sleep(0.1)


async def test_a_disk_that_cannot_be_looked_at_is_said_once_and_ends_no_sender(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreadable(_: Reserve) -> int:
        raise OSError(errno.EIO, "Input/output error", "univoque.db")

    with capture_logs() as logs:
        async with minded(tmp_path, monkeypatch) as desk:
            monkeypatch.setattr(Reserve, "free", unreadable)
            await some_looks()
            monkeypatch.undo()
            await some_looks()

    assert [log["event"] for log in logs if log["log_level"] == "warning"] == ["the disk cannot be looked at"]
    assert desk.told == []


async def test_a_reserve_that_cannot_be_given_back_pauses_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    free, unlink = Reserve.free, Path.unlink

    def stays(file: Path, missing_ok: bool = False) -> None:
        if file.name.endswith(".reserve"):
            raise PermissionError(errno.EPERM, "Operation not permitted", str(file))
        unlink(file, missing_ok)

    async with minded(tmp_path, monkeypatch) as desk:
        await some_looks()
        monkeypatch.setattr(Path, "unlink", stays)
        monkeypatch.setattr(Reserve, "free", lambda _: LEAST - 1)
        await some_looks()
        monkeypatch.setattr(Reserve, "free", free)
        monkeypatch.setattr(Path, "unlink", unlink)
        await some_looks()

    assert desk.told[0] == "held back"
    assert desk.told[-1] == "goes on"
