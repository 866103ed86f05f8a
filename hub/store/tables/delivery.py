"""The tables of delivery: from a dispatch to what came of each try, and what it costs."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from hub.store.tables.columns import Instant, id_, metadata

dispatches = Table(
    "dispatches",
    metadata,
    id_(),
    Column("directive", String, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("mode", String, nullable=False),
    Column("urgency", String, nullable=False),
    Column("approved_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("claim", String),
    Column("claimed_at", Instant),
    Column("planned_at", Instant),
    Column("stopped_at", Instant),
    Column("cancelled_at", Instant),
    Column("scheduled_at", Instant),
    Column("scheduled_as", String),
    Column("held", String),
    Column("held_until", Instant),
    Column("plan", JSON(none_as_null=True)),
    UniqueConstraint("directive", "revision"),
    comment="One revision on its way; `claim` says who plans it, nothing leaves before planned_at.",
)

bodies = Table(
    "bodies",
    metadata,
    id_(),
    Column("dispatch", ForeignKey("dispatches.id"), nullable=False, index=True),
    Column("channel", String, nullable=False),
    Column("language", String, nullable=False),
    Column("stream", String, nullable=False),
    Column("hats", JSON, nullable=False),
    Column("subject", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("html", Text),
    Column("digest", String, nullable=False),
    comment="Approved words, one row per distinct set of hats × channel × language × stream.",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("dispatch", ForeignKey("dispatches.id"), primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("person", ForeignKey("persons.id"), nullable=False),
    Column("channel", String, nullable=False),
    Column("address", String, nullable=False),
    Column("token", String, nullable=False),
    Column("body", ForeignKey("bodies.id"), nullable=False),
    UniqueConstraint("dispatch", "person"),
    comment="Written once, at approval; how a delivery stands is its latest attempt.",
)

chunks = Table(
    "chunks",
    metadata,
    id_(),
    Column("dispatch", ForeignKey("dispatches.id"), nullable=False),
    Column("channel", String, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    Column("urgency", Integer, nullable=False),
    Column("owner", String),
    Column("done_at", Instant),
    UniqueConstraint("dispatch", "channel", "first"),
    Index(
        "ix_chunks_open",
        "channel",
        "urgency",
        "id",
        sqlite_where=text("done_at IS NULL"),
        postgresql_where=text("done_at IS NULL"),
    ),
    comment="Ranges of deliveries; a sender leases one by writing its slot into `owner`.",
)

BY_SID = "substr(provider_id, 1, 2) IN ('SM', 'MM')"
"""The provider's ids of SMS: they alone are looked up. A relay's queue ids are many, and of no order."""

attempts = Table(
    "attempts",
    metadata,
    id_(),
    Column("dispatch", Integer, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("outcome", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("owner", String, nullable=False),
    Column("epoch", Integer, nullable=False),
    Column("lane", Integer, nullable=False),
    Column("code", String, nullable=False),
    Column("provider_id", String, nullable=False),
    Index("ix_attempts_dispatch_seq", "dispatch", "seq"),
    Index(
        "ix_attempts_provider_id",
        "provider_id",
        sqlite_where=text(BY_SID),
        postgresql_where=text(BY_SID),
    ),
    comment="Append-only: an intent (attempting) before each try, an outcome after it, reports as they come.",
)

due = Table(
    "due",
    metadata,
    Column("dispatch", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("channel", String, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("held", Boolean, nullable=False),
    Column("owner", String),
    Index(
        "ix_due_open",
        "channel",
        "dispatch",
        "due_at",
        sqlite_where=text("held = 0 AND owner IS NULL"),
        postgresql_where=text("held = false AND owner IS NULL"),
    ),
    comment="Only what must be tried again; `held` waits for a person.",
)

slots = Table(
    "slots",
    metadata,
    Column("slot", String, primary_key=True),
    Column("epoch", Integer, nullable=False),
    Column("entered_at", Instant, nullable=False),
    Column("lease_until", Instant, nullable=False),
    Column("beat_at", Instant),
    Column("state", JSON),
    comment="A place for one sender process; each life in it has a new epoch and fences off the last.",
)

inquiries = Table(
    "inquiries",
    metadata,
    Column("dispatch", Integer, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("attempt", Integer, nullable=False),
    Column("provider_id", String, nullable=False),
    Column("since", Instant, nullable=False),
    Column("ask_at", Instant, nullable=False, index=True),
    Column("asked", Integer, nullable=False),
    comment="What a provider must be asked: in doubt (no provider_id), or taken and silent since.",
)

spending = Table(
    "spending",
    metadata,
    Column("scope", String, primary_key=True),
    Column("segments", Integer, nullable=False),
    Column("ceiling", Integer),
    Column("reached_at", Instant),
    comment="Segments of a dispatch, of a day; `ceiling` in cents where a person set another than the settings.",
)

heard = Table(
    "heard",
    metadata,
    Column("sid", String, primary_key=True),
    Column("at", Instant, nullable=False),
    comment="Readers' messages that were obeyed: a replayed one must not be obeyed again.",
)

sums = Table(
    "sums",
    metadata,
    Column("dispatch", Integer, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("outcome", String, primary_key=True),
    Column("code", String, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("last_at", Instant, nullable=False),
    comment="How many deliveries stand where, counted from the attempts up to the setting tally/upto.",
)

paces = Table(
    "paces",
    metadata,
    Column("dispatch", Integer, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("at", Instant, primary_key=True),
    Column("finished", Integer, nullable=False),
    Column("handed", Integer, nullable=False),
    comment="How far a dispatch was at an instant, every few seconds while it runs; old ones go.",
)
