"""What is due again is found by its dispatch, whose urgency says when; what is held or in hand is passed over."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index("ix_due_channel_due_at", table_name="due")
    op.create_index(
        "ix_due_open",
        "due",
        ["channel", "dispatch", "due_at"],
        sqlite_where=sa.text("held = 0 AND owner IS NULL"),
        postgresql_where=sa.text("held = false AND owner IS NULL"),
    )


def downgrade() -> None:
    op.drop_index("ix_due_open", table_name="due")
    op.create_index("ix_due_channel_due_at", "due", ["channel", "due_at"])
