"""What a list changes about somebody: the difference to what is known; and no import revives an opt-out."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from subscribers.audience import UNSUBSCRIBED
from subscribers.model import Organisation, Person, Reach, Stream

Standing = Literal["new", "updated", "unchanged", "kept_opted_out"]

MembershipKey = tuple[int | None, str, str]
"""Organisation (its number with us), sector, audience."""


@dataclass(frozen=True, slots=True)
class Known:
    """Somebody whom we know."""

    id: int
    external_id: str | None
    language: str
    preferred: Reach
    preferred_urgent: Reach
    commune: str | None
    community: str | None
    opted_out: bool
    addresses: Mapping[Reach, str]
    memberships: Mapping[MembershipKey, Stream]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be written for one person; nothing at all where they stay as they are."""

    standing: Standing
    known: Known | None
    values: Mapping[str, Any] = field(default_factory=dict)
    new_addresses: Mapping[Reach, str] = field(default_factory=dict)
    changed_addresses: Mapping[Reach, str] = field(default_factory=dict)
    new_memberships: Mapping[MembershipKey, Stream] = field(default_factory=dict)
    changed_memberships: Mapping[MembershipKey, Stream] = field(default_factory=dict)
    agreed: frozenset[Stream] = frozenset()
    basis: str = ""
    source: str = ""

    @property
    def writes(self) -> bool:
        """Whether anything is to be written."""
        said = (self.values, self.new_addresses, self.changed_addresses)
        return any((*said, self.new_memberships, self.changed_memberships))


def addresses_of(person: Person) -> dict[Reach, str]:
    """Where a person of a list is reached."""
    found: dict[Reach, str | None] = {"email": person.email, "sms": person.phone}
    return {channel: value for channel, value in found.items() if value}


def compare(
    person: Person,
    known: Known | None,
    *,
    organisations: Mapping[Organisation, int],
    suppressed: Mapping[Reach, str],
    source: str,
) -> Change:
    """What the list changes about this person.

    Somebody who opted out (or has an address that did, or none that works) gets no membership but mandatory ones,
    and none of theirs becomes mandatory: they stay as they are. `suppressed` holds reasons, by channel of the
    list's addresses. An address or membership that the list does not name is kept.
    """
    addresses = addresses_of(person)
    opted_out = (known is not None and known.opted_out) or UNSUBSCRIBED in suppressed.values()
    kept = opted_out or set(suppressed) == set(addresses)
    wanted = {
        (organisations[m.organisation] if m.organisation else None, m.sector, m.audience): m.stream
        for m in person.memberships
        if m.stream == "duty" or not kept
    }
    held = known.memberships if known else {}
    if kept:
        wanted = {key: stream for key, stream in wanted.items() if held.get(key, "duty") == "duty"}
    if kept and not wanted:
        return Change("kept_opted_out", known)
    have = known.addresses if known else {}
    values = _values(person, known)
    new_addresses = {c: v for c, v in addresses.items() if c not in have}
    changed_addresses = {c: v for c, v in addresses.items() if c in have and have[c] != v}
    new_memberships = {key: stream for key, stream in wanted.items() if key not in held}
    changed_memberships = {key: stream for key, stream in wanted.items() if held.get(key, stream) != stream}
    writes = any((values, new_addresses, changed_addresses, new_memberships, changed_memberships))
    standing: Standing = "new" if known is None else "updated" if writes else "unchanged"
    return Change(
        standing="kept_opted_out" if kept and len(wanted) < len(person.memberships) else standing,
        known=known,
        values=values,
        new_addresses=new_addresses,
        changed_addresses=changed_addresses,
        new_memberships=new_memberships,
        changed_memberships=changed_memberships,
        agreed=frozenset((new_memberships | changed_memberships).values()),
        basis=person.consent_basis or "not stated",
        source=person.consent_source or source,
    )


_STATED = ("external_id", "language", "preferred", "preferred_urgent", "commune", "community")


def _values(person: Person, known: Known | None) -> dict[str, Any]:
    """The columns to write; what the list leaves empty, or only assumes, overwrites nothing."""
    values = {name: getattr(person, name) for name in _STATED}
    if known is None:
        return values
    return {
        name: value
        for name, value in values.items()
        if value is not None and name not in person.assumed and value != getattr(known, name)
    }
