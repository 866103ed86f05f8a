"""Counts of audiences, and the triggers that take them out as soon as anybody's data change."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLES = ("organisations", "persons", "addresses", "memberships", "suppressions")
CHANGES = ("insert", "update", "delete")

# The condition makes an import pay for the first row alone (docs/decisions/0038).
FORGET = """
CREATE TRIGGER {table}_{change}_counts AFTER {change} ON {table} WHEN EXISTS (SELECT 1 FROM counts)
BEGIN DELETE FROM counts; END
"""


def upgrade() -> None:
    op.create_table(
        "counts",
        sa.Column("question", sa.String(), nullable=False),
        sa.Column("mark", sa.String(), nullable=False),
        sa.Column("found", sa.JSON(none_as_null=True), nullable=True),
        sa.PrimaryKeyConstraint("question", name="pk_counts"),
        comment="How many an audience is, kept until anybody's data change: triggers of SQLite empty it.",
    )
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for change in CHANGES:
                op.execute(FORGET.format(table=table, change=change))


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for table in TABLES:
            for change in CHANGES:
                op.execute(f"DROP TRIGGER IF EXISTS {table}_{change}_counts")
    op.drop_table("counts")
