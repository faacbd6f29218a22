"""When vehicles are private, in one scope."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, Text, and_, any_, cast, exists, func, literal, select
from sqlalchemy.orm import aliased

from tracker.models import Department, Fence, Presence, PrivateInterval, Vehicle
from tracker.models.seen import SeenVehicle
from tracker.reads.session import Row, Scope, rows_of


def is_private_now() -> ColumnElement[bool]:
    """Whether the vehicle of a query's row (of `SeenVehicle`) is private at this moment."""
    its = select(PrivateInterval.id).where(PrivateInterval.vehicle_id == SeenVehicle.id, *_now())
    return exists(its.correlate(SeenVehicle))


def _now() -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Not `milepost_now()`, which changes within a query and keeps it from the index."""
    return PrivateInterval.starts_at <= func.now(), PrivateInterval.ends_at > func.now()


async def private_times(
    scope: Scope, *, vehicle: str | None = None, limit: int = 1000
) -> list[Row]:
    """Those of a vehicle (full ref) or of all in the caller's scope, the newest first.

    id, vehicle, since, until (None: not known), why, keeps, declared_by, declared_at, is_now.
    """
    ref = Department.ref + "/" + Vehicle.ref
    interval = PrivateInterval
    query = (
        select(
            interval.id,
            ref.label("vehicle"),
            interval.starts_at.label("since"),
            func.nullif(
                interval.ends_at, cast(literal("infinity", Text), interval.ends_at.type)
            ).label("until"),
            *(interval.why, interval.keeps, interval.declared_by, interval.declared_at),
            and_(*_now()).label("is_now"),
        )
        .join(Vehicle, Vehicle.id == interval.vehicle_id)
        .join(Department, Department.id == Vehicle.department_id)
        .order_by(interval.starts_at.desc(), interval.id.desc())
        .limit(limit)
    )
    if vehicle is not None:
        query = query.where(ref == vehicle)
    return await rows_of(scope, query)


async def presence(
    scope: Scope, *, vehicle: str, since: datetime, until: datetime, limit: int = 10_000
) -> list[Row]:
    """Inside which fences a vehicle (full ref) was at private times that keep so much.

    at, fences (full refs); since <= at < until, in order of time.
    """
    owner = aliased(Department)
    fences = (
        select(func.array_agg(owner.ref + "/" + Fence.ref))
        .select_from(Fence)
        .join(owner, owner.id == Fence.department_id)
        .where(Fence.id == any_(Presence.inside))
        .correlate(Presence)
        .scalar_subquery()
    )
    query = (
        select(Presence.fixed_at.label("at"), fences.label("fences"))
        .join(Vehicle, Vehicle.id == Presence.vehicle_id)
        .join(Department, Department.id == Vehicle.department_id)
        .where(Department.ref + "/" + Vehicle.ref == vehicle)
        .where(Presence.fixed_at >= since, Presence.fixed_at < until)
        .order_by(Presence.fixed_at)
        .limit(limit)
    )
    rows = await rows_of(scope, query)
    return [{"at": row["at"], "fences": row["fences"] or []} for row in rows]
