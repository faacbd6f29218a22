"""A vehicle whose fixes are committed as ingest does, and what the worker made of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

import asyncpg
import numpy as np

from geo.fix import Fix, from_unix_ms, unix_ms
from geo.motion import MotionFixes, advance, open_segments
from geo.motion_state import Counts
from geo.segments import Chunk, Segments
from tests.conftest import Database
from tracker import registry
from tracker.commit import Committer
from tracker.connect import open_pool
from tracker.message import Message, Reading
from tracker.motion import MotionJob
from tracker.registry import New, NewDepartment, NewDevice, NewVehicle

if TYPE_CHECKING:
    from tracker.connect import Pool

THINGS: tuple[New, ...] = (
    NewDepartment(ref="D"),
    NewVehicle(ref="V", department="D"),
    NewDevice(ref="box", department="D", vehicle="V"),
)
HONG_KONG = ZoneInfo("Asia/Hong_Kong")
TABLES = {
    "track_chunk": "SELECT *, ST_AsText(path) AS way FROM track_chunk ORDER BY started_at",
    "trip": "SELECT * FROM trip ORDER BY started_at",
    "stop": "SELECT * FROM stop ORDER BY started_at",
    "gap": "SELECT * FROM gap ORDER BY started_at",
    "vehicle_day": "SELECT * FROM vehicle_day ORDER BY day",
    "odometer": "SELECT * FROM odometer",
}


class Seen(NamedTuple):
    """A fix, in seconds since a start."""

    second: int
    lon: float
    lat: float
    speed_mps: float | None
    ignition: bool | None


@dataclass
class MotionWorld:
    """What a test of the worker needs."""

    database: Database
    owner: asyncpg.Connection[asyncpg.Record]
    pool: Pool
    start: datetime

    def message(self, seen: Seen) -> Message:
        moment = self.start + timedelta(seconds=seen.second)
        fix = Fix(
            fixed_at=moment,
            lon=seen.lon,
            lat=seen.lat,
            speed_mps=seen.speed_mps,
            ignition=seen.ignition,
        )
        return Message(
            source="test",
            department_ref="D",
            device_ref="box",
            received_at=moment,
            readings=[Reading(fix=fix, raw=b"$")],
        )

    @asynccontextmanager
    async def committer(self) -> AsyncIterator[Committer]:
        made = await Committer.open(self.database.dsn("milepost_ingest"))
        try:
            yield made
        finally:
            await made.close()

    def job(self, fixes_a_slice: int = 12_000) -> MotionJob:
        return MotionJob(self.pool, refresh_s=0, fixes_a_slice=fixes_a_slice)

    async def wipe(self) -> None:
        await self.owner.execute(
            "DELETE FROM track_chunk; DELETE FROM trip; DELETE FROM stop; DELETE FROM gap;"
            " DELETE FROM vehicle_day; DELETE FROM odometer; DELETE FROM motion_cursor;"
            " DELETE FROM motion_checkpoint; DELETE FROM past_change;"
            " DELETE FROM alert; DELETE FROM event; DELETE FROM outbox; DELETE FROM fix;"
            " DELETE FROM checkpoint;"
            " DELETE FROM latest; DELETE FROM fence_state; DELETE FROM receipt; DELETE FROM reject"
        )

    async def stored(self) -> dict[str, list[dict[str, Any]]]:
        """All that the worker wrote, by table."""
        return {
            table: [dict(row) for row in await self.owner.fetch(statement)]
            for table, statement in TABLES.items()
        }

    async def fixes(self) -> MotionFixes:
        """The plausible fixes, sorted."""
        rows = await self.owner.fetch(
            "SELECT fixed_at, ST_X(geom) AS lon, ST_Y(geom) AS lat, department_id, speed_mps,"
            " ignition FROM fix WHERE NOT implausible ORDER BY fixed_at"
        )
        return MotionFixes(
            fixed_ms=np.array([unix_ms(row["fixed_at"]) for row in rows], dtype=np.int64),
            lon=np.array([row["lon"] for row in rows], dtype=np.float64),
            lat=np.array([row["lat"] for row in rows], dtype=np.float64),
            department_id=np.array([row["department_id"] for row in rows], dtype=np.int64),
            speed_mps=np.array([row["speed_mps"] for row in rows], dtype=np.float64),
            ignition=np.array(
                [-1 if row["ignition"] is None else row["ignition"] for row in rows], dtype=np.int8
            ),
        )


@asynccontextmanager
async def motion_world(
    database: Database, things: Sequence[New] = THINGS, *, hours: float = 12
) -> AsyncIterator[MotionWorld]:
    """A registry of those things, and a start so long ago."""
    async with database.transaction() as connection:
        for thing in things:
            await registry.add(thing, connection)
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    pool = await open_pool(database.dsn("milepost_worker"), size=2)
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=hours)
    try:
        yield MotionWorld(database, owner, pool, start)
    finally:
        await pool.close()
        await owner.close()


def truth(fixes: MotionFixes, gap_ms: int) -> Segments:
    """What one computation over the sorted whole gives, with what goes on."""
    state, made = advance(None, fixes, gap_ms)
    if state is not None:
        begun = open_segments(state)
        made.chunks += begun.chunks
        made.trips += begun.trips
        made.stops += begun.stops
    return made


def as_rows(made: Segments) -> dict[str, list[tuple[Any, ...]]]:
    """The truth in the form of `told`."""
    days: dict[date, list[Chunk]] = {}
    for chunk in made.chunks:
        days.setdefault(_day(chunk.ended_ms), []).append(chunk)
    trips, stops = ([_day(each.started_ms) for each in kind] for kind in (made.trips, made.stops))
    return {
        "chunks": [
            (from_unix_ms(each.started_ms), from_unix_ms(each.ended_ms), *_sums([each]))
            for each in made.chunks
        ],
        "trips": [
            (
                from_unix_ms(each.started_ms),
                from_unix_ms(each.ended_ms),
                (each.start_lon, each.start_lat, each.end_lon, each.end_lat),
                each.sums.distance_m,
                each.sums.fixes,
                each.ends_by,
            )
            for each in made.trips
        ],
        "stops": [
            (
                from_unix_ms(each.started_ms),
                None if each.ended_ms is None else from_unix_ms(each.ended_ms),
                (each.lon, each.lat),
                each.sums.idling_ms / 1000,
                (each.begins_by, each.ends_by),
            )
            for each in made.stops
        ],
        "gaps": [
            (from_unix_ms(each.started_ms), from_unix_ms(each.ended_ms)) for each in made.gaps
        ],
        "days": [
            (day, *_sums(days.get(day, [])), trips.count(day), stops.count(day))
            for day in sorted({*days, *trips, *stops})
        ],
        "odometer": [_sums(made.chunks)[0], _sums(made.chunks)[4]] if made.chunks else [],
    }


def told(stored: dict[str, list[dict[str, Any]]]) -> dict[str, list[tuple[Any, ...]]]:
    """What the worker wrote, in the form of `as_rows`."""
    sums = ("moving_s", "idling_s", "stopped_s", "engine_s", "fixes")
    return {
        "chunks": [
            (row["started_at"], row["ended_at"], row["length_m"], *(row[each] for each in sums))
            for row in stored["track_chunk"]
        ],
        "trips": [
            (
                row["started_at"],
                row["ended_at"],
                (row["start_lon"], row["start_lat"], row["end_lon"], row["end_lat"]),
                *(row[each] for each in ("distance_m", "fixes", "ends_by")),
            )
            for row in stored["trip"]
        ],
        "stops": [
            (
                *(row["started_at"], row["ended_at"], (row["lon"], row["lat"]), row["idling_s"]),
                (row["begins_by"], row["ends_by"]),
            )
            for row in stored["stop"]
        ],
        "gaps": [(row["started_at"], row["ended_at"]) for row in stored["gap"]],
        "days": [
            (row["day"], row["distance_m"], *(row[each] for each in (*sums, "trips", "stops")))
            for row in stored["vehicle_day"]
        ],
        "odometer": [
            value for row in stored["odometer"] for value in (row["distance_m"], row["engine_s"])
        ],
    }


def _day(ms: int) -> date:
    return from_unix_ms(ms).astimezone(HONG_KONG).date()


def _sums(chunks: Sequence[Chunk]) -> tuple[Any, ...]:
    """Metres, and seconds moving, idling, stopped, with the engine on; fixes."""
    counts = Counts._make(map(sum, zip(*(each.sums for each in chunks), Counts(), strict=True)))
    seconds = (counts.moving_ms / 1000, counts.idling_ms / 1000, counts.stopped_ms / 1000)
    return (counts.distance_m, *seconds, counts.engine_s, counts.fixes)
