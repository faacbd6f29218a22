"""Fences in force now, in one scope."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import JSONB

from tracker.models import Department, Fence, FenceVersion
from tracker.reads.session import Row, Scope, rows_of

#: Decimal digits of degrees in GeoJSON: a centimetre.
DIGITS = 7


async def fences(scope: Scope, *, department_id: int | None = None) -> list[Row]:
    """fence (full ref), department, name, kind, version, geometry (a GeoJSON object)."""
    query = (
        select(
            (Department.ref + "/" + Fence.ref).label("fence"),
            Department.ref.label("department"),
            *(Fence.name, Fence.kind, FenceVersion.version),
            func.ST_AsGeoJSON(FenceVersion.geom, DIGITS).cast(JSONB).label("geometry"),
        )
        .join(Fence, Fence.id == FenceVersion.fence_id)
        .join(Department, Department.id == Fence.department_id)
        .where(FenceVersion.in_force.contains(func.milepost_now()))
        .order_by(Department.ref, Fence.ref)
    )
    if department_id is not None:
        query = query.where(Fence.department_id == department_id)
    return await rows_of(scope, query)
