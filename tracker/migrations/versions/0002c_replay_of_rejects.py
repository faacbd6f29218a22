"""Rejects say who they claim to be from, and can be read again."""

import sqlalchemy as sa
from alembic import op

revision = "0002c"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.add_column("reject", sa.Column("claimed_ref", sa.Text(), nullable=True))
    op.add_column("reject", sa.Column("replay_asked_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("reject", sa.Column("replayed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_reject_replay_asked_at",
        "reject",
        ["id"],
        unique=False,
        postgresql_where=sa.text("replay_asked_at IS NOT NULL"),
    )
    op.execute(
        "UPDATE reject SET claimed_ref = split_part(topic, '/', 3)"
        " || '/' || split_part(topic, '/', 4) WHERE topic ~ '^gov/1/[^/]+/[^/]+/(nmea|fix)$'"
    )
