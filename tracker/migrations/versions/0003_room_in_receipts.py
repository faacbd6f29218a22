"""Receipts change with every message: room on their pages keeps the changes there."""

from alembic import op

revision = "0003"
down_revision = "0002c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.execute("ALTER TABLE receipt SET (fillfactor = 70)")
