"""Vehicles, in one scope."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, func, or_, select
from sqlalchemy.dialects.postgresql import array

from tracker.models import Application, Cluster, Department, DutyStatus
from tracker.models.seen import SEEN_VEHICLES, SeenVehicle
from tracker.reads.private import is_private_now
from tracker.reads.session import Row, Scope, rows_of

FULL_REF = (Department.ref + "/" + SeenVehicle.ref).label("vehicle")


#: What a grant says of a vehicle that is another department's: all None of own ones.
GRANTED = (SEEN_VEHICLES.c.granted, SEEN_VEHICLES.c.purpose, SEEN_VEHICLES.c.granted_until)


def duty_status() -> ScalarSelect[str]:
    """What `Vehicle` does now."""
    return (
        select(DutyStatus.status)
        .where(DutyStatus.vehicle_id == SeenVehicle.id)
        .order_by(DutyStatus.since.desc())
        .limit(1)
        .scalar_subquery()
    )


def _described() -> Select[*tuple[Any, ...]]:
    return (
        select(
            SeenVehicle.id,
            FULL_REF,
            SeenVehicle.department_id,
            Department.ref.label("department"),
            SeenVehicle.name,
            SeenVehicle.plate,
            SeenVehicle.vehicle_class.label("class"),
            Application.ref.label("application"),
            SeenVehicle.capabilities,
            duty_status().label("duty_status"),
            is_private_now().label("private"),
            array([SeenVehicle.moving_interval_s, SeenVehicle.stopped_interval_s]).label(
                "interval_s"
            ),
            SeenVehicle.retired_at,
            *GRANTED,
        )
        .join(Department, Department.id == SeenVehicle.department_id)
        .outerjoin(Application, Application.id == SeenVehicle.application_id)
    )


async def vehicles(
    scope: Scope,
    *,
    department_id: int | None = None,
    ids: Sequence[int] | None = None,
    retired_after: datetime | None = None,
) -> list[Row]:
    """What stays the same while vehicles move; of all that are not retired, or only after a time,
    or of some whatever they are.

    id, vehicle (full ref), department_id, department, name, plate, class, application,
    capabilities, duty_status, private (now, so nobody is told where it is), interval_s [moving,
    stopped], retired_at, granted, purpose, granted_until (of another department's: how much is
    told, what for, until when).
    """
    query = _described().order_by(Department.ref, SeenVehicle.ref)
    there = chosen(ids)
    if retired_after is not None:
        there = or_(there, SeenVehicle.retired_at > retired_after)
    query = query.where(there)
    if department_id is not None:
        query = query.where(SeenVehicle.department_id == department_id)
    return await rows_of(scope, query)


async def vehicle(scope: Scope, *, department: str, ref: str) -> Row | None:
    """One vehicle as `vehicles` has it, also a retired one; None where this scope has none."""
    query = _described().where(Department.ref == department, SeenVehicle.ref == ref)
    return next(iter(await rows_of(scope, query)), None)


async def applications(scope: Scope) -> list[Row]:
    """Those that a vehicle of this scope belongs to, by ref: application, department,
    department_name, name, cluster, cluster_name (both None without a cluster)."""
    seen = select(SeenVehicle.application_id).where(SeenVehicle.retired_at.is_(None))
    query = (
        select(
            Application.ref.label("application"),
            Department.ref.label("department"),
            Department.name.label("department_name"),
            Application.name,
            Cluster.ref.label("cluster"),
            Cluster.name.label("cluster_name"),
        )
        .join(Department, Department.id == Application.department_id)
        .outerjoin(Cluster, Cluster.id == Application.cluster_id)
        .where(Application.id.in_(seen))
        .order_by(Application.ref)
    )
    return await rows_of(scope, query)


def chosen(ids: Sequence[int] | None) -> ColumnElement[bool]:
    """Of all that are not retired, or of some whatever they are."""
    return (
        SeenVehicle.retired_at.is_(None) if ids is None else SeenVehicle.id == func.any(list(ids))
    )


async def vehicle_refs(scope: Scope, ids: Collection[int]) -> dict[int, str]:
    """The full refs of those that the scope sees, by id."""
    query = (
        select(SeenVehicle.id, FULL_REF)
        .join(Department, Department.id == SeenVehicle.department_id)
        .where(SeenVehicle.id.in_(ids))
    )
    return {row.id: row.vehicle for row in await scope.execute(query)}
