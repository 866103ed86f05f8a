"""Reads delimited text: any of four delimiters, quoted cells, and broken rows that break no other."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO, cast

from sqlite_utils.utils import Format, rows_from_file

from subscribers.faults import RowFault
from subscribers.sheet import Row, Sheet, faulty, shown_name
from subscribers.vocabulary import COLUMNS, Column, fold

MAX_COLUMNS = 200
MAX_LINES_OF_A_ROW = 20
DELIMITERS = (";", ",", "\t", "|")
_EXTRA = "extra"


def open_table(lines: Sequence[str], start: int) -> Sheet:
    """Read delimited text whose headings stand in `lines[start]`."""
    delimiter = None
    announced = lines[start].strip()
    if announced[:4].lower() == "sep=" and len(announced) <= 5:  # how Excel announces it
        delimiter, start = announced[4:] or "\t", start + 1
    headings, delimiter, length = _headings(lines[start : start + MAX_LINES_OF_A_ROW], delimiter)
    if len(headings) > MAX_COLUMNS:
        reason = f"{len(headings)} columns, and at most {MAX_COLUMNS} are read"
        return faulty(start + 1, reason, "keep the columns that say whom to reach, how, and in which quality")
    columns = [COLUMNS.get(fold(heading)) for heading in headings]
    if fault := _faulty_header(headings, columns, start + 1):
        return Sheet(iter((fault,)))
    unknown = [
        shown_name(heading, position)
        for position, (heading, column) in enumerate(zip(headings, columns, strict=True), 1)
        if column is None and heading.strip()
    ]
    return Sheet(_csv_rows(lines, start + length, delimiter, columns), unknown)


def _headings(lines: Sequence[str], announced: str | None) -> tuple[list[str], str, int]:
    """The header under the delimiter that makes most sense of it, and how many lines it takes."""
    best: tuple[tuple[int, int], list[str], str, int] | None = None
    for delimiter in (announced,) if announced in DELIMITERS else DELIMITERS:
        reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter)
        try:
            headings = next(reader, [])
        except csv.Error:
            headings = []
        worth = (sum(fold(heading) in COLUMNS for heading in headings[: MAX_COLUMNS + 1]), len(headings))
        if best is None or worth > best[0]:
            best = worth, headings, delimiter, max(reader.line_num, 1)
    assert best is not None
    return best[1:]


def _faulty_header(headings: Sequence[str], columns: Sequence[Column | None], row: int) -> RowFault | None:
    if not {"email", "phone", "external_id"} & set(columns):
        # The headings are not quoted: in a list without any, the first row is somebody's address.
        return RowFault(
            row,
            "",
            "",
            "no heading says email, phone or external_id",
            "begin the list with a row of headings, such as email;sector;audience (docs/import.md has all)",
        )
    for column in set(columns) - {None, "commune"}:  # a postal code and a name may stand side by side
        if columns.count(column) > 1:
            both = " and ".join(shown_name(h) for h, c in zip(headings, columns, strict=True) if c == column)
            return RowFault(
                row, str(column), "", f"{both} both mean {column}", "keep one of them, or rename the other"
            )
    return None


def _csv_rows(
    lines: Sequence[str], start: int, delimiter: str, columns: Sequence[Column | None]
) -> Iterator[Row | RowFault]:
    """A row that cannot be read costs itself only: reading starts again on the line after its first."""
    while start < len(lines):
        feed = _Lines(lines, start, delimiter.join(f"c{n}" for n in range(len(columns))))
        try:
            for record in _records(feed, delimiter):
                row = _csv_row(record, feed.record + 1, columns)
                if isinstance(row, RowFault) and feed.at > feed.record + 1:
                    break  # perhaps a forgotten quote that swallowed the rows after it
                if row:
                    yield row
                feed.skip_blank()
            else:
                return
        except csv.Error as error:
            row = RowFault(
                feed.record + 1,
                "",
                "",
                _said(error),
                "look for a single quotation mark; double it, or remove it",
            )
        assert isinstance(row, RowFault)
        yield row
        start = feed.record + 1


def _records(feed: "_Lines", delimiter: str) -> Iterator[dict[str, Any]]:
    class Dialect(csv.excel):
        strict = True  # an open quote at the end of the file is a fault, not a very long cell

    Dialect.delimiter = delimiter
    rows, _ = rows_from_file(
        cast(BinaryIO, feed), format=Format.CSV, dialect=Dialect, encoding="utf-8", extras_key=_EXTRA
    )
    yield from rows


def _csv_row(
    record: Mapping[str, Any], number: int, columns: Sequence[Column | None]
) -> Row | RowFault | None:
    cells = [record[f"c{n}"] for n in range(len(columns))]
    extra = record.get(_EXTRA, [])
    if None in cells or any(extra):
        count = sum(cell is not None for cell in cells) + len(extra)
        reason = f"{count} cells under {len(columns)} headings"
        return RowFault(
            number, "", "", reason, "put quotes around a cell that holds the delimiter; fill up empty cells"
        )
    found: dict[Column, str] = {}
    for column, cell in zip(columns, cells, strict=True):
        if column and cell:
            found[column] = f"{found[column]} {cell}" if column in found else cell
    for column, cell in found.items():
        if "\n" in cell:
            return RowFault(number, column, "", "a line break inside the cell", "keep each cell on one line")
    return Row(number, found) if any(cell.strip() for cell in found.values()) else None


def _said(error: csv.Error) -> str:
    return (
        "a quotation mark that is never closed" if "end of data" in str(error) else f"not readable: {error}"
    )


class _Lines(io.BufferedIOBase):
    """Hands out one line at a time, so that `record` is the first line of the row just read."""

    def __init__(self, lines: Sequence[str], start: int, header: str) -> None:
        self._lines = lines
        self._header: str | None = header
        self.at = start
        self.record = start
        self.skip_blank()

    def readable(self) -> bool:
        return True

    def read1(self, size: int = -1, /) -> bytes:
        if self._header is not None:
            line, self._header = self._header, None
            return f"{line}\n".encode()
        if self.at >= len(self._lines):
            return b""
        if self.at - self.record >= MAX_LINES_OF_A_ROW:
            raise csv.Error("unexpected end of data")
        self.at += 1
        return f"{self._lines[self.at - 1]}\n".encode()

    def skip_blank(self) -> None:
        while self.at < len(self._lines) and not self._lines[self.at].strip():
            self.at += 1
        self.record = self.at
