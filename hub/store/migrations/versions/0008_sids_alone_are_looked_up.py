"""Of the far sides' ids only those of SMS are looked up: a relay's queue ids made each e-mail write another page."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

NAME = "ix_attempts_provider_id"


def upgrade() -> None:
    _index_where("substr(provider_id, 1, 2) IN ('SM', 'MM')")


def downgrade() -> None:
    _index_where("provider_id <> ''")


def _index_where(condition: str) -> None:
    op.drop_index(NAME, table_name="attempts")
    where = sa.text(condition)
    op.create_index(NAME, "attempts", ["provider_id"], sqlite_where=where, postgresql_where=where)
