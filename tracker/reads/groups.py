"""Groups of vehicles and of fences, and scopes, in one scope of a caller."""

from __future__ import annotations

from typing import Literal

from tracker import sql
from tracker.reads.session import Row, Scope


async def groups(
    scope: Scope,
    kind: Literal["vehicle", "fence"],
    *,
    department: str | None = None,
    ref: str | None = None,
) -> list[Row]:
    """By full ref: group, department, name, revision, created_at, ended_at, members (a list of
    {member: full ref, since, until}, those that are in it now or will be)."""
    text = sql.text("vehicle_groups" if kind == "vehicle" else "fence_groups")
    found = await scope.exec_driver_sql(text, (department, ref))
    return [dict(row) for row in found.mappings()]


async def scopes(scope: Scope) -> list[Row]:
    """department, vehicles and fences (full refs of groups), since, until: now or later."""
    found = await scope.exec_driver_sql(sql.text("scopes"))
    return [dict(row) for row in found.mappings()]
