"""Reads a list of people into a plan: whom it names, which rows it could not take, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, product
from typing import Any

from sqlite_utils import Database

from subscribers.cells import Entry, Reader
from subscribers.decode import lines_of
from subscribers.faults import RowFault, RowNote
from subscribers.model import Membership, Organisation, Person, Reach
from subscribers.objects import open_objects
from subscribers.sheet import Sheet, faulty
from subscribers.table import open_table
from subscribers.vocabulary import Vocabulary

MAX_BYTES = 64 * 1024 * 1024

_NO_LISTS = {
    b"PK\x03\x04": "a spreadsheet or an archive",
    b"\xd0\xcf\x11\xe0": "a spreadsheet",
    b"\x1f\x8b": "gzip",
}


@dataclass(frozen=True, slots=True)
class ImportPlan:
    """What a list asks for. `merged` rows repeat somebody whom an earlier row names."""

    accepted: tuple[Person, ...]
    refused: tuple[RowFault, ...]
    rows: int
    merged: int
    notes: tuple[RowNote, ...]
    unknown_columns: tuple[str, ...]


def plan(data: bytes, vocabulary: Vocabulary) -> ImportPlan:
    """Read a list (CSV, TSV, JSON; any usual encoding and delimiter); no bytes at all make it raise.

    A row that cannot be taken is refused and the rest goes on. Rows that name the same person become one.
    """
    sheet = _open(data)
    reader = Reader(vocabulary)
    entries: dict[int, Entry] = {}
    refused: list[RowFault] = []
    for row in sheet.rows:
        entry = row if isinstance(row, RowFault) else reader.read(row)
        if isinstance(entry, RowFault):
            refused.append(entry)
        else:
            entries[entry.row] = entry
    people: list[Person] = []
    taken = 0
    for group in _groups(entries):
        person = _merge(group, vocabulary, reader.notes)
        if person.email or person.phone:
            people.append(person)
            taken += len(group)
        else:
            refused += (RowFault(entry.row, "email", "", *_UNREACHABLE) for entry in group)
    return ImportPlan(
        accepted=tuple(people),
        refused=tuple(sorted(refused, key=lambda fault: fault.row)),
        rows=taken + len(refused),
        merged=taken - len(people),
        notes=tuple(sorted(reader.notes, key=lambda note: note.row)),
        unknown_columns=tuple(sheet.unknown_columns),
    )


_UNREACHABLE = ("no row gives this person an address", "give an e-mail address or a number")


def _open(data: bytes) -> Sheet:
    if len(data) > MAX_BYTES:
        return faulty(1, f"larger than {MAX_BYTES // 1024 // 1024} MB", "split the list into several files")
    for start, kind in _NO_LISTS.items():
        if data.startswith(start):
            return faulty(1, f"this is {kind}, not a list", "save it as CSV (UTF-8) and import that")
    lines = lines_of(data)
    first = next((number for number, line in enumerate(lines) if line.strip()), None)
    if first is None:
        return faulty(1, "the file is empty", "export the list again")
    return open_objects(lines, first) if lines[first].lstrip()[0] in "[{" else open_table(lines, first)


_SAME_PERSON = (
    # Identity: external id, else e-mail, else number. A row without the stronger one joins the person
    # who has it and shares the weaker one, whatever the order of rows.
    "UPDATE entries SET person = 'x' || external_id WHERE external_id IS NOT NULL",
    """UPDATE entries SET person = coalesce(
        (SELECT min(o.person) FROM entries o WHERE o.email = entries.email AND o.external_id IS NOT NULL),
        'e' || email)
       WHERE external_id IS NULL AND email IS NOT NULL""",
    """UPDATE entries SET person = coalesce(
        (SELECT min(o.person) FROM entries o WHERE o.phone = entries.phone AND o.person IS NOT NULL),
        'p' || phone)
       WHERE person IS NULL""",
)


_BY_PERSON = """
    SELECT row, min(row) OVER (PARTITION BY person) AS first_row FROM entries ORDER BY first_row, row
"""


def _groups(entries: Mapping[int, Entry]) -> Iterator[list[Entry]]:
    """The entries of each person together, in the order in which the list first names them.

    Who is the same is a query over a database in memory. Its columns are text whatever they hold: a type guessed
    from the values would turn the reference "00123" into the number 123.
    """
    staged = Database(memory=True)
    table = staged.table("entries")
    table.create({"row": int, "external_id": str, "email": str, "phone": str, "person": str}, pk="row")
    table.insert_all(
        {"row": entry.row, "external_id": entry.external_id, "email": entry.email, "phone": entry.phone}
        for entry in entries.values()
    )
    for column in ("email", "phone", "external_id"):
        table.create_index([column])
    for statement in _SAME_PERSON:
        staged.execute(statement)
    for _, rows in groupby(staged.execute(_BY_PERSON), key=lambda row: row[1]):
        yield [entries[row] for row, _ in rows]
    staged.close()


_OWN = ("external_id", "email", "phone", "language", "preferred", "preferred_urgent", "commune", "community")
_CONSENT = ("consent_basis", "consent_source")


def _merge(entries: Sequence[Entry], vocabulary: Vocabulary, notes: list[RowNote]) -> Person:
    """One person of all rows that name them: the first word on each point stands, memberships add up."""
    said: dict[str, Any] = {}
    memberships: dict[tuple[Any, ...], Membership] = {}
    for entry in entries:
        organisation = _organisation(entry)
        # A community is always the organisation's; the commune too, unless that has a column of its own.
        placed: tuple[str, ...] = ("community",) if organisation else ()
        if organisation and not entry.organisation_commune:
            placed = ("community", "commune")
        for field in (*_OWN, *_CONSENT):
            value = getattr(entry, field)
            if value is None or field in placed:
                continue
            if said.setdefault(field, value) != value and field not in _CONSENT:
                notes.append(RowNote(entry.row, field, f"differs from row {entries[0].row}, which stands"))
        for sector, audience in product(entry.sectors, entry.audiences):
            membership = Membership(sector, audience, entry.stream, organisation)
            memberships.setdefault((organisation, sector, audience), membership)
    assumed = frozenset({"language", "preferred", "preferred_urgent"} - said.keys())
    preferred: Reach = said.setdefault("preferred", "email" if said.get("email") else "sms")
    said.setdefault("preferred_urgent", preferred)
    said.setdefault("language", vocabulary.default_language)
    return Person(**said, memberships=tuple(memberships.values()), assumed=assumed)


def _organisation(entry: Entry) -> Organisation | None:
    name = entry.organisation or entry.organisation_id
    if not name:
        return None
    commune = entry.organisation_commune or entry.commune
    return Organisation(name, external_id=entry.organisation_id, commune=commune, community=entry.community)
