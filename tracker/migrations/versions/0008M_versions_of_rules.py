"""Rules have versions, and alerts name them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0008M"
down_revision = "0008J"
branch_labels = None
depends_on = None

#: Each rule as it stands is the first version of it that is known.
FIRST = """
INSERT INTO rule_version (rule_id, version, department_id, terms)
SELECT r.id, 1, r.department_id, jsonb_build_object(
               'name', r.name, 'on', r.on_kinds, 'fence', coalesce(f.ref, g.ref),
               'outside', r.outside,
               'vehicles', coalesce((SELECT jsonb_agg(n.ref ORDER BY n.ref) FROM (
                   SELECT ref FROM vehicle WHERE id = any(r.vehicle_ids)
                   UNION ALL SELECT ref FROM vehicle_group WHERE id = any(r.vehicle_group_ids)
               ) AS n), '[]'),
               'window', r."window", 'dwell_s', r.dwell_s, 'limit_kmh', r.limit_kmh,
               'silent_s', r.silent_s,
               'sensor', r.sensor, 'for_s', r.for_s, 'radius_m', r.radius_m,
               'near', coalesce((SELECT jsonb_agg(n.ref ORDER BY n.ref) FROM (
                   SELECT ref FROM vehicle WHERE id = any(r.other_vehicle_ids)
                   UNION ALL SELECT ref FROM vehicle_group WHERE id = any(r.other_vehicle_group_ids)
               ) AS n), '[]'),
               'cooldown_s', r.cooldown_s, 'escalate_after_s', r.escalate_after_s,
               'severity', r.severity, 'shadow', r.shadow, 'off', r.disabled_at IS NOT NULL
           )
FROM rule AS r
LEFT JOIN fence AS f ON f.id = r.fence_id
LEFT JOIN fence_group AS g ON g.id = r.fence_group_id
"""


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "rule_version",
        sa.Column("rule_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("terms", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("made_by", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id", "rule_id"],
            ["rule.department_id", "rule.id"],
            name=op.f("fk_rule_version_department_id_rule_id"),
        ),
        sa.PrimaryKeyConstraint("rule_id", "version", name=op.f("pk_rule_version")),
    )
    op.add_column(
        "rule", sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("alert", sa.Column("rule_version", sa.Integer(), nullable=True))
    op.execute(FIRST)
