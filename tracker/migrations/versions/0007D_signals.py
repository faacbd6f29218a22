"""Rules on silence, buttons, sensors and nearness: events without a fence, and what goes on."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007D"
down_revision = "0007A"
branch_labels = None
depends_on = None

RULE_KINDS = (
    "ARRAY['present', 'enter', 'exit', 'dwell', 'speed', 'inside', 'silent', 'duress', 'sensor',"
    " 'proximity']"
)
EVENT_KINDS = (
    "'present', 'enter', 'exit', 'dwell', 'speed', 'inside', 'silent', 'duress', 'sensor',"
    " 'proximity', 'stale'"
)


def upgrade() -> None:
    """Go one revision forward."""
    for table, column in (("event", "fence_id"), ("event", "fence_version"), ("alert", "fence_id")):
        op.alter_column(table, column, existing_type=sa.INTEGER(), nullable=True)
    for name, kind in (
        ("ended_at", sa.DateTime(timezone=True)),
        ("lowest", sa.Float()),
        ("highest", sa.Float()),
        ("other_vehicle_id", sa.Integer()),
        ("distance_m", sa.Float()),
    ):
        op.add_column("event", sa.Column(name, kind, nullable=True))
    op.create_index(
        "ix_event_near",
        "event",
        ["department_id"],
        postgresql_where=sa.text("kind = 'proximity' AND ended_at IS NULL"),
    )
    op.drop_constraint(op.f("ck_event_kind"), "event", type_="check")
    op.create_check_constraint(op.f("ck_event_kind"), "event", f"kind IN ({EVENT_KINDS})")
    op.add_column(
        "rule",
        sa.Column("outside", sa.Boolean(), server_default=sa.text("false"), nullable=False),
    )
    op.add_column("rule", sa.Column("silent_s", sa.Float(), nullable=True))
    op.add_column(
        "rule",
        sa.Column("sensor", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
    )
    op.add_column("rule", sa.Column("for_s", sa.Float(), nullable=True))
    op.add_column("rule", sa.Column("radius_m", sa.Float(), nullable=True))
    for name in ("other_vehicle_ids", "other_vehicle_group_ids"):
        ids = postgresql.ARRAY(sa.Integer())
        op.add_column("rule", sa.Column(name, ids, server_default=sa.text("'{}'"), nullable=False))
    op.drop_constraint(op.f("ck_rule_on_kinds"), "rule", type_="check")
    for name, condition in (
        ("on_kinds", f"on_kinds <@ {RULE_KINDS} AND on_kinds <> '{{}}'"),
        ("sensor", "sensor IS NOT NULL OR NOT on_kinds && ARRAY['duress', 'sensor']"),
        ("radius", "radius_m > 0 OR NOT 'proximity' = ANY(on_kinds)"),
    ):
        op.create_check_constraint(op.f(f"ck_rule_{name}"), "rule", condition)
