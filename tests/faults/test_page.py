"""The page on reliability has a line for every fault that is a test, and none that nobody counts."""

import ast
import re
from pathlib import Path

import pytest

from tests.faults import row
from tests.faults.row import Row, rows_of

HERE = Path(__file__).parent
WITHOUT = {"F15"}
"""A message broker's: there is none."""
KILLS = Row("F1", "kills", 50_000, 0, 12, 2, 14, 0, 1.25)


def test_every_fault_that_is_tested_has_its_line() -> None:
    tested = {
        node.name.split("_")[1].upper()
        for file in HERE.glob("test_*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_f")
    }

    assert {fault for fault, _, _ in rows_of()} == tested
    assert tested | WITHOUT == {f"F{number}" for number in range(1, 19)}


def test_every_line_says_when_the_rate_was_full_again_or_why_it_cannot() -> None:
    without = [
        (fault, what) for fault, what, rate in rows_of() if not re.fullmatch(r"[\d.]+|[a-z][a-z ]+", rate)
    ]

    assert without == []


def test_a_row_that_has_no_rate_to_come_back_to_says_why(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| F8 | TLS | – |\n")

    row.note(Row("F8", "TLS", 50, 0, 0, 1, 0, 0, "nothing was taken before"), page)

    assert page.read_text() == "| F8 | TLS | 50 | 0 | 0 | 1 | 0 | 0 | nothing was taken before |\n"


def test_a_row_takes_the_place_of_its_last_one_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| F1 | kills | – |\n| F1 | others | – |\n")

    row.note(KILLS, page)

    assert page.read_text() == "| F1 | kills | 50,000 | 0 | 12 | 2 | 14 | 0 | 1.2 |\n| F1 | others | – |\n"


def test_a_remark_takes_the_place_of_its_last_one(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("- F1, kills: three.\n- F1, others: four.\n")

    row.remark(KILLS, "five.", page)

    assert page.read_text() == "- F1, kills: five.\n- F1, others: four.\n"


def test_a_remark_without_a_place_is_not_lost_in_silence(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("- F1, others: four.\n")

    with pytest.raises(LookupError, match="F1, kills"):
        row.remark(KILLS, "five.", page)


def test_a_row_without_a_place_is_not_lost_in_silence(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("| F1 | kills | – |\n")

    with pytest.raises(LookupError, match="F2"):
        row.note(Row("F2", "pauses", 1, 0, 0, 1, 0, 0), page)
