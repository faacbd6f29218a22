"""Fences, their versions and with whom they are shared, in one scope."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Select, func, literal, select
from sqlalchemy.orm import aliased

from tracker import sql
from tracker.models import Department, Fence, FenceShare
from tracker.reads.session import Row, Scope, rows_of

State = Literal["in_force", "planned", "ended"]
#: More fences than an installation is made for.
MOST_FENCES: Final = 100_000


async def fences(
    scope: Scope,
    *,
    department_id: int | None = None,
    state: State | None = "in_force",
    after: tuple[str, str] = ("", ""),
    limit: int = MOST_FENCES,
) -> list[Row]:
    """By full ref, each with the version in force now, else the next one planned, else the last.

    fence (full ref), department, ref, name, description, kind, revision, managed_by, shared_from,
    id, version, definition (as it was drawn), made_at, made_by, why, valid_from, valid_until,
    state, geometry (a GeoJSON object). `state` None: all of them.
    """
    return await _managed(scope, department_id, None, state, after, limit)


async def fence(scope: Scope, *, department: str, ref: str) -> Row | None:
    """One such row, of a fence of that name or of one that follows it here."""
    found = await _of(
        scope, select(Department.id, literal(ref)).where(Department.ref == department)
    )
    if found:
        return found[0]
    following = select(Fence.department_id, Fence.ref).where(
        Fence.shared_from == f"{department}/{ref}"
    )
    return next((row for row in await _of(scope, following) if row["state"] == "in_force"), None)


async def _of(scope: Scope, names: Select[int, str]) -> list[Row]:
    """The fences of these departments' ids and refs."""
    return [
        row
        for department_id, ref in (await scope.execute(names)).all()
        for row in await _managed(scope, department_id, ref, None, ("", ""), 1)
    ]


async def _managed(
    scope: Scope,
    department_id: int | None,
    ref: str | None,
    state: State | None,
    after: tuple[str, str],
    limit: int,
) -> list[Row]:
    asked = (department_id, ref, state, *after, limit)
    found = await scope.exec_driver_sql(sql.text("managed_fences"), asked)
    return [dict(row) for row in found.mappings()]


async def fence_versions(scope: Scope, fence_id: int) -> list[Row]:
    """The newest first: version, valid_from, valid_until, state (also taken_back), made_at,
    made_by, why, ended_by, ended_why, definition, geometry."""
    found = await scope.exec_driver_sql(sql.text("fence_versions"), (fence_id,))
    return [dict(row) for row in found.mappings()]


async def fence_shares(scope: Scope, fence_id: int) -> list[Row]:
    """With whom a fence is or was shared, the newest first: to (a department), since, until,
    made_at, made_by, why, ended_by, ended_why."""
    to = aliased(Department)
    query = (
        select(
            to.ref.label("to"),
            func.lower(FenceShare.during).label("since"),
            func.upper(FenceShare.during).label("until"),
            *(FenceShare.made_at, FenceShare.made_by, FenceShare.why),
            *(FenceShare.ended_by, FenceShare.ended_why),
        )
        .join(to, to.id == FenceShare.to_department_id)
        .where(FenceShare.fence_id == fence_id, ~func.isempty(FenceShare.during))
        .order_by(FenceShare.id.desc())
    )
    return await rows_of(scope, query)


async def fences_between(
    scope: Scope, *, since: datetime, until: datetime, department_id: int | None = None
) -> list[Row]:
    """Every shape in force at any time of a window, by full ref and version: fence, name, kind,
    version, valid_from, valid_until, geometry (a GeoJSON object)."""
    asked = (since, until, department_id, MOST_FENCES)
    found = await scope.exec_driver_sql(sql.text("fences_between"), asked)
    return [dict(row) for row in found.mappings()]
