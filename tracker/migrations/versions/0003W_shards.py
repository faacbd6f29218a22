"""Shards of ingest: departments have one, processes take them by lease."""

import sqlalchemy as sa
from alembic import op

revision = "0003W"
down_revision = "0003R"
branch_labels = None
depends_on = None

NOW = sa.text("milepost_now()")


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "ingest_worker",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ingest_worker")),
    )
    op.add_column("feed", sa.Column("holder", sa.Text(), nullable=True))
    op.add_column(
        "feed",
        sa.Column("since", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
    )
    op.add_column(
        "department", sa.Column("shard", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.create_foreign_key(op.f("fk_department_shard"), "department", "feed", ["shard"], ["id"])
    op.create_check_constraint(op.f("ck_department_shard"), "department", "shard > 0")
