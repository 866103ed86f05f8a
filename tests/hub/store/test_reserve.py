"""The reserve is taken while there is room, given back when there is none, and not taken and given by turns."""

from pathlib import Path

import pytest

from hub.store import reserve
from hub.store.reserve import LEAST, SIZE, Reserve


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reserve:
    monkeypatch.setattr(Reserve, "free", lambda _: 10 * SIZE)
    return Reserve(tmp_path / "univoque.db.reserve")


def test_it_is_taken_and_has_its_size(held: Reserve) -> None:
    assert held.keep()

    assert held.file.stat().st_blocks * 512 >= SIZE


def test_without_room_it_is_given_back_and_nothing_may_begin(
    held: Reserve, monkeypatch: pytest.MonkeyPatch
) -> None:
    held.keep()
    monkeypatch.setattr(Reserve, "free", lambda _: LEAST - 1)

    assert not held.keep()

    assert not held.is_there


def test_the_room_that_it_gave_back_is_no_reason_to_go_on(
    held: Reserve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Reserve, "free", lambda _: LEAST - 1 + SIZE)

    assert not held.keep()
    assert not held.is_there


def test_a_directory_that_takes_no_file_is_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Reserve, "free", lambda _: 10 * SIZE)

    assert not Reserve(tmp_path / "nowhere" / "univoque.db.reserve").keep()


def test_a_database_elsewhere_has_none() -> None:
    assert reserve.beside("postgresql+asyncpg://host/univoque") is None
    assert reserve.beside("sqlite+aiosqlite:////data/univoque.db") == Reserve(
        Path("/data/univoque.db.reserve")
    )
