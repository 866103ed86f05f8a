"""The tables of the house and its acts: settings, staff, directives, words, waivers, the journal."""

from sqlalchemy import JSON, Column, ForeignKey, Integer, String, Table, Text, text

from hub.store.tables.columns import Instant, id_, metadata

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
    id_(),
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
    id_(),
    Column("at", Instant, nullable=False),
    Column("actor", String, nullable=False),
    Column("action", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("detail", JSON, nullable=False),
    Column("previous", String, nullable=False),
    Column("hash", String, nullable=False, unique=True),
)
