"""What is kept and what is not: legal holds, private times, and the log of what left."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, During, IntKey, Moment, Now
from tracker.models.registry import one_of


class LegalHold(Base):
    """Nothing that a department, or one vehicle of it, left behind in a time may be deleted."""

    __tablename__ = "legal_hold"
    __table_args__ = (
        ForeignKeyConstraint(
            ["department_id", "vehicle_id"], ["vehicle.department_id", "vehicle.id"]
        ),
        CheckConstraint("NOT isempty(during)", name="during"),
        CheckConstraint("(lifted_at IS NULL) = (lifted_by IS NULL)", name="lifted"),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int] = mapped_column(ForeignKey("department.id"))
    #: None: every vehicle of the department.
    vehicle_id: Mapped[int | None]
    during: Mapped[During]
    reason: Mapped[str]
    placed_by: Mapped[str]
    placed_at: Mapped[Now]
    lifted_at: Mapped[Moment | None]
    lifted_by: Mapped[str | None]


class PrivateInterval(Base):
    """A time in which no position is kept of a vehicle: starts_at <= fixed_at < ends_at.

    Plain columns instead of a range, whose operators row security would keep from the index.
    """

    __tablename__ = "private_interval"
    __table_args__ = (
        one_of("why", ("private", "off_duty")),
        one_of("keeps", ("presence", "nothing")),
        CheckConstraint("starts_at < ends_at", name="not_empty"),
        ForeignKeyConstraint(
            ["department_id", "vehicle_id"], ["vehicle.department_id", "vehicle.id"]
        ),
        Index("ix_private_interval_vehicle_id_starts_at", "vehicle_id", "starts_at"),
        Index("ix_private_interval_ends_at", "ends_at"),
        Index("ix_private_interval_pending", "id", postgresql_where=text("applied_at IS NULL")),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    vehicle_id: Mapped[int]
    starts_at: Mapped[Moment]
    #: `infinity` while its end is not known.
    ends_at: Mapped[Moment] = mapped_column(server_default=text("'infinity'"))
    #: `off_duty` rows follow the duty status by themselves; `private` ones somebody declared.
    why: Mapped[str]
    keeps: Mapped[str]
    declared_by: Mapped[str]
    declared_at: Mapped[Now]
    #: Since when nothing is left of what was stored before the interval was declared.
    applied_at: Mapped[Moment | None]


class Presence(Base):
    """Inside which fences a vehicle was at a time of which no position is kept."""

    __tablename__ = "presence"
    __table_args__ = (Index("ix_presence_fixed_at", "fixed_at", postgresql_using="brin"),)

    vehicle_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    fixed_at: Mapped[Moment] = mapped_column(primary_key=True)
    department_id: Mapped[int]
    #: Ids of the fences, ascending.
    inside: Mapped[list[int]] = mapped_column(ARRAY(Integer))


class RetentionRun(Base):
    """One run of retention."""

    __tablename__ = "retention_run"

    id: Mapped[IntKey]
    started_at: Mapped[Now]
    #: None: under way, or broken off.
    ended_at: Mapped[Moment | None]
    #: Who asked for it.
    run_by: Mapped[str]
    #: What it could not do, and why.
    error: Mapped[str | None]


class RetentionLog(Base):
    """What left for good: how many rows, of what, of whom."""

    __tablename__ = "retention_log"
    __table_args__ = (Index("ix_retention_log_run_id", "run_id"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("retention_run.id"))
    at: Mapped[Now]
    #: The table, or `partition` for a whole one of `fix`.
    what: Mapped[str]
    #: The partition's name.
    partition: Mapped[str | None]
    #: Whose rows; None: nobody's that we know.
    department_id: Mapped[int | None]
    rows: Mapped[int] = mapped_column(BigInteger)
