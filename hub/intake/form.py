"""The directive file's form, version 1, as pydantic models: what bytes from outside must look like."""

import re
import unicodedata
from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from hub.model import directive as model
from hub.model.directive import LANGUAGES, Audience, Language

Provenance = Literal["real", "paraphrased", "invented", "reported"]
Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,79}$")]

_DIGIT = re.compile(r"\d")
_FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Control, format, surrogate, private-use and unassigned characters, and the two line separators."""


def clean(text: str) -> str:
    """One line of text in NFC. Raises ValueError for a character that has no place in a message."""
    text = unicodedata.normalize("NFC", text).strip()
    for character in text:
        if unicodedata.category(character) in _FORBIDDEN:
            raise ValueError(f"holds the character U+{ord(character):04X}; write one line of plain text")
    if not text:
        raise ValueError("is empty; leave the key out instead")
    return text


def _no_digit(text: str) -> str:
    if match := _DIGIT.search(text):
        raise ValueError(
            f"holds the digit {match.group()!r}; a number is a quantity, a window, a date or a contact"
        )
    return text


def _offset(instant: Any) -> Any:
    if isinstance(instant, datetime) and instant.tzinfo is None:
        raise ValueError("has no offset; write 2020-04-15T00:00:00+02:00")
    if isinstance(instant, date) and not isinstance(instant, datetime):
        raise ValueError("is a date; write the instant with its offset: 2020-04-15T00:00:00+02:00")
    return instant


def _link(url: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", url):
        raise ValueError("is no web address; write https://… in ASCII")
    return url


Line = Annotated[str, AfterValidator(clean)]
PlainLine = Annotated[Line, AfterValidator(_no_digit)]
Text = Annotated[dict[Language, Line], Field(min_length=1)]
PlainText = Annotated[dict[Language, PlainLine], Field(min_length=1)]
Instant = Annotated[datetime, BeforeValidator(_offset)]
Url = Annotated[Line, AfterValidator(_link)]


def _rows(table: dict[Language, list[str]] | None) -> tuple[model.Text, ...]:
    """{fr: [a, b], de: [c, d]} → ({fr: a, de: c}, {fr: b, de: d})"""
    if not table:
        return ()
    lengths = {language: len(texts) for language, texts in table.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"the lists have different lengths: {lengths}; each language lists the same things")
    length = next(iter(lengths.values()))
    return tuple({language: texts[i] for language, texts in table.items()} for i in range(length))


Rows = Annotated[
    dict[Language, list[PlainLine]] | None, AfterValidator(lambda table: (_rows(table), table)[1])
]


class Form(BaseModel):
    """A table of the file. `k_fr`, `k_de` … are read as k = {fr, de …}; `k_provenance` goes with k."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    provenance: Provenance | None = None

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, table: Any) -> Any:
        if not isinstance(table, dict):
            return table
        folded: dict[str, Any] = {}
        for key, value in table.items():
            stem, _, suffix = key.rpartition("_")
            if suffix in LANGUAGES and stem in cls.model_fields:
                known = folded.setdefault(stem, {})
                if not isinstance(known, dict) or suffix in known:
                    raise ValueError(f"{stem} is given twice in {suffix}; keep one")
                known[suffix] = value
            elif suffix == "provenance" and stem in cls.model_fields:
                if value not in get_args(Provenance):
                    raise ValueError(f"{key} is {value!r}; it is one of {', '.join(get_args(Provenance))}")
            elif key in folded:
                raise ValueError(f"{key} is given as a table and with a language suffix; keep one")
            else:
                folded[key] = value
        return folded


class Quantity(Form):
    op: model.Operator
    value: Annotated[int | float, Field(gt=0, allow_inf_nan=False)]
    unit: model.Unit
    name: str = ""
    by: str = ""

    def to_model(self) -> model.Quantity:
        return model.Quantity(self.op, self.value, self.unit, self.name, self.by)


class Further(Form):
    label: PlainText
    op: model.Operator
    value: Annotated[int | float, Field(allow_inf_nan=False)]
    unit: model.Unit

    def to_model(self) -> model.LabelledQuantity:
        return model.LabelledQuantity(self.label, self.op, self.value, self.unit)


class Window(Form):
    from_: Annotated[time, Field(alias="from")]
    to: time

    def to_model(self) -> model.Window:
        return model.Window(self.from_, self.to)


