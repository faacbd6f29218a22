"""Tracks, trips, stops, gaps, days and odometers."""

import geoalchemy2
import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004M"
down_revision = "0003W"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go one revision forward."""
    op.create_table(
        "gap",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "started_at", name=op.f("pk_gap")),
    )
    op.create_index("ix_gap_started_at", "gap", ["started_at"], unique=False)
    op.create_table(
        "motion_checkpoint",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "at", name=op.f("pk_motion_checkpoint")),
    )
    op.create_table(
        "motion_cursor",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("worked_to", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column(
            "worked_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("milepost_now()"),
            nullable=False,
        ),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_motion_cursor")),
        postgresql_with={"fillfactor": 70},
    )
    op.create_table(
        "odometer",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("distance_m", sa.Double(), nullable=False),
        sa.Column("engine_s", sa.Double(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", name=op.f("pk_odometer")),
    )
    op.create_table(
        "past_change",
        sa.Column("n", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("vehicle_id", sa.Integer(), nullable=False),
        sa.Column("from_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("n", name=op.f("pk_past_change")),
    )
    op.create_table(
        "stop",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("lon", sa.Double(), nullable=False),
        sa.Column("lat", sa.Double(), nullable=False),
        sa.Column("idling_s", sa.Double(), nullable=False),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("begins_by", sa.Text(), nullable=False),
        sa.Column("ends_by", sa.Text(), nullable=False),
        sa.CheckConstraint("begins_by IN ('move', 'gap')", name=op.f("ck_stop_begins_by")),
        sa.CheckConstraint(
            "ends_by IN ('move', 'gap', 'department', 'open')", name=op.f("ck_stop_ends_by")
        ),
        sa.PrimaryKeyConstraint("vehicle_id", "started_at", name=op.f("pk_stop")),
    )
    op.create_index("ix_stop_started_at", "stop", ["started_at"], unique=False)
    op.create_table(
        "track_chunk",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column(
            "path",
            geoalchemy2.types.Geometry(srid=4326, dimension=2, spatial_index=False),
            nullable=False,
        ),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("length_m", sa.Double(), nullable=False),
        sa.Column("moving_s", sa.Double(), nullable=False),
        sa.Column("idling_s", sa.Double(), nullable=False),
        sa.Column("stopped_s", sa.Double(), nullable=False),
        sa.Column("engine_s", sa.Double(), nullable=True),
        sa.Column("max_speed_mps", sa.REAL(), nullable=True),
        sa.PrimaryKeyConstraint("vehicle_id", "started_at", name=op.f("pk_track_chunk")),
    )
    op.create_index(
        "ix_track_chunk_path", "track_chunk", ["path"], unique=False, postgresql_using="gist"
    )
    op.create_index("ix_track_chunk_started_at", "track_chunk", ["started_at"], unique=False)
    op.create_table(
        "trip",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=True),
        sa.Column("start_lon", sa.Double(), nullable=False),
        sa.Column("start_lat", sa.Double(), nullable=False),
        sa.Column("end_lon", sa.Double(), nullable=False),
        sa.Column("end_lat", sa.Double(), nullable=False),
        sa.Column("distance_m", sa.Double(), nullable=False),
        sa.Column("moving_s", sa.Double(), nullable=False),
        sa.Column("idling_s", sa.Double(), nullable=False),
        sa.Column("max_speed_mps", sa.REAL(), nullable=True),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("ends_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "ends_by IN ('stop', 'gap', 'department', 'open')", name=op.f("ck_trip_ends_by")
        ),
        sa.PrimaryKeyConstraint("vehicle_id", "started_at", name=op.f("pk_trip")),
    )
    op.create_index("ix_trip_started_at", "trip", ["started_at"], unique=False)
    op.create_table(
        "vehicle_day",
        sa.Column("vehicle_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("application_id", sa.Integer(), nullable=True),
        sa.Column("distance_m", sa.Double(), nullable=False),
        sa.Column("trips", sa.Integer(), nullable=False),
        sa.Column("stops", sa.Integer(), nullable=False),
        sa.Column("moving_s", sa.Double(), nullable=False),
        sa.Column("idling_s", sa.Double(), nullable=False),
        sa.Column("stopped_s", sa.Double(), nullable=False),
        sa.Column("engine_s", sa.Double(), nullable=True),
        sa.Column("fixes", sa.Integer(), nullable=False),
        sa.Column("max_speed_mps", sa.REAL(), nullable=True),
        sa.PrimaryKeyConstraint("vehicle_id", "day", "department_id", name=op.f("pk_vehicle_day")),
    )
    op.create_index("ix_vehicle_day_day", "vehicle_day", ["day"], unique=False)
    op.add_column(
        "installation",
        sa.Column(
            "time_zone", sa.Text(), server_default=sa.text("'Asia/Hong_Kong'"), nullable=False
        ),
    )
