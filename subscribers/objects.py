"""Reads JSON: a list of objects, one object, or one object per line."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from subscribers.faults import RowFault
from subscribers.sheet import Row, Sheet, faulty, shown_name
from subscribers.vocabulary import COLUMNS, Column, fold

MAX_UNKNOWN = 200


def open_objects(lines: Sequence[str], start: int) -> Sheet:
    """Read a list of objects, one object, or one object per line."""
    unknown: list[str] = []
    try:
        whole = json.loads("\n".join(lines))
    except (ValueError, RecursionError) as error:
        if _loads(lines[start]) is None:
            row = getattr(error, "lineno", 1)
            return faulty(row, "not JSON from here on", "write a list of objects, or one object per line")
        entries = ((number, _loads(line)) for number, line in enumerate(lines, 1) if line.strip())
        return Sheet(_rows(entries, unknown), unknown)
    return Sheet(_rows(enumerate(whole if isinstance(whole, list) else [whole], 1), unknown), unknown)


def _loads(line: str) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _rows(entries: Iterable[tuple[int, Any]], unknown: list[str]) -> Iterator[Row | RowFault]:
    for number, entry in entries:
        if not isinstance(entry, dict):
            yield RowFault(number, "", "", "not a JSON object", 'write {"email": "…", "sector": "…", …}')
        elif row := _row(number, entry, unknown):
            yield row


def _row(number: int, entry: Mapping[str, Any], unknown: list[str]) -> Row | RowFault | None:
    found: dict[Column, str] = {}
    for key, value in entry.items():
        column = COLUMNS.get(fold(key))
        if column is None:
            if (name := shown_name(key)) not in unknown and len(unknown) < MAX_UNKNOWN:
                unknown.append(name)
            continue
        cell = _cell(value)
        if cell is None:
            return RowFault(
                number, column, "", "neither a text nor a number", "write a text, or a list of texts"
            )
        if cell and column in found and column != "commune":
            return RowFault(number, column, "", f"two keys mean {column}", "keep one of them")
        if cell:
            found[column] = f"{found[column]} {cell}" if column in found else cell
    return Row(number, found) if found else None


def _cell(value: Any) -> str | None:
    if value is None:
        return ""
    if isinstance(value, bool | dict):
        return None
    if isinstance(value, list):
        parts = [_cell(part) for part in value if not isinstance(part, list)]
        return None if len(parts) < len(value) or None in parts else "|".join(part for part in parts if part)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    try:
        return str(value)
    except ValueError:  # an integer of more than 4,300 digits
        return None
