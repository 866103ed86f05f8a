"""What a test of the command line needs: its output as a document, two people, and an act that holds today."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests import a

Run = Callable[..., tuple[int, str]]
"""Runs a command; gives its exit code and what it printed."""


def document(output: str) -> Any:
    return json.loads(output)


def staffed(run: Run) -> tuple[str, str]:
    """The tokens of an editor and of an approver."""
    editor = document(run("staff", "add", "Rédaction", "--role", "editor", "--json")[1])
    approver = document(run("staff", "add", "Crise", "--role", "approver", "--json")[1])
    return editor["token"], approver["token"]


def in_force(directory: Path) -> Path:
    """A directive that holds today, whose every cell is decided."""
    text = (a.DIRECTIVES / "a-visits.toml").read_text(encoding="utf-8").partition("\n[[directive]]")
    first = text[2].partition("\n[[directive]]\n")[0]
    for line in ("effective_to = 2020-04-01T00:00:00+02:00\n", 'scenario = "A"\n'):
        first = first.replace(line, "", 1)
    first = first.replace('"WAL-FR"', '"90000"').replace('id = "wal-visites-2020-03-11"', 'id = "visites"')
    first = first.replace("issued = 2020-03-10", "issued = 2026-01-10").replace("2020-03-11", "2026-01-11")
    decided = """
[[directive.coverage]]
sectors = "others"
decision = "not_concerned"
reason_fr = "Cette consigne ne vise pas ce secteur."
by = "cellule de crise (fictive)"
[[directive.coverage]]
sectors = ["elderly.residential", "disability.residential"]
audiences = ["citizen"]
decision = "not_concerned"
reason_fr = "La population est informée autrement."
by = "cellule de crise (fictive)"
"""
    file = directory / "acte.toml"
    file.write_text(f"schema_version = 1\n[[directive]]{first}{decided}", encoding="utf-8")
    return file
