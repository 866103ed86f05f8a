"""The coverage matrix of a directive, for a terminal and for a script."""

from collections.abc import Iterable, Sequence
from typing import Any

from rich.table import Column, Table
from rich.text import Text

from hub.cli.printing import out, page
from hub.model.coverage import Cell, State
from hub.model.directive import AUDIENCES

# A sign and the state's own word each: a colour alone says nothing to many readers, and nothing on paper.
_SHOWN = {
    State.MESSAGE: ("●", "message", "green"),
    State.INHERITED: ("◐", "inherited", "green"),
    State.NOT_CONCERNED: ("–", "not concerned", "dim"),
    State.WAIVED: ("~", "waived", "yellow"),
    State.NO_NOUNS: ("!", "no nouns", "bold red"),
    State.NOT_ADDRESSED: ("○", "not addressed", "bold red"),
}

_MEANS = {
    State.MESSAGE: "the act names the sector and speaks to this audience",
    State.INHERITED: "a rule for everybody speaks to it, in the sector's own words",
    State.NOT_CONCERNED: "by a signed decision that gives its reason",
    State.WAIVED: "let pass by a named person, with a reason",
    State.NO_NOUNS: "the lexicon lacks what its sentences need (U204)",
    State.NOT_ADDRESSED: "neither a message nor a decision",
}


def matrix_json(directive: str, cells: Iterable[Cell]) -> list[dict[str, Any]]:
    """One entry per sector × audience; `reason` per language, null where nobody decided."""
    return [
        {
            "directive": directive,
            **cell.hat._asdict(),
            "state": cell.state.value,
            "reason": dict(cell.reason) or None,
            "by": cell.by or None,
        }
        for cell in cells
    ]


def print_matrix(directive: str, cells: Sequence[Cell], languages: Sequence[str]) -> None:
    """Sectors as rows, audiences as columns; sectors that stand alike share a row, or a line for all five."""
    console = page()
    console.print(Text(directive, style="bold"))
    alike: dict[tuple[State, ...], list[str]] = {}
    for sector, states in _rows(cells).items():
        alike.setdefault(states, []).append(sector)
    header = (Column("Sector", no_wrap=True), *AUDIENCES)
    grid = Table(*header, box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for states, sectors in alike.items():
        if len(set(states)) > 1:
            grid.add_row("\n".join(sectors), *map(_shown, states))
    if grid.row_count:
        console.print(grid)
    for states, sectors in alike.items():
        if len(set(states)) == 1:
            line = Text.assemble(_shown(states[0]), " for all five audiences: ", ", ".join(sectors))
            console.print(line)
    for reason, sectors in _reasons(cells, languages).items():
        console.print(Text(f"    {', '.join(sectors)}: {reason}", style="dim"))


def _rows(cells: Iterable[Cell]) -> dict[str, tuple[State, ...]]:
    """The states of each sector, in the order of the audiences."""
    rows: dict[str, tuple[State, ...]] = {}
    for cell in cells:
        rows[cell.hat.sector] = (*rows.get(cell.hat.sector, ()), cell.state)
    return rows


def print_legend() -> None:
    """What the signs mean."""
    for state in State:
        out.print(Text.assemble(_shown(state), f": {_MEANS[state]}"))


def _shown(state: State) -> Text:
    sign, word, style = _SHOWN[state]
    return Text(f"{sign} {word}", style=style)


def _reasons(cells: Iterable[Cell], languages: Sequence[str]) -> dict[str, list[str]]:
    """Each reason with who gave it, and the sectors that it is for."""
    found: dict[str, dict[str, None]] = {}
    for cell in cells:
        if cell.reason:
            words = next(
                (cell.reason[language] for language in languages if language in cell.reason),
                next(iter(cell.reason.values())),
            )
            found.setdefault(f"{words} ({cell.by})", {})[cell.hat.sector] = None
    return {reason: list(sectors) for reason, sectors in found.items()}
