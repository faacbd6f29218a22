"""Grants of location between departments, and share links of one vehicle."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007G"
down_revision = "0006Q"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "location_grant",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("from_department_id", sa.Integer(), nullable=False),
        sa.Column("to_department_id", sa.Integer(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column(
            "vehicles", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "vehicle_groups",
            postgresql.ARRAY(sa.Text()),
            server_default=sa.text("'{}'"),
            nullable=False,
        ),
        sa.Column(
            "fences", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False
        ),
        sa.Column(
            "area",
            geoalchemy2.types.Geometry(
                srid=4326,
                dimension=2,
                spatial_index=False,
                from_text="ST_GeomFromEWKT",
                name="geometry",
            ),
            nullable=True,
        ),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("minutes", postgresql.INT4MULTIRANGE(), nullable=True),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("legal_basis", sa.Text(), nullable=True),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column(
            "asked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_why", sa.Text(), nullable=True),
        sa.Column("revision", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "level <> 'blurred' OR fences = '{}'",
            name=op.f("ck_location_grant_blurred_crosses_nothing"),
        ),
        sa.CheckConstraint(
            "level <> 'presence' OR fences <> '{}'",
            name=op.f("ck_location_grant_presence_in_something"),
        ),
        sa.CheckConstraint(
            "level IN ('position', 'blurred', 'presence')", name=op.f("ck_location_grant_level")
        ),
        sa.CheckConstraint("purpose <> ''", name=op.f("ck_location_grant_purpose")),
        sa.CheckConstraint(
            "vehicles <> '{}' OR vehicle_groups <> '{}'",
            name=op.f("ck_location_grant_of_something"),
        ),
        sa.CheckConstraint(
            "(approved_at IS NULL) = (approved_by IS NULL)", name=op.f("ck_location_grant_approval")
        ),
        sa.CheckConstraint(
            "(hours IS NULL) = (minutes IS NULL)", name=op.f("ck_location_grant_hours")
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_location_grant_revocation")
        ),
        sa.CheckConstraint("approved_by <> asked_by", name=op.f("ck_location_grant_four_eyes")),
        sa.CheckConstraint(
            "from_department_id <> to_department_id", name=op.f("ck_location_grant_two_departments")
        ),
        sa.CheckConstraint("valid_from < valid_until", name=op.f("ck_location_grant_some_time")),
        sa.ForeignKeyConstraint(
            ["from_department_id"],
            ["department.id"],
            name=op.f("fk_location_grant_from_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["to_department_id"], ["department.id"], name=op.f("fk_location_grant_to_department_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_location_grant")),
    )
    op.create_index(
        "ix_location_grant_from_department_id",
        "location_grant",
        ["from_department_id", "asked_at"],
        unique=False,
    )
    op.create_index(
        "ix_location_grant_to_department_id",
        "location_grant",
        ["to_department_id", "valid_until"],
        unique=False,
    )
    op.create_table(
        "share_link",
        sa.Column("id", sa.Uuid(), server_default=sa.text("gen_random_uuid()"), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("vehicle_id", sa.Integer(), nullable=False),
        sa.Column("purpose", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("uses", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_share_link_revocation")
        ),
        sa.CheckConstraint("created_at < expires_at", name=op.f("ck_share_link_some_time")),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_share_link_department_id")
        ),
        sa.ForeignKeyConstraint(
            ["vehicle_id"], ["vehicle.id"], name=op.f("fk_share_link_vehicle_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_share_link")),
        sa.UniqueConstraint("hash", name=op.f("uq_share_link_hash")),
    )
    op.create_index(
        "ix_share_link_department_id", "share_link", ["department_id", "created_at"], unique=False
    )
