"""Fence rules: kinds, groups, windows, what vehicles remember, and checkpoints of it."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0005F"
down_revision = "0005A"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "checkpoint",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fixed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "fixed_at", name=op.f("pk_checkpoint")),
    )
    op.create_table(
        "fence_group",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "ref ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'", name=op.f("ck_fence_group_ref")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_fence_group_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fence_group")),
        sa.UniqueConstraint("department_id", "id", name=op.f("uq_fence_group_department_id_id")),
        sa.UniqueConstraint("department_id", "ref", name=op.f("uq_fence_group_department_id_ref")),
    )
    op.create_table(
        "vehicle_group",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("name", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "ref ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$'", name=op.f("ck_vehicle_group_ref")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_vehicle_group_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle_group")),
        sa.UniqueConstraint("department_id", "id", name=op.f("uq_vehicle_group_department_id_id")),
        sa.UniqueConstraint(
            "department_id", "ref", name=op.f("uq_vehicle_group_department_id_ref")
        ),
    )
    op.create_table(
        "fence_group_member",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("fence_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_fence_group_member_during")),
        sa.ForeignKeyConstraint(
            ["department_id", "fence_id"],
            ["fence.department_id", "fence.id"],
            name=op.f("fk_fence_group_member_department_id_fence_id"),
        ),
        sa.ForeignKeyConstraint(
            ["department_id", "group_id"],
            ["fence_group.department_id", "fence_group.id"],
            name=op.f("fk_fence_group_member_department_id_group_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fence_group_member")),
    )
    op.create_table(
        "fence_scope",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_group_id", sa.Integer(), nullable=False),
        sa.Column("fence_group_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_fence_scope_during")),
        sa.ForeignKeyConstraint(
            ["department_id", "fence_group_id"],
            ["fence_group.department_id", "fence_group.id"],
            name=op.f("fk_fence_scope_department_id_fence_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["department_id", "vehicle_group_id"],
            ["vehicle_group.department_id", "vehicle_group.id"],
            name=op.f("fk_fence_scope_department_id_vehicle_group_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fence_scope")),
    )
    op.create_table(
        "vehicle_group_member",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("group_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.CheckConstraint("NOT isempty(during)", name=op.f("ck_vehicle_group_member_during")),
        sa.ForeignKeyConstraint(
            ["department_id", "group_id"],
            ["vehicle_group.department_id", "vehicle_group.id"],
            name=op.f("fk_vehicle_group_member_department_id_group_id"),
        ),
        sa.ForeignKeyConstraint(
            ["department_id", "vehicle_id"],
            ["vehicle.department_id", "vehicle.id"],
            name=op.f("fk_vehicle_group_member_department_id_vehicle_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vehicle_group_member")),
    )
    op.add_column("alert", sa.Column("ends_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_alert_ends_at",
        "alert",
        ["ends_at"],
        unique=False,
        postgresql_where=sa.text("state <> 'closed' AND ends_at IS NOT NULL"),
    )
    op.add_column("event", sa.Column("rule_id", sa.Integer(), nullable=True))
    op.add_column("event", sa.Column("max_kmh", sa.Double(), nullable=True))
    op.add_column("event", sa.Column("length_s", sa.Double(), nullable=True))
    op.add_column(
        "fence_state", sa.Column("memory", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column(
        "installation",
        sa.Column("holidays", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.add_column("rule", sa.Column("fence_group_id", sa.Integer(), nullable=True))
    op.add_column(
        "rule",
        sa.Column(
            "vehicle_ids",
            postgresql.ARRAY(sa.Integer()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "rule",
        sa.Column(
            "vehicle_group_ids",
            postgresql.ARRAY(sa.Integer()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "rule", sa.Column("window", postgresql.JSONB(astext_type=sa.Text()), nullable=True)
    )
    op.add_column("rule", sa.Column("dwell_s", sa.Double(), nullable=True))
    op.add_column("rule", sa.Column("limit_kmh", sa.Double(), nullable=True))
    op.alter_column("rule", "cooldown_s", type_=sa.Double())
    op.add_column(
        "vehicle",
        sa.Column("heartbeat_s", sa.Integer(), server_default=sa.text("3600"), nullable=False),
    )
    op.add_column("vehicle", sa.Column("max_speed_mps", sa.Double(), nullable=True))
    op.drop_constraint("ck_event_kind", "event")
    op.create_check_constraint(
        op.f("ck_event_kind"),
        "event",
        "kind IN ('present', 'enter', 'exit', 'dwell', 'speed', 'inside', 'stale')",
    )
    op.drop_constraint("ck_rule_on_kinds", "rule")
    op.create_check_constraint(
        op.f("ck_rule_on_kinds"),
        "rule",
        "on_kinds <@ ARRAY['present', 'enter', 'exit', 'dwell', 'speed', 'inside']"
        " AND on_kinds <> '{}'",
    )
    op.create_check_constraint(
        op.f("ck_rule_dwell"), "rule", "dwell_s > 0 OR NOT 'dwell' = ANY(on_kinds)"
    )
    op.create_check_constraint(
        op.f("ck_rule_limit"), "rule", "limit_kmh > 0 OR NOT 'speed' = ANY(on_kinds)"
    )
    op.create_check_constraint(
        op.f("ck_vehicle_limits"), "vehicle", "heartbeat_s > 0 AND max_speed_mps > 0"
    )
