"""How late the vehicles of an application are in the open feed."""

import sqlalchemy as sa
from alembic import op

revision = "0008J"
down_revision = "0007H"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column("application", sa.Column("open_delay_s", sa.Integer(), nullable=True))
    op.create_check_constraint("open_delay", "application", "open_delay_s BETWEEN 0 AND 86400")
