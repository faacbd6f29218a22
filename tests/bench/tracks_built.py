"""The store of `scripts/bench tracks`: fleets that drive through Hong Kong's box, and their chunks.

Fixes come in the order in which they would have arrived, all vehicles of an instant together, so
that the pages of the table are as mixed as in life. Rows are made by numpy in PostgreSQL's binary
COPY format.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg
import numpy as np
import numpy.typing as npt

from geo.distance import degree_lengths_m
from geo.fix import unix_ms
from tracker.schema import migrate
from tracker.track_index import TrackIndexJob

START: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
#: west, south, east, north: built-up Hong Kong.
BOX: Final = (113.95, 22.24, 114.30, 22.50)
DEPARTMENTS: Final = 14
CHUNK_S: Final = 1800
#: What the worker has not reached at the end, as if it were some seconds behind.
OPEN_S: Final = 30
#: Fixes that are made and sent as one piece.
BATCH: Final = 200_000
#: What the marker file of a kept store says of how it is laid out.
LAYOUT: Final = "times in paths, track indexes"
_EPOCH_2000_US: Final = unix_ms(datetime(2000, 1, 1, tzinfo=UTC)) * 1000
_POINT: Final = 0x20000001
#: A line with M.
_LINE: Final = 0x60000002
_SRID: Final = 4326
HEADER: Final = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER: Final = b"\xff\xff"

FIX_COLUMNS: Final = (
    *("fixed_at", "received_at", "geom", "vehicle_id", "device_id", "department_id"),
    *("speed_mps", "course_deg", "ignition"),
)
CHUNK_COLUMNS: Final = (
    *("vehicle_id", "started_at", "ended_at", "department_id", "path", "fixes", "length_m"),
    *("moving_s", "idling_s", "stopped_s"),
)

REGISTER: Final = """
UPDATE installation SET daily_from = '2026-11-01';
INSERT INTO department (ref, name) SELECT 'D' || n, '{}' FROM generate_series(1, 14) AS n;
INSERT INTO vehicle (department_id, ref, name, vehicle_class, capabilities)
    SELECT 1 + i % 14, 'v' || to_char(i, 'FM00000'), '{}',
           (ARRAY['ambulance', 'pump', 'van'])[1 + i % 3],
           ARRAY[(ARRAY['tow', 'pump', 'boat'])[1 + i % 3]]
    FROM generate_series(1, $vehicles) AS i;
INSERT INTO device (department_id, ref, accept_from)
    SELECT department_id, 'b' || substr(ref, 2), '2000-01-01Z' FROM vehicle ORDER BY id;
INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)
    SELECT department_id, id, id, tstzrange(NULL, NULL) FROM device;
"""
#: Set-wise from the chunks, which are the half hours of each vehicle.
SUMMARISE: Final = """
INSERT INTO trip (vehicle_id, started_at, ended_at, department_id, start_lon, start_lat, end_lon,
                  end_lat, distance_m, moving_s, idling_s, fixes, ends_by)
SELECT vehicle_id, started_at, ended_at, department_id, ST_X(ST_StartPoint(path)),
       ST_Y(ST_StartPoint(path)), ST_X(ST_EndPoint(path)), ST_Y(ST_EndPoint(path)), length_m,
       moving_s, 0, fixes, 'stop'
FROM track_chunk;
INSERT INTO vehicle_day (vehicle_id, day, department_id, distance_m, trips, stops, moving_s,
                         idling_s, stopped_s, fixes)
SELECT vehicle_id, date(timezone('Asia/Hong_Kong', started_at)), department_id, sum(length_m),
       count(*), count(*), sum(moving_s), 0, 0, sum(fixes)
