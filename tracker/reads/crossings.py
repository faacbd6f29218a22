"""Which fences a vehicle entered and left, in one scope."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select

from tracker.models import Department
from tracker.models.seen import SeenEvent, SeenFence
from tracker.reads.session import Row, Scope, rows_of


async def crossings(
    scope: Scope, *, vehicle_id: int, since: datetime, until: datetime, limit: int
) -> list[Row]:
    """Valid crossings of a vehicle, by time: kind (present, enter or exit), fence (full ref),
    fence_name, time (None: between the bounds), not_before, not_after, at (where it stands in
    order), created_at (since when it is known)."""
    query = (
        select(
            SeenEvent.kind,
            (Department.ref + "/" + SeenFence.ref).label("fence"),
            SeenFence.name.label("fence_name"),
            *(SeenEvent.time, SeenEvent.not_before, SeenEvent.not_after),
            *(SeenEvent.at, SeenEvent.created_at),
        )
        .join(SeenFence, SeenFence.id == SeenEvent.fence_id)
        .join(Department, Department.id == SeenFence.department_id)
        .where(SeenEvent.vehicle_id == vehicle_id, SeenEvent.at >= since, SeenEvent.at < until)
        .where(SeenEvent.status == "valid", SeenEvent.kind.in_(("present", "enter", "exit")))
        .order_by(SeenEvent.at, SeenEvent.id)
        .limit(limit)
    )
    return await rows_of(scope, query)
