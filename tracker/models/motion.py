"""What the worker makes of fixes: chunks of tracks, trips, stops, gaps, days and odometers.

All of it can be computed again from the fixes; nothing here is told by anybody else.
"""

from __future__ import annotations

from datetime import date

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import REAL, BigInteger, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, Json, Moment, Now
from tracker.models.registry import one_of


class TrackChunk(Base):
    """A piece of a vehicle's way without a gap, at most 30 minutes of it: area and time by index.

    Pieces of one stretch share the fix at their border. All fixes of a vehicle up to its
    `motion_cursor.worked_to` that are plausible are in its chunks.
    """

    __tablename__ = "track_chunk"
    __table_args__ = (
        # Time first, so that an hour of a long history is a small part of it (docs/queries.md).
        Index("ix_track_chunk_started_at_path", "started_at", "path", postgresql_using="gist"),
        Index("ix_track_chunk_started_at", "started_at"),
    )

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[Moment] = mapped_column(primary_key=True)
    #: The last fix so far; a chunk that may still grow is the newest of its vehicle.
    ended_at: Mapped[Moment]
    department_id: Mapped[int]
    #: Every fix of it: a LineString, or a Point of one fix. M is its time, whole milliseconds since
    #: 1970-01-01T00:00Z, which a double holds exactly.
    path: Mapped[WKBElement] = mapped_column(
        Geometry("GEOMETRYM", dimension=3, srid=4326, spatial_index=False)
    )
    #: Without the one shared with the chunk before.
    fixes: Mapped[int]
    #: Way driven (GLOSSARY.md: distance); less than the path's length, which has the scatter in it.
    length_m: Mapped[float]
    moving_s: Mapped[float]
    idling_s: Mapped[float]
    stopped_s: Mapped[float]
    #: Ignition known to be on; None: not known at any fix.
    engine_s: Mapped[float | None]
    max_speed_mps: Mapped[float | None] = mapped_column(REAL)


class Trip(Base):
    """Movement between two stops, or up to a gap."""

    __tablename__ = "trip"
    __table_args__ = (
        one_of("ends_by", ("stop", "gap", "department", "open")),
        Index("ix_trip_started_at", "started_at"),
    )

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[Moment] = mapped_column(primary_key=True)
    #: Of one that is `open`: the last fix so far.
    ended_at: Mapped[Moment]
    department_id: Mapped[int]
    application_id: Mapped[int | None]
    start_lon: Mapped[float]
    start_lat: Mapped[float]
    end_lon: Mapped[float]
    end_lat: Mapped[float]
    distance_m: Mapped[float]
    moving_s: Mapped[float]
    idling_s: Mapped[float]
    max_speed_mps: Mapped[float | None] = mapped_column(REAL)
    fixes: Mapped[int]
    ends_by: Mapped[str]


class Stop(Base):
    """A vehicle stayed in a small place for some minutes."""

    __tablename__ = "stop"
    __table_args__ = (
        one_of("begins_by", ("move", "gap")),
        one_of("ends_by", ("move", "gap", "department", "open")),
        Index("ix_stop_started_at", "started_at"),
    )

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    started_at: Mapped[Moment] = mapped_column(primary_key=True)
    #: None while it lasts.
    ended_at: Mapped[Moment | None]
    department_id: Mapped[int]
    #: The middle of its fixes.
    lon: Mapped[float]
    lat: Mapped[float]
    idling_s: Mapped[float]
    fixes: Mapped[int]
    #: `gap`: it stood already when it was seen first.
    begins_by: Mapped[str]
    #: `gap`: it stood when it was seen last, before a gap.
    ends_by: Mapped[str]


class Gap(Base):
    """No fix for longer than the limit of the vehicle: nothing is known of the way between."""

    __tablename__ = "gap"
    __table_args__ = (Index("ix_gap_started_at", "started_at"),)

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    #: The last fix before it.
    started_at: Mapped[Moment] = mapped_column(primary_key=True)
    #: The first fix after it.
    ended_at: Mapped[Moment]
    department_id: Mapped[int]


class VehicleDay(Base):
    """What a vehicle did on one day of the installation's time zone, for one department."""

    __tablename__ = "vehicle_day"
    __table_args__ = (Index("ix_vehicle_day_day", "day"),)

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[date] = mapped_column(primary_key=True)
    department_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    application_id: Mapped[int | None]
    distance_m: Mapped[float]
    #: Begun on that day.
    trips: Mapped[int]
    #: Begun on that day.
    stops: Mapped[int]
    moving_s: Mapped[float]
    idling_s: Mapped[float]
    stopped_s: Mapped[float]
    engine_s: Mapped[float | None]
    fixes: Mapped[int]
    max_speed_mps: Mapped[float | None] = mapped_column(REAL)


class Odometer(Base):
    """How far a vehicle has gone and how long its engine ran, in all that was ever stored of it."""

    __tablename__ = "odometer"

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    distance_m: Mapped[float]
    engine_s: Mapped[float | None]
    #: The newest fix that is counted.
    at: Mapped[Moment]


class MotionCursor(Base):
    """Up to where a vehicle's past has been worked through, and what the next fix goes on from."""

    __tablename__ = "motion_cursor"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    #: The last fix worked through; later ones stand in `fix` only.
    worked_to: Mapped[Moment]
    #: See geo/motion.py.
    state: Mapped[Json]
    worked_at: Mapped[Now]


class MotionCheckpoint(Base):
    """What stood in the cursor after an earlier fix: where to begin again when the past changes."""

    __tablename__ = "motion_checkpoint"

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[Moment] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    state: Mapped[Json]


class PastChange(Base):
    """The past of a vehicle changed from a time on: fixes came late, or went, or marks changed.

    Rows are only added, so that no commit waits for the worker, which takes them away.
    """

    __tablename__ = "past_change"

    n: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    vehicle_id: Mapped[int]
    from_at: Mapped[Moment]
    #: The last fix that came, went or was marked; None: whatever comes after `from_at`.
    to_at: Mapped[Moment | None]
