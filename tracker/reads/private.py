"""When vehicles are private, in one scope."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Text, and_, cast, exists, func, literal, select

from tracker.models import Department, PrivateInterval, Vehicle
from tracker.reads.session import Row, Scope, rows_of


def is_private_now() -> ColumnElement[bool]:
    """Whether the vehicle of a query's row is private at this moment."""
    its = select(PrivateInterval.id).where(PrivateInterval.vehicle_id == Vehicle.id, *_now())
    return exists(its.correlate(Vehicle))


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
