"""With --json there is one JSON document on standard output, whatever happens; and each exit code means one thing."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from hub import errors
from hub.cli import app, main
from tests import a
from tests.hub.cli.console import Run, document, staffed

DOCS = (Path(__file__).parents[3] / "docs" / "commands.md").read_text("utf-8")
VISITS = str(a.DIRECTIVES / "a-visits.toml")
STAY = {"serve", "work", "demo"}
"""They run until they are stopped, and print no result."""


def commands(group: Any = None, name: str = "") -> dict[str, Any]:
    """Every command by its whole name."""
    found: dict[str, Any] = {}
    group = group or get_command(app)
    for word, command in group.commands.items():
        whole = f"{name} {word}".strip()
        found |= commands(command, whole) if hasattr(command, "commands") else {whole: command}
    return found


def test_every_command_that_prints_a_result_prints_it_as_a_document_too() -> None:
    without = {
        name
        for name, command in commands().items()
        if not any("--json" in option.opts for option in command.params)
    }

    assert without == STAY


def told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[Any, str, int]:
    """The document on standard output, what is on standard error, and the exit code."""
    monkeypatch.setattr(sys, "argv", ["univoque", *words])
    monkeypatch.setenv("UNIVOQUE_TOKEN", "wrong")
    with pytest.raises(SystemExit) as ended:
        main()
    captured = capsys.readouterr()
    return json.loads(captured.out), captured.err, int(ended.value.code or 0)


@pytest.mark.parametrize(
    ("words", "kind", "said", "code"),
    [
        (("check", "--json"), "wrong_use", "Missing argument", 2),
        (("nothing", "--json"), "wrong_use", "No such command 'nothing'", 2),
        (("status", "--json", "--nothing"), "wrong_use", "No such option: --nothing", 2),
        (("stop", "visites", "--channel", "sms", "--json"), "wrong_use", "not both", 2),
        (("check", "nofile.toml", "--json"), "wrong_use", "nofile.toml: no such file", 2),
        (("check", VISITS, "--json", "--config", "nowhere.toml"), "settings", "nowhere.toml", 2),
        (("status", "nobody", "--json"), "not_found", "nobody", 1),
        (("resume", "--by", "Rédaction", "--json"), "not_allowed", "token", 1),
        (("staff", "disable", "Personne", "--json"), "not_found", "Personne", 1),
    ],
)
def test_an_error_is_the_one_document_and_stands_on_standard_error_too(
    instance: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    kind: str,
    said: str,
    code: int,
) -> None:
    staffed(instance)

    found, shown, ended = told(monkeypatch, capsys, *words)

    assert found.keys() == {"error"}
    assert found["error"].keys() == {"kind", "text"}
    assert found["error"]["kind"] == kind
    assert said in found["error"]["text"]
    assert said.split()[-1] in shown
    assert ended == code


def test_without_json_an_error_is_on_standard_error_alone(
    instance: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["univoque", "status", "nobody"])

    with pytest.raises(SystemExit):
        main()

    captured = capsys.readouterr()
    assert captured.out == ""
    assert "nobody" in captured.err


def test_stopping_and_going_on_say_what_changed(instance: Run) -> None:
    editor, approver = staffed(instance)

    stopped = [document(instance("stop", "--channel", "sms", "--json")[1]) for _ in range(2)]
    resumed = document(instance("resume", "--by", "Crise", "--channel", "sms", "--json", token=approver)[1])

    assert stopped == [
        {"directive": None, "channel": "sms", "stopped": True, "changed": True},
        {"directive": None, "channel": "sms", "stopped": True, "changed": False},
    ]
    assert resumed == {"directive": None, "channel": "sms", "stopped": False, "changed": True}
    assert editor != approver


def test_an_instance_that_is_made_says_where(run: Run) -> None:
    made = [document(run("init", "--json")[1]) for _ in range(2)]

    assert [each["written"] for each in made] == [True, False]
    assert made[0]["settings"] == "config.toml"
    assert made[0]["mode"] == "Exercise"
    assert Path(made[0]["data_dir"]).name == "data"


def test_rights_that_end_say_since_when(instance: Run) -> None:
    staffed(instance)

    ended = document(instance("staff", "disable", "Crise", "--json")[1])

    listed = {p["name"]: p["disabled_at"] for p in document(instance("staff", "list", "--json")[1])["staff"]}
    assert ended["name"] == "Crise"
    assert ended["disabled_at"][:19] == listed["Crise"][:19]


@pytest.mark.parametrize(
    "words",
    [
        ("check", "nofile.toml"),
        ("check", VISITS, "nofile.toml"),
        ("check", "."),
        ("check", VISITS, "--against", "nofile.toml"),
        ("check", VISITS, "--register", "nofile.toml"),
        ("preview", "nofile.toml"),
        ("conflicts", "nofile.toml"),
        ("targets", "nofile.toml", "--measure", "a#m1", "--place", "92094"),
        ("in-force", "nofile.toml", "--sector", "sport", "--audience", "family", "--place", "92094"),
        ("import", "nofile.csv"),
    ],
)
def test_a_file_that_is_not_there_is_wrong_use(instance: Run, words: tuple[str, ...]) -> None:
    code, error = instance(*words)

    assert code == 2
    assert "; name files that are there" in error


def test_a_directory_in_the_place_of_a_file_is_called_one(instance: Run) -> None:
    assert ".: a directory" in instance("import", ".")[1]


def test_a_missing_file_of_a_submission_is_wrong_use(instance: Run) -> None:
    editor, _ = staffed(instance)

    code, error = instance("submit", "nofile.toml", "--by", "Rédaction", token=editor)

    assert code == 2
    assert "nofile.toml: no such file" in error


def test_an_instance_that_lacks_only_its_staff_has_a_finding_and_no_fault_around_it(instance: Run) -> None:
    before = instance("doctor", "--json")
    staffed(instance)
    after = instance("doctor", "--json")

    amiss = [d["what"] for d in document(before[1])["diagnoses"] if not d["fine"]]
    assert (before[0], amiss) == (1, ["staff"])
    assert after[0] == 0


def test_every_kind_of_error_is_explained_with_its_exit_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d) \|", DOCS, re.MULTILINE)

    known = {
        (error.kind, str(error.exit_code))
        for error in vars(errors).values()
        if isinstance(error, type) and issubclass(error, errors.UnivoqueError)
    }
    assert sorted(rows) == sorted(known)
