"""What is registered, as those see it who manage it: also what is retired; in one scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import InstrumentedAttribute

from tracker.models import (
    Application,
    Contractor,
    Department,
    Device,
    DeviceAssignment,
    DeviceState,
    Vehicle,
)
from tracker.reads.session import Row, Scope, rows_of

Registered = Literal["department", "contractor", "vehicle", "device"]
_Query = Select[*tuple[Any, ...]]
_NOW: Final = DeviceAssignment.during.contains(func.milepost_now())


def _full(ref: InstrumentedAttribute[str]) -> ColumnElement[str]:
    return Department.ref + "/" + ref


def _count(model: type[Vehicle | Device], *conditions: ColumnElement[bool]) -> Any:  # noqa: ANN401  a scalar subquery of SQLAlchemy
    counted = select(func.count()).select_from(model)
    return counted.where(model.retired_at.is_(None), *conditions).scalar_subquery()


def _departments() -> _Query:
    return select(
        Department.ref.label("department"),
        *(Department.name, Department.created_at, Department.revision),
        _count(Vehicle, Vehicle.department_id == Department.id).label("vehicles"),
        _count(Device, Device.department_id == Department.id).label("devices"),
    ).order_by(Department.ref)


def _contractors() -> _Query:
    return (
        select(
            _full(Contractor.ref).label("contractor"),
            Department.ref.label("department"),
            *(Contractor.name, Contractor.created_at, Contractor.revision),
            _count(Vehicle, Vehicle.contractor_id == Contractor.id).label("vehicles"),
        )
        .join(Department, Department.id == Contractor.department_id)
        .order_by(Department.ref, Contractor.ref)
    )


def _vehicles() -> _Query:
    return (
        select(
            _full(Vehicle.ref).label("vehicle"),
            Department.ref.label("department"),
            *(Vehicle.name, Vehicle.plate, Vehicle.vehicle_class, Vehicle.capabilities),
            Application.ref.label("application"),
            Contractor.ref.label("contractor"),
            *(Vehicle.moving_interval_s, Vehicle.stopped_interval_s, Vehicle.heartbeat_s),
            *(Vehicle.max_speed_mps, Vehicle.created_at, Vehicle.retired_at, Vehicle.revision),
            _full(Device.ref).label("device"),
        )
        .join(Department, Department.id == Vehicle.department_id)
        .outerjoin(Application, Application.id == Vehicle.application_id)
        .outerjoin(Contractor, Contractor.id == Vehicle.contractor_id)
        .outerjoin(DeviceAssignment, and_(DeviceAssignment.vehicle_id == Vehicle.id, _NOW))
        .outerjoin(Device, Device.id == DeviceAssignment.device_id)
        .order_by(Department.ref, Vehicle.ref)
    )


def _devices() -> _Query:
    return (
        select(
            _full(Device.ref).label("device"),
            Department.ref.label("department"),
            _full(Vehicle.ref).label("vehicle"),
            func.lower(DeviceAssignment.during).label("since"),
            *(Device.accept_from, Device.rollover, Device.mmsi),
            *(Device.created_at, Device.retired_at, Device.revision, DeviceState.online),
        )
        .join(Department, Department.id == Device.department_id)
        .outerjoin(DeviceAssignment, and_(DeviceAssignment.device_id == Device.id, _NOW))
        .outerjoin(Vehicle, Vehicle.id == DeviceAssignment.vehicle_id)
        .outerjoin(DeviceState, DeviceState.device_id == Device.id)
        .order_by(Department.ref, Device.ref)
    )


_KINDS: Final[Mapping[Registered, tuple[Callable[[], _Query], InstrumentedAttribute[str]]]] = {
    "department": (_departments, Department.ref),
    "contractor": (_contractors, Contractor.ref),
    "vehicle": (_vehicles, Vehicle.ref),
    "device": (_devices, Device.ref),
}


async def registered(
    scope: Scope, kind: Registered, *, name: tuple[str, ...] | None = None
) -> list[Row]:
    """All of a kind in the scope by full ref (departments: all that there are), or the one called
    so: (department, ref); of a department (ref,).

    Each has its own full ref under the name of its kind, `created_at` and `revision`; vehicles and
    devices `retired_at` and each other now; the rest is as models.registry has it.
    """
    build, ref = _KINDS[kind]
    query = build()
    if name is not None:
        query = query.where(ref == name[-1], Department.ref == name[0])
    return await rows_of(scope, query)
