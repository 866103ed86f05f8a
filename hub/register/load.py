"""Reads the registers from the data files, and further territories and issuers from a file of the same form."""

import csv
import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import FaultyFile
from hub.model.directive import Language
from hub.register import entries

DATA = resources.files("hub.register") / "data"


class _Named(BaseModel):
    """An entry as the files have it: names under fr, de, nl, en beside the other keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    fr: str
    de: str
    nl: str
    en: str

    @property
    def name(self) -> dict[Language, str]:
        return {"fr": self.fr, "de": self.de, "nl": self.nl, "en": self.en}

    def entry(self) -> entries.Entry:
        return entries.Entry(self.id, self.name)


class _Sector(_Named):
    group: str
    competence: str = ""
    federations: tuple[str, ...] = ()
    size: dict[str, int | str] = {}

    def entry(self) -> entries.Sector:
        return entries.Sector(self.id, self.name, self.group, self.competence, self.federations)


class _Issuer(_Named):
    level: str
    binding: str
    short: dict[Language, Annotated[str, Field(max_length=12)]]
    site: str | None = None
    note: str = ""

    def entry(self) -> entries.Issuer:
        return entries.Issuer(self.id, self.name, self.level, self.binding, self.short, self.site)


class _Topic(_Named):
    value: str
    stricter: Literal["lower", "higher", "wider"] | None = None

    def entry(self) -> entries.Topic:
        return entries.Topic(self.id, self.name, self.value, self.stricter)


class _Audience(_Named):
    register_: Annotated[str, Field(alias="register")] = ""


class _Territory(_Named):
    kind: str
    in_: Annotated[dict[Language, str], Field(alias="in")]
    short: dict[Language, str]
    parent: str | None = None
    members: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    rule: str | None = None
    iso: str = ""
    note: str = ""
    members_complete: bool = True

    def entry(self) -> entries.Territory:
        members = self.members if self.members_complete else ()
        return entries.Territory(
            self.id, self.name, self.kind, self.in_, self.short, self.parent, members, self.rule
        )


class _LanguageRule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: tuple[Language, ...]
    territory: str | None = None
    members: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    note: str = ""


class _Addition(BaseModel):
    """What a file given with --register may add."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1]
    refnis_version: str | None = None
    territory: tuple[_Territory, ...] = ()
    issuer: tuple[_Issuer, ...] = ()


def load(extra: Path | None = None) -> entries.Register:
    """The registers that ship with the hub, with the territories and issuers of `extra` added.

    Raises FaultyFile, which names the key at fault, when `extra` cannot be used.
    """
    addition = _read_addition(extra) if extra else _Addition(schema_version=1)
    communes = _communes()
    raw = _toml("territories.toml")
    territories = {t.id: t.entry() for t in (_Territory.model_validate(row) for row in raw["territory"])}
    territories |= {t.id: t.entry() for t in addition.territory}
    register = entries.Register(
        refnis_version=raw["refnis_version"],
        sectors={
            s.id: s.entry() for s in (_Sector.model_validate(r) for r in _toml("sectors.toml")["sector"])
        },
        groups={g.id: g.entry() for g in (_Named.model_validate(r) for r in _toml("sectors.toml")["group"])},
        audiences={
            a.id: a.entry()
            for a in (_Audience.model_validate(r) for r in _toml("audiences.toml")["audience"])
        },
        issuers={
            i.id: i.entry()
            for i in (*(_Issuer.model_validate(r) for r in _toml("issuers.toml")["issuer"]), *addition.issuer)
        },
        act_types={
            a.id: a.entry() for a in (_Named.model_validate(r) for r in _toml("act_types.toml")["act_type"])
        },
        topics={t.id: t.entry() for t in (_Topic.model_validate(r) for r in _toml("topics.toml")["topic"])},
        territories=territories,
        communes=communes,
        language_rules=(),
    )
    return _with_language_rules(register, [_LanguageRule.model_validate(r) for r in raw["language_rule"]])


def _with_language_rules(register: entries.Register, rules: list[_LanguageRule]) -> entries.Register:
    resolved = tuple(
        entries.LanguageRule(
            register.places([rule.territory]).nis if rule.territory else frozenset(rule.members),
            rule.languages,
        )
        for rule in rules
    )
    fields = {name: getattr(register, name) for name in entries.Register.__dataclass_fields__}
    return entries.Register(**{**fields, "language_rules": resolved})


def _toml(name: str) -> dict[str, Any]:
    return tomllib.loads((DATA / name).read_text(encoding="utf-8"))


def _communes() -> dict[str, entries.Commune]:
    communes = {}
    for row in csv.DictReader((DATA / "communes.csv").read_text(encoding="utf-8").splitlines()):
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


def _read_addition(file: Path) -> _Addition:
    try:
        return _Addition.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise FaultyFile(f"{file}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise FaultyFile(f"{file} is not TOML in UTF-8: {error}") from error
    except ValidationError as error:
        faults = "\n".join(
            f"  {'.'.join(str(part) for part in fault['loc'])}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise FaultyFile(f"{file} cannot serve as a register:\n{faults}") from error
