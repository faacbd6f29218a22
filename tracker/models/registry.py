"""Who owns what: departments, applications, vehicles, drivers, devices, and their assignments."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import MMSI_PATTERN, REF_PATTERN, Base, During, IntKey, Moment, Names, Now

STAGES = ("planned", "being_built", "implemented", "retired")
DUTY_STATUSES = ("available", "assigned", "en_route", "at_scene", "leaving", "off_duty")
#: What is kept of a vehicle's fixes: the fixes; inside which fences it was; nothing.
KEEPS = ("all", "presence", "nothing")


def one_of(column: str, values: tuple[str, ...]) -> CheckConstraint:
    """A CHECK that a text column holds one of these values."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def ref_check() -> CheckConstraint:
    """A CHECK that `ref` can stand in a URL and a topic."""
    return CheckConstraint(f"ref ~ '{REF_PATTERN}'", name="ref")


class Department(Base):
    """An owner of data and users on the shared platform (a tenant)."""

    __tablename__ = "department"
    __table_args__ = (
        ref_check(),
        # Feed 0 numbers edits.
        CheckConstraint("shard > 0", name="shard"),
        CheckConstraint("retention_days > 0", name="retention_days"),
        one_of("off_duty_keeps", KEEPS),
    )

    id: Mapped[IntKey]
    ref: Mapped[str] = mapped_column(unique=True)
    name: Mapped[Names]
    #: Which shard of ingest serves it.
    shard: Mapped[int] = mapped_column(ForeignKey("feed.id"), server_default=text("1"))
    created_at: Mapped[Now]
    #: How long it is kept where its vehicles were; None: as long as the installation says.
    retention_days: Mapped[int | None]
    #: What is kept of a vehicle that is off duty.
    off_duty_keeps: Mapped[str] = mapped_column(server_default=text("'all'"))
    #: Since when that is so: what was kept before stays.
    off_duty_since: Mapped[Now]
    #: Grows with each edit.
    revision: Mapped[int] = mapped_column(server_default=text("1"))


class Cluster(Base):
    """A group of applications of several departments."""

    __tablename__ = "cluster"
    __table_args__ = (ref_check(),)

    id: Mapped[IntKey]
    ref: Mapped[str] = mapped_column(unique=True)
    name: Mapped[Names]


