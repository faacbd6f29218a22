"""Fences as managed things: who, when and why of versions, shared fences, keys of requests."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007C"
down_revision = "0007G"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "once",
        sa.Column("department_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("asked", sa.LargeBinary(), nullable=False),
        sa.Column(
            "at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("answer", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.PrimaryKeyConstraint("department_id", "key", name=op.f("pk_once")),
    )
    op.create_table(
        "fence_share",
        sa.Column("id", sa.Integer(), sa.Identity(always=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("fence_id", sa.Integer(), nullable=False),
        sa.Column("to_department_id", sa.Integer(), nullable=False),
        sa.Column("follower_id", sa.Integer(), nullable=False),
        sa.Column("during", postgresql.TSTZRANGE(), nullable=False),
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("made_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "to_department_id <> department_id", name=op.f("ck_fence_share_to_another")
        ),
        sa.ForeignKeyConstraint(
            ["department_id", "fence_id"],
            ["fence.department_id", "fence.id"],
            name=op.f("fk_fence_share_department_id_fence_id"),
        ),
        sa.ForeignKeyConstraint(
            ["to_department_id", "follower_id"],
            ["fence.department_id", "fence.id"],
            name=op.f("fk_fence_share_to_department_id_follower_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fence_share")),
    )
    op.create_index("ix_fence_share_fence_id", "fence_share", ["fence_id"], unique=False)
    op.add_column(
        "fence",
        sa.Column(
            "description",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
    )
    op.add_column(
        "fence", sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column("fence", sa.Column("managed_by", sa.Text(), nullable=True))
    op.add_column("fence", sa.Column("shared_from", sa.Text(), nullable=True))
    op.add_column(
        "fence_group",
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column("fence_group", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "fence_version",
        sa.Column(
            "made_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
    )
    op.add_column(
        "fence_version",
        sa.Column("made_by", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("fence_version", sa.Column("why", sa.Text(), nullable=True))
    op.add_column("fence_version", sa.Column("ended_by", sa.Text(), nullable=True))
    op.add_column("fence_version", sa.Column("ended_why", sa.Text(), nullable=True))
    op.add_column("fence_version", sa.Column("share_id", sa.Integer(), nullable=True))
    op.add_column("fence_version", sa.Column("source_version", sa.Integer(), nullable=True))
    op.create_unique_constraint(
        op.f("uq_fence_version_share_id_source_version"),
        "fence_version",
        ["share_id", "source_version"],
    )
    op.create_foreign_key(
        op.f("fk_fence_version_share_id"), "fence_version", "fence_share", ["share_id"], ["id"]
    )
    op.add_column(
        "installation", sa.Column("territory", postgresql.ARRAY(sa.Double()), nullable=True)
    )
    op.add_column(
        "rule", sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False)
    )
    op.add_column(
        "vehicle_group",
        sa.Column("revision", sa.Integer(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column("vehicle_group", sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True))
    op.create_unique_constraint(
        op.f("uq_fence_department_id_shared_from"), "fence", ["department_id", "shared_from"]
    )
    # A plan that was taken back is an empty range.
    for table in ("vehicle_group_member", "fence_group_member", "fence_scope"):
        op.drop_constraint(op.f(f"ck_{table}_during"), table, type_="check")
    op.drop_constraint(op.f("ck_fence_version_in_force"), "fence_version", type_="check")
    op.execute("UPDATE fence_version SET made_at = lower(in_force) WHERE lower(in_force) < made_at")
