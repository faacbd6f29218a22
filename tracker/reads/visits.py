"""Which vehicles were within some metres of a place in a window, in one scope.

Where the worker has been, the paths of `track_chunk` say where vehicles were and when; where it has
not, the fixes themselves do. What is near is judged by the ways between fixes (`geo.visits`).
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

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


#: Earlier and later than any fix; no silence is a gap within a chunk, for there the worker cut.
_NEVER_MS: Final = int(np.iinfo(np.int64).min)
_FOREVER_MS: Final = int(np.iinfo(np.int64).max)


class _Chunks(NamedTuple):
    """What the worker has made of the past near the place."""

    vehicle_ids: Sequence[int]
    #: WKB with M, unix milliseconds.
    paths: Sequence[bytes]


class _Fixes(NamedTuple):
    """Of stretches that may come near, by vehicle, stretch and time."""

    vehicle_id: npt.NDArray[np.int32]
    stretch: npt.NDArray[np.int64]
    fixed_ms: npt.NDArray[np.int64]
    lon: Floats
    lat: Floats
    #: NaN: not known.
    speed_mps: Floats
    #: Of a chunk.
    worked: npt.NDArray[np.bool_]

    def at(self, rows: npt.NDArray[Any]) -> _Fixes:
        """Those of these indexes, or where it says true."""
        return _Fixes._make(column[rows] for column in self)


async def visitors(scope: Scope, asked: Nearby) -> list[Row]:
    """Vehicles that came within the radius in the window, by full ref, also retired ones.

    id, vehicle, department, name, class, first_at, last_at (when it was first and last within),
    nearest_at, nearest_m, lon, lat (when, how near and where it was nearest), within_s (how long it
    was seen within). A vehicle that drove through between two fixes counts; nothing is said across
    a gap. Raises TooMuch.
    """
    # The open ends first: should the worker go on meanwhile, the chunks have more, not less.
    open_from = await _open_from(scope, asked)
    chunks = await _chunks(scope, asked)
    packed = await _packed(scope, asked, open_from)
    fixes = await asyncio.to_thread(_read, asked, open_from, chunks, packed)
    ids = np.unique(fixes.vehicle_id).tolist()
    known = {row["id"]: row for row in await vehicles(scope, ids=ids)} if ids else {}
    found = await asyncio.to_thread(_judged, asked, fixes, known)
    return sorted(_told(found, known), key=lambda row: (row["department"], row["vehicle"]))


async def _open_from(scope: Scope, asked: Nearby) -> dict[int, datetime | None]:
    """From when on the fixes of vehicles must be looked at; None: from the first one on."""
    asked_open = (asked.until, asked.department_id)
    row = (await scope.exec_driver_sql(sql.text("open_ends"), asked_open)).one()
    return dict(zip(row.vehicle_ids or (), row.begin_at or (), strict=True))


async def _chunks(scope: Scope, asked: Nearby) -> _Chunks:
    found = await scope.exec_driver_sql(sql.text("chunks_near"), (*_box(asked), MOST_FIXES))
    row = found.one()
    if row.fixes > MOST_FIXES:
        raise TooMuch(f"({row.fixes} fixes)")
    return _Chunks(row.vehicle_ids or (), row.paths or ())


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


async def _packed(scope: Scope, asked: Nearby, open_from: Mapping[int, datetime | None]) -> bytes:
    if not open_from:
        return b""
    first, last = asked.since - BEYOND, asked.until + BEYOND
    begins = [max(begins_at or first, first) for begins_at in open_from.values()]
    values = (list(open_from), begins, [last] * len(begins), first, last)
    found = await scope.exec_driver_sql(sql.text("fixes_of"), values)
    return found.scalar_one() or b""


def _read(
    asked: Nearby, open_from: Mapping[int, datetime | None], chunks: _Chunks, packed: bytes
) -> _Fixes:
    """Unpack, and leave out whatever stays away: of open ends that is nearly all."""
    worked = _of_chunks(chunks, open_from)
    still_open = _of_open_ends(packed, list(open_from), len(chunks.paths))
    both = (worked, still_open)
    fixes = _Fixes._make(
        np.concatenate([getattr(part, name) for part in both]) for name in _Fixes._fields
    )
    fixes = fixes.at(np.lexsort((fixes.fixed_ms, fixes.stretch, fixes.vehicle_id)))
    return fixes.at(_may_be_near(asked, fixes))


def _of_chunks(chunks: _Chunks, open_from: Mapping[int, datetime | None]) -> _Fixes:
    """Each chunk is a stretch; what is open counts from the fixes themselves."""
    paths = shapely.from_wkb(np.array(chunks.paths, dtype=object))
    places, stretch = shapely.get_coordinates(paths, include_m=True, return_index=True)
    until_ms = np.array([_open_ms(open_from, each) for each in chunks.vehicle_ids], dtype=np.int64)
    fixes = _Fixes(
        vehicle_id=np.array(chunks.vehicle_ids, dtype=np.int32)[stretch],
        stretch=stretch.astype(np.int64),
        fixed_ms=places[:, 2].astype(np.int64),
        lon=places[:, 0],
        lat=places[:, 1],
        speed_mps=np.full(len(places), np.nan),
        worked=np.ones(len(places), dtype=bool),
    )
    return fixes.at(fixes.fixed_ms <= until_ms[stretch])


def _open_ms(open_from: Mapping[int, datetime | None], vehicle_id: int) -> int:
    if vehicle_id not in open_from:
        return _FOREVER_MS
    begins_at = open_from[vehicle_id]
    return _NEVER_MS if begins_at is None else unix_ms(begins_at)


def _of_open_ends(packed: bytes, vehicle_ids: Sequence[int], stretches: int) -> _Fixes:
    """Each open end is a stretch, numbered behind those of chunks."""
    rows = np.frombuffer(packed, _PACKED)
    number = rows["n"].astype(np.int64) - 1
    return _Fixes(
        vehicle_id=np.array(vehicle_ids, dtype=np.int32)[number],
        stretch=stretches + number,
        fixed_ms=rows["us"].astype(np.int64) // 1000 + _EPOCH_2000_MS,
        lon=rows["lon"].astype(np.float64),
        lat=rows["lat"].astype(np.float64),
        speed_mps=rows["speed"].astype(np.float64),
        worked=np.zeros(len(rows), dtype=bool),
    )


def _may_be_near(asked: Nearby, fixes: _Fixes) -> npt.NDArray[np.bool_]:
    """By the box of each stretch, whose fixes stand together."""
    if not len(fixes.stretch):
        return np.zeros(0, dtype=bool)
    starts = np.flatnonzero(np.r_[True, np.diff(fixes.stretch) != 0])
    _, _, wide, high, *_ = _box(asked)
    near = np.ones(len(starts), dtype=bool)
    sides = (
        (unwrap_lon(fixes.lon, asked.lon) - asked.lon, wide),
        (fixes.lat - asked.lat, high),
    )
    for away, reach in sides:
        near &= np.minimum.reduceat(away, starts) <= reach
        near &= np.maximum.reduceat(away, starts) >= -reach
    return np.repeat(near, np.diff(np.r_[starts, len(fixes.stretch)]))


def _judged(asked: Nearby, fixes: _Fixes, known: dict[int, Row]) -> Visits:
    ids, at = np.unique(fixes.vehicle_id, return_inverse=True)
    limits = [_limits(known.get(vehicle_id)) for vehicle_id in ids.tolist()]
    moving_ms, rest_ms = np.array(limits, dtype=np.int64).reshape(-1, 2).T
    gap_ms = gap_ms_after(GapLimits(moving_ms[at], rest_ms[at]), fixes.speed_mps)
    gap_ms = np.where(fixes.worked, _FOREVER_MS, gap_ms)
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
