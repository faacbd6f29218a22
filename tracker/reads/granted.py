"""What is told of other departments' vehicles alone, in one scope."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, DateTime, Integer, column, select, table

from tracker.models import Department
from tracker.models.seen import SEEN_VEHICLES, SeenFence, SeenVehicle
from tracker.reads.session import Row, Scope, rows_of

_PRESENCE: Final = table(
    "shared_presence",
    column("vehicle_id", Integer),
    column("fence_id", Integer),
    column("at", DateTime(timezone=True)),
    column("inside", Boolean),
)


async def shared_presence(scope: Scope) -> list[Row]:
    """Of vehicles of which no more is told, by vehicle and fence: vehicle, department, name, fence,
    fence_name, inside, at (the beginning of the ten minutes of its latest fix)."""
    prefix = Department.ref + "/"
    query = (
        select(
            (prefix + SeenVehicle.ref).label("vehicle"),
            Department.ref.label("department"),
            SeenVehicle.name,
            (prefix + SeenFence.ref).label("fence"),
            SeenFence.name.label("fence_name"),
            *(_PRESENCE.c.inside, _PRESENCE.c.at),
        )
        .join_from(_PRESENCE, SeenVehicle, SeenVehicle.id == _PRESENCE.c.vehicle_id)
        .join(Department, Department.id == SeenVehicle.department_id)
        .join(SeenFence, SeenFence.id == _PRESENCE.c.fence_id)
        .order_by(Department.ref, SeenVehicle.ref, SeenFence.ref)
    )
    return await rows_of(scope, query)


#: Vehicles of others: each its department's id and its full ref.
Granted = frozenset[tuple[int, str]]


async def granted_vehicles(scope: Scope) -> Granted:
    """Of which vehicles of others this scope sees anything, now or in the past."""
    query = select(SeenVehicle.department_id, Department.ref + "/" + SeenVehicle.ref)
    query = query.join(Department, Department.id == SeenVehicle.department_id)
    found = await scope.execute(query.where(SEEN_VEHICLES.c.granted.is_not(None)))
    return frozenset((department_id, ref) for department_id, ref in found)


async def grants_in_force(scope: Scope) -> tuple[str, ...]:
    """What tells one picture of this scope from another: ids of the grants that hold now."""
    found = await scope.exec_driver_sql(
        "SELECT DISTINCT grant_id::text FROM caller_spans() ORDER BY 1"
    )
    return tuple(found.scalars())
