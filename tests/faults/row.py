"""One line of the fault matrix: what was done to how many, what it cost, and how the page shows it."""

import os
import platform
import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "reliability.md"


@dataclass(frozen=True, slots=True)
class Row:
    """What came of one fault. `lost` is who got nothing and is not listed as such."""

    fault: str
    """The line of the matrix: F1."""
    what: str
    recipients: int
    lost: int
    repeats: int
    most_copies: int
    uncertain: int
    """How many were listed as uncertain, each before it was repeated."""
    wrong_state: int
    to_full_rate: float | str | None = None
    """Seconds from the fault to the rate before it, or why there is no such moment; None where it never came."""

    def line(self) -> str:
        """As it stands in the table."""
        figures = (
            self.recipients,
            self.lost,
            self.repeats,
            self.most_copies,
            self.uncertain,
            self.wrong_state,
        )
        rate = (
            f"{self.to_full_rate:.1f}" if isinstance(self.to_full_rate, float) else self.to_full_rate or "–"
        )
        return "| " + " | ".join([self.fault, self.what, *(f"{each:,}" for each in figures), rate]) + " |"


def note(row: Row, page: Path = PAGE) -> None:
    """Put a row into the page in place of the last one of its fault and kind; print it."""
    text = page.read_text(encoding="utf-8")
    begins = f"| {row.fault} | {row.what} |"
    found = re.compile(rf"^{re.escape(begins)}.*$", re.MULTILINE)
    if not found.search(text):
        raise LookupError(f"{page.name} has no line that begins with {begins!r}; write one")
    page.write_text(found.sub(lambda _: row.line(), text), encoding="utf-8")
    print(row.line())  # noqa: T201 - `make prove` prints what it counted


def remark(row: Row, sentence: str, page: Path = PAGE) -> None:
    """Put what no column holds into the page, in place of what was said of this row before; print it."""
    text, begins = page.read_text(encoding="utf-8"), f"- {row.fault}, {row.what}: "
    found = re.compile(rf"^{re.escape(begins)}.*$", re.MULTILINE)
    if not found.search(text):
        raise LookupError(f"{page.name} has no line that begins with {begins!r}; write one")
    page.write_text(found.sub(lambda _: begins + sentence, text), encoding="utf-8")
    print(begins + sentence)  # noqa: T201 - `make prove` prints what it counted


def setting() -> str:
    """On what the figures were taken."""
    python = platform.python_version()
    return f"{os.cpu_count()} cores, Python {python}, SQLite {sqlite3.sqlite_version}, all on one machine"


def rows_of(page: Path = PAGE) -> list[tuple[str, str, str]]:
    """The faults and kinds that the page has a line for, and what stands in its last column."""
    found = re.findall(
        r"^\| (F\d+) \| ([^|]+) \|.*\| ([^|]+) \|$", page.read_text(encoding="utf-8"), re.MULTILINE
    )
    return [(fault, what, rate) for fault, what, rate in found]
