"""What a sheet says about other things must fit: ids of the registers, its own contacts, its own dates.

It looks at the table as it came, so that these faults are told together with those of the form.
"""

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date, datetime, time
from typing import Any

from hub.intake.form import Contact, Directive, Measure, is_language
from hub.intake.values import YEARS
from hub.now import BRUSSELS
from hub.register import Register

Fault = tuple[str, str, str, str]
"""code, where, what is wrong, what to do"""


def faults(row: Mapping[str, Any], register: Register) -> Iterator[Fault]:
    """Every fault of reference in one [[directive]] table."""
    measures = _tables(row, "measure")
    yield from _entries(row, register)
    yield from _scope("", row, register)
    yield from _dates("(directive)", row, {})
    yield from _unknown("", row, Directive.keys())
    yield from _twice("measure", measures)
    yield from _twice("contact", _tables(row, "contact"))
    for number, contact in enumerate(_tables(row, "contact"), start=1):
        yield from _unknown(f"contact {contact.get('id', number)}.", contact, Contact.keys())
    yield from _whole(row, measures)
    for relation in _tables(row, "relation"):
        if relation.get("target") is not None and relation.get("target") == row.get("id"):
            yield (
                "U103",
                f"relation {relation.get('type')}.target",
                "it names the act itself",
                "name the other act; a new state of this one is submitted as an update or a correction",
            )
    for number, measure in enumerate(measures, start=1):
        place = f"measure {measure.get('id', number)}"
        yield from _scope(f"{place}.", measure, register)
        yield from _id(f"{place}.topic", "topic", measure.get("topic"), register.topics)
        yield from _dates(place, measure, row)
        yield from _unknown(f"{place}.", measure, Measure.keys())
        named = measure.get("contact")
        if isinstance(named, str) and named not in [c.get("id") for c in _tables(row, "contact")]:
            yield (
                "U108",
                f"{place}.contact",
                f"{named!r} is no [[directive.contact]] of this act",
                "add it, or name another",
            )


def _entries(row: Mapping[str, Any], register: Register) -> Iterator[Fault]:
    yield from _id("issuer", "issuer", row.get("issuer"), register.issuers)
    yield from _id("act_type", "act type", row.get("act_type"), register.act_types)
    for decision in _tables(row, "coverage"):
        if decision.get("sectors") != "others":
            for sector in _list(decision, "sectors"):
                yield from _id("coverage.sectors", "sector", sector, register.sectors)


def _scope(place: str, table: Mapping[str, Any], register: Register) -> Iterator[Fault]:
    for sector in _list(table, "sectors"):
        yield from _id(f"{place}sectors", "sector", sector, register.sectors)
    for territory in _list(table, "territory"):
        if isinstance(territory, str) and not register.knows_territory(territory):
            yield from _territory(f"{place}territory", territory, register)


def _territory(where: str, id_: str, register: Register) -> Iterator[Fault]:
    if re.fullmatch(r"[0-9]{5}", id_):
        yield (
            "U102",
            where,
            f"territory {id_!r} is no commune of REFNIS {register.refnis_version}",
            "give the code of that version: a commune that merged has the new commune's",
        )
    else:
        yield from _id(where, "territory", id_, register.territories)


def _id(where: str, kind: str, id_: Any, known: Collection[str]) -> Iterator[Fault]:
    if isinstance(id_, str) and id_ not in known:
        nearest = difflib.get_close_matches(id_, list(known), n=1, cutoff=0.4)
        remedy = f"did you mean {nearest[0]!r}?" if nearest else f"known are {', '.join(list(known)[:12])} …"
        yield "U102", where, f"{kind} {id_!r} is not in the register", remedy


def _dates(where: str, table: Mapping[str, Any], around: Mapping[str, Any]) -> Iterator[Fault]:
    """Validity is [effective_from, effective_to); a measure takes from its act what it does not say itself."""
    if around and not ("effective_from" in table or "effective_to" in table):
        return
    start = _instant(table.get("effective_from", around.get("effective_from")))
    end = _instant(table.get("effective_to", around.get("effective_to")))
    if start and end and end <= start:
        yield (
            "U104",
            where,
            f"ends ({end.isoformat()}) before it starts ({start.isoformat()})",
            "validity is [effective_from, effective_to): mend one of the two",
        )


def _unknown(place: str, table: Mapping[str, Any], fields: Collection[str]) -> Iterator[Fault]:
    """A fact is known or unknown, not both."""
    for key in _list(table, "unknown"):
        if not isinstance(key, str) or key not in fields:
            nearest = difflib.get_close_matches(str(key), sorted(fields), n=1, cutoff=0.0)
            yield (
                "U109",
                f"{place}unknown",
                f"{key!r} is no key of this table",
                f"did you mean {nearest[0]!r}?",
            )
        elif key in table or any(_translates(given, key) for given in table):
            yield (
                "U109",
                f"{place}unknown",
                f"{key} has a value and is listed as unknown",
                "keep one of the two",
            )


def _translates(given: str, key: str) -> bool:
    stem, _, suffix = given.rpartition("_")
    return stem == key and is_language(suffix)


def _twice(kind: str, tables: list[Mapping[str, Any]]) -> Iterator[Fault]:
    ids = [table["id"] for table in tables if isinstance(table.get("id"), str)]
    for id_ in sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        yield "U106", f"{kind} {id_}", "this id stands there twice", "give each its own"


def _whole(row: Mapping[str, Any], measures: list[Mapping[str, Any]]) -> Iterator[Fault]:
    if row.get("establishments_only") is True and not _list(row, "establishments"):
        yield "U110", "establishments", "only named establishments are meant, but none is named", "name them"
    cap = row.get("cap")
    for key in ("urgency", "severity"):
        ours, theirs = row.get(key), cap.get(key) if isinstance(cap, dict) else None
        if ours and theirs and ours != theirs:
            yield (
                "U111",
                key,
                f"it is {ours} here and {theirs} under cap",
                "they are the same thing: mend one",
            )
    relations = {str(relation.get("type")) for relation in _tables(row, "relation")}
    if row.get("measure") == [] and not measures and not relations & {"extends", "corrects"}:
        yield (
            "U112",
            "measure",
            "the act has no measure and neither extends nor corrects another: it says nothing",
            "add a [[directive.measure]] or the relation through which it speaks",
        )


def _instant(value: Any) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if isinstance(value, date) and value.year not in YEARS:
        return None  # the form says so
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=BRUSSELS)
    return datetime.combine(value, time(), BRUSSELS) if isinstance(value, date) else None


def _tables(row: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = row.get(key)
    return [table for table in value if isinstance(table, dict)] if isinstance(value, list) else []


def _list(table: Mapping[str, Any], key: str) -> list[Any]:
    value = table.get(key)
    return value if isinstance(value, list) else []
