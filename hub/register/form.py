"""The form of the registers' files as pydantic models; each makes the entry of the same name."""

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.model.directive import Language
from hub.plain import clean
from hub.register import entries


def _has_french(names: dict[Language, str]) -> dict[Language, str]:
    """French is what every other language falls back to."""
    if "fr" not in names:
        raise ValueError('has no fr; write fr = "…"')
    return names


def _is_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}", text):
        raise ValueError(
            "is no id; write letters and digits without accents, dots, hyphens and underscores, 80 at most"
        )
    return text


def _count(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError("is neither a whole number nor text; write 602, or its origin in quotes")
    return value


Line = Annotated[str, AfterValidator(clean)]


def _two_letters(code: str) -> str:
    if re.fullmatch("[a-z]{2}", code):
        return code
    raise ValueError("is no language; write its two small letters: fr, de, nl, en")


Code = Annotated[Language, AfterValidator(_two_letters)]
Text = Annotated[dict[Code, Line], AfterValidator(_has_french)]


class Named(BaseModel):
    """An entry as the files have it: names under fr, de, nl, en and further languages beside the other keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, AfterValidator(_is_id)]
    fr: Line
    de: Line
    nl: Line
    en: Line
    in_further_languages: dict[Language, Line] = {}

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, table: Any) -> Any:
        """A key of two letters that is no field is the name in a further language."""
        if not isinstance(table, dict):
            return table
        fields = {field.alias or name for name, field in cls.model_fields.items()}
        names = {key: table[key] for key in table if re.fullmatch("[a-z]{2}", key) and key not in fields}
        rest = {key: value for key, value in table.items() if key not in names}
        return {**rest, "in_further_languages": names} if names else rest

    @property
    def name(self) -> dict[Language, str]:
        return {"fr": self.fr, "de": self.de, "nl": self.nl, "en": self.en, **self.in_further_languages}

    def entry(self) -> entries.Entry:
        return entries.Entry(self.id, self.name)


class Sector(Named):
    group: str
    competence: str = ""
    federations: tuple[str, ...] = ()
    size: dict[str, Annotated[int | str, BeforeValidator(_count)]] = {}

    def entry(self) -> entries.Sector:
        return entries.Sector(self.id, self.name, self.group, self.competence, self.federations)


class Issuer(Named):
    level: Line
    binding: Line
    short: Annotated[dict[Code, Annotated[Line, Field(max_length=12)]], AfterValidator(_has_french)]
    site: Line | None = None
    note: str = ""

    def entry(self) -> entries.Issuer:
        return entries.Issuer(self.id, self.name, self.level, self.binding, self.short, self.site)


class Topic(Named):
    value: Literal["modality", "count", "age", "days", "share", "time_window", "text"]
    stricter: Literal["lower", "higher", "wider"] | None = None
    per: Literal["beneficiary", "group"] | None = None

    def entry(self) -> entries.Topic:
        return entries.Topic(self.id, self.name, self.value, self.stricter, self.per)


class Audience(Named):
    register_: Annotated[str, Field(alias="register")] = ""


class Territory(Named):
    kind: Line
    in_: Annotated[Text, Field(alias="in")]
    short: Text
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


class LanguageRule(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    languages: tuple[Language, ...]
    territory: str | None = None
    members: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    note: str = ""


class Competence(BaseModel):
    """A row of the table of competences; [] with unknown = true: unclear, a person decides."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    topics: Annotated[tuple[str, ...], Field(min_length=1)]
    groups: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    levels: tuple[str, ...]
    in_dg: tuple[str, ...] = ()
    unknown: bool = False
    note: str = ""

    @model_validator(mode="after")
    def _one_answer(self) -> "Competence":
        if self.unknown == bool(self.levels):
            raise ValueError("name levels, or say unknown = true")
        return self

    def entry(self) -> entries.Competence:
        return entries.Competence(self.topics, self.groups, self.sectors, self.levels, self.in_dg)


class Addition(BaseModel):
    """What a file given with --register may add."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_version: Literal[1]
    refnis_version: str | None = None
    territory: tuple[Territory, ...] = ()
    issuer: tuple[Issuer, ...] = ()
