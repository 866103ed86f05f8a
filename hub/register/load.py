"""Reads the registers from the data files, and further territories and issuers from a file of the same form."""

import csv
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from hub import languages as spoken
from hub.errors import FaultyFile, NotFound
from hub.faults import line, no_toml, place
from hub.model.directive import Language, Text
from hub.plain import shown
from hub.register import entries, form

DATA = resources.files("hub.register") / "data"
Row = TypeVar("Row", bound=BaseModel)


def load(
    extra: Path | None = None, *, data: Traversable = DATA, languages: tuple[Language, ...] | None = None
) -> entries.Register:
    """The registers in `data`, those that ship with the hub, with the territories and issuers of `extra` added.

    Each entry has its names in all `languages`, else in all that are known: in French where it lacks one.
    Raises FaultyFile, which names the key at fault, when one of the files cannot be used.
    """
    addition = _read_addition(extra) if extra else form.Addition(schema_version=1)
    communes = _communes(data)
    raw = _toml(data, "territories.toml")
    territories = {t.id: t.entry() for t in _rows(data, "territories.toml", "territory", form.Territory)}
    territories |= {t.id: t.entry() for t in addition.territory}
    register = entries.Register(
        refnis_version=raw["refnis_version"],
        sectors={s.id: s.entry() for s in _rows(data, "sectors.toml", "sector", form.Sector)},
        groups={g.id: g.entry() for g in _rows(data, "sectors.toml", "group", form.Named)},
        audiences={a.id: a.entry() for a in _rows(data, "audiences.toml", "audience", form.Audience)},
        issuers={
            i.id: i.entry() for i in (*_rows(data, "issuers.toml", "issuer", form.Issuer), *addition.issuer)
        },
        act_types={a.id: a.entry() for a in _rows(data, "act_types.toml", "act_type", form.Named)},
        topics={t.id: t.entry() for t in _rows(data, "topics.toml", "topic", form.Topic)},
        territories=territories,
        communes=communes,
        language_rules=(),
        competences=tuple(c.entry() for c in _rows(data, "competences.toml", "competence", form.Competence)),
    )
    register = _named(register, raw, data, spoken.known() if languages is None else languages)
    _demand_communes(addition.territory, register, extra)
    rules = _rows(data, "territories.toml", "language_rule", form.LanguageRule)
    return _with_language_rules(register, rules)


def _with_language_rules(register: entries.Register, rules: list[form.LanguageRule]) -> entries.Register:
    resolved = tuple(
        entries.LanguageRule(
            register.places([rule.territory]).nis if rule.territory else frozenset(rule.members),
            rule.languages,
        )
        for rule in rules
    )
    return replace(register, language_rules=resolved)


_FILES = {
    "sectors": "sectors.toml",
    "groups": "sectors.toml",
    "audiences": "audiences.toml",
    "issuers": "issuers.toml",
    "act_types": "act_types.toml",
    "topics": "topics.toml",
    "territories": "territories.toml",
}
"""Which entries have names, and where they stand."""


def _named(
    register: entries.Register, raw: Mapping[str, Any], data: Traversable, languages: tuple[Language, ...]
) -> entries.Register:
    """The same register with every name in every language, and what was lacking."""
    commune_in = raw.get("commune_in", {})
    if not isinstance(commune_in, dict):
        raise FaultyFile(
            f'{data / "territories.toml"}: commune_in is no table; write {{ it = "… {{name}}" }}'
        )
    for language, form_ in commune_in.items():
        if not isinstance(form_, str) or "{name}" not in form_:
            raise FaultyFile(f'{data / "territories.toml"}: commune_in.{language}: write "… {{name}}"')
    unnamed = [
        entries.Unnamed(language, "territories.toml", "commune_in")
        for language in languages
        if language not in ("fr", *commune_in)
    ]
    complete: dict[str, Any] = {}
    for kind, file in _FILES.items():
        found: Mapping[str, entries.Entry] = getattr(register, kind)
        complete[kind] = {id_: _in_all(entry, languages) for id_, entry in found.items()}
        for id_, entry in found.items():
            for field, text in _texts(entry):
                key = id_ if field == "name" else f"{id_}.{field.rstrip('_')}"
                unnamed += [
                    entries.Unnamed(language, file, key) for language in languages if language not in text
                ]
    return replace(register, languages=languages, commune_in=commune_in, unnamed=tuple(unnamed), **complete)


