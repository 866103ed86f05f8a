"""What one row says of one person: every cell read by the vocabulary, every fault of the row at once."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from subscribers.address import NotMobile, mask, normalise_email, normalise_phone
from subscribers.faults import Fault, RowFault, RowNote
from subscribers.model import Reach, Stream
from subscribers.sheet import Row
from subscribers.signs import BLANKS, forbidden, like_a_formula
from subscribers.vocabulary import REACH_WORDS, STREAM_WORDS, Column, Vocabulary, fold

LONGEST_CELL = 500
AT_WORK = frozenset({"direction", "staff"})
"""Whom a mandatory notice may address; all others may always opt out."""

_Meaning = TypeVar("_Meaning")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row, understood; None where it says nothing."""

    row: int
    external_id: str | None
    email: str | None
    phone: str | None
    language: str | None
    preferred: Reach | None
    preferred_urgent: Reach | None
    commune: str | None
    community: str | None
    organisation: str | None
    organisation_id: str | None
    organisation_commune: str | None
    sectors: tuple[str, ...]
    audiences: tuple[str, ...]
    stream: Stream
    consent_basis: str | None
    consent_source: str | None


class Reader:
    """Reads rows by one vocabulary; a word that many rows share is looked up once."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._known: dict[tuple[Column, str], Any] = {}
        self.notes: list[RowNote] = []

    def read(self, row: Row) -> Entry | RowFault:
        """Understand a row, or say everything that is wrong with it."""
        cells = _Cells(row, self._known)
        know = self._vocabulary
        audiences = cells.shared("audience", lambda c: _several(c, know.audiences, "audience")) or ()
        entry = Entry(
            row=row.number,
            external_id=cells.own("external_id", _text),
            email=cells.own("email", _email),
            phone=self._phone(cells),
            language=cells.shared("language", lambda c: _language(c, know.languages)),
            preferred=cells.shared("preferred", lambda c: _word(c, REACH_WORDS)),
            preferred_urgent=cells.shared("preferred_urgent", lambda c: _word(c, REACH_WORDS)),
            commune=cells.shared("commune", lambda c: _commune(c, know.communes)),
            community=cells.shared("community", lambda c: _word(c, know.communities)),
            organisation=cells.shared("organisation", _text),
            organisation_id=cells.shared("organisation_id", _text),
            organisation_commune=cells.shared("organisation_commune", lambda c: _commune(c, know.communes)),
            sectors=self._sectors(cells, audiences),
            audiences=audiences,
            stream=cells.shared("stream", lambda c: _word(c, STREAM_WORDS)) or "directives",
            consent_basis=cells.shared("consent_basis", _text),
            consent_source=cells.shared("consent_source", _text),
        )
        _check_whole(entry, cells)
        return cells.fault() or entry

    def _phone(self, cells: "_Cells") -> str | None:
        """A landline beside an e-mail address is left out with a note, unless the row asks for SMS."""
        try:
            return cells.own("phone", normalise_phone, lets=NotMobile)
        except NotMobile as landline:
            asked = {REACH_WORDS.get(fold(cells.get(c))) for c in ("preferred", "preferred_urgent")}
            if cells.get("email") and "sms" not in asked:
                self.notes.append(RowNote(cells.row.number, "phone", f"left out: {landline.reason}"))
            else:
                cells.blame("phone", landline.reason, landline.remedy)
        return None

    def _sectors(self, cells: "_Cells", audiences: tuple[str, ...]) -> tuple[str, ...]:
        know = self._vocabulary
        if sectors := cells.shared("sector", lambda c: _several(c, know.sectors, "sector")):
            return sectors
        if know.general and set(audiences) == {"citizen"}:
            return (know.general,)
        if not cells.get("sector"):
            known = ", ".join(dict.fromkeys(know.sectors.values()))
            cells.blame("sector", "empty", f"write one of: {known}")
        return ()


class _Cells:
    """The cells of one row, and what was found wrong with them."""

    def __init__(self, row: Row, known: dict[tuple[Column, str], Any]) -> None:
        self.row = row
        self._cells: Mapping[Column, str] = row.cells
        self._known = known
        self._faults: list[tuple[Column, Fault]] = []

    def get(self, column: Column) -> str:
        return self._cells.get(column, "").strip(BLANKS)

    def own(
        self, column: Column, meaning: Callable[[str], _Meaning], lets: type[Fault] | tuple[()] = ()
    ) -> _Meaning | None:
        """What a cell says that hardly another row says; a fault of the kind `lets` is left to the caller."""
        cell = self.get(column)
        if not cell:
            return None
        try:
            if len(cell) > LONGEST_CELL:
                raise Fault(f"{len(cell)} characters", f"at most {LONGEST_CELL} make sense here")
            return meaning(cell)
        except lets:
            raise
        except Fault as fault:
            self._faults.append((column, fault))
            return None

    def shared(self, column: Column, meaning: Callable[[str], _Meaning]) -> _Meaning | None:
        """What a cell says that many rows say."""
        key = (column, self._cells.get(column, ""))
        if key not in self._known:
            before = len(self._faults)
            found = self.own(column, meaning)
            if len(self._faults) > before:
                return None
            self._known[key] = found
        value: _Meaning | None = self._known[key]
        return value

    def blame(self, column: Column, reason: str, remedy: str) -> None:
        self._faults.append((column, Fault(reason, remedy)))

    def faulty(self, column: Column) -> bool:
        return any(column == blamed for blamed, _ in self._faults)

    def fault(self) -> RowFault | None:
        """All faults as one, named for the first."""
        if not self._faults:
            return None
        (column, first), *others = self._faults
        reason = "; ".join([first.reason, *(f"{column}: {fault.reason}" for column, fault in others)])
        remedy = "; ".join(dict.fromkeys([first.remedy, *(fault.remedy for _, fault in others)]))
        return RowFault(self.row.number, column, hint(self.get(column)), reason, remedy)


def hint(cell: str) -> str:
    """What may be shown of any cell: people put addresses in the wrong column too."""
    if "@" in cell or sum(sign.isdigit() for sign in cell) > 5:
        return mask(cell)[:40] if cell.isprintable() else "…"
    shown = "".join(sign if sign.isprintable() else "·" for sign in cell[:30])
    return f"{shown}…" if len(cell) > 30 else shown


def _check_whole(entry: Entry, cells: _Cells) -> None:
    """Rules that need more than one cell."""
    if not cells.get("audience"):
        cells.blame("audience", "empty", "write direction, staff, beneficiary, family or citizen")
    if not (cells.get("email") or cells.get("phone") or entry.external_id or cells.faulty("external_id")):
        cells.blame("email", "neither an e-mail address nor a number", "give one of them")
    if entry.stream == "duty" and not cells.faulty("audience"):
        if not (cells.get("organisation") or cells.get("organisation_id")):
            cells.blame("stream", "a duty address without its organisation", "name the organisation")
        if not set(entry.audiences) <= AT_WORK:
            remedy = "only direction and staff receive mandatory notices; write directives"
            cells.blame("stream", "duty for people who may always opt out", remedy)


def _email(cell: str) -> str:
    if like_a_formula(cell):
        raise Fault("begins like a spreadsheet formula", "write one address such as info@example.org")
    return normalise_email(cell)


def _text(cell: str) -> str:
    if fault := forbidden(cell):
        raise Fault(fault, "enter the cell again")
    if like_a_formula(cell):
        raise Fault("begins like a spreadsheet formula", "begin with a letter or a digit")
    return " ".join(cell.split())


def _word(cell: str, words: Mapping[str, _Meaning]) -> _Meaning:
    found = words.get(fold(cell))
    if found is None:
        known = ", ".join(dict.fromkeys(str(id_) for id_ in words.values()))
        raise Fault("not known here", f"write one of: {known}")
    return found


def _language(cell: str, words: Mapping[str, str]) -> str:
    """A language by name or tag; of a tag such as fr-BE the first part counts (RFC 5646 §2.1)."""
    return _word(cell.split("-")[0].split("_")[0], words)


def _several(cell: str, words: Mapping[str, str], what: str) -> tuple[str, ...]:
    """One or several entries; names hold commas themselves, so the whole cell is tried before its parts."""
    if found := words.get(fold(cell)):
        return (found,)
    for sign in "|;,/":
        if sign in cell:
            parts = [_several(part, words, what) for part in cell.split(sign) if part.strip()]
            return tuple(dict.fromkeys(id_ for part in parts for id_ in part))
    known = ", ".join(dict.fromkeys(words.values()))
    raise Fault(f"no {what} is called so: {hint(cell.strip())}", f"write one of: {known}")


def _commune(cell: str, words: Mapping[str, frozenset[str]]) -> str:
    """A commune by NIS code, postal code, name, or code and name together."""
    remedy = "write the NIS code (five digits), or postal code and name"
    found = words.get(fold(cell))
    if found is None and (match := re.fullmatch(r"(?:B-?)?(\d{4,5})\W+(\D+)", cell)):
        code, name = words.get(match[1]), words.get(fold(match[2]))
        found = (code & name or code) if code and name else code  # the name may be that of a village
    if not found:
        raise Fault("no commune is called so", remedy)
    if len(found) > 1:
        raise Fault("several communes go by that", remedy)
    return next(iter(found))
