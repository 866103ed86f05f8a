"""What people and scripts read: tables for a terminal, one JSON document for a script."""

import json
import os
import sys
from collections.abc import Iterable
from dataclasses import asdict, replace
from typing import Any, NoReturn

import typer
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from hub.errors import FaultyFile, UnivoqueError
from hub.gate.reach import UNREAD
from hub.gate.silence import SILENCE
from hub.model.review import Finding, Level
from hub.plain import NAMED, few, shown

# Neither markup nor emoji codes: what comes from outside is printed as it stands.
out = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
err = Console(stderr=True, highlight=False, soft_wrap=True, markup=False, emoji=False)

WIDTH = 100
"""Columns of what is laid out, where neither a terminal nor COLUMNS says how many there are."""

_STYLE = {Level.BLOCKER: "bold red", Level.WARNING: "yellow", Level.NOTE: "dim"}


def page() -> Console:
    """A console that breaks lines between words, as wide as the terminal, or as COLUMNS where there is none."""
    told = out.is_terminal or os.environ.get("COLUMNS", "").isdigit()
    return Console(width=None if told else WIDTH, highlight=False, markup=False, emoji=False)


def print_json(document: Any) -> None:
    """One JSON document, and nothing else, on standard output."""
    typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=str))


def print_error(kind: str, text: str) -> None:
    """An error as the one document on standard output, where `--json` asks for documents."""
    if "--json" in sys.argv[1:]:
        print_json({"error": {"kind": kind, "text": text}})


def complain(error: UnivoqueError) -> None:
    """An error in one paragraph: what, where, and what to do; to a script as a document too."""
    print_error(error.kind, str(error))
    lines = map(shown, str(error).split("\n"))
    err.print(Text("\n".join(lines), style="bold red"))


def findings_json(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings as the interface promises them; a gap with its topic and the sectors that it leaves out."""
    return [_finding_json(finding) for finding in findings]


def _finding_json(finding: Finding) -> dict[str, Any]:
    keys = ("code", "level", "directive", "where", "text", "remedy")
    document = {key: value for key, value in asdict(finding).items() if key in keys}
    if finding.topic:
        document |= {"topic": finding.topic, "missing_sectors": list(finding.sectors)}
    return document


def refuse_file(findings: Iterable[Finding], what: str, *, json: bool) -> NoReturn:
    """Tell why a file cannot be used, to a person or to a script, and end with 1."""
    found = list(findings)
    if json:
        print_json({"findings": findings_json(found)})
        raise typer.Exit(1)
    print_findings(found)
    raise FaultyFile(f"{what}: {summary(found)}")


def print_findings(findings: Iterable[Finding]) -> None:
    """Findings as a list: code, level and cell in one line, the sentence and the remedy below."""
    for finding in findings:
        head = Text.assemble(
            (f"{finding.code} {finding.level.value}", _STYLE[finding.level]),
            "  ",
            (f"{finding.directive} ", "bold"),
            few(finding.where.split(", ")) if finding.code == UNREAD else finding.where,
        )
        out.print(head)
        if finding.parts:
            print_sides(*finding.parts, indent=4)
            if waived := finding.text.removeprefix(" ".join(finding.parts)).removeprefix("; "):
                out.print(Text(f"    {waived}"))
        else:
            out.print(Text(f"    {finding.text}"))
        out.print(Text(f"    → {finding.remedy}", style="dim"))


def print_sides(left: str, right: str, below: str, *, indent: int = 0) -> None:
    """Two acts side by side, and below them what they are to each other."""
    console = page()
    sides = Table.grid(padding=(0, 2), expand=False)
    sides.add_column(ratio=1)
    sides.add_column(ratio=1)
    sides.add_row(Text(left), Text(right))
    console.print(Padding(sides, (0, 0, 0, indent)))
    console.print(Padding(Text(below), (0, 0, 0, indent)))


def once(findings: Iterable[Finding]) -> list[Finding]:
    """The same findings, with what is true of all acts together said once, beside the names of the acts."""
    acts: dict[Finding, list[str]] = {}
    for finding in findings:
        key = replace(finding, directive="") if finding.code == SILENCE else finding
        acts.setdefault(key, []).append(finding.directive)
    return [
        replace(finding, directive=_named(ids)) if finding.code == SILENCE else finding
        for finding, ids in acts.items()
    ]


def _named(ids: list[str]) -> str:
    return ", ".join(ids) if len(ids) <= NAMED else f"{len(ids)} acts:"


def summary(findings: Iterable[Finding]) -> str:
    """ "2 blockers, 1 warning, 3 notes", or that there is nothing."""
    counts = {level: 0 for level in Level}
    for finding in findings:
        counts[finding.level] += 1
    parts = [f"{count} {level.value}{'s' if count > 1 else ''}" for level, count in counts.items() if count]
    return ", ".join(parts) or "nothing found"


def table(*columns: str, rows: Iterable[Iterable[object]], title: str | None = None) -> None:
    """A plain table."""
    grid = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for column in columns:
        grid.add_column(column, overflow="fold")  # an id that is cut cannot be typed
    for row in rows:
        grid.add_row(*(Text(str(cell)) for cell in row))
    out.print(grid)
