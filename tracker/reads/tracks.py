"""The track of one vehicle: its fixes over an interval, in order of time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, true

from tracker.models import Fix
from tracker.reads.columns import rounded as _rounded
from tracker.reads.session import Scope


@dataclass(frozen=True, slots=True, kw_only=True)
class Track:
    """Fixes in order of time, as columns of one length.

    lon, lat, fixed_at, received_at, ignition, implausible, altitude_m, speed_mps, course_deg,
    heading_deg, accuracy_m. Gaps are not marked: they show in the times.
    """

    columns: Mapping[str, list[Any]]
    #: The time of the first fix that the limit cut off, None if none.
    goes_on_at: datetime | None


_COLUMNS: Final = (
    func.ST_X(Fix.geom).label("lon"),
    func.ST_Y(Fix.geom).label("lat"),
    *(Fix.fixed_at, Fix.received_at, Fix.ignition, Fix.implausible),
    *(_rounded(Fix.altitude_m, 1), _rounded(Fix.speed_mps, 2), _rounded(Fix.course_deg, 1)),
    *(_rounded(Fix.heading_deg, 1), _rounded(Fix.accuracy_m, 1)),
)


async def track(
    scope: Scope,
    *,
    vehicle_id: int,
    since: datetime,
    until: datetime,
    limit: int,
    implausible: bool = False,
) -> Track:
    """At most `limit` fixes with since <= fixed_at < until, implausible ones only if told so."""
    fixes = (
        select(*_COLUMNS)
        .where(Fix.vehicle_id == vehicle_id, Fix.fixed_at >= since, Fix.fixed_at < until)
        .where(true() if implausible else ~Fix.implausible)
        .order_by(Fix.fixed_at)
        .limit(limit + 1)
        .subquery()
    )
    # One row of arrays: a fifth of the time of as many rows.
    arrays = (func.array_agg(column).label(column.key) for column in fixes.c)
    row = (await scope.execute(select(*arrays))).one()
    columns = {name: values or [] for name, values in row._mapping.items()}
    times = columns["fixed_at"]
    return Track(
        columns={name: values[:limit] for name, values in columns.items()},
        goes_on_at=times[limit] if len(times) > limit else None,
    )
