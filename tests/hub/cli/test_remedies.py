"""What a newcomer gets wrong is told in one paragraph with its place and the next command to type."""

from pathlib import Path

import pytest

from hub.cli.printing import print_findings, table
from hub.model.review import Finding, Level
from tests.hub.cli.console import Run, document, staffed


@pytest.mark.parametrize("command", [("status", "nosuch"), ("approve", "nosuch", "--by", "Crise")])
def test_a_directive_that_is_not_here_is_answered_with_where_all_are_listed(
    instance: Run, command: tuple[str, ...]
) -> None:
    _, approver = staffed(instance)

    code, told = instance(*command, "--json", token=approver)

    assert code == 1
    assert "`univoque status` lists what there is" in document(told)["error"]["text"]


@pytest.mark.parametrize("command", [("status",), ("init",)])
def test_a_directory_as_settings_is_answered_with_the_file_to_name(
    run: Run, tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "place").mkdir()

    code, error = run(*command, "--config", "place")
    (tmp_path / "place" / "config.toml").write_text("")
    _, after = run(*command, "--config", "place")

    assert code == 2
    assert (
        "place is a directory; `univoque init --config place/config.toml` writes a settings file in it"
        in error
    )
    assert "place is a directory; name its file: --config place/config.toml" in after


def test_settings_in_place_of_a_directive_file_are_one_finding(instance: Run) -> None:
    code, told = instance("check", "config.toml", "--json")

    (finding,) = document(told)["findings"]
    assert code == 1
    assert (finding["code"], finding["where"]) == ("U001", "config.toml")
    assert "no directive file" in finding["text"]
    assert "docs/directive-file.md" in finding["remedy"]


@pytest.mark.parametrize("name", ["data/univoque.db", "large.db"])
def test_a_binary_file_in_place_of_a_directive_file_is_called_so(
    instance: Run, tmp_path: Path, name: str
) -> None:
    (tmp_path / "large.db").write_bytes(b"SQLite format 3\0" * 300_000)

    _, told = instance("check", name, "--json")

    (finding,) = document(told)["findings"]
    assert "binary" in finding["text"]
    assert "name a directive file" in finding["remedy"]


def test_a_wrong_token_and_a_wrong_name_get_the_same_way_to_a_new_token(instance: Run) -> None:
    _, approver = staffed(instance)

    token = document(instance("resume", "--by", "Rédaction", "--json", token=approver)[1])["error"]["text"]
    name = document(instance("resume", "--by", "Personne", "--json", token=approver)[1])["error"]["text"]

    assert "`univoque staff token NAME` gives a new token" in token
    assert "`univoque staff list`" in token
    assert name.replace("Personne", "Rédaction") == token


@pytest.mark.parametrize(
    ("command", "remedy"),
    [
        (("staff", "add", "", "--role", "editor"), "`univoque staff add NAME --role ROLE`"),
        (("staff", "add", " ", "--role", "editor"), "`univoque staff add NAME --role ROLE`"),
        (("staff", "token", ""), "`univoque staff list`"),
        (("staff", "disable", ""), "`univoque staff list`"),
        (("resume", "--by", ""), "`univoque staff list`"),
        (("stop", "--by", ""), "`univoque staff list`"),
        (("retry", "", "--by", "Crise"), "`univoque status`"),
        (("approve", " ", "--by", "Crise"), "`univoque status`"),
        (("go-on", "", "--by", "Crise"), "`univoque status`"),
        (("stop", ""), "`univoque status`"),
        (("status", ""), "`univoque status`"),
        (("status", "visites", "--failed", "--by", ""), "`univoque staff list`"),
    ],
)
def test_an_empty_name_is_wrong_use(instance: Run, command: tuple[str, ...], remedy: str) -> None:
    code, error = instance(*command)

    assert code == 2
    assert "is empty" in error
    assert remedy in error


def test_a_language_that_is_none_is_answered_with_those_there_are(instance: Run, tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("email,sector,audience,language\na@example.org,sport,family,xx\n")

    code, told = instance("import", "people.csv")

    assert code == 1
    assert "row 2, language: not known here; write one of: fr, de, nl, en" in told


def test_a_stop_says_who_is_in_the_journal(instance: Run) -> None:
    editor, _ = staffed(instance)

    nameless = instance("stop")[1]
    named = instance("stop", "--channel", "sms", "--by", "Rédaction", token=editor)[1]

    assert nameless == "Stopped: all sending. In the journal: by the console.\n"
    assert named == "Stopped: sms. In the journal: by Rédaction.\n"


def test_of_cells_that_nobody_reads_a_few_are_named_and_the_rest_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cells = ", ".join(f"sector{number}:family" for number in range(75))

    print_findings([Finding("U306", Level.NOTE, "act", cells, "nobody there.", "import")])

    told = capsys.readouterr().out
    assert "sector0:family, sector1:family, sector2:family and 72 more\n" in told
    assert "sector3" not in told


def test_a_narrow_table_cuts_no_id(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    long = "wal-visites-2020-03-11-" + "x" * 60

    table("Directive", "Stage", rows=[(long, "approved and in force since the morning")])

    told = capsys.readouterr().out
    assert "…" not in told
    assert long in "".join(line[:40].split("  ")[0].strip() for line in told.splitlines()[1:])
