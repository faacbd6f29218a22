"""Tracks in the database without ingest: fixes by the owner, chunks as the worker makes them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import asyncpg

from tests.conftest import Database

#: (vehicle id, when, lon, lat).
Row = tuple[int, datetime, float, float]

SETTLE = """
INSERT INTO department (ref, name) SELECT 'D' || n, '{}' FROM generate_series(1, 3) AS n;
UPDATE installation SET daily_from = '2026-11-01';
"""
REGISTER = """
INSERT INTO vehicle (department_id, ref, name)
SELECT 1 + n % 3, 'V' || to_char(n, 'FM00000'), '{}' FROM generate_series(1, $1::integer) AS n
"""
STORE = """
WITH f AS (
    SELECT f.*, v.department_id
    FROM unnest($1::integer[], $2::timestamptz[], $3::float8[], $4::float8[])
        AS f (vehicle_id, fixed_at, lon, lat)
    JOIN vehicle AS v ON v.id = f.vehicle_id
), stored AS (
    INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id)
    SELECT fixed_at, fixed_at, ST_SetSRID(ST_MakePoint(lon, lat), 4326), vehicle_id, 1,
           department_id
    FROM f
)
INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat, feed, n)
SELECT DISTINCT ON (vehicle_id) vehicle_id, department_id, 1, fixed_at, fixed_at, lon, lat, 1, 1
FROM f ORDER BY vehicle_id, fixed_at DESC
ON CONFLICT (vehicle_id) DO UPDATE SET
    fixed_at = excluded.fixed_at, received_at = excluded.received_at,
    lon = excluded.lon, lat = excluded.lat
WHERE excluded.fixed_at > latest.fixed_at
"""
#: Chunks of the fixes from $1 to $2 that cut at gaps over $3 and at each multiple of $4; two of one
#: stretch share the fix at their border.
CHUNK = """
WITH f AS (
    SELECT vehicle_id, department_id, fixed_at, date_bin($4, fixed_at, '2026-01-01Z') AS slot,
           ST_SetSRID(ST_MakePointM(ST_X(geom), ST_Y(geom),
                                    (extract(epoch FROM fixed_at) * 1000)::bigint), 4326) AS geom,
           fixed_at - lag(fixed_at) OVER vehicle > $3 AS after_gap
    FROM fix
    WHERE fixed_at >= $1 AND fixed_at <= $2 AND NOT implausible
    WINDOW vehicle AS (PARTITION BY vehicle_id ORDER BY fixed_at)
), placed AS (
    SELECT *, count(*) FILTER (WHERE after_gap) OVER vehicle AS stretch
    FROM f
    WINDOW vehicle AS (PARTITION BY vehicle_id ORDER BY fixed_at)
), shared AS (
    SELECT *, lag(slot) OVER (PARTITION BY vehicle_id, stretch ORDER BY fixed_at) AS before
    FROM placed
), member AS (
    SELECT vehicle_id, department_id, fixed_at, geom, stretch, slot AS cut FROM shared
    UNION ALL
    SELECT vehicle_id, department_id, fixed_at, geom, stretch, before FROM shared
    WHERE before < slot
), chunk AS (
    INSERT INTO track_chunk (vehicle_id, started_at, ended_at, department_id, path, fixes, length_m,
                             moving_s, idling_s, stopped_s)
    SELECT vehicle_id, min(fixed_at), max(fixed_at), min(department_id),
           CASE WHEN count(*) = 1 THEN (array_agg(geom))[1]
                ELSE ST_MakeLine(geom ORDER BY fixed_at) END,
           count(*), 0, 0, 0, 0
    FROM member
    GROUP BY vehicle_id, stretch, cut
)
INSERT INTO motion_cursor (vehicle_id, department_id, worked_to, state)
SELECT vehicle_id, min(department_id), max(fixed_at), '{}' FROM f GROUP BY vehicle_id
ON CONFLICT (vehicle_id) DO UPDATE SET worked_to = excluded.worked_to
"""
GAP = timedelta(minutes=5)
CHUNK_OF = timedelta(minutes=20)


@dataclass(frozen=True, slots=True)
class Tracks:
    """Vehicles 1 to n of departments 1 to 3, and a way to let them have been somewhere."""

    owner: asyncpg.Connection[asyncpg.Record]

    async def register(self, vehicles: int) -> None:
        """So many vehicles."""
        await self.owner.execute(REGISTER, vehicles)

    async def ensure_days(self, first: date, days: int) -> None:
        """The partitions of some days."""
        for number in range(days):
            await self.owner.execute(
                "SELECT ensure_fix_partition($1)", first + timedelta(days=number)
            )

    async def store(self, rows: Sequence[Row]) -> None:
        """Fixes, and what they make of `latest`."""
        for day in {row[1].date() for row in rows}:
            await self.ensure_days(day, 1)
        await self.owner.execute(STORE, *(list(column) for column in zip(*rows, strict=True)))

    async def work(self, since: datetime, until: datetime) -> None:
        """Go over fixes as the worker does, both times included."""
        await self.owner.execute(CHUNK, since, until, GAP, CHUNK_OF)


@asynccontextmanager
async def tracks_in(database: Database) -> AsyncIterator[Tracks]:
    """Departments D1 to D3 without vehicles."""
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    try:
        await owner.execute(SETTLE)
        yield Tracks(owner)
    finally:
        await owner.close()
