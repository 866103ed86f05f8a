"""Those to whom we speak, as plain values."""

from dataclasses import dataclass
from typing import Literal

Stream = Literal["duty", "directives"]
"""`duty`: mandatory notices to an organisation's duty address, without opt-out; for the rest, one click ends it."""
STREAMS: tuple[Stream, ...] = ("duty", "directives")

Reach = Literal["email", "sms"]
"""The channels that end at a person."""
REACHES: tuple[Reach, ...] = ("email", "sms")


@dataclass(frozen=True, slots=True)
class Organisation:
    """A body; `commune` is its NIS code, `community` the one it belongs to (FWB, DG, COCOM …)."""

    name: str
    external_id: str | None = None
    commune: str | None = None
    community: str | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """In which quality somebody is addressed."""

    sector: str
    audience: str
    stream: Stream
    organisation: Organisation | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody to be reached: identified by external id, else e-mail, else E.164 number (decision 16)."""

    language: str
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    preferred: Reach = "email"
    preferred_urgent: Reach = "email"
    commune: str | None = None
    community: str | None = None
    memberships: tuple[Membership, ...] = ()
    consent_basis: str = ""
    consent_source: str = ""
    assumed: frozenset[str] = frozenset()
    """Fields that nobody stated: the default in them overwrites nothing that is known."""
