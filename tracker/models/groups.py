"""Groups of vehicles and of fences, and which fences watch which vehicles (rule R31)."""

from __future__ import annotations

from sqlalchemy import ForeignKey, ForeignKeyConstraint, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.models.base import Base, During, IntKey, Moment, Names, Now
from tracker.models.registry import ref_check


class VehicleGroup(Base):
    """Vehicles of a department that are watched alike."""

    __tablename__ = "vehicle_group"
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
    #: Grows with each change of it and of its members.
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    ended_at: Mapped[Moment | None]


class FenceGroup(Base):
    """Fences of a department that watch alike."""

    __tablename__ = "fence_group"
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
    #: Grows with each change of it and of its members.
    revision: Mapped[int] = mapped_column(server_default=text("1"))
    ended_at: Mapped[Moment | None]


class VehicleGroupMember(Base):
    """When a vehicle was in a group."""

    __tablename__ = "vehicle_group_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["department_id", "group_id"], ["vehicle_group.department_id", "vehicle_group.id"]
        ),
        ForeignKeyConstraint(
            ["department_id", "vehicle_id"], ["vehicle.department_id", "vehicle.id"]
        ),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    group_id: Mapped[int]
    vehicle_id: Mapped[int]
    #: Empty: a plan that was taken back before it began.
    during: Mapped[During]


class FenceGroupMember(Base):
    """When a fence was in a group."""

    __tablename__ = "fence_group_member"
    __table_args__ = (
        ForeignKeyConstraint(
            ["department_id", "group_id"], ["fence_group.department_id", "fence_group.id"]
        ),
        ForeignKeyConstraint(["department_id", "fence_id"], ["fence.department_id", "fence.id"]),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    group_id: Mapped[int]
    fence_id: Mapped[int]
    #: Empty: a plan that was taken back before it began.
    during: Mapped[During]


class FenceScope(Base):
    """The vehicles of one group are watched by the fences of another.

    In a department that has any, nothing else is watched.
    """

    __tablename__ = "fence_scope"
    __table_args__ = (
        ForeignKeyConstraint(
            ["department_id", "vehicle_group_id"],
            ["vehicle_group.department_id", "vehicle_group.id"],
        ),
        ForeignKeyConstraint(
            ["department_id", "fence_group_id"], ["fence_group.department_id", "fence_group.id"]
        ),
    )

    id: Mapped[IntKey]
    department_id: Mapped[int]
    vehicle_group_id: Mapped[int]
    fence_group_id: Mapped[int]
    #: Empty: a plan that was taken back before it began.
    during: Mapped[During]
