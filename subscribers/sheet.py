"""A list as numbered rows of our columns, whatever its encoding, delimiter or form (CSV, TSV, JSON)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from subscribers.faults import RowFault
from subscribers.vocabulary import Column


@dataclass(frozen=True, slots=True)
class Row:
    """What a row says in our columns; `number` is its line in the file (of a JSON list: which entry it is)."""

    number: int
    cells: Mapping[Column, str]


@dataclass(slots=True)
class Sheet:
    """Rows to be read once; `unknown_columns` fills up meanwhile."""

    rows: Iterator[Row | RowFault]
    unknown_columns: list[str] = field(default_factory=list)


def faulty(row: int, reason: str, remedy: str, column: str = "") -> Sheet:
    """A list that is none: one fault, and nothing to read."""
    return Sheet(iter((RowFault(row, column, "", reason, remedy),)))


def shown_name(heading: str, position: int = 0) -> str:
    """A heading as it may be shown: a list without headings has an address in their place."""
    if "@" in heading or sum(sign.isdigit() for sign in heading) > 5 or not heading.isprintable():
        return f"column {position}" if position else "a column"
    return heading.strip()[:40]
