"""Reads directive files: TOML in, sheets of facts and all faults at once out."""

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from hub.intake import form
from hub.model.directive import Directive
from hub.model.review import Finding, Level
from hub.register import Register

LARGEST_FILE = 4_000_000
"""Octets; the largest real file has 18,000."""

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
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        return _unreadable(name, f"no TOML: {error}", "mend the line that it names")
    directives, faults = [], list(_top_faults(table, name))
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


def read_sheet(row: Any, name: str, register: Register) -> tuple[Directive | None, tuple[Finding, ...]]:
    """One [[directive]] table as a sheet of facts, or the faults that prevent it."""
    id_ = str(row.get("id", "?")) if isinstance(row, dict) else "?"
    try:
        sheet = form.Directive.model_validate(row)
    except ValidationError as error:
        faults = tuple(_explain(fault, row, id_, name) for fault in error.errors(include_url=False))
        return None, faults + tuple(_register_faults_raw(row, id_, name, register))
    directive: Directive = sheet.to_model()
    faults = tuple(_register_faults(directive, name, register))
    return (None if faults else directive), faults


def _fault(code: str, directive: str, where: str, text: str, remedy: str) -> Finding:
    return Finding(code, Level.BLOCKER, directive, where, text, remedy)


def _unreadable(file: Path | str, text: str, remedy: str) -> Reading:
    return Reading((), (_fault("U001", "", str(file), text, remedy),))


def _top_faults(table: Mapping[str, Any], name: str) -> Iterator[Finding]:
    for key in table:
        if key not in _TOP_KEYS and not key.startswith("expected"):
            yield _fault("U100", "", f"{name}: {key}", "unknown key", _nearest(key, _TOP_KEYS))
    if table.get("schema_version") != 1:
        yield _fault(
            "U103", "", f"{name}: schema_version", "the version of the form is missing or not 1",
            "write schema_version = 1 at the top",
        )  # fmt: skip
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
    return _fault("U103", id_, where, f"{fault['input']!r}: {message}", "see the form of directive files")


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
    here: type[BaseModel] = form.Directive
    tables = {
        "measure": form.Measure, "relation": form.Relation, "coverage": form.Coverage, "contact": form.Contact,
        "source": form.Source, "links": form.Link, "docs": form.Link, "cap": form.Cap,
        "quantity": form.Quantity, "advice_quantity": form.Quantity, "window": form.Window,
        "window_alternative": form.Window, "further": form.Further,
    }  # fmt: skip
    for step in location:
        if isinstance(step, str) and step in tables:
            here = tables[step]
    return {field.alias or key for key, field in here.model_fields.items()}


def _nearest(key: str, known: set[str]) -> str:
    stem = key.rpartition("_")[0] if key.rpartition("_")[2] in ("fr", "de", "nl", "en") else key
    found = difflib.get_close_matches(stem, sorted(known), n=1, cutoff=0.5)
    return f"did you mean {found[0]}?" if found else f"known keys: {', '.join(sorted(known))}"


def _register_faults(directive: Directive, name: str, register: Register) -> Iterator[Finding]:
    """Ids must be those of the registers, and references must lead somewhere."""

    def unknown(where: str, kind: str, id_: str, known: Mapping[str, object]) -> Iterator[Finding]:
        if id_ not in known:
            found = difflib.get_close_matches(id_, list(known), n=1, cutoff=0.4)
            remedy = f"did you mean {found[0]!r}?" if found else "see the register"
            yield _fault("U102", directive.id, f"{name}: {where}", f"{kind} {id_!r} is not in the register", remedy)

    yield from unknown("issuer", "issuer", directive.issuer, register.issuers)
    yield from unknown("act_type", "act type", directive.act_type, register.act_types)
    scopes: list[tuple[str, Any]] = [("", directive), *((f"measure {m.id}.", m) for m in directive.measures)]
    for place, scope in scopes:
        for sector in scope.sectors:
            yield from unknown(f"{place}sectors", "sector", sector, register.sectors)
        for territory in scope.territory:
            if not register.knows_territory(territory):
                yield from unknown(f"{place}territory", "territory", territory, register.territories)
    for decision in directive.coverage:
        for sector in () if decision.sectors == "others" else decision.sectors:
            yield from unknown("coverage.sectors", "sector", sector, register.sectors)
    contacts = {contact.id: contact for contact in directive.contacts}
    for measure in directive.measures:
        yield from unknown(f"measure {measure.id}.topic", "topic", measure.topic, register.topics)
        if measure.contact and measure.contact not in contacts:
            yield _fault(
                "U108", directive.id, f"{name}: measure {measure.id}.contact",
                f"{measure.contact!r} is no [[directive.contact]] of this act", "add it, or name another",
            )  # fmt: skip
        start, end = measure.effective_from or directive.effective_from, measure.effective_to or directive.effective_to
        if start and end and end <= start:
            yield _fault(
                "U104", directive.id, f"{name}: measure {measure.id}",
                "ends before it starts, with the dates of the directive", "mend one of the dates",
            )  # fmt: skip


def _register_faults_raw(row: Any, id_: str, name: str, register: Register) -> Iterator[Finding]:
    """What the registers say of a sheet that has other faults too, so that all are told at once."""
    if not isinstance(row, dict):
        return
    for key, known in (("issuer", register.issuers), ("act_type", register.act_types)):
        value = row.get(key)
        if isinstance(value, str) and value not in known:
            found = difflib.get_close_matches(value, list(known), n=1, cutoff=0.4)
            remedy = f"did you mean {found[0]!r}?" if found else "see the register"
            yield _fault("U102", id_, f"{name}: {key}", f"{value!r} is not in the register", remedy)
    measures = row.get("measure")
    tables = [("", row), *((f"measure {i + 1}.", m) for i, m in enumerate(measures if isinstance(measures, list) else []))]
    for place, table in tables:
        if not isinstance(table, dict):
            continue
        for key, values in (("sectors", register.sectors), ("topic", register.topics)):
            given = table.get(key, [])
            for value in [given] if isinstance(given, str) else given if isinstance(given, list) else []:
                if isinstance(value, str) and value not in values:
                    found = difflib.get_close_matches(value, list(values), n=1, cutoff=0.4)
                    remedy = f"did you mean {found[0]!r}?" if found else "see the register"
                    yield _fault("U102", id_, f"{name}: {place}{key}", f"{value!r} is not in the register", remedy)


def issued_on(directive: Directive) -> date | None:
    """The day on which a directive is judged and rendered when nobody says another one."""
    if directive.issued:
        return directive.issued
    return directive.effective_from.date() if directive.effective_from else None
