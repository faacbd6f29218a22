"""Fixes that cannot be true are marked: they move no map and no fence."""

import sqlalchemy as sa
from alembic import op

revision = "0003R"
down_revision = "0003D"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column(
        "fix",
        sa.Column("implausible", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
