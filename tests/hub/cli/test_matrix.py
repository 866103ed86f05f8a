"""check's coverage matrix: a table that fits, every cell in JSON, and a reason for each decision."""

from pathlib import Path

from hub.model.directive import AUDIENCES
from tests import a
from tests.hub.cli.console import Run, document, in_force

VISITS = str(a.DIRECTIVES / "a-visits.toml")
POWER = str(a.DIRECTIVES / "n-load-shedding.toml")


def coverage(run: Run, *files: str) -> dict[tuple[str, str, str], dict[str, object]]:
    cells = document(run("check", *files, "--json")[1])["coverage"]
    assert all(set(cell) == {"directive", "sector", "audience", "state", "reason", "by"} for cell in cells)
    return {(cell["directive"], cell["sector"], cell["audience"]): cell for cell in cells}


def test_each_cell_of_each_directive_is_told(run: Run) -> None:
    found = coverage(run, VISITS, POWER)

    directives = {directive for directive, _, _ in found}
    assert len(directives) == 7
    assert len(found) == len(directives) * len(a.REGISTER.sectors) * len(AUDIENCES)
    states = {
        cell: found["demo-delestage-2026-01-14", *cell]["state"]
        for cell in (
            ("home.care", "staff"),
            ("sport", "staff"),
            ("education.basic", "staff"),
            ("sport", "beneficiary"),
        )
    }
    assert list(states.values()) == ["message", "inherited", "not_concerned", "not_addressed"]


def test_a_decision_is_told_in_every_language_with_who_took_it(run: Run) -> None:
    cell = coverage(run, POWER)["demo-delestage-2026-01-14", "education.basic", "family"]

    assert cell["by"] == "cellule de crise (fictive)"
    assert isinstance(cell["reason"], dict)
    assert set(cell["reason"]) == {"fr", "de", "nl", "en"}


def test_the_matrix_fits_a_hundred_columns_and_folds_what_stands_alike(run: Run) -> None:
    _, output = run("check", VISITS, POWER)

    matrix = output.partition("U301")[0]
    assert max(map(len, matrix.splitlines())) <= 100
    assert matrix.count("fragile.shelter") == 7  # once per directive, be it in a row or in a folded line
    assert "– not concerned for all five audiences: education.basic, education.secondary" in matrix
    assert "Les écoles sont vides à l'heure de la coupure." in matrix


def test_every_sign_has_a_word_and_its_meaning(run: Run) -> None:
    _, output = run("check", POWER)

    for meaning in ("● message: ", "◐ inherited: ", "– not concerned: ", "~ waived: ", "○ not addressed: "):
        assert meaning in output
    assert "! no nouns: the lexicon lacks what its sentences need (U204)" in output


def test_a_file_in_which_nothing_can_be_read_has_no_matrix(run: Run, tmp_path: Path) -> None:
    (tmp_path / "faulty.toml").write_text("schema_version = 1\n[[directive]]\nid = 'x'\n")

    assert document(run("check", "faulty.toml", "--json")[1])["coverage"] == []
    assert "not concerned" not in run("check", "faulty.toml")[1]


def test_a_covered_directive_leaves_nothing_open(run: Run, tmp_path: Path) -> None:
    cells = coverage(run, str(in_force(tmp_path))).values()

    assert "not_addressed" not in {cell["state"] for cell in cells}
