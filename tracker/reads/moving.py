"""Vehicles that moved in a window, in one scope."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import shapely
from shapely.geometry.base import BaseGeometry

from tracker import sql
from tracker.reads.session import Row, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Which vehicles, and when."""

    since: datetime
    #: Included.
    until: datetime
    #: With a fix in it; degrees. None: anywhere.
    area: BaseGeometry | None = None
    #: Those after this one in the order of full refs: (department, ref).
    after: tuple[str, str] | None = None
    limit: int = 1
    #: This vehicle alone.
    vehicle_id: int | None = None


async def moved(scope: Scope, asked: Moved) -> list[Row]:
    """Vehicles with a believed fix in the window, by full ref, also retired ones.

    id, vehicle (full ref), department, department_id, name, plate, class, application, granted,
    moving_interval_s, lon, lat (where it was last in the window and the area), first_at, last_at
    (its first and last fix in the window).
    """
    values = (
        *(asked.since, asked.until, None if asked.area is None else shapely.to_wkb(asked.area)),
        *(asked.after or (None, None)),
        *(asked.limit, asked.vehicle_id),
    )
    found = await scope.exec_driver_sql(sql.text("moving_features"), values)
    return [row._asdict() for row in found]