class Measure(Form):
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
    deadline: datetime | date | None = None
    exceptions: Rows = None
    conditions: Rows = None
    population_rule: PlainText | None = None
    contact: Slug | None = None
    unknown: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    territory: tuple[str, ...] = ()
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    label: dict[str, PlainText] = {}

    @model_validator(mode="after")
    def _sane(self) -> "Measure":
        if isinstance(self.deadline, datetime):
            _offset(self.deadline)
        if self.window and self.window.from_ == self.window.to:
            raise ValueError("window: from and to are the same hour; a whole day needs no window")
        return self

    def to_model(self) -> model.Measure:
        return model.Measure(
            id=self.id,
            topic=self.topic,
            modality=self.modality,
            actor=self.actor,
            verb=self.verb,
            object=self.object,
            subject_key=self.subject_key,
            scope=self.scope,
            quantity=self.quantity.to_model() if self.quantity else None,
            value=self.value,
            advice_quantity=self.advice_quantity.to_model() if self.advice_quantity else None,
            further=tuple(further.to_model() for further in self.further),
            window=self.window.to_model() if self.window else None,
            window_alternative=self.window_alternative.to_model() if self.window_alternative else None,
            deadline=self.deadline,
            exceptions=_rows(self.exceptions),
            conditions=_rows(self.conditions),
            population_rule=self.population_rule,
            contact=self.contact,
            unknown=self.unknown,
            sectors=self.sectors,
            audiences=self.audiences,
            territory=self.territory,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
            label=self.label,
        )


class Relation(Form):
    type: model.RelationType
    target: Slug | None = None
    target_external: Line | None = None
    target_measure: Slug | None = None
    partial: bool = False
    scope: PlainText | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "Relation":
        if (self.target is None) == (self.target_external is None):
            raise ValueError("names no target, or two; give either target (an id) or target_external (text)")
        return self

    def to_model(self) -> model.Relation:
        return model.Relation(
            self.type, self.target, self.target_external, self.target_measure, self.partial, self.scope
        )


class Coverage(Form):
    sectors: tuple[str, ...] | Literal["others"]
    audiences: tuple[Audience, ...] = model.AUDIENCES
    decision: Literal["not_concerned"]
    reason: Text
    by: Line

    def to_model(self) -> model.Coverage:
        return model.Coverage(self.sectors, self.audiences, self.reason, self.by)


class Contact(Form):
    id: Slug
    label: PlainText
    phone: Annotated[Line, Field(pattern=r"^[+0-9][0-9 ./()-]{1,24}$")] | None = None
    email: Annotated[Line, Field(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+\.[^@\s<>,;]+$")] | None = None
    hours: Text | None = None
    unknown: tuple[str, ...] = ()

    def to_model(self) -> model.Contact:
        return model.Contact(self.id, self.label, self.phone, self.email, self.hours)


class Link(Form):
    label: PlainText
    url: Url

    def to_model(self) -> model.Link:
        return model.Link(self.label, self.url)


class Source(Form):
    publisher: Line
    url: Url

    def to_model(self) -> model.Source:
        return model.Source(self.publisher, self.url)


class Cap(Form):
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

    def to_model(self) -> model.Cap:
        return model.Cap(self.category, self.urgency, self.severity, self.certainty)


class Directive(Form):
    id: Slug
    issuer: str
    act_type: str
    title: PlainText
    urgency: Literal["Immediate", "Expected", "Future"]
    territory: Annotated[tuple[str, ...], Field(min_length=1)]
    sectors: Annotated[tuple[str, ...], Field(min_length=1)]
    audiences: Annotated[tuple[Audience, ...], Field(min_length=1)]
    measure: tuple[Measure, ...]
    summary: PlainText | None = None
    reference: Line | None = None
    legal_basis: tuple[Line, ...] = ()
    issued: date | None = None
    published: date | None = None
    effective_from: Instant | None = None
    effective_to: Instant | None = None
    establishments: tuple[Line, ...] = ()
    establishments_only: bool = False
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] | None = None
    hazard: PlainText | None = None
    cap: Cap = Cap()
    links: tuple[Link, ...] = ()
    docs: tuple[Link, ...] = ()
    unknown: tuple[str, ...] = ()
    unknown_note: tuple[str, ...] = ()
    reported: bool = False
    scenario: str = ""
    notes: str = ""
    territory_note: str = ""
    relation: tuple[Relation, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    contact: tuple[Contact, ...] = ()
    source: tuple[Source, ...] = ()

    def to_model(self) -> model.Directive:
        return model.Directive(
            id=self.id,
            issuer=self.issuer,
            act_type=self.act_type,
            title=self.title,
            urgency=self.urgency,
            territory=self.territory,
            sectors=self.sectors,
            audiences=self.audiences,
            measures=_all(self.measure),
            summary=self.summary or {},
            reference=self.reference,
            legal_basis=self.legal_basis,
            issued=self.issued,
            published=self.published,
            effective_from=self.effective_from,
            effective_to=self.effective_to,
            establishments=self.establishments,
            establishments_only=self.establishments_only,
            severity=self.severity,
            hazard=self.hazard,
            cap=self.cap.to_model(),
            links=_all(self.links),
            docs=_all(self.docs),
            unknown=self.unknown,
            reported=self.reported,
            relations=_all(self.relation),
            coverage=_all(self.coverage),
            contacts=_all(self.contact),
            sources=_all(self.source),
        )


def _all(forms: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(form.to_model() for form in forms)
