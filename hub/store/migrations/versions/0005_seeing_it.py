"""Counts kept as attempts come, how fast they came, and the pulse of each sender."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Instant

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sums",
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("last_at", Instant(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch", "channel", "outcome", "code", name="pk_sums"),
        comment="How many deliveries stand where, counted from the attempts up to the setting tally/upto.",
    )
    op.create_table(
        "paces",
        sa.Column("dispatch", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("at", Instant(), nullable=False),
        sa.Column("finished", sa.Integer(), nullable=False),
        sa.Column("handed", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("dispatch", "channel", "at", name="pk_paces"),
        comment="How far a dispatch was at an instant, every few seconds while it runs; old ones go.",
    )
    with op.batch_alter_table("slots") as batch:
        batch.add_column(sa.Column("beat_at", Instant(), nullable=True))
        batch.add_column(sa.Column("state", sa.JSON(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("slots") as batch:
        batch.drop_column("state")
        batch.drop_column("beat_at")
    op.drop_table("paces")
    op.drop_table("sums")
