"""Which fences a vehicle entered and left, in one scope."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from tracker.models import Department, Event, Fence
from tracker.reads.session import Row, Scope, rows_of


async def crossings(
    scope: Scope, *, vehicle_id: int, since: datetime, until: datetime, limit: int
) -> list[Row]:
    """Valid crossings of a vehicle, by time: kind (present, enter or exit), fence (full ref),
    fence_name, time (None: between the bounds), not_before, not_after."""
    query = (
        select(
            Event.kind,
            (Department.ref + "/" + Fence.ref).label("fence"),
            Fence.name.label("fence_name"),
            *(Event.time, Event.not_before, Event.not_after),
        )
        .join(Fence, Fence.id == Event.fence_id)
        .join(Department, Department.id == Fence.department_id)
        .where(Event.vehicle_id == vehicle_id, Event.at >= since, Event.at < until)
        .where(Event.status == "valid", Event.kind.in_(("present", "enter", "exit")))
        .order_by(Event.at, Event.id)
        .limit(limit)
    )
    return await rows_of(scope, query)
