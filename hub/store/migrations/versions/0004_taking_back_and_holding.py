"""Schedules and holds of a dispatch, the tallies of cells, and whose database this is."""

import sqlalchemy as sa
from alembic import op

from hub.store.tables import Instant

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TALLY = """
INSERT INTO tallies (sector, audience, people, most)
SELECT m.sector, m.audience, COUNT(*), COUNT(*) FROM memberships AS m JOIN persons AS p ON p.id = m.person
WHERE p.erased_at IS NULL AND (p.opted_out_at IS NULL OR m.stream = 'duty')
GROUP BY m.sector, m.audience
"""

# A database with something left to send may be a copy of one that sends it: somebody says so (decision 0030).
ASK = """
INSERT INTO settings (key, value) SELECT 'sender/life', '0 before-0004'
WHERE EXISTS (SELECT 1 FROM chunks WHERE done_at IS NULL) OR EXISTS (SELECT 1 FROM due)
    OR EXISTS (SELECT 1 FROM dispatches WHERE planned_at IS NULL AND cancelled_at IS NULL)
"""


def upgrade() -> None:
    with op.batch_alter_table("dispatches") as batch:
        batch.add_column(sa.Column("scheduled_at", Instant()))
        batch.add_column(sa.Column("scheduled_as", sa.String()))
        batch.add_column(sa.Column("held", sa.String()))
        batch.add_column(sa.Column("held_until", Instant()))
    op.create_table(
        "tallies",
        sa.Column("sector", sa.String(), nullable=False),
        sa.Column("audience", sa.String(), nullable=False),
        sa.Column("people", sa.Integer(), nullable=False),
        sa.Column("most", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("sector", "audience", name="pk_tallies"),
        comment="How many memberships of a cell get messages, and how many did at most: kept as they come and go.",
    )
    op.execute(TALLY)
    op.execute(ASK)


def downgrade() -> None:
    op.drop_table("tallies")
    with op.batch_alter_table("dispatches") as batch:
        for column in ("held_until", "held", "scheduled_as", "scheduled_at"):
            batch.drop_column(column)
