"""Inside which fences vehicles were at private times that keep so much: no position, no event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geo.fences import FenceIndex, Places
from geo.fix import unix_ms
from tracker.sorting import Placed

if TYPE_CHECKING:
    from tracker.connect import Connection


class Seen(NamedTuple):
    """A place at a time, as long as it is judged."""

    vehicle_id: int
    department_id: int
    fixed_at: datetime
    lon: float
    lat: float


async def store(connection: Connection, fixes: Sequence[Placed], fences: FenceIndex) -> None:
    """Keep of these fixes inside which fences they lie."""
    if fixes:
        await store_seen(
            connection,
            [
                Seen(
                    each.vehicle_id,
                    each.department_id,
                    each.fix.fixed_at,
                    each.fix.lon,
                    each.fix.lat,
                )
                for each in fixes
            ],
            fences,
        )


async def store_seen(connection: Connection, seen: Sequence[Seen], fences: FenceIndex) -> None:
    """Keep of these places inside which fences they lie; what is kept of an instant stays."""
    inside = inside_of(seen, fences)
    await connection.executemany(
        "INSERT INTO presence (vehicle_id, fixed_at, department_id, inside)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
        [
            (each.vehicle_id, each.fixed_at, each.department_id, its)
            for each, its in zip(seen, inside, strict=True)
        ],
    )


def inside_of(seen: Sequence[Seen], fences: FenceIndex) -> list[list[int]]:
    """Ids of the fences in force at each time that each place is inside of, ascending."""
    return fences.inside(
        Places(
            lon=np.array([each.lon for each in seen], dtype=np.float64),
            lat=np.array([each.lat for each in seen], dtype=np.float64),
            judged_ms=np.array([unix_ms(each.fixed_at) for each in seen], dtype=np.int64),
            department_id=np.array([each.department_id for each in seen], dtype=np.int32),
            vehicle_id=np.array([each.vehicle_id for each in seen], dtype=np.int64),
        )
    )
