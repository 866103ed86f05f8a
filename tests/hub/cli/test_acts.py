"""Who may do what at the command line, and that an approver signs what was shown."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.hub.cli.console import Run, document, in_force, staffed
from tests.processes import ROOT


def actors(run: Run) -> list[tuple[str, str]]:
    return [(e["action"], e["actor"]) for e in document(run("journal", "--json")[1])["entries"]]


def test_stop_without_a_name_is_the_console_s(instance: Run) -> None:
    assert instance("stop")[0] == 0

    assert ("stopped", "(console)") in actors(instance)


def test_stop_with_a_name_needs_that_person_s_token(instance: Run) -> None:
    editor, approver = staffed(instance)

    assert instance("stop", "--by", "Rédaction", token=approver)[0] == 1
    assert instance("stop", "--by", "Personne", token=editor)[0] == 1
    assert instance("stop", "--by", "Rédaction", token=editor)[0] == 0

    assert ("stopped", "Rédaction") in actors(instance)


def test_resume_needs_an_operator_or_an_approver(instance: Run) -> None:
    editor, approver = staffed(instance)
    instance("stop")

    assert instance("resume")[0] == 2
    assert instance("resume", "--by", "Rédaction", token=editor)[0] == 1
    assert instance("resume", "--by", "Crise", token=editor)[0] == 1
    assert ("resumed", "Crise") not in actors(instance)
    assert instance("resume", "--by", "Crise", token=approver)[0] == 0

    assert ("resumed", "Crise") in actors(instance)


def test_an_approver_may_sign_a_waiver(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    named = 'sectors = ["elderly.residential", "disability.residential"]\naudiences = ["citizen"]'
    file.write_text(file.read_text().replace(named, 'sectors = ["culture"]\naudiences = ["citizen"]'))
    _, output = instance("submit", str(file), "--by", "Rédaction", "--json", token=editor)
    blocker = next(f for f in document(output)["submissions"][0]["findings"] if f["level"] == "blocker")

    code, told = instance(
        "waive", "visites", blocker["code"], "--cell", blocker["where"],
        "--by", "Crise", "--reason", "La population est informée par la presse.", "--json", token=approver,
    )  # fmt: skip

    assert code == 0, told
    cell = {"code": blocker["code"], "cell": blocker["where"]}
    assert document(told) == {"directive": "visites", **cell, "by": "Crise"}


@pytest.mark.parametrize(
    ("given", "said"),
    [("it=La gente lo sa.", "--reason-in it: known are fr, de, nl, en"), ("nl", "write LANGUAGE=TEXT")],
)
def test_a_reason_in_no_known_language_is_wrong_use(instance: Run, given: str, said: str) -> None:
    editor, _ = staffed(instance)

    code, error = instance(
        "waive", "visites", "U301", "--cell", "sport", "--by", "Rédaction",
        "--reason", "La population est informée par la presse.", "--reason-in", given, token=editor,
    )  # fmt: skip

    assert code == 2
    assert said in error


def test_a_reason_in_a_language_goes_by_its_code(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    named = 'sectors = ["elderly.residential", "disability.residential"]\naudiences = ["citizen"]'
    file.write_text(file.read_text().replace(named, 'sectors = ["culture"]\naudiences = ["citizen"]'))
    _, output = instance("submit", str(file), "--by", "Rédaction", "--json", token=editor)
    blocker = next(f for f in document(output)["submissions"][0]["findings"] if f["level"] == "blocker")

    instance(
        "waive", "visites", blocker["code"], "--cell", blocker["where"], "--by", "Crise",
        "--reason", "La population est informée par la presse.",
        "--reason-in", "nl=De bevolking hoort het van de pers.", token=approver,
    )  # fmt: skip

    signed = [e for e in document(instance("journal", "--json")[1])["entries"] if e["action"] == "waive"]
    assert [entry["detail"]["words"]["nl"] for entry in signed] == ["De bevolking hoort het van de pers."]


def test_an_operator_may_not_sign_a_waiver(instance: Run) -> None:
    operator = document(instance("staff", "add", "Garde", "--role", "operator", "--json")[1])["token"]

    code, said = instance(
        "waive",
        "visites",
        "U301",
        "--cell",
        "sport",
        "--by",
        "Garde",
        "--reason",
        "Parce que.",
        token=operator,
    )

    assert code == 1
    assert said == ""


@pytest.mark.parametrize("name", ["(console)", "a\u001b[31mb", "", "a\nb"])
def test_a_name_that_would_mislead_in_the_journal_is_refused(instance: Run, name: str) -> None:
    code, error = instance("staff", "add", name, "--role", "editor")

    assert code == 2
    assert "name" in error


class Terminal(io.TextIOBase):
    """A keyboard at which an approver reads long enough for an editor to submit something else."""

    def __init__(self, meanwhile: list[str], token: str) -> None:
        super().__init__()
        self._meanwhile, self._token = meanwhile, token

    def isatty(self) -> bool:
        return True

    def readline(self, *_: object) -> str:  # type: ignore[override]
        program = "from hub.cli import main; main()"
        environ = {**os.environ, "UNIVOQUE_TOKEN": self._token, "PYTHONPATH": str(ROOT)}
        subprocess.run(
            [sys.executable, "-c", program, *self._meanwhile],
            env=environ,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        return "0\n"


def test_what_was_submitted_while_the_approver_read_is_not_signed(
    instance: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    file.write_text(file.read_text().replace("2026-01-11", "2026-01-12"))
    meanwhile = Terminal(["submit", str(file), "--by", "Rédaction"], editor)

    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdin", meanwhile)
        code, _ = instance("approve", "visites", "--by", "Crise", token=approver)

    assert code == 1
    assert document(instance("status", "--json")[1])["directives"][0]["stage"] == "submitted"


def test_a_directive_is_cancelled_with_the_file_that_published_it(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    instance("approve", "visites", "--by", "Crise", "--json", token=approver)

    submitted, _ = instance("submit", str(file), "--by", "Rédaction", "--as", "cancel", token=editor)
    code, told = instance("approve", "visites", "--by", "Crise", token=approver)

    assert (submitted, code) == (0, 0)
    assert "visites, revision 2, is cancelled: nobody is alerted." in told
    (standing,) = document(instance("status", "--json")[1])["directives"]
    assert standing["stage"] == "cancelled"


def test_a_cancellation_that_changes_a_rule_is_refused(instance: Run, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    instance("approve", "visites", "--by", "Crise", "--json", token=approver)
    file.write_text(file.read_text().replace("0800 14 689", "0800 35 168"))

    code, _ = instance("submit", str(file), "--by", "Rédaction", "--as", "cancel", token=editor)

    assert code == 1
    assert len(document(instance("status", "--json")[1])["directives"]) == 1


def test_a_script_without_a_token_is_told_where_to_put_it(instance: Run, tmp_path: Path) -> None:
    staffed(instance)
    environ = {key: value for key, value in os.environ.items() if key != "UNIVOQUE_TOKEN"}
    program = "from hub.cli import main; main()"

    ended = subprocess.run(
        [sys.executable, "-c", program, "submit", str(in_force(tmp_path)), "--by", "Rédaction"],
        env={**environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 2
    assert "UNIVOQUE_TOKEN" in ended.stderr
    assert "Rédaction" in ended.stderr
    assert [word for word in ("Warning", "Aborted", "Traceback") if word in ended.stderr] == []
