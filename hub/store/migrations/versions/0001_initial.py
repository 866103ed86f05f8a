"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Instant

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("lane", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        comment="Append-only: an intent (attempting) before each try, an outcome after it, reports as they come.",
    )
    op.create_index("ix_attempts_dispatch_seq", "attempts", ["dispatch", "seq"])
    op.create_index(
        "ix_attempts_provider_id",
        "attempts",
        ["provider_id"],
        sqlite_where=sa.text("provider_id <> ''"),
        postgresql_where=sa.text("provider_id <> ''"),
    )
    op.create_table(
        "blocks",
        sa.Column("directive", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("block", sa.JSON(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint(
            "directive", "revision", "sector", "audience", "channel", "language", name="pk_blocks"
        ),
    )
    op.create_table(
        "directives",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("first_published_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_directives"),
        sa.UniqueConstraint("code", name="uq_directives_code"),
        comment="Identity only: it never moves. What a directive says stands in its revisions.",
    )
    op.create_table(
        "dispatches",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("directive", sa.String(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("urgency", sa.String(), nullable=False),
        sa.Column("approved_at", Instant(), nullable=False),
        sa.Column("expires_at", Instant(), nullable=False),
        sa.Column("claim", sa.String()),
        sa.Column("claimed_at", Instant()),
        sa.Column("planned_at", Instant()),
        sa.Column("stopped_at", Instant()),
        sa.Column("cancelled_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_dispatches"),
        sa.UniqueConstraint("directive", "revision", name="uq_dispatches_directive"),
        comment="One revision on its way; `claim` says who plans it, nothing leaves before planned_at.",
    )
    op.create_table(
        "due",
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("due_at", Instant(), nullable=False),
        sa.Column("held", sa.Boolean(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.PrimaryKeyConstraint("dispatch", "seq", name="pk_due"),
        comment="Only what must be tried again; `held` waits for a person.",
    )
    op.create_index("ix_due_channel_due_at", "due", ["channel", "due_at"])
    op.create_table(
        "journal",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.Column("previous", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_journal"),
        sa.UniqueConstraint("hash", name="uq_journal_hash"),
    )
    op.create_table(
        "organisations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String()),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("commune", sa.String()),
        sa.Column("community", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("external_id", name="uq_organisations_external_id"),
    )
    op.create_table(
        "persons",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("external_id", sa.String()),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("preferred", sa.String(), nullable=False),
        sa.Column("preferred_urgent", sa.String(), nullable=False),
        sa.Column("commune", sa.String()),
        sa.Column("community", sa.String()),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("opted_out_at", Instant()),
        sa.Column("erased_at", Instant()),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("external_id", name="uq_persons_external_id"),
        sa.UniqueConstraint("token", name="uq_persons_token"),
    )
    op.create_table(
        "settings",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_settings"),
        comment="What the instance knows of itself: its name, its secret for links, stops in force.",
    )
    op.create_table(
        "slots",
        sa.Column("slot", sa.String(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("entered_at", Instant(), nullable=False),
        sa.Column("lease_until", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("slot", name="pk_slots"),
        comment="A place for one sender process; each life in it has a new epoch and fences off the last.",
    )
    op.create_table(
        "staff",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("roles", sa.JSON(), nullable=False),
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("added_at", Instant(), nullable=False),
        sa.Column("disabled_at", Instant()),
        sa.PrimaryKeyConstraint("name", name="pk_staff"),
    )
    op.create_table(
        "suppressions",
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("value_hash", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("channel", "value_hash", name="pk_suppressions"),
        comment="Addresses not to be used, as keyed hashes: they outlive the person, so an import revives nothing.",
    )
    op.create_index("ix_suppressions_channel_at", "suppressions", ["channel", "at"])
    op.create_table(
        "waivers",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("directive", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("cell", sa.String(), nullable=False),
        sa.Column("sheet_digest", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_waivers"),
    )
    op.create_index("ix_waivers_directive", "waivers", ["directive"])
    op.create_table(
        "addresses",
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_addresses_person_persons"),
        sa.PrimaryKeyConstraint("person", "channel", name="pk_addresses"),
        comment="One reachable point: a normalised e-mail address or an E.164 number.",
    )
    op.create_index("ix_addresses_channel_value", "addresses", ["channel", "value"])
    op.create_table(
        "bodies",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispatch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("hats", sa.JSON(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("html", sa.Text()),
        sa.Column("digest", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["dispatch"], ["dispatches.id"], name="fk_bodies_dispatch_dispatches"),
        sa.PrimaryKeyConstraint("id", name="pk_bodies"),
        comment="Approved words, one row per distinct set of hats × channel × language × stream.",
    )
    op.create_index("ix_bodies_dispatch", "bodies", ["dispatch"])
    op.create_table(
        "chunks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("dispatch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("urgency", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String()),
        sa.Column("done_at", Instant()),
        sa.ForeignKeyConstraint(["dispatch"], ["dispatches.id"], name="fk_chunks_dispatch_dispatches"),
        sa.PrimaryKeyConstraint("id", name="pk_chunks"),
        sa.UniqueConstraint("dispatch", "channel", "first", name="uq_chunks_dispatch"),
        comment="Ranges of deliveries; a sender leases one by writing its slot into `owner`.",
    )
    op.create_index(
        "ix_chunks_open",
        "chunks",
        ["channel", "urgency", "id"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_table(
        "consents",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_consents_person_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
        comment="Append-only: when and how somebody agreed or withdrew.",
    )
    op.create_index("ix_consents_person", "consents", ["person"])
    op.create_table(
        "memberships",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("organisation", sa.BigInteger().with_variant(sa.Integer(), "sqlite")),
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("stream", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["organisation"], ["organisations.id"], name="fk_memberships_organisation_organisations"
        ),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_memberships_person_persons"),
        sa.PrimaryKeyConstraint("id", name="pk_memberships"),
        sa.UniqueConstraint("person", "organisation", "sector", "audience", name="uq_memberships_person"),
    )
    op.create_index("ix_memberships_sector_audience", "memberships", ["sector", "audience"])
    op.create_table(
        "revisions",
        sa.Column("directive", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        sa.Column("sheet_digest", sa.String(), nullable=False),
        sa.Column("words_digest", sa.String()),
        sa.Column("approval_digest", sa.String()),
        sa.Column("composition", sa.Integer()),
        sa.Column("editors", sa.JSON(), nullable=False),
        sa.Column("submitted_by", sa.String()),
        sa.Column("submitted_at", Instant()),
        sa.Column("audience_count", sa.Integer()),
        sa.Column("expires_at", Instant()),
        sa.Column("approved_by", sa.String()),
        sa.Column("approved_at", Instant()),
        sa.Column("findings", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["directive"], ["directives.id"], name="fk_revisions_directive_directives"),
        sa.PrimaryKeyConstraint("directive", "number", name="pk_revisions"),
    )
    op.create_table(
        "deliveries",
        sa.Column("dispatch", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("token", sa.String(), nullable=False),
        sa.Column("body", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["body"], ["bodies.id"], name="fk_deliveries_body_bodies"),
        sa.ForeignKeyConstraint(["dispatch"], ["dispatches.id"], name="fk_deliveries_dispatch_dispatches"),
        sa.ForeignKeyConstraint(["person"], ["persons.id"], name="fk_deliveries_person_persons"),
        sa.PrimaryKeyConstraint("dispatch", "seq", name="pk_deliveries"),
        sa.UniqueConstraint("dispatch", "person", name="uq_deliveries_dispatch"),
        comment="Written once, at approval; how a delivery stands is its latest attempt.",
    )


def downgrade() -> None:
    op.drop_table("deliveries")
    op.drop_table("revisions")
    op.drop_table("memberships")
    op.drop_table("consents")
    op.drop_table("chunks")
    op.drop_table("bodies")
    op.drop_table("addresses")
    op.drop_table("waivers")
    op.drop_table("suppressions")
    op.drop_table("staff")
    op.drop_table("slots")
    op.drop_table("settings")
    op.drop_table("persons")
    op.drop_table("organisations")
    op.drop_table("journal")
    op.drop_table("due")
    op.drop_table("dispatches")
    op.drop_table("directives")
    op.drop_table("blocks")
    op.drop_table("attempts")
