"""What an approver reads before they sign: what is new in it, who waived what, and what the gate says now."""

import io
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hub.cli import differences
from hub.model.message import Variant
from tests.hub.cli.console import Run, in_force, staffed

FAMILY = Variant("elderly.residential", "family", "email", "fr")
STAFF = Variant("elderly.residential", "staff", "email", "fr")


class Keyboard(io.StringIO):
    """A terminal at which somebody types."""

    def isatty(self) -> bool:
        return True


Asked = Callable[[str], str]
"""What an approver with this token is shown; they leave without signing."""


@pytest.fixture
def asked(instance: Run, monkeypatch: pytest.MonkeyPatch) -> Asked:
    def show(token: str) -> str:
        with monkeypatch.context() as patch:
            patch.setattr(sys, "stdin", Keyboard("no\n"))
            code, output = instance("approve", "visites", "--by", "Crise", token=token)
        assert code == 1
        return output

    return show


def test_an_update_shows_the_words_that_readers_have_not_read_yet(
    instance: Run, asked: Asked, tmp_path: Path
) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    assert "Against revision" not in asked(approver)
    assert instance("approve", "visites", "--by", "Crise", token=approver)[0] == 0
    file.write_text(file.read_text().replace("2026-01-11", "2026-01-12"))
    assert instance("submit", str(file), "--by", "Rédaction", "--as", "update", token=editor)[0] == 0

    shown = asked(approver)

    assert "Against revision 1" in shown
    assert "elderly.residential:family" in shown
    assert "[-dimanche 11-] {+lundi 12+} janvier 2026" in " ".join(shown.split())


def test_an_update_that_says_the_same_is_said_to(instance: Run, asked: Asked, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    instance("approve", "visites", "--by", "Crise", token=approver)
    instance("submit", str(file), "--by", "Rédaction", "--as", "minor", token=editor)

    assert "All texts are those of revision 1." in asked(approver)


def test_an_approver_sees_who_waived_what_and_why(instance: Run, asked: Asked, tmp_path: Path) -> None:
    editor, approver = staffed(instance)
    file = in_force(tmp_path)
    named = 'sectors = ["elderly.residential", "disability.residential"]\naudiences = ["citizen"]'
    file.write_text(file.read_text().replace(named, 'sectors = ["culture"]\naudiences = ["citizen"]'))
    instance("submit", str(file), "--by", "Rédaction", token=editor)
    for sector in ("elderly.residential", "disability.residential"):
        reason = "La population est informée par la presse."
        cell = ("--cell", f"{sector}:citizen")
        assert (
            instance(
                "waive", "visites", "U302", *cell, "--by", "Rédaction", "--reason", reason, token=editor
            )[0]
            == 0
        )
    instance("submit", str(file), "--by", "Rédaction", token=editor)

    shown = asked(approver)

    signed = re.search(r"^U302 elderly.residential:citizen: waived by Rédaction, .*\n +(.*)$", shown, re.M)
    assert signed is not None
    assert signed[1] == "La population est informée par la presse."


def test_an_approver_sees_what_the_gate_finds_now(
    instance: Run, asked: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = tmp_path / "clock"
    monkeypatch.setenv("UNIVOQUE_DEMO_CLOCK", str(clock))
    editor, approver = staffed_at(instance, clock, 0.0)
    file = in_force(tmp_path)
    file.write_text(
        file.read_text().replace(
            "issued = 2026-01-10\n", "issued = 2026-01-10\neffective_to = 2127-01-01T00:00:00+01:00\n"
        )
    )
    assert instance("submit", str(file), "--by", "Rédaction", token=editor)[0] == 0
    assert "U401" not in asked(approver)

    clock.write_text(str(200 * 366 * 86_400.0))

    assert "U401 blocker" in asked(approver)


def staffed_at(run: Run, clock: Path, offset: float) -> tuple[str, str]:
    clock.write_text(str(offset))
    return staffed(run)


def test_texts_are_told_apart_by_their_digests() -> None:
    other = Variant("sport", "family", "email", "fr")

    found = differences.between({FAMILY: "a", STAFF: "b"}, {FAMILY: "c", other: "d"})

    assert (found.changed, found.new, found.dropped) == ((FAMILY,), (other,), (STAFF,))


def test_a_change_is_shown_with_a_few_words_around_it() -> None:
    before = "Les visites sont interdites dans toutes les maisons de repos jusqu'au 31 mars inclus, sauf exception."
    after = before.replace("interdites", "autorisées").replace(", sauf exception", "")

    first, second = (snippet.plain for snippet in differences.changes(before, after))

    assert first == "… Les visites sont [-interdites-] {+autorisées+} dans toutes les maisons …"
    assert second == "… repos jusqu'au 31 mars [-inclus, sauf exception.-] {+inclus.+} …"


def test_many_cells_are_counted_rather_than_listed(capsys: pytest.CaptureFixture[str]) -> None:
    many = {Variant(f"sector{number:02}", "family", "email", "fr"): "x" for number in range(20)}

    differences.show(differences.between({}, many), 1, [])

    shown = capsys.readouterr().out
    assert "sector11:family and 8 more" in " ".join(shown.split())
    assert "sector12" not in shown
