"""Chunks of tracks by time and place in one index."""

from alembic import op

revision = "0004Q"
down_revision = "0004F"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.drop_index("ix_track_chunk_path", "track_chunk")
    op.create_index(
        "ix_track_chunk_started_at_path",
        "track_chunk",
        ["started_at", "path"],
        unique=False,
        postgresql_using="gist",
    )
