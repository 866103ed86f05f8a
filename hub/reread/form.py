"""The form of a language's file: what must stand in it before anything is read by it."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Self, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, create_model, model_validator

from hub.model.directive import Language, Modality, Operator, RelationType, Unit
from hub.model.value import Mark


class FaultyLexicon(Exception):
    """What the reader knows of a language cannot be used; its cause says why."""

    def __init__(self, language: Language, cause: Exception) -> None:
        super().__init__(f"hub/reread/data/{language}.toml: {cause}")
        self.language, self.cause = language, cause


IMPERATIVES = "{imperatives}"
"""Stands in a pattern for the words of the table of this name."""


def _alternatives(text: str) -> str:
    if not all(part.strip() for part in text.split("|")):
        raise ValueError("has an empty alternative; write a word on both sides of each |")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text.replace(IMPERATIVES, "x"))
    except re.error as error:
        raise ValueError(f"is no regular expression ({error}); mend it at that place") from error
    return text


def _hour(text: str) -> str:
    if not {"h", "min"} <= re.compile(text).groupindex.keys():
        raise ValueError("lacks a group; write (?P<h>…) for the hour and (?P<min>…) for the minutes")
    return text


Text = Annotated[str, Field(min_length=1), AfterValidator(_alternatives)]
Pattern = Annotated[str, Field(min_length=1), AfterValidator(_pattern)]
Bounds = Annotated[dict[Operator, Annotated[list[Text], Field(min_length=1)]], Field(min_length=1)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Words(_Table):
    words: Annotated[list[Text], Field(min_length=1)]


class Patterns(_Table):
    words: Annotated[list[Pattern], Field(min_length=1)]


class Spelled(Words):
    numbers: Annotated[dict[Annotated[str, Field(pattern=r"^[1-9][0-9]*$")], Text], Field(min_length=1)]


class Excluding(Words):
    headings: Annotated[list[Text], Field(min_length=1)]


class Sides(_Table):
    start: Annotated[list[Text], Field(min_length=1)]
    end: Annotated[list[Text], Field(min_length=1)]


class Marker(_Table):
    is_: Annotated[Modality, Field(alias="is")]
    words: Pattern
    with_: Annotated[Pattern | None, Field(alias="with")] = None


class _File(_Table):
    """What is a key of the file itself, or a table whose keys are names in Python."""

    months: Annotated[list[Text], Field(min_length=12, max_length=12)]
    weekdays: Annotated[list[Text], Field(min_length=7, max_length=7)]
    hour: Annotated[Pattern, AfterValidator(_hour)]
    hour_is_duration: bool = False
    midnight: Pattern
    last_day_before: Pattern | None = None
    last_day_after: Pattern | None = None
    decimal: Text
    thousands: Text | None = None
    limit: Pattern
    before: Bounds
    after: Bounds
    excluding: Excluding
    sides: Sides
    joins: Words
    per: Patterns
    denial: Patterns
    spelled: Spelled
    modality: Annotated[list[Marker], Field(min_length=1)]
    imperatives: Words | None = None

    @model_validator(mode="after")
    def _has_imperatives(self) -> Self:
        patterns = [text for marker in self.modality for text in (marker.words, marker.with_ or "")]
        if self.imperatives is None and any(IMPERATIVES in text for text in patterns):
            raise ValueError(
                f"[[modality]] says {IMPERATIVES}, which are not there; add a table [imperatives]"
            )
        return self


def _table(name: str, keys: Mapping[str, Any]) -> type[_Table]:
    """A table with all these keys, which may be no names in Python, and what stands under each."""
    fields: dict[str, Any] = {f"key_{n}": (of, Field(alias=key)) for n, (key, of) in enumerate(keys.items())}
    return create_model(name, __base__=_Table, **fields)


_SENSES = {
    "relation": ("announced", *get_args(RelationType)),
    "status": ("update", "correction", "cancel", "all-clear"),
    "standing": ("announced", "reported"),
    "change": ("before", "now"),
    "people": ("direction", "staff", "family"),
    "order": ("earlier", "later"),
    "whereabouts": ("inside", "outside"),
    "moving": ("stay", "leave"),
    "door": ("open", "shut"),
    "supply": ("on", "off"),
    "assent": ("accept", "refuse"),
    "force": ("holds",),
    "guests": ("visitor",),
}
"""What a sentence may be for, or speak of, by the groups that the gate asks about."""

_OPEN_SENSES = ("named", "subject")
"""Groups that are only compared between languages: each sense is a word that all of them should have."""

LexiconFile = create_model(
    "LexiconFile",
    __base__=_File,
    marks=(_table("Marks", dict.fromkeys(map(str, Mark), Text)), ...),
    unit=(_table("Units", dict.fromkeys(get_args(Unit), Pattern)), ...),
    senses=(
        _table(
            "Senses",
            {name: _table(name, dict.fromkeys(keys, Pattern)) for name, keys in _SENSES.items()}
            | dict.fromkeys(_OPEN_SENSES, Annotated[dict[str, Pattern], Field(min_length=1)]),
        ),
        ...,
    ),
)
"""hub/reread/data/{language}.toml."""
