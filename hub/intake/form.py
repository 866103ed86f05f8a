"""The directive file's form, version 1, as pydantic models: what bytes from outside must look like."""

import re
from dataclasses import fields
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, StrictBool, model_validator

from hub.intake.values import (
    Day,
    Deadline,
    Hour,
    Instant,
    Line,
    Mailbox,
    Number,
    Phone,
    PlainText,
    Rows,
    Sectors,
    Slug,
    Text,
    Title,
    Url,
)
from hub.model import directive as model
from hub.model.directive import Audience
from hub.plain import short

Provenance = Literal["real", "paraphrased", "invented", "reported"]

FOR_EDITORS = {"provenance", "scenario", "notes", "territory_note", "unknown_note", "decision"}
"""Keys that end in the file: nothing prints them. Every other key has its field in the model."""


def is_language(suffix: str) -> bool:
    """Whether a key's suffix is written like a language; whether it is a known one, its text is asked."""
    return re.fullmatch(r"[a-z]{2}", suffix) is not None


class Form(BaseModel):
    """A table of the file. `k_fr`, `k_de` … are read as k = {fr, de …}; `k_provenance` goes with k."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    becomes: ClassVar[type[Any]]

    provenance: Provenance | None = None

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        known_keys = cls.keys()
        folded: dict[str, Any] = {}
        for key, value in table.items():
            stem, _, suffix = key.rpartition("_")
            if is_language(suffix) and stem in known_keys and key not in known_keys:
                known = folded.setdefault(stem, {})
                if not isinstance(known, dict) or suffix in known:
                    raise ValueError(f"{stem} is given twice in {suffix}; keep one")
                known[suffix] = value
            elif suffix == "provenance" and stem in known_keys:
                if value not in get_args(Provenance):
                    raise ValueError(
                        f"{key} is {short(value)}; it is one of {', '.join(get_args(Provenance))}"
                    )
            elif key in folded:
                raise ValueError(f"{key} is given as a table and with a language suffix; keep one")
            else:
                folded[key] = value
        return folded

    def to_model(self) -> Any:
        """The same facts as a value of the model: each of its fields has the name that it has here."""
        return self.becomes(
            **{field.name: _as_model(getattr(self, field.name)) for field in fields(self.becomes)}
        )

    @classmethod
    def keys(cls) -> set[str]:
        """The keys that this table knows, as a file spells them."""
        return {field.alias or name for name, field in cls.model_fields.items()}


def _as_model(value: Any) -> Any:
    if isinstance(value, Form):
        return value.to_model()
    return tuple(map(_as_model, value)) if isinstance(value, tuple) else value


class Quantity(Form):
    becomes = model.Quantity

    op: model.Operator
    value: Number
    unit: model.Unit
    name: Line = ""
    by: Line = ""


class Further(Form):
    becomes = model.LabelledQuantity

    label: PlainText
    op: model.Operator
    value: Number
    unit: model.Unit


class Window(Form):
    becomes = model.Window

    from_: Annotated[Hour, Field(alias="from")]
    to: Hour

    @model_validator(mode="after")
    def _ends(self) -> "Window":
        if self.from_ == self.to:
            raise ValueError("from and to are the same hour; a whole day needs no window")
        return self


class Measure(Form):
    becomes = model.Measure

    id: Slug
    topic: str
    modality: model.Modality
    actor: Audience
    verb: PlainText
    object: PlainText
    subject_key: Slug | None = None
    scope: Slug | None = None
    quantity: Quantity | None = None
    value: Slug | None = None
    advice_quantity: Quantity | None = None
    further: tuple[Further, ...] = ()
    window: Window | None = None
    window_alternative: Window | None = None
    deadline: Deadline | None = None
    exceptions: Rows = ()
    conditions: Rows = ()
    population_rule: PlainText | None = None
    contact: Slug | None = None
    unknown: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    territory: tuple[str, ...] = ()
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    label: dict[str, PlainText] = {}


class Relation(Form):
    becomes = model.Relation

    type: model.RelationType
    target: Slug | None = None
    target_external: Line | None = None
    target_measure: Slug | None = None
    partial: StrictBool = False
    scope: PlainText | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "Relation":
        if (self.target is None) == (self.target_external is None):
            raise ValueError("names no target, or two; give either target (an id) or target_external (text)")
        return self


class Coverage(Form):
    becomes = model.Coverage

    sectors: Sectors
    audiences: tuple[Audience, ...] = model.AUDIENCES
    decision: Literal["not_concerned"]
    reason: Text
    by: Line


class Contact(Form):
    becomes = model.Contact

    id: Slug
    label: PlainText
    phone: Phone | None = None
    email: Mailbox | None = None
    hours: Text | None = None
    unknown: tuple[str, ...] = ()


class Link(Form):
    becomes = model.Link

    label: PlainText
    url: Url


class Source(Form):
    becomes = model.Source

    publisher: Line
    url: Url


class Cap(Form):
    becomes = model.Cap

    category: tuple[
        Literal[
            "Geo",
            "Met",
            "Safety",
            "Security",
            "Rescue",
            "Fire",
            "Health",
            "Env",
            "Transport",
            "Infra",
            "CBRNE",
            "Other",
        ],
        ...,
    ] = ()
    urgency: Literal["Immediate", "Expected", "Future", "Past", "Unknown"] | None = None
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] | None = None
    certainty: Literal["Observed", "Likely", "Possible", "Unlikely", "Unknown"] | None = None


class Directive(Form):
    becomes = model.Directive

    id: Slug
    issuer: str
    act_type: str
    title: Title
    urgency: Literal["Immediate", "Expected", "Future"]
    territory: Annotated[tuple[str, ...], Field(min_length=1)]
    sectors: Annotated[tuple[str, ...], Field(min_length=1)]
    audiences: Annotated[tuple[Audience, ...], Field(min_length=1)]
    measures: Annotated[tuple[Measure, ...], Field(alias="measure")]
    summary: PlainText = {}
    reference: Line | None = None
    legal_basis: tuple[Line, ...] = ()
    issued: Day | None = None
    published: Day | None = None
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    establishments: tuple[Line, ...] = ()
    establishments_only: StrictBool = False
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] | None = None
    hazard: PlainText | None = None
    cap: Cap = Cap()
    links: tuple[Link, ...] = ()
    docs: tuple[Link, ...] = ()
    unknown: tuple[str, ...] = ()
    unknown_note: tuple[str, ...] = ()
    reported: StrictBool = False
    scenario: str = ""
    notes: str = ""
    territory_note: str = ""
    relations: Annotated[tuple[Relation, ...], Field(alias="relation")] = ()
    coverage: tuple[Coverage, ...] = ()
    contacts: Annotated[tuple[Contact, ...], Field(alias="contact")] = ()
    sources: Annotated[tuple[Source, ...], Field(alias="source")] = ()
