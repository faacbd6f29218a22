"""What is registered, and who signs in, is edited at a revision."""

import sqlalchemy as sa
from alembic import op

revision = "0008P"
down_revision = "0008M"
branch_labels = None
depends_on = None

_EDITED = ("department", "contractor", "vehicle", "device", "local_user")


def upgrade() -> None:
    """Go one revision forward."""
    for table in _EDITED:
        column = sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False)
        op.add_column(table, column)
