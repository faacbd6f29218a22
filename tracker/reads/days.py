"""What vehicles did day by day: each alone, by application, by department, in one scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Numeric,
    Select,
    cast,
    func,
    null,
    select,
    tuple_,
)

from tracker.models import Application, Department, Installation, Odometer, Vehicle, VehicleDay
from tracker.reads.session import Row, Scope, rows_of

By = Literal["vehicle", "application", "department"]
#: What of a day is added up.
SUMS: Final = ("distance_m", "trips", "stops", "moving_s", "idling_s", "stopped_s", "fixes")


@dataclass(frozen=True, slots=True, kw_only=True)
class Days:
    """Which days, both included, and of whom; None: any."""

    first: date
    last: date
    by: By = "vehicle"
    vehicle_id: int | None = None
    department_id: int | None = None
    #: Of vehicles of this application: its ref.
    application: str | None = None
    #: What comes after this (day, ref) in the order of the answer.
    after: tuple[date, str] | None = None
    limit: int


async def days(scope: Scope, asked: Days) -> list[Row]:
    """By day, then by ref: day, ref (a vehicle's full ref, an application's, a department's; an
    empty one for vehicles without an application), vehicles (that had a fix), SUMS, engine_s (None:
    not known of any), max_speed_mps, odometer_m (of vehicles: as it stands now)."""
    ref = _ref(asked.by)
    odometer = func.max(Odometer.distance_m) if asked.by == "vehicle" else null()
    query = (
        select(
            *(VehicleDay.day, ref.label("ref")),
            func.count(VehicleDay.vehicle_id.distinct()).label("vehicles"),
            *(_sum(name) for name in SUMS),
            func.sum(VehicleDay.engine_s).label("engine_s"),
            cast(func.round(cast(func.max(VehicleDay.max_speed_mps), Numeric), 2), Double).label(
                "max_speed_mps"
            ),
            cast(odometer, Double).label("odometer_m"),
        )
        .join(Vehicle, Vehicle.id == VehicleDay.vehicle_id)
        .join(Department, Department.id == VehicleDay.department_id)
        .outerjoin(Application, Application.id == VehicleDay.application_id)
        .outerjoin(Odometer, Odometer.vehicle_id == VehicleDay.vehicle_id)
        .where(VehicleDay.day >= asked.first, VehicleDay.day <= asked.last)
        .group_by(VehicleDay.day, ref)
        .order_by(VehicleDay.day, ref)
        .limit(asked.limit)
    )
    return await rows_of(scope, _chosen(query, ref, asked))


async def time_zone(scope: Scope) -> str:
    """Whose midnights divide the days: an IANA name."""
    return str((await scope.execute(select(Installation.time_zone))).scalar_one())


async def today(scope: Scope) -> date:
    """The day that it is in the time zone whose midnights divide the days."""
    zone = select(Installation.time_zone).scalar_subquery()
    found: date = (
        await scope.execute(select(func.date(func.timezone(zone, func.milepost_now()))))
    ).scalar_one()
    return found


def _chosen(
    query: Select[*tuple[Any, ...]], ref: ColumnElement[str], asked: Days
) -> Select[*tuple[Any, ...]]:
    if asked.vehicle_id is not None:
        query = query.where(VehicleDay.vehicle_id == asked.vehicle_id)
    if asked.department_id is not None:
        query = query.where(VehicleDay.department_id == asked.department_id)
    if asked.application is not None:
        query = query.where(Application.ref == asked.application)
    if asked.after is not None:
        query = query.where(tuple_(VehicleDay.day, ref) > tuple_(*asked.after))
    return query


def _ref(by: By) -> ColumnElement[str]:
    if by == "vehicle":
        return Department.ref + "/" + Vehicle.ref
    if by == "department":
        return Department.ref.expression
    return func.coalesce(Application.ref, "")


def _sum(name: str) -> ColumnElement[Any]:
    column = VehicleDay.__table__.c[name]
    kind = Double if isinstance(column.type, Double) else BigInteger
    return cast(func.sum(column), kind).label(name)
