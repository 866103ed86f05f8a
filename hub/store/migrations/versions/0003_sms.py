"""What a provider must be asked, what SMS cost, and which of the readers' messages were obeyed."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Instant

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "inquiries",
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("provider_id", sa.String(), nullable=False),
        sa.Column("since", Instant(), nullable=False),
        sa.Column("ask_at", Instant(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch", "seq", name=op.f("pk_inquiries")),
        comment="What a provider must be asked: in doubt (no provider_id), or taken and silent since.",
    )
    op.create_index(op.f("ix_inquiries_ask_at"), "inquiries", ["ask_at"])
    op.create_table(
        "spending",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("segments", sa.Integer(), nullable=False),
        sa.Column("ceiling", sa.Integer(), nullable=True),
        sa.Column("reached_at", Instant(), nullable=True),
        sa.PrimaryKeyConstraint("scope", name=op.f("pk_spending")),
        comment="Segments of a dispatch, of a day; `ceiling` in cents where a person set another than the settings.",
    )
    op.create_table(
        "heard",
        sa.Column("sid", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("sid", name=op.f("pk_heard")),
        comment="Readers' messages that were obeyed: a replayed one must not be obeyed again.",
    )


def downgrade() -> None:
    op.drop_table("heard")
    op.drop_table("spending")
    op.drop_index(op.f("ix_inquiries_ask_at"), table_name="inquiries")
    op.drop_table("inquiries")
