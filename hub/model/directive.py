"""A directive as a sheet of facts: what an official act rules, without a word of prose of our own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Annotated, Literal

Language = Annotated[str, "ISO 639-1"]
"""An ISO 639-1 code; which ones an instance knows is data: docs/write-templates.md, "A language"."""
LANGUAGES: tuple[Language, ...] = ("fr", "de", "nl", "en")
"""The languages of the country, and English: they come first, in this order; `hub.languages` knows further ones."""

Audience = Literal["direction", "staff", "beneficiary", "family", "citizen"]
AUDIENCES: tuple[Audience, ...] = ("direction", "staff", "beneficiary", "family", "citizen")

Modality = Literal[
    "required",
    "forbidden",
    "permitted",
    "recommended",
    "discouraged",
    "restricted",
    "condition",
    "information",
]
Operator = Literal["=", "!=", "<", "<=", ">", ">=", "~"]
Unit = Literal["an", "jour", "heure", "minute", "personne", "m", "%", "ppm", "km", "EUR", "pièce", "école"]
RelationType = Literal[
    "replaces",
    "repeals",
    "amends",
    "corrects",
    "completes",
    "extends",
    "implements",
    "exception_to",
    "clarifies",
    "suspends",
    "annuls",
    "overrides",
    "stricter_than",
    "confirms",
]

Text = Mapping[Language, str]
"""The same words in each language in which the sheet has them."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its bound and unit; `name` is for editors and never printed."""

    op: Operator
    value: int | float
    unit: Unit
    name: str = ""
    by: str = ""


@dataclass(frozen=True, slots=True)
class LabelledQuantity:
    """A further number of a rule, printed as "label: number" and never compared."""

    label: Text
    op: Operator
    value: int | float
    unit: Unit


@dataclass(frozen=True, slots=True)
class Window:
    """Local hours of a day; `to` before `from_` means that it crosses midnight."""

    from_: time
    to: time


@dataclass(frozen=True, slots=True)
class Measure:
    """One rule of a directive; what it leaves out is inherited from the directive."""

    id: str
    topic: str
    modality: Modality
    actor: Audience
    verb: Text
    object: Text
    subject_key: str | None = None
    scope: str | None = None
    quantity: Quantity | None = None
    value: str | None = None
    advice_quantity: Quantity | None = None
    further: tuple[LabelledQuantity, ...] = ()
    window: Window | None = None
    window_alternative: Window | None = None
    deadline: datetime | date | None = None
    exceptions: tuple[Text, ...] = ()
    conditions: tuple[Text, ...] = ()
    population_rule: Text | None = None
    contact: str | None = None
    unknown: tuple[str, ...] = ()
    sectors: tuple[str, ...] = ()
    audiences: tuple[Audience, ...] = ()
    territory: tuple[str, ...] = ()
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    label: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relation:
    """What an act does to another one (domain.md 1.2); `target_external` names an act the hub does not hold."""

    type: RelationType
    target: str | None = None
    target_external: str | None = None
    target_measure: str | None = None
    partial: bool = False
    scope: Text | None = None


@dataclass(frozen=True, slots=True)
class Coverage:
    """A signed hole: these sectors × audiences are not concerned, because …"""

    sectors: tuple[str, ...] | Literal["others"]
    audiences: tuple[Audience, ...]
    reason: Text
    by: str


@dataclass(frozen=True, slots=True)
class Contact:
    """Whom to call or write to; the phone number is printed as it stands."""

    id: str
    label: Text
    phone: str | None = None
    email: str | None = None
    hours: Text | None = None
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Link:
    """A page or document on offer."""

    label: Text
    url: str


@dataclass(frozen=True, slots=True)
class Source:
    """Where the facts were read."""

    publisher: str
    url: str


@dataclass(frozen=True, slots=True)
class Cap:
    """The CAP 1.2 classification of a directive (§3.2.2)."""

    category: tuple[str, ...] = ()
    urgency: str | None = None
    severity: str | None = None
    certainty: str | None = None


@dataclass(frozen=True, slots=True)
class Directive:
    """An official act as the hub holds it. Validity is [effective_from, effective_to), instants with offset."""

    id: str
    issuer: str
    act_type: str
    title: Text
    urgency: Literal["Immediate", "Expected", "Future"]
    territory: tuple[str, ...]
    sectors: tuple[str, ...]
    audiences: tuple[Audience, ...]
    measures: tuple[Measure, ...]
    summary: Text = field(default_factory=dict)
    reference: str | None = None
    legal_basis: tuple[str, ...] = ()
    issued: date | None = None
    published: date | None = None
    effective_from: datetime | None = None
    effective_to: datetime | None = None
    establishments: tuple[str, ...] = ()
    establishments_only: bool = False
    severity: Literal["Extreme", "Severe", "Moderate", "Minor", "Unknown"] | None = None
    hazard: Text | None = None
    cap: Cap = Cap()
    links: tuple[Link, ...] = ()
    docs: tuple[Link, ...] = ()
    unknown: tuple[str, ...] = ()
    reported: bool = False
    relations: tuple[Relation, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    contacts: tuple[Contact, ...] = ()
    sources: tuple[Source, ...] = ()
