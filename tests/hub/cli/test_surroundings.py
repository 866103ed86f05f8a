"""What the surroundings refuse is one clear paragraph with file and remedy, and exit code 3; never a traceback."""

from pathlib import Path

import pytest

from tests.hub.cli.console import Run, document, in_force, staffed

EVERY = [
    ("serve",),
    ("work",),
    ("status",),
    ("stop",),
    ("resume", "--by", "Crise"),
    ("approve", "visites", "--by", "Crise"),
    ("waive", "visites", "U301", "--cell", "sport", "--by", "Crise", "--reason", "Non."),
    ("journal",),
    ("journal", "verify"),
    ("staff", "list"),
    ("staff", "add", "Crise", "--role", "approver"),
    ("staff", "token", "Crise"),
    ("staff", "disable", "Crise"),
    ("in-force", "--sector", "sport", "--audience", "family", "--place", "92094"),
]  # fmt: skip
"""What needs an instance, but for those that read a file first."""
NONSENSE = b"This was never a database, and is long enough that nobody takes it for an empty one. " * 20


def test_a_data_directory_that_cannot_be_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    (tmp_path / "config.toml").write_text('[service]\ndata_dir = "taken/data"\n')

    code, error = run("init")

    assert code == 3
    assert "taken/data: Not a directory; something else stands in that place" in error


def test_a_settings_file_that_cannot_be_written_is_named(run: Run) -> None:
    code, error = run("init", "--config", "nowhere/config.toml")

    assert code == 3
    assert "nowhere/config.toml: No such file or directory; make its directory first" in error


@pytest.mark.parametrize(
    "command", [("init",), ("status",), ("serve",), ("journal", "verify"), ("staff", "list")]
)
def test_a_file_that_is_no_database_is_told_with_its_remedy(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "univoque.db").write_bytes(NONSENSE)

    code, error = run(*command)

    assert code == 3
    assert "not a database: restore the database from its last backup" in error


@pytest.mark.parametrize("command", EVERY)
def test_a_directory_without_an_instance_stays_as_it_is(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    code, error = run(*command)

    assert code == 3
    assert "univoque.db is not there; run `univoque init` first" in error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", EVERY)
def test_a_database_without_tables_is_told_so_by_every_command(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "univoque.db").touch()

    code, error = run(*command)

    assert code == 3
    assert "univoque.db does not have the tables of this version: run `univoque init`" in error
    assert "no such table" not in error


def test_looking_for_faults_makes_no_database(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()

    run("doctor")

    assert list((tmp_path / "data").iterdir()) == []


def test_an_approval_whose_pages_cannot_be_written_says_so_and_stands(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    instance("submit", str(in_force(tmp_path)), "--by", "Rédaction", token=editor)
    (tmp_path / "data" / "publish.lock").mkdir()

    code, error = instance("approve", "visites", "--by", "Crise", token=approver)

    assert code == 3
    assert "publish.lock: Is a directory" in error
    assert "visites is approved" in error
    assert document(instance("status", "--json")[1])["directives"][0]["stage"] == "approved"