class Application(Base):
    """A department's use of the platform, at a stage of its life."""

    __tablename__ = "application"
    __table_args__ = (
        ref_check(),
        one_of("stage", STAGES),
        CheckConstraint("open_delay_s BETWEEN 0 AND 86400", name="open_delay"),
        UniqueConstraint("department_id", "id"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    cluster_id: Mapped[int | None] = mapped_column(ForeignKey("cluster.id"))
    ref: Mapped[str] = mapped_column(unique=True)
    name: Mapped[Names]
    stage: Mapped[str]
    #: How late its vehicles are in the open feed; None: they are not in it.
    open_delay_s: Mapped[int | None]


class Contractor(Base):
    """A firm that drives some of a department's vehicles, and sees those only."""

    __tablename__ = "contractor"
    __table_args__ = (
        ref_check(),
        UniqueConstraint("department_id", "ref"),
        UniqueConstraint("department_id", "id"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ref: Mapped[str]
    name: Mapped[Names]
    created_at: Mapped[Now]
    #: Grows with each edit.
    revision: Mapped[int] = mapped_column(server_default=text("1"))


class Vehicle(Base):
    """The thing tracked."""

    __tablename__ = "vehicle"
    __table_args__ = (
        ref_check(),
        UniqueConstraint("department_id", "ref"),
        UniqueConstraint("department_id", "id"),
        ForeignKeyConstraint(
            ["department_id", "application_id"], ["application.department_id", "application.id"]
        ),
        ForeignKeyConstraint(
            ["department_id", "contractor_id"], ["contractor.department_id", "contractor.id"]
        ),
        CheckConstraint("moving_interval_s > 0 AND stopped_interval_s > 0", name="interval"),
        CheckConstraint("heartbeat_s > 0 AND max_speed_mps > 0", name="limits"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    application_id: Mapped[int | None]
    ref: Mapped[str]
    plate: Mapped[str | None]
    name: Mapped[Names]
    vehicle_class: Mapped[str] = mapped_column(server_default=text("'vehicle'"))
    capabilities: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    #: How often it reports while moving, and while stopped.
    moving_interval_s: Mapped[int] = mapped_column(server_default=text("10"))
    stopped_interval_s: Mapped[int] = mapped_column(server_default=text("60"))
    created_at: Mapped[Now]
    retired_at: Mapped[Moment | None]
    #: How often it reports at rest with its ignition off.
    heartbeat_s: Mapped[int] = mapped_column(server_default=text("3600"))
    #: What it cannot exceed, where that is not what its class cannot.
    max_speed_mps: Mapped[float | None]
    #: Who drives it, if not the department itself.
    contractor_id: Mapped[int | None] = mapped_column(index=True)
    #: Grows with each edit.
    revision: Mapped[int] = mapped_column(server_default=text("1"))


class DutyStatus(Base):
    """What a vehicle was doing since when; the newest row of a vehicle holds now."""

    __tablename__ = "duty_status"
    __table_args__ = (
        one_of("status", DUTY_STATUSES),
        ForeignKeyConstraint(
            ["department_id", "vehicle_id"], ["vehicle.department_id", "vehicle.id"]
        ),
        Index("ix_duty_status_feed_n", "feed", "n"),
    )

    vehicle_id: Mapped[int] = mapped_column(primary_key=True)
    since: Mapped[Now] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    status: Mapped[str]
    set_by: Mapped[str]
    #: By which live viewers follow it (database law 3); number 0: with what it began.
    feed: Mapped[int] = mapped_column(server_default=text("0"))
    n: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))


class Driver(Base):
    """Who drives; kept apart from tracks, so that a track alone names a vehicle."""

    __tablename__ = "driver"
    __table_args__ = (
        ref_check(),
        UniqueConstraint("department_id", "ref"),
        UniqueConstraint("department_id", "id"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ref: Mapped[str]
    name: Mapped[Names]
    created_at: Mapped[Now]


class Device(Base):
    """The box that reports. It belongs to one department and may move between its vehicles."""

    __tablename__ = "device"
    __table_args__ = (
        ref_check(),
        one_of("rollover", ("auto", "on", "off")),
        CheckConstraint(f"mmsi ~ '{MMSI_PATTERN}'", name="mmsi"),
        UniqueConstraint("department_id", "ref"),
        UniqueConstraint("department_id", "id"),
        Index("uq_device_mmsi", "mmsi", unique=True, postgresql_where=text("retired_at IS NULL")),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    ref: Mapped[str]
    #: Fixes before this time are refused: a receiver's clock before it was ours.
    accept_from: Mapped[Moment]
    #: Whether a date that is 1,024 or 2,048 weeks back is put right.
    rollover: Mapped[str] = mapped_column(server_default=text("'auto'"))
    password_hash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[Now]
    retired_at: Mapped[Moment | None]
    #: Of an AIS transponder: its fixes are those that others hear of this MMSI.
    mmsi: Mapped[str | None]
    #: Grows with each edit.
    revision: Mapped[int] = mapped_column(server_default=text("1"))


def _one_at_a_time(table: str, who: str) -> ExcludeConstraint:
    return ExcludeConstraint(
        (who, "="),
        ("during", "&&"),
        using="gist",
        name=f"ex_{table}_{who}",
        deferrable=True,
        initially="IMMEDIATE",
    )


class DeviceAssignment(Base):
    """Which device was in which vehicle, when; at an instant never two of either."""

    __tablename__ = "device_assignment"
    __table_args__ = (
        ForeignKeyConstraint(["department_id", "device_id"], ["device.department_id", "device.id"]),
        ForeignKeyConstraint(
            ["department_id", "vehicle_id"], ["vehicle.department_id", "vehicle.id"]
        ),
        CheckConstraint("NOT isempty(during)", name="during"),
        _one_at_a_time("device_assignment", "device_id"),
        _one_at_a_time("device_assignment", "vehicle_id"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    device_id: Mapped[int]
    vehicle_id: Mapped[int]
    during: Mapped[During]


class DriverAssignment(Base):
    """Who drove which vehicle, when."""

    __tablename__ = "driver_assignment"
    __table_args__ = (
        ForeignKeyConstraint(["department_id", "driver_id"], ["driver.department_id", "driver.id"]),
        ForeignKeyConstraint(
            ["department_id", "vehicle_id"], ["vehicle.department_id", "vehicle.id"]
        ),
        CheckConstraint("NOT isempty(during)", name="during"),
        _one_at_a_time("driver_assignment", "driver_id"),
        _one_at_a_time("driver_assignment", "vehicle_id"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    driver_id: Mapped[int]
    vehicle_id: Mapped[int]
    during: Mapped[During]
