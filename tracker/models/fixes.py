"""What was received: fixes, the latest of each vehicle, receipts, and what was refused."""

from __future__ import annotations

from datetime import date

from geoalchemy2 import Geometry, WKBElement
from sqlalchemy import (
    REAL,
    BigInteger,
    Identity,
    Index,
    LargeBinary,
    PrimaryKeyConstraint,
    SmallInteger,
    text,
)
from sqlalchemy.dialects.postgresql import INT8MULTIRANGE
from sqlalchemy.dialects.postgresql.ranges import MultiRange
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, Json, Live, Moment, Now


class Fix(Base):
    """A stored fix; partitions by time are made on demand by `ensure_fix_partition`."""

    __tablename__ = "fix"
    __table_args__ = (
        PrimaryKeyConstraint("vehicle_id", "fixed_at"),
        Index("ix_fix_fixed_at", "fixed_at", postgresql_using="brin"),
        {"postgresql_partition_by": "RANGE (fixed_at)"},
    )

    fixed_at: Mapped[Moment]
    received_at: Mapped[Moment]
    geom: Mapped[WKBElement] = mapped_column(Geometry("POINT", srid=4326, spatial_index=False))
    vehicle_id: Mapped[int]
    device_id: Mapped[int]
    department_id: Mapped[int]
    altitude_m: Mapped[float | None] = mapped_column(REAL)
    speed_mps: Mapped[float | None] = mapped_column(REAL)
    course_deg: Mapped[float | None] = mapped_column(REAL)
    heading_deg: Mapped[float | None] = mapped_column(REAL)
    accuracy_m: Mapped[float | None] = mapped_column(REAL)
    hdop: Mapped[float | None] = mapped_column(REAL)
    satellites: Mapped[int | None] = mapped_column(SmallInteger)
    mode: Mapped[int | None] = mapped_column(SmallInteger)
    rollover_weeks: Mapped[int] = mapped_column(SmallInteger, server_default=text("0"))
    ignition: Mapped[bool | None]
    inputs: Mapped[Json | None]
    #: Heard by AIS, not told by a receiver on board.
    ais: Mapped[bool] = mapped_column(server_default=text("false"))
    #: A jump that no other fix confirms (rule R9): it moves no map and no fence. Later data may set
    #: or clear it.
    implausible: Mapped[bool] = mapped_column(server_default=text("false"))


class Latest(Live, Base):
    """The newest plausible fix of each vehicle.

    No index on what changes with a fix (database law 1).
    """

    __tablename__ = "latest"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    department_id: Mapped[int]
    device_id: Mapped[int]
    fixed_at: Mapped[Moment]
    received_at: Mapped[Moment]
    lon: Mapped[float]
    lat: Mapped[float]
    altitude_m: Mapped[float | None] = mapped_column(REAL)
    speed_mps: Mapped[float | None] = mapped_column(REAL)
    course_deg: Mapped[float | None] = mapped_column(REAL)
    heading_deg: Mapped[float | None] = mapped_column(REAL)
    accuracy_m: Mapped[float | None] = mapped_column(REAL)
    ignition: Mapped[bool | None]
    inputs: Mapped[Json | None]
    #: Behind those of `Live`, where a migration puts it; the next one too.
    ais: Mapped[bool] = mapped_column(server_default=text("false"), sort_order=1)
    hdop: Mapped[float | None] = mapped_column(REAL, sort_order=2)


class Receipt(Base):
    """What the service has dealt with of one device and boot: message numbers as ranges."""

    __tablename__ = "receipt"
    __table_args__ = ({"postgresql_with": {"fillfactor": 70}},)

    device_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    boot: Mapped[str] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    #: Stored, refused or suppressed: the device may forget these.
    dealt: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE)
    #: Those of `dealt` in which at least one line was refused.
    refused: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE)
    first_at: Mapped[Now]
    last_at: Mapped[Now]
    #: Those of `dealt` of which a fix fell into a private time.
    suppressed: Mapped[MultiRange[int]] = mapped_column(INT8MULTIRANGE, server_default=text("'{}'"))


class Reject(Base):
    """A line or fix refused, kept with its bytes and the reason."""

    __tablename__ = "reject"
    __table_args__ = (
        Index("ix_reject_device_id_received_at", "device_id", "received_at"),
        Index("ix_reject_received_at", "received_at"),
        Index(
            "ix_reject_replay_asked_at",
            "id",
            postgresql_where=text("replay_asked_at IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    received_at: Mapped[Moment]
    #: None when no device could be told: only the platform office sees such rows.
    department_id: Mapped[int | None]
    device_id: Mapped[int | None]
    #: Where the bytes came from: `mqtt`, `serial:/dev/...`, `file:...`.
    source: Mapped[str]
    topic: Mapped[str | None]
    boot: Mapped[str | None]
    seq: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str]
    #: The whole payload where one came; else the sentences of the epoch, or the line.
    raw: Mapped[bytes] = mapped_column(LargeBinary)
    #: Who it says it is from, `FSD/box1`, registered or not.
    claimed_ref: Mapped[str | None]
    #: Set while ingest has yet to read it again; None before and after.
    replay_asked_at: Mapped[Moment | None]
    #: Since when what it holds is stored after all.
    replayed_at: Mapped[Moment | None]


class RejectDay(Base):
    """How much one sender was refused on one day: kept in full up to a bound, then only counted."""

    __tablename__ = "reject_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    #: `device:17`, or the topic or source where no device could be told.
    sender: Mapped[str] = mapped_column(primary_key=True)
    department_id: Mapped[int | None]
    #: All refused, whether a row was kept or not.
    refused: Mapped[int] = mapped_column(BigInteger)
