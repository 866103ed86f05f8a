"""The tables of the hub: one schema for SQLite and PostgreSQL."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept in UTC on both engines (SQLite would hand back a naive one)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant without an offset")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is not None and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


def _id() -> Column[Any]:
    # INTEGER PRIMARY KEY is SQLite's rowid; PostgreSQL needs 64 bits.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


settings = Table(
    "settings",
    metadata,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
    comment="What the instance knows of itself: its name, its secret for links, stops in force.",
)

staff = Table(
    "staff",
    metadata,
    Column("name", String, primary_key=True),
    Column("roles", JSON, nullable=False),
    Column("token_hash", String, nullable=False),
    Column("added_at", Instant, nullable=False),
    Column("disabled_at", Instant),
)

directives = Table(
    "directives",
    metadata,
    Column("id", String, primary_key=True),
    Column("code", String, nullable=False, unique=True),
    Column("first_published_at", Instant),
    comment="Identity only: it never moves. What a directive says stands in its revisions.",
)

revisions = Table(
    "revisions",
    metadata,
    Column("directive", ForeignKey("directives.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("stage", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("sheet", JSON, nullable=False),
    Column("sheet_digest", String, nullable=False),
    Column("words_digest", String),
    Column("approval_digest", String),
    Column("composition", Integer),
    Column("editors", JSON, nullable=False),
    Column("submitted_by", String),
    Column("submitted_at", Instant),
    Column("audience_count", Integer),
    Column("expires_at", Instant),
    Column("approved_by", String),
    Column("approved_at", Instant),
    Column("findings", JSON, nullable=False),
)

blocks = Table(
    "blocks",
    metadata,
    Column("directive", String, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("sector", String, primary_key=True),
    Column("audience", String, primary_key=True),
    Column("channel", String, primary_key=True),
    Column("language", String, primary_key=True),
    Column("block", JSON, nullable=False),
    Column("digest", String, nullable=False),
)

waivers = Table(
    "waivers",
    metadata,
    _id(),
    Column("directive", String, nullable=False, index=True),
    Column("code", String, nullable=False),
    Column("cell", String, nullable=False),
    Column("sheet_digest", String, nullable=False),
    Column("by", String, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("words", JSON, nullable=False, server_default=text("'{}'")),
)

journal = Table(
    "journal",
    metadata,
    _id(),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False, unique=True),
)

organisations = Table(
    "organisations",
    metadata,
    _id(),
    Column("external_id", String, unique=True),
    Column("name", String, nullable=False),
    Column("commune", String),
    Column("community", String),
)

persons = Table(
    "persons",
    metadata,
    _id(),
    Column("external_id", String, unique=True),
    Column("language", String, nullable=False),
    Column("preferred", String, nullable=False),
    Column("preferred_urgent", String, nullable=False),
    Column("commune", String),
    Column("community", String),
    Column("token", String, nullable=False, unique=True),
    Column("added_at", Instant, nullable=False),
    Column("opted_out_at", Instant),
    Column("erased_at", Instant),
)

addresses = Table(
    "addresses",
    metadata,
    Column("person", ForeignKey("persons.id"), primary_key=True),
    Column("channel", String, primary_key=True),
    Column("value", String, nullable=False),
    Index("ix_addresses_channel_value", "channel", "value"),
    comment="One reachable point: a normalised e-mail address or an E.164 number.",
)

memberships = Table(
    "memberships",
    metadata,
    _id(),
    Column("person", ForeignKey("persons.id"), nullable=False),
    Column("organisation", ForeignKey("organisations.id")),
    Column("sector", String, nullable=False),
    Column("audience", String, nullable=False),
    Column("stream", String, nullable=False),
    UniqueConstraint("person", "organisation", "sector", "audience"),
    Index("ix_memberships_sector_audience", "sector", "audience"),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    Column("person", ForeignKey("persons.id"), nullable=False, index=True),
    Column("stream", String, nullable=False),
    Column("granted", Boolean, nullable=False),
    Column("basis", String, nullable=False),
    Column("source", String, nullable=False),
    Column("at", Instant, nullable=False),
    comment="Append-only: when and how somebody agreed or withdrew.",
)

tallies = Table(
    "tallies",
    metadata,
    Column("sector", String, primary_key=True),
    Column("audience", String, primary_key=True),
    Column("people", Integer, nullable=False),
    Column("most", Integer, nullable=False),
    comment="How many memberships of a cell get messages, and how many did at most: kept as they come and go.",
)

suppressions = Table(
    "suppressions",
    metadata,
    Column("channel", String, primary_key=True),
    Column("value_hash", String, primary_key=True),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
    Index("ix_suppressions_channel_at", "channel", "at"),
    comment="Addresses not to be used, as keyed hashes: they outlive the person, so an import revives nothing.",
)

dispatches = Table(
    "dispatches",
    metadata,
    _id(),
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
    UniqueConstraint("directive", "revision"),
    comment="One revision on its way; `claim` says who plans it, nothing leaves before planned_at.",
)

bodies = Table(
    "bodies",
    metadata,
    _id(),
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
    _id(),
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

attempts = Table(
    "attempts",
    metadata,
    _id(),
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
        sqlite_where=text("provider_id <> ''"),
        postgresql_where=text("provider_id <> ''"),
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
    Index("ix_due_channel_due_at", "channel", "due_at"),
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
