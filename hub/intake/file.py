"""Reads directive files: TOML in, sheets of facts and all faults at once out."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.intake import form, references
from hub.model.directive import Directive
from hub.model.review import Finding, Level
from hub.plain import shown
from hub.register import Register

LARGEST_FILE = 4_000_000
"""Octets; the largest real file has 18,000."""

_LONGEST = 100
"""Characters of a faulty value that a finding repeats."""

_TOP_KEYS = {"schema_version", "refnis_version", "scenario", "case", "title", "directive"}


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file yielded: the directives without a fault, and every fault with its place."""

    directives: tuple[Directive, ...]
    faults: tuple[Finding, ...]


def read(file: Path, register: Register) -> Reading:
    """Read one file. Never raises for what stands in it: a fault names file, directive, field and remedy."""
    try:
        data = file.read_bytes()
    except OSError as error:
        return _unreadable(file, f"{error.strerror}", "name a file that can be read")
    return parse(data, str(file), register)


def parse(data: bytes, name: str, register: Register) -> Reading:
    """Read the octets of a file called `name`."""
    if len(data) > LARGEST_FILE:
        return _unreadable(name, f"{len(data):,} octets are too many", "split it: one file per act is usual")
    try:
        table = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _unreadable(name, f"octet {error.start} is no UTF-8", "save the file as UTF-8")
    except (ValueError, RecursionError) as error:  # an integer of 5,000 digits is a ValueError
        return _unreadable(name, f"no TOML: {error}", "mend the line that it names")
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


def _unreadable(file: Path | str, text: str, remedy: str) -> Reading:
    return Reading((), (_fault("U001", "", str(file), text, remedy),))


def _top_faults(table: Mapping[str, Any], name: str, refnis_version: str) -> Iterator[Finding]:
    for key in table:
        if key not in _TOP_KEYS and not key.startswith("expected"):
            yield _fault("U100", "", f"{name}: {key}", "unknown key", _nearest(key, _TOP_KEYS))
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
            f"its NIS codes are those of {_short(table['refnis_version'])}, this hub's those of {refnis_version}",
            f'give the codes of that version, and write refnis_version = "{refnis_version}"',
        )
    if not isinstance(table.get("directive"), list) or not table["directive"]:
        yield _fault("U101", "", f"{name}: directive", "no [[directive]] stands in it", "add one")


def _explain(fault: Any, row: Any, id_: str, name: str) -> Finding:
    where = f"{name}: {_path(fault['loc'], row)}"
    kind, message = fault["type"], fault["msg"].removeprefix("Value error, ")
    if kind == "extra_forbidden":
        known = _known_keys(fault["loc"][:-1])
        return _fault("U100", id_, where, "unknown key", _nearest(str(fault["loc"][-1]), known))
    if kind == "missing":
        return _fault("U101", id_, where, "is missing", f"add {fault['loc'][-1]} = …")
    if kind == "value_error":
        text, _, remedy = message.partition("; ")
        return _fault("U103", id_, where, text, remedy or "mend it")
    return _fault(
        "U103", id_, where, f"{_short(fault['input'])}: {message}", "see the form of directive files"
    )


def _short(value: Any) -> str:
    """What was given, but not all of a long one; Python prints no integer of more than 4,300 digits."""
    try:
        text = repr(value)
    except ValueError:
        return "a number"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


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


def _known_keys(location: tuple[int | str, ...]) -> set[str]:
    """The keys that the table at `location` knows."""
    here: type[form.Form] = form.Directive
    tables: dict[str, type[form.Form]] = {
        "measure": form.Measure,
        "relation": form.Relation,
        "coverage": form.Coverage,
        "contact": form.Contact,
        "source": form.Source,
        "links": form.Link,
        "docs": form.Link,
        "cap": form.Cap,
        "quantity": form.Quantity,
        "advice_quantity": form.Quantity,
        "window": form.Window,
        "window_alternative": form.Window,
        "further": form.Further,
    }
    for step in location:
        if isinstance(step, str) and step in tables:
            here = tables[step]
    return here.keys()


def _nearest(key: str, known: set[str]) -> str:
    stem = key.rpartition("_")[0] if form.is_language(key.rpartition("_")[2]) else key
    found = difflib.get_close_matches(stem, sorted(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else f"known keys: {', '.join(sorted(known))}"
