"""The tables of the hub: one schema for SQLite and PostgreSQL."""

from hub.store.tables.acts import blocks, directives, journal, revisions, settings, staff, waivers
from hub.store.tables.columns import Instant, metadata
from hub.store.tables.delivery import (
    attempts,
    bodies,
    chunks,
    deliveries,
    dispatches,
    due,
    heard,
    inquiries,
    paces,
    slots,
    spending,
    sums,
)
from hub.store.tables.people import (
    addresses,
    consents,
    memberships,
    organisations,
    persons,
    suppressions,
    tallies,
)

__all__ = [
    "Instant",
    "addresses",
    "attempts",
    "blocks",
    "bodies",
    "chunks",
    "consents",
    "deliveries",
    "directives",
    "dispatches",
    "due",
    "heard",
    "inquiries",
    "journal",
    "memberships",
    "metadata",
    "organisations",
    "paces",
    "persons",
    "revisions",
    "settings",
    "slots",
    "spending",
    "staff",
    "sums",
    "suppressions",
    "tallies",
    "waivers",
]
