"""How long it is kept where vehicles were, what a legal hold keeps, and what is private."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004K"
down_revision = "0004Q"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "presence",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("inside", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "fixed_at", name=op.f("pk_presence")),
    )
    op.create_index(
        "ix_presence_fixed_at", "presence", ["fixed_at"], unique=False, postgresql_using="brin"
    )
    op.create_table(
        "retention_run",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column(
            "started_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("run_by", sa.Text(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_run")),
    )
    op.create_table(
        "retention_log",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("partition", sa.Text(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["retention_run.id"], name=op.f("fk_retention_log_run_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_retention_log")),
    )
    op.create_index("ix_retention_log_run_id", "retention_log", ["run_id"], unique=False)
    op.create_table(
        "legal_hold",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_id", sa.Integer(), nullable=True),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("placed_by", sa.Text(), nullable=False),
        sa.Column(
            "placed_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("lifted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lifted_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(lifted_at IS NULL) = (lifted_by IS NULL)", name=op.f("ck_legal_hold_lifted")
        ),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_legal_hold_during")),
        sa.ForeignKeyConstraint(
            ["department_id", "vehicle_id"],
            ["vehicle.department_id", "vehicle.id"],
            name=op.f("fk_legal_hold_department_id_vehicle_id"),
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_legal_hold_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_legal_hold")),
    )
    op.create_table(
        "private_interval",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_id", sa.Integer(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "ends_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("'infinity'"),
            nullable=False,
        ),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("keeps", sa.Text(), nullable=False),
        sa.Column("declared_by", sa.Text(), nullable=False),
        sa.Column(
            "declared_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "keeps IN ('presence', 'nothing')", name=op.f("ck_private_interval_keeps")
        ),
        sa.CheckConstraint("why IN ('private', 'off_duty')", name=op.f("ck_private_interval_why")),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_private_interval_not_empty")),
        sa.ForeignKeyConstraint(
            ["department_id", "vehicle_id"],
            ["vehicle.department_id", "vehicle.id"],
            name=op.f("fk_private_interval_department_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_private_interval")),
    )
    op.create_index("ix_private_interval_ends_at", "private_interval", ["ends_at"], unique=False)
    op.create_index(
        "ix_private_interval_pending",
        "private_interval",
        ["id"],
        unique=False,
        postgresql_where=sa.text("applied_at IS NULL"),
    )
    op.create_index(
        "ix_private_interval_vehicle_id_starts_at",
        "private_interval",
        ["vehicle_id", "starts_at"],
        unique=False,
    )
    op.add_column("department", sa.Column("retention_days", sa.Integer(), nullable=True))
    op.add_column(
        "department",
        sa.Column("off_duty_keeps", sa.Text(), server_default=sa.text("'all'"), nullable=False),
    )
    op.add_column(
        "department",
        sa.Column(
            "off_duty_since",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
    )
    op.add_column(
        "installation",
        sa.Column("retention_days", sa.Integer(), server_default=sa.text("400"), nullable=False),
    )
    op.add_column(
        "installation",
        sa.Column(
            "private_told_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
    )
    op.add_column(
        "receipt",
        sa.Column(
            "suppressed",
            postgresql.INT8MULTIRANGE(),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.create_check_constraint("retention_days", "department", "retention_days > 0")
    op.create_check_constraint(
        "off_duty_keeps", "department", "off_duty_keeps IN ('all', 'presence', 'nothing')"
    )
    op.create_check_constraint("retention_days", "installation", "retention_days > 0")
