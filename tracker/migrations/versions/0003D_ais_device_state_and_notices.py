"""Devices say how they go; AIS transponders are devices, and fixes heard by AIS are marked."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003D"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "device_notice",
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("minutes", postgresql.INT8MULTIRANGE(), nullable=False),
        sa.PrimaryKeyConstraint(
            "device_id", "day", "kind", "detail", name=op.f("pk_device_notice")
        ),
    )
    op.create_table(
        "device_state",
        sa.Column("device_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("online", sa.Boolean(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("firmware", sa.Text(), nullable=True),
        sa.Column("protocol", sa.Integer(), nullable=True),
        sa.Column("config_rev", sa.Integer(), nullable=True),
        sa.Column("config_error", sa.Text(), nullable=True),
        sa.Column("state_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "earlier_boots",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("device_id", name=op.f("pk_device_state")),
    )
    op.add_column("device", sa.Column("mmsi", sa.Text(), nullable=True))
    op.create_check_constraint("mmsi", "device", "mmsi ~ '^[0-9]{9}$'")
    op.create_index(
        "uq_device_mmsi",
        "device",
        ["mmsi"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )

    op.add_column(
        "fix", sa.Column("ais", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column(
        "latest", sa.Column("ais", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
