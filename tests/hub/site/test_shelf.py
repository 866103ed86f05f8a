"""Public files: each whole or not at all, nothing taken away."""

import gzip
from pathlib import Path

import pytest

from hub.errors import EnvironmentFailed
from hub.site import shelf


def test_a_file_and_its_gzipped_twin_lie_where_they_should(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("d/K7QX2M/index.html", b"<p>eins</p>")])

    page = tmp_path / "d" / "K7QX2M" / "index.html"
    assert page.read_bytes() == b"<p>eins</p>"
    assert gzip.decompress(page.with_name("index.html.gz").read_bytes()) == b"<p>eins</p>"


def test_what_says_the_same_is_not_touched(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("index.html", b"eins")])
    before = (tmp_path / "index.html").stat()

    written = shelf.put(tmp_path, [("index.html", b"eins")])

    assert written == 0
    assert (tmp_path / "index.html").stat().st_ino == before.st_ino
    assert (tmp_path / "index.html").stat().st_mtime_ns == before.st_mtime_ns


def test_a_new_text_replaces_the_old_one_at_once(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("index.html", b"eins")])
    with (tmp_path / "index.html").open("rb") as still_open:
        shelf.put(tmp_path, [("index.html", b"zwei")])

        assert still_open.read() == b"eins", "who is reading keeps the old file whole"
    assert (tmp_path / "index.html").read_bytes() == b"zwei"


def test_nothing_is_taken_away(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("d/OLD/index.html", b"eins")])

    shelf.put(tmp_path, [("d/NEW/index.html", b"zwei")])

    assert (tmp_path / "d" / "OLD" / "index.html").is_file()


def test_a_twin_that_a_crash_left_behind_is_brought_up_to_date(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("index.html", b"eins")])
    (tmp_path / "index.html.gz").write_bytes(gzip.compress(b"null"))

    shelf.put(tmp_path, [("index.html", b"eins")])

    assert gzip.decompress((tmp_path / "index.html.gz").read_bytes()) == b"eins"


def test_what_was_half_written_is_swept_away_and_nothing_else(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("d/A/index.html", b"eins")])
    (tmp_path / "d" / "A" / ".index.html.tmp").write_bytes(b"ei")

    shelf.sweep(tmp_path)

    assert sorted(file.name for file in tmp_path.rglob("*") if file.is_file()) == [
        "index.html",
        "index.html.gz",
    ]


def test_a_disk_that_refuses_is_named_and_the_old_file_stays(tmp_path: Path) -> None:
    shelf.put(tmp_path, [("index.html", b"eins")])
    (tmp_path / "d").write_bytes(b"a file where a folder should be")

    with pytest.raises(EnvironmentFailed, match="still served"):
        shelf.put(tmp_path, [("d/A/index.html", b"zwei")])

    assert (tmp_path / "index.html").read_bytes() == b"eins"
