"""Reads directive files: TOML in, sheets of facts and all faults at once out."""

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.errors import refused_by_system
from hub.faults import UNKNOWN_KEY, explain, nearest, no_toml, place
from hub.intake import form, references
from hub.model.directive import Directive
from hub.model.review import Finding, Level
from hub.plain import few, short, shown
from hub.register import Register

LARGEST_FILE = 4_000_000
"""Octets; the largest real file has 18,000."""

PAGE = "docs/directive-file.md"
"""What says of each key what may stand there."""

TOP_KEYS = {"schema_version", "refnis_version", "scenario", "case", "title", "directive"}

_EXPECTED = f"name a directive file: schema_version = 1 and [[directive]] tables, as {PAGE} shows"

_ADD_MEASURE = "add a [[directive.measure]]; an act that speaks through a relation has measure = []"


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file yielded: the directives without a fault, and every fault with its place."""

    directives: tuple[Directive, ...]
    faults: tuple[Finding, ...]


def read(file: Path, register: Register) -> Reading:
    """Read one file. Never raises for what stands in it: a fault names file, directive, field and remedy.

    Raises EnvironmentFailed where the system does not give it.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise refused_by_system(error) from error
    return parse(data, str(file), register)


def parse(data: bytes, name: str, register: Register) -> Reading:
    """Read the octets of a file called `name`."""
    if b"\0" in data:
        return _unreadable(
            name, "a binary file, or text that is not in UTF-8", f"{_EXPECTED}, or save it as UTF-8"
        )
    if len(data) > LARGEST_FILE:
        return _unreadable(name, f"{len(data):,} octets are too many", "split it: one file per act is usual")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        return _unreadable(name, *no_toml(error))
    if table and not table.keys() & TOP_KEYS and not any(key.startswith("expected") for key in table):
        return _unreadable(name, f"no directive file: it holds {few(list(table))}", _EXPECTED)
    directives, faults = [], list(_top_faults(table, name, register.refnis_version))
    rows = table.get("directive", [])
    for row in rows if isinstance(rows, list) else []:
        directive, found = read_sheet(row, name, register)
        faults += found
        if directive:
            directives.append(directive)
    ids = [directive.id for directive in directives]
    for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        faults.append(_fault("U106", id_, f"{name}: id", "two directives have this id", "give each its own"))
    return Reading(tuple(directives), tuple(faults))


def read_together(files: Sequence[Path], register: Register) -> Reading:
    """Read several files as one: an id that two of them give to a directive is a fault too."""
    directives: list[Directive] = []
    faults: list[Finding] = []
    first: dict[str, Path] = {}
    for path in files:
        reading = read(path, register)
        directives += reading.directives
        faults += reading.faults
        for id_ in dict.fromkeys(directive.id for directive in reading.directives):
            if id_ in first:
                text = f"{first[id_]} has a directive with this id too"
                faults.append(_fault("U106", id_, f"{path}: id", text, "give each its own"))
            first.setdefault(id_, path)
    return Reading(tuple(directives), tuple(faults))


def read_sheet(row: Any, name: str, register: Register) -> tuple[Directive | None, tuple[Finding, ...]]:
    """One [[directive]] table as a sheet of facts, or the faults that prevent it."""
    if not isinstance(row, dict):
        return None, (_fault("U103", "", f"{name}: directive", "is no table", "write [[directive]]"),)
    id_ = str(row.get("id", "?"))
    faults = [
        _fault(code, id_, f"{name}: {where}", *rest)
        for code, where, *rest in references.faults(row, register)
    ]
    try:
        sheet = form.Directive.model_validate(row, context={"languages": register.languages})
    except ValidationError as error:
        faults += [_explain(fault, row, id_, name) for fault in error.errors(include_url=False)]
        return None, tuple(faults)
    directive: Directive = sheet.to_model()
    return (None if faults else directive), tuple(faults)


def _fault(code: str, directive: str, where: str, text: str, remedy: str) -> Finding:
    return Finding(code, Level.BLOCKER, shown(directive), shown(where), shown(text), shown(remedy))


def _unreadable(name: str, text: str, remedy: str) -> Reading:
    return Reading((), (_fault("U001", "", name, text, remedy),))


def _top_faults(table: Mapping[str, Any], name: str, refnis_version: str) -> Iterator[Finding]:
    for key in table:
        if key not in TOP_KEYS and not key.startswith("expected"):
            yield _fault("U100", "", f"{name}: {key}", "unknown key", nearest(key, TOP_KEYS))
    if table.get("schema_version") != 1:
        yield _fault(
            "U103",
            "",
            f"{name}: schema_version",
            "the version of the form is missing or not 1",
            "write schema_version = 1 at the top",
        )
    if table.get("refnis_version", refnis_version) != refnis_version:
        yield _fault(
            "U103",
            "",
            f"{name}: refnis_version",
            f"its NIS codes are those of {short(table['refnis_version'])}, this hub's those of {refnis_version}",
            f'give the codes of that version, and write refnis_version = "{refnis_version}"',
        )
    if not isinstance(table.get("directive"), list) or not table["directive"]:
        yield _fault("U101", "", f"{name}: directive", "no [[directive]] stands in it", "add one")


def _explain(fault: Any, row: Any, id_: str, name: str) -> Finding:
    where, kind = f"{name}: {_path(place(fault), row)}", fault["type"]
    text, remedy = explain(fault, form.Directive)
    if kind in UNKNOWN_KEY:
        return _fault("U100", id_, where, text, remedy)
    if kind == "missing":
        remedy = _ADD_MEASURE if fault["loc"] == ("measure",) else f"{remedy}; see {PAGE}"
        return _fault("U101", id_, where, text, remedy)
    if kind == "value_error":
        return _fault("U103", id_, where, text, remedy or f"see {PAGE}")
    return _fault("U103", id_, where, f"{short(fault['input'])} {text}", f"{remedy}; see {PAGE}")


def _path(location: tuple[int | str, ...], row: Any) -> str:
    """("measure", 0, "quantity") → measure m1.quantity"""
    parts: list[str] = []
    here = row
    for step in location:
        try:
            here = here[step]
        except (KeyError, IndexError, TypeError):
            here = None
        if isinstance(step, int):
            label = here.get("id", here.get("type", step + 1)) if isinstance(here, dict) else step + 1
            parts[-1:] = [f"{parts[-1] if parts else ''} {label}".strip()]
        else:
            parts.append(str(step))
    return ".".join(parts) or "(the whole table)"
