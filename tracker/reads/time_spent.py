"""Where vehicles spent their time, by cells, in one scope."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from geo.gaps import gap_limits_of
from geo.motion import MOVING_MPS
from tracker import sql
from tracker.reads.session import Row, Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSpent:
    """Cells as columns, those with the most time first, and sums over all cells."""

    #: Middles of the cells, WGS 84 degrees.
    lon: Sequence[float]
    lat: Sequence[float]
    spent_s: Sequence[float]
    total_s: float = 0.0
    fixes: int = 0
    #: That have a fix in it.
    vehicles: int = 0
    #: How many there are, also beyond the limit.
    cells: int = 0


async def time_spent(
    scope: Scope,
    of: Sequence[Row],
    *,
    window: tuple[datetime, datetime],
    cell_deg: float,
    limit: int,
) -> TimeSpent:
    """The cells of vehicles (rows of `reads.vehicles`) since window[0] and before window[1]."""
    limits = np.array([gap_limits_of(row["class"], *row["interval_s"]) for row in of])
    moving_s, rest_s = (limits.reshape(-1, 2).T / 1000.0).tolist()
    ids = [row["id"] for row in of]
    values: tuple[Any, ...] = (ids, moving_s, rest_s, *window, cell_deg, limit, MOVING_MPS)
    rows = (await scope.exec_driver_sql(sql.text("time_spent"), values)).all()
    if not rows:
        return TimeSpent(lon=(), lat=(), spent_s=())
    lon, lat, spent_s, *_ = zip(*rows, strict=True)
    first = rows[0]
    return TimeSpent(
        lon=lon,
        lat=lat,
        spent_s=spent_s,
        total_s=first.total_s,
        fixes=first.fixes,
        vehicles=first.vehicles,
        cells=first.cells,
    )