FROM track_chunk GROUP BY 1, 2, 3;
INSERT INTO motion_cursor (vehicle_id, department_id, worked_to, state)
SELECT vehicle_id, min(department_id), max(ended_at), '{}' FROM track_chunk GROUP BY vehicle_id;
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is built."""

    vehicles: int
    fixes: int  # of each vehicle
    interval_s: int = 10

    @property
    def ends_at(self) -> datetime:
        """The time of the last fixes."""
        return START + timedelta(seconds=self.interval_s * (self.fixes - 1))


class Fleet:
    """All vehicles at one time; each step moves them all."""

    def __init__(self, size: Size, seed: int = 5) -> None:
        self._random = np.random.default_rng(seed)
        self._interval_s = size.interval_s
        count = size.vehicles
        self.lon = self._random.uniform(BOX[0], BOX[2], count)
        self.lat = self._random.uniform(BOX[1], BOX[3], count)
        self.course = self._random.uniform(0.0, 360.0, count)
        self.speed = self._random.uniform(0.0, 14.0, count)
        self._scale_m = [float(each) for each in degree_lengths_m((BOX[1] + BOX[3]) / 2)]

    def step(self) -> None:
        """Go on for an interval; now and then stop, set off, and turn; bounce off the box."""
        random, count = self._random, len(self.lon)
        changes = random.random(count) < 0.03
        stops = random.random(count) < 0.3
        fresh = np.where(stops, 0.0, random.uniform(3.0, 18.0, count))
        self.speed = np.where(changes, fresh, self.speed)
        turns = random.normal(0.0, 8.0, count) + np.where(changes, random.normal(0, 60, count), 0.0)
        self.course = (self.course + np.where(self.speed > 0, turns, 0.0)) % 360.0
        way_m, angle = self.speed * self._interval_s, np.radians(self.course)
        self.lon = self.lon + way_m * np.sin(angle) / self._scale_m[0]
        self.lat = self.lat + way_m * np.cos(angle) / self._scale_m[1]
        out = (self.lon < BOX[0]) | (self.lon > BOX[2]) | (self.lat < BOX[1]) | (self.lat > BOX[3])
        self.course = np.where(out, (self.course + 180.0) % 360.0, self.course)
        self.lon = np.clip(self.lon, BOX[0], BOX[2])
        self.lat = np.clip(self.lat, BOX[1], BOX[3])


def layout(fields: list[tuple[str, str, int]]) -> np.dtype[np.void]:
    """A row of binary COPY: the number of fields, then each with its length before it."""
    parts: list[tuple[str, Any]] = [("fields", ">i2")]
    for name, kind, size in fields:
        parts += [(f"{name}_len", ">i4"), (name, kind if kind else f"V{size}")]
    return np.dtype(parts)


def blank(fields: list[tuple[str, str, int]], count: int) -> npt.NDArray[np.void]:
    """So many rows with their lengths filled in."""
    rows = np.zeros(count, dtype=layout(fields))
    rows["fields"] = len(fields)
    for name, _, size in fields:
        rows[f"{name}_len"] = size
    return rows


_POINT_TYPE: Final = np.dtype(
    [("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("x", "<f8"), ("y", "<f8")]
)
_FIX: Final = [
    ("fixed_at", ">i8", 8),
    ("received_at", ">i8", 8),
    ("geom", "", _POINT_TYPE.itemsize),
    ("vehicle_id", ">i4", 4),
    ("device_id", ">i4", 4),
    ("department_id", ">i4", 4),
    ("speed_mps", ">f4", 4),
    ("course_deg", ">f4", 4),
    ("ignition", "u1", 1),
]


def postgres_us(second: float) -> int:
    """Microseconds since 2000 of so many seconds after START."""
    return unix_ms(START) * 1000 + round(second * 1e6) - _EPOCH_2000_US


def fix_rows(fleet: Fleet, ids: npt.NDArray[np.int32], second: float) -> bytes:
    """The fixes of all vehicles at one time."""
    rows = blank(_FIX, len(ids))
    point = np.zeros(len(ids), dtype=_POINT_TYPE)
    point["order"], point["kind"], point["srid"] = 1, _POINT, _SRID
    point["x"], point["y"] = fleet.lon, fleet.lat
    rows["geom"] = point.view(f"V{_POINT_TYPE.itemsize}")
    rows["fixed_at"] = postgres_us(second)
    rows["received_at"] = postgres_us(second + 1.0)
    rows["vehicle_id"] = rows["device_id"] = ids
    rows["department_id"] = 1 + ids % DEPARTMENTS
    rows["speed_mps"], rows["course_deg"], rows["ignition"] = fleet.speed, fleet.course, 1
    return rows.tobytes()


def chunk_rows(
    ids: npt.NDArray[np.int32], places: npt.NDArray[np.float64], first_s: float, last_s: float
) -> bytes:
    """A chunk a vehicle; places is (fixes, vehicles, 3): lon, lat, unix ms."""
    count, vehicles, _ = places.shape
    line = np.dtype(
        [("order", "u1"), ("kind", "<u4"), ("srid", "<u4"), ("n", "<u4"), ("xym", "<f8", 3 * count)]
    )
    fields = [
        *(("vehicle_id", ">i4", 4), ("started_at", ">i8", 8), ("ended_at", ">i8", 8)),
        *(("department_id", ">i4", 4), ("path", "", line.itemsize), ("fixes", ">i4", 4)),
        *((name, ">f8", 8) for name in ("length_m", "moving_s", "idling_s", "stopped_s")),
    ]
    path = np.zeros(vehicles, dtype=line)
    path["order"], path["kind"], path["srid"], path["n"] = 1, _LINE, _SRID, count
    path["xym"] = places.transpose(1, 0, 2).reshape(vehicles, 3 * count)
    rows = blank(fields, vehicles)
    rows["path"] = path.view(f"V{line.itemsize}")
    rows["vehicle_id"], rows["department_id"] = ids, 1 + ids % DEPARTMENTS
    rows["started_at"], rows["ended_at"] = postgres_us(first_s), postgres_us(last_s)
    steps_m = np.diff(places[..., :2], axis=0) * [float(each) for each in degree_lengths_m(BOX[1])]
    rows["length_m"] = np.hypot(steps_m[..., 0], steps_m[..., 1]).sum(axis=0)
    rows["fixes"], rows["moving_s"] = count, last_s - first_s
    return rows.tobytes()


def batches(size: Size) -> Iterator[tuple[bytes, bytes]]:
    """Fixes, and the chunks that were finished with them, both as rows of binary COPY."""
    fleet, ids = Fleet(size), np.arange(1, size.vehicles + 1, dtype=np.int32)
    last_worked = size.fixes - 1 - OPEN_S // size.interval_s
    a_chunk = CHUNK_S // size.interval_s
    places: list[npt.NDArray[np.float64]] = []
    fixes, chunks = bytearray(), bytearray()
    for step in range(size.fixes):
        fixes += fix_rows(fleet, ids, step * size.interval_s)
        fixed_ms = unix_ms(START) + 1000 * step * size.interval_s
        places.append(np.column_stack([fleet.lon, fleet.lat, np.full(len(ids), fixed_ms)]))
        if (step % a_chunk == 0 or step == last_worked) and len(places) > 1 and step <= last_worked:
            first = (step - len(places) + 1) * size.interval_s
            chunks += chunk_rows(ids, np.array(places), first, step * size.interval_s)
            places = places[-1:]
        fleet.step()
        if len(fixes) >= BATCH * layout(_FIX).itemsize or step == size.fixes - 1:
            yield bytes(fixes), bytes(chunks)
            fixes, chunks = bytearray(), bytearray()


async def once(rows: bytes) -> AsyncIterator[bytes]:
    """Rows as a whole COPY."""
    yield HEADER
    yield rows
    yield TRAILER


async def build(dsn: str, size: Size) -> float:
    """Fill a migrated, empty database as its superuser, whom row security leaves alone; seconds."""
    began_s = time.monotonic()
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(REGISTER.replace("$vehicles", str(size.vehicles)))
        for day in range((size.ends_at.date() - START.date()).days + 1):
            await connection.execute(
                "SELECT ensure_fix_partition($1)", START.date() + timedelta(days=day)
            )
        for number, (fixes, chunks) in enumerate(batches(size)):
            await connection.copy_to_table(
                "fix", source=once(fixes), columns=FIX_COLUMNS, format="binary"
            )
            if chunks:
                await connection.copy_to_table(
                    "track_chunk", source=once(chunks), columns=CHUNK_COLUMNS, format="binary"
                )
            if number % 20 == 0:
                sys.stderr.write(f"{time.monotonic() - began_s:6.0f} s: batch {number}\n")
        await connection.execute(
            "INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon,"
            " lat, speed_mps, course_deg, ignition, feed, n) SELECT vehicle_id, department_id,"
            " device_id, fixed_at, received_at, ST_X(geom), ST_Y(geom), speed_mps, course_deg,"
            " ignition, 1, 1 FROM fix WHERE fixed_at = $1",
            size.ends_at,
        )
        await connection.execute(SUMMARISE)
        await connection.execute("VACUUM (ANALYZE, FREEZE)")
    finally:
        await connection.close()
    return time.monotonic() - began_s


def built_as(folder: Path, size: Size) -> str | None:
    """How the store of this size in a folder is laid out; None: there is none."""
    told = folder / "built.json"
    if not told.exists():
        return None
    said = json.loads(told.read_text())
    layout: str = said.pop("layout", "plain paths")
    return layout if said == asdict(size) else None


async def bring_up(owner: str, superuser: str) -> float:
    """What a migration and the worker's job make of a store; seconds."""
    began_s = time.monotonic()
    await migrate(owner, superuser)
    sys.stderr.write(f"{time.monotonic() - began_s:6.0f} s: migrated\n")
    job = TrackIndexJob(owner)
    while await job.run():
        sys.stderr.write(f"{time.monotonic() - began_s:6.0f} s: a track index\n")
    connection = await asyncpg.connect(superuser)
    try:
        await connection.execute("VACUUM (ANALYZE)")
    finally:
        await connection.close()
    return time.monotonic() - began_s


async def ensure_built(folder: Path, size: Size, owner: str, superuser: str) -> float:
    """Build unless a folder holds it already, and lay it out as it is now; seconds that it took."""
    layout = built_as(folder, size)
    if layout == LAYOUT:
        await migrate(owner, superuser)
        return 0.0
    took_s = 0.0
    if layout is None:
        await migrate(owner, superuser)
        took_s = await build(superuser, size)
    took_s += await bring_up(owner, superuser)
    (folder / "built.json").write_text(json.dumps({**asdict(size), "layout": LAYOUT}))
    return took_s
