"""The dilution of the latest fix, by which its quality is judged where no accuracy is stated."""

import sqlalchemy as sa
from alembic import op

revision = "0006Q"
down_revision = "0005F"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column("latest", sa.Column("hdop", sa.REAL(), nullable=True))
