"""Groups of vehicles and of fences, and scopes, in one scope of a caller."""

from __future__ import annotations

from typing import Any, Final, Literal

from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from tracker import sql
from tracker.models import (
    Department,
    Fence,
    FenceGroup,
    FenceGroupMember,
    Vehicle,
    VehicleGroup,
    VehicleGroupMember,
)
from tracker.reads.session import Row, Scope, rows_of

#: By kind: the group, who is in it, of what, and the column that says which.
_KINDS: Final[dict[str, tuple[Any, Any, Any, str]]] = {
    "vehicle": (VehicleGroup, VehicleGroupMember, Vehicle, "vehicle_id"),
    "fence": (FenceGroup, FenceGroupMember, Fence, "fence_id"),
}


async def groups(
    scope: Scope,
    kind: Literal["vehicle", "fence"],
    *,
    department: str | None = None,
    ref: str | None = None,
) -> list[Row]:
    """By full ref: group, department, name, revision, created_at, ended_at, members (a list of
    {member: full ref, since, until}, those that are in it now or will be)."""
    group, member, of, of_id = _KINDS[kind]
    prefix, during = Department.ref + "/", member.during
    one = func.jsonb_build_object(
        *("member", prefix + of.ref, "since", func.lower(during), "until", func.upper(during))
    )
    lasting = func.upper_inf(during) | (func.upper(during) > func.milepost_now())
    members = (
        select(func.jsonb_agg(aggregate_order_by(one, of.ref, during)))
        .select_from(member)
        .join(of, of.id == getattr(member, of_id))
        .where(member.group_id == group.id, ~func.isempty(during), lasting)
        .correlate(group, Department)
        .scalar_subquery()
    )
    query = (
        select(
            (prefix + group.ref).label("group"),
            Department.ref.label("department"),
            *(group.name, group.revision, group.created_at, group.ended_at),
            func.coalesce(members, literal([], JSONB), type_=JSONB).label("members"),
        )
        .join(Department, Department.id == group.department_id)
        .order_by(Department.ref, group.ref)
    )
    if department is not None:
        query = query.where(Department.ref == department)
    if ref is not None:
        query = query.where(group.ref == ref)
    return await rows_of(scope, query)


async def scopes(scope: Scope) -> list[Row]:
    """department, vehicles and fences (full refs of groups), since, until: now or later."""
    found = await scope.exec_driver_sql(sql.text("scopes"))
    return [dict(row) for row in found.mappings()]
