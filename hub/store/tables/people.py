"""The tables of people: who they are, where they are reached, what they agreed to."""

from sqlalchemy import JSON, Boolean, Column, ForeignKey, Index, Integer, String, Table, UniqueConstraint

from hub.store.tables.columns import Instant, id_, metadata

organisations = Table(
    "organisations",
    metadata,
    id_(),
    Column("external_id", String, unique=True),
    Column("name", String, nullable=False),
    Column("commune", String),
    Column("community", String),
)

persons = Table(
    "persons",
    metadata,
    id_(),
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
    id_(),
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
    id_(),
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

counts = Table(
    "counts",
    metadata,
    Column("question", String, primary_key=True),
    Column("mark", String, nullable=False),
    Column("found", JSON(none_as_null=True)),
    comment="How many an audience is, kept until anybody's data change: triggers of SQLite empty it.",
)
