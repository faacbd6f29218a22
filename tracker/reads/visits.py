"""Which vehicles were within some metres of a place in a window, in one scope.

Where the worker has been, `track_chunk` says whose way may have come near; where it has not, the
fixes themselves do. What is near is then judged by the ways between fixes (`geo.visits`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import FULL_TURN_DEG, HALF_TURN_DEG, Floats, degree_lengths_m, unwrap_lon
from geo.fix import from_unix_ms, unix_ms
from geo.gaps import GapLimits, gap_limits_of, gap_ms_after
from geo.visits import Place, Visits, Ways, visits
from tracker import sql
from tracker.reads.errors import TooMuch
from tracker.reads.session import Row, Scope
from tracker.reads.vehicles import vehicles

#: Metres and time that can be asked for.
MOST_RADIUS_M: Final = 10_000.0
MOST_WINDOW: Final = timedelta(days=31)
#: Fixes that one answer weighs: half a second of work.
MOST_FIXES: Final = 1_000_000
#: How far beyond the window a way is looked at, which goes on across its border.
BEYOND: Final = timedelta(hours=3)
#: How much more than needed the index is asked for.
_ROOM: Final = 1.02
_POLE_DEG: Final = 89.9
_PACKED: Final = np.dtype(
    [("n", ">i4"), ("us", ">i8"), ("lon", ">f8"), ("lat", ">f8"), ("speed", ">f4")]
)
#: 2000-01-01Z, where PostgreSQL counts microseconds from, in milliseconds since 1970.
_EPOCH_2000_MS: Final = 946_684_800_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """A place (WGS 84 degrees), a radius up to MOST_RADIUS_M, a window up to MOST_WINDOW."""

    lon: float
    lat: float
    radius_m: float
    since: datetime
    #: Not included.
    until: datetime
    department_id: int | None = None


class _Stretch(NamedTuple):
    vehicle_id: int
    first: datetime
    last: datetime


async def visitors(scope: Scope, asked: Nearby) -> list[Row]:
    """Vehicles that came within the radius in the window, by full ref, also retired ones.

    id, vehicle, department, name, class, first_at, last_at (when it was first and last within),
    nearest_at, nearest_m, lon, lat (when, how near and where it was nearest), within_s (how long it
    was seen within). A vehicle that drove through between two fixes counts; nothing is said across
    a gap. Raises TooMuch.
    """
    stretches = await _stretches(scope, asked)
    packed = await _packed(scope, asked, stretches)
    fixes = await asyncio.to_thread(_read, asked, stretches, packed)
    ids = np.unique(fixes.vehicle_id).tolist()
    known = {row["id"]: row for row in await vehicles(scope, ids=ids)} if ids else {}
    found = await asyncio.to_thread(_judged, asked, fixes, known)
    return sorted(_told(found, known), key=lambda row: (row["department"], row["vehicle"]))


async def _stretches(scope: Scope, asked: Nearby) -> list[_Stretch]:
    """Times of vehicles whose fixes must be looked at.

    The open ends are read first: should the worker go on meanwhile, the chunks have more, not less.
    """
    asked_open = (asked.until, asked.department_id)
    row = (await scope.exec_driver_sql(sql.text("open_ends"), asked_open)).one()
    open_from = dict(zip(row.vehicle_ids or (), row.begin_at or (), strict=True))
    ends = (asked.since - BEYOND, asked.until + BEYOND)
    found = [
        _Stretch(vehicle_id, max(begins_at or ends[0], ends[0]), ends[1])
        for vehicle_id, begins_at in open_from.items()
    ]
    counted = 0
    for row in await scope.exec_driver_sql(sql.text("chunks_near"), _box(asked)):
        last = min(row.ended_at, open_from.get(row.vehicle_id, row.ended_at) or row.started_at)
        if last >= row.started_at:
            counted += row.fixes
            found.append(_Stretch(row.vehicle_id, row.started_at, last))
    if counted > MOST_FIXES:
        raise TooMuch(f"({counted} fixes)")
    return found


def _box(asked: Nearby) -> tuple[Any, ...]:
    """The parameters of chunks_near.sql, a little wider than needed."""
    lat_m = float(degree_lengths_m(asked.lat)[1])
    high = asked.radius_m / lat_m * _ROOM
    lon_m = float(degree_lengths_m(min(abs(asked.lat) + high, _POLE_DEG))[0])
    wide = min(asked.radius_m / lon_m * _ROOM, HALF_TURN_DEG)
    crosses = abs(asked.lon) + wide >= HALF_TURN_DEG
    return (
        *(asked.lon, asked.lat, wide, high, asked.since, asked.until, max(wide, high)),
        asked.department_id,
        asked.lon - math.copysign(FULL_TURN_DEG, asked.lon) if crosses else None,
    )


async def _packed(scope: Scope, asked: Nearby, stretches: Sequence[_Stretch]) -> bytes:
    if not stretches:
        return b""
    columns = (list(column) for column in zip(*stretches, strict=True))
    values = (*columns, asked.since - BEYOND, asked.until + BEYOND)
    found = await scope.exec_driver_sql(sql.text("fixes_of"), values)
    return found.scalar_one() or b""


class _Fixes(NamedTuple):
    """Of stretches that may come near, by vehicle, stretch and time."""

    vehicle_id: npt.NDArray[np.int32]
    stretch: npt.NDArray[np.int64]
    fixed_ms: npt.NDArray[np.int64]
    lon: Floats
    lat: Floats
    speed_mps: Floats


def _read(asked: Nearby, stretches: Sequence[_Stretch], packed: bytes) -> _Fixes:
    """Unpack, and leave out whatever stays away: of open ends that is nearly all."""
    rows = np.frombuffer(packed, _PACKED)
    vehicle_id = np.array([each.vehicle_id for each in stretches], dtype=np.int32)
    number = rows["n"].astype(np.int64) - 1
    fixed_ms = rows["us"].astype(np.int64) // 1000 + _EPOCH_2000_MS
    order = np.lexsort((fixed_ms, number, vehicle_id[number]))
    order = order[_may_be_near(asked, rows[order])]
    number, rows = number[order], rows[order]
    lon, lat, speed_mps = (rows[name].astype(np.float64) for name in ("lon", "lat", "speed"))
    return _Fixes(vehicle_id[number], number, fixed_ms[order], lon, lat, speed_mps)


def _may_be_near(asked: Nearby, rows: npt.NDArray[np.void]) -> npt.NDArray[np.bool_]:
    """By the box of each stretch, whose rows stand together."""
    if not len(rows):
        return np.zeros(0, dtype=bool)
    starts = np.flatnonzero(np.r_[True, np.diff(rows["n"]) != 0])
    _, _, wide, high, *_ = _box(asked)
    near = np.ones(len(starts), dtype=bool)
    sides = (
        (unwrap_lon(rows["lon"], asked.lon) - asked.lon, wide),
        (rows["lat"].astype(np.float64) - asked.lat, high),
    )
    for away, reach in sides:
        near &= np.minimum.reduceat(away, starts) <= reach
        near &= np.maximum.reduceat(away, starts) >= -reach
    return np.repeat(near, np.diff(np.r_[starts, len(rows)]))


def _judged(asked: Nearby, fixes: _Fixes, known: dict[int, Row]) -> Visits:
    ids, at = np.unique(fixes.vehicle_id, return_inverse=True)
    limits = [_limits(known.get(vehicle_id)) for vehicle_id in ids.tolist()]
    moving_ms, rest_ms = np.array(limits, dtype=np.int64).reshape(-1, 2).T
    gap_ms = gap_ms_after(GapLimits(moving_ms[at], rest_ms[at]), fixes.speed_mps)
    ways = Ways(
        *(fixes.vehicle_id, fixes.stretch, fixes.fixed_ms, fixes.lon, fixes.lat), gap_ms=gap_ms
    )
    window = (unix_ms(asked.since), unix_ms(asked.until))
    return visits(ways, Place(asked.lon, asked.lat, asked.radius_m, *window))


def _limits(vehicle: Row | None) -> GapLimits:
    return (
        GapLimits(0, 0)
        if vehicle is None
        else gap_limits_of(vehicle["class"], *vehicle["interval_s"])
    )


def _told(found: Visits, known: dict[int, Row]) -> list[Row]:
    columns = (column.tolist() for column in found)
    return [
        {
            **{
                name: known[vehicle][name]
                for name in ("id", "vehicle", "department", "name", "granted")
            },
            "class": known[vehicle]["class"],
            "first_at": from_unix_ms(round(first_ms)),
            "last_at": from_unix_ms(round(last_ms)),
            "nearest_at": from_unix_ms(round(nearest_ms)),
            "nearest_m": round(nearest_m, 1),
            "lon": lon,
            "lat": lat,
            "within_s": round(within_s, 1),
        }
        for vehicle, first_ms, last_ms, nearest_ms, nearest_m, lon, lat, within_s in zip(
            *columns, strict=True
        )
        if vehicle in known
    ]
