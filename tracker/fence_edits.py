"""Fences as managed things: new shapes, and ends, from a time on (rules R12 to R14)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import shapely
from geoalchemy2.shape import from_shape
from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from geo.shapes import WORLD, Territory, build_shape
from tracker import models
from tracker.errors import BadInput
from tracker.registry import NewFence
from tracker.rows import add, id_of, table_of

VERSION = models.FenceVersion
MILLISECOND = timedelta(milliseconds=1)


async def create(connection: AsyncConnection, new: NewFence, *, since: datetime | None) -> int:
    """Make a fence that is in force from a time on, or always was; raises as `add` does."""
    fence_id = await add(new, connection)
    await connection.execute(
        update(VERSION)
        .where(VERSION.fence_id == fence_id)
        .values(in_force=func.tstzrange(since, None))
    )
    return fence_id


async def edit(
    connection: AsyncConnection,
    fence: tuple[str, str],
    definition: Mapping[str, Any],
    *,
    at: datetime,
    territory: Territory = WORLD,
) -> int:
    """Give a fence (department, ref) another shape from a time on; returns the new version.

    Raises a ShapeError when it cannot be watched, Unknown, or BadInput when a later version stands.
    """
    shape = build_shape(definition, territory)
    department_id = await id_of(connection, models.Department, fence[0])
    fence_id = await id_of(connection, models.Fence, fence[1], department_id)
    at = await _end(connection, fence_id, at)
    newest = select(func.max(VERSION.version)).where(VERSION.fence_id == fence_id)
    version = int(await connection.scalar(newest) or 0) + 1
    await connection.execute(
        insert(table_of(models.FenceVersion)).values(
            fence_id=fence_id,
            version=version,
            department_id=department_id,
            geom=from_shape(shapely.force_2d(shape), srid=4326),
            definition=dict(definition),
            in_force=func.tstzrange(at, None),
        )
    )
    return version


async def end(connection: AsyncConnection, fence: tuple[str, str], *, at: datetime) -> None:
    """End a fence (department, ref) at a time: what is inside then is let go. Raises Unknown."""
    department_id = await id_of(connection, models.Department, fence[0])
    await _end(connection, await id_of(connection, models.Fence, fence[1], department_id), at)


async def _end(connection: AsyncConnection, fence_id: int, at: datetime) -> datetime:
    """End what is in force then; returns when: a version lasts a millisecond at least."""
    begun = await connection.scalar(
        select(func.max(func.lower(VERSION.in_force))).where(VERSION.fence_id == fence_id)
    )
    if begun is not None and begun > at:
        raise BadInput("(a later version of the fence stands: choose a later time)")
    if begun == at:
        at += MILLISECOND
    await connection.execute(
        update(VERSION)
        .where(VERSION.fence_id == fence_id, func.coalesce(func.upper(VERSION.in_force) > at, True))
        .values(in_force=func.tstzrange(func.lower(VERSION.in_force), at))
    )
    return at