def _in_all(entry: entries.Entry, languages: tuple[Language, ...]) -> entries.Entry:
    texts = {field: {**dict.fromkeys(languages, text["fr"]), **text} for field, text in _texts(entry)}
    return replace(entry, **texts)  # type: ignore[arg-type]  # which fields there are, its class says


def _texts(entry: entries.Entry) -> Iterator[tuple[str, Text]]:
    for field in ("name", "in_", "short"):
        if hasattr(entry, field):
            yield field, getattr(entry, field)


def _toml(data: Traversable, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads((data / name).read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultyFile(f"{data / name}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FaultyFile(f"{data / name}: {'; '.join(no_toml(error))}") from error


def _rows(data: Traversable, name: str, key: str, of: type[Row]) -> list[Row]:
    """The entries under `key`. Raises FaultyFile, which names the entry and the keys at fault."""
    table = _toml(data, name)
    found = table.get(key, [])
    if not isinstance(found, list):
        raise FaultyFile(f"{data / name}: {key} is no list; write [[{key}]]")
    rows = []
    for number, row in enumerate(found):
        try:
            rows.append(of.model_validate(row))
        except ValidationError as error:
            raise FaultyFile(f"{data / name}:\n{_faults(error, of, table, key, number)}") from error
    return rows


def _communes(data: Traversable) -> dict[str, entries.Commune]:
    communes = {}
    for row in csv.DictReader((data / "communes.csv").read_text(encoding="utf-8").splitlines()):
        name: dict[Language, str] = {"fr": row["fr"], "nl": row["nl"]}
        if row["de"]:
            name["de"] = row["de"]
        communes[row["nis"]] = entries.Commune(
            nis=row["nis"],
            name=name,
            province=None if row["province"] in ("", row["region"]) else row["province"],
            region=row["region"],
            postal_codes=tuple(row["postal_codes"].split()),
        )
    return communes


def _read_addition(file: Path) -> form.Addition:
    try:
        table = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise FaultyFile(f"{file}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise FaultyFile(f"{file}: {'; '.join(no_toml(error))}") from error
    try:
        return form.Addition.model_validate(table)
    except ValidationError as error:
        raise FaultyFile(
            f"{file} cannot serve as a register:\n{_faults(error, form.Addition, table)}"
        ) from error


def _faults(error: ValidationError, of: type[BaseModel], table: Mapping[str, Any], *within: int | str) -> str:
    """Each fault on a line of its own; its place starts at `within` in the table."""
    return "\n".join(
        f"  {shown(_place((*within, *place(fault)), table))}: {shown(line(fault, of))}"
        for fault in error.errors(include_url=False)
    )


def _place(location: tuple[int | str, ...], table: Mapping[str, Any]) -> str:
    """("territory", 0, "in") → territory VALLEE.in"""
    if len(location) < 2 or not isinstance(location[1], int):
        return ".".join(map(str, location))
    row = table[str(location[0])][location[1]]
    name = row.get("id", location[1] + 1) if isinstance(row, dict) else location[1] + 1
    return ".".join([f"{location[0]} {name}", *map(str, location[2:])])


def _demand_communes(added: Iterable[form.Territory], register: entries.Register, file: Path | None) -> None:
    """Raises FaultyFile for an added territory behind which no known commune stands."""
    for territory in added:
        if fault := _fault(territory, register):
            raise FaultyFile(f"{file}: territory {territory.id}: {fault}")


def _fault(territory: form.Territory, register: entries.Register) -> str | None:
    if strangers := [nis for nis in territory.members if nis not in register.communes]:
        return f"{', '.join(map(shown, strangers))} is no commune of REFNIS {register.refnis_version}"
    try:
        places = register.places([territory.id])
    except RecursionError:
        return f"its rule {territory.rule!r} refers to itself; name territories that stand without it"
    except (NotFound, ValueError) as error:
        return str(error)
    if not places.nis and not any(places.nis_if_community.values()):
        return "means no commune; give it members or a rule"
    return None
