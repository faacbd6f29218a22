"""Each question's plan, as the API's role with row security on: which index it uses.

The statements are those that the reads send, caught on their way; each is explained with its values
and as the generic plan, which a prepared statement may come to after five times.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from tests.conftest import Database
from tests.integration.world_of_tracks import Tracks, tracks_in
from tracker import reads
from tracker.connect import ApiConnection
from tracker.track_index import TrackIndexJob

START = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
VEHICLES = 60
FIXES = 1500
END = START + timedelta(seconds=10 * FIXES)
DAY = date(2026, 11, 21)
EVERYONE = (1, 2, 3)

FILL = """
INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id)
SELECT t, t, ST_SetSRID(ST_MakePoint(114 + v.id * 0.005 + n * 0.0001, 22.2 + n * 0.0002), 4326),
       v.id, 1, v.department_id
FROM generate_series(0, $1::integer - 1) AS n, vehicle AS v,
     LATERAL (SELECT $2::timestamptz + n * interval '10 s' AS t) AS t
"""
LATEST = """
INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat, feed, n)
SELECT vehicle_id, department_id, 1, fixed_at, fixed_at, ST_X(geom), ST_Y(geom), 1, 1
FROM fix WHERE fixed_at = $1
"""
SUMS = """
INSERT INTO trip
    SELECT v.id, t, t + interval '4 min', department_id, NULL, 1, 1, 1, 1, 1, 1, 1, 1, 1, 'stop'
    FROM vehicle AS v, generate_series('2026-11-01Z', '2026-11-21Z', interval '1 h') AS t;
INSERT INTO stop SELECT v.id, t, t + interval '4 min', department_id, 1, 1, 1, 1, 'move', 'move'
    FROM vehicle AS v, generate_series('2026-11-01Z', '2026-11-21Z', interval '1 h') AS t;
INSERT INTO gap SELECT v.id, t, t + interval '4 min', department_id
    FROM vehicle AS v, generate_series('2026-11-01Z', '2026-11-21Z', interval '1 h') AS t;
INSERT INTO vehicle_day SELECT v.id, d, department_id, NULL, 1, 1, 1, 1, 1, 1, 1, 1, 1
    FROM vehicle AS v, generate_series('2026-01-01'::date, '2026-11-21', interval '1 day') AS d;
INSERT INTO odometer SELECT id, department_id, 1, 1, '2026-11-21Z' FROM vehicle;
INSERT INTO event (id, department_id, vehicle_id, fence_id, fence_version, kind, at, time,
                   not_after, interpolated, gap, late)
    SELECT gen_random_uuid(), department_id, id, 1, 1, 'enter', t, t, t, false, false, false
    FROM vehicle, generate_series('2026-11-01Z', '2026-11-21Z', interval '1 h') AS t;
ANALYZE;
"""


@pytest.fixture
async def tracks(database: Database) -> AsyncIterator[Tracks]:
    async with tracks_in(database) as made:
        await made.register(VEHICLES)
        await made.ensure_days(START.date(), 2)
        await made.owner.execute(FILL, FIXES, START)
        await made.owner.execute(LATEST, START + timedelta(seconds=10 * (FIXES - 1)))
        await made.work(START, END - timedelta(minutes=1))
        await made.owner.execute(SUMS)
        yield made


@pytest.fixture
async def api(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(database.dsn("milepost_api"), connection_class=ApiConnection)
    await connection.execute("SET app.depts = '1,2,3'")
    yield connection
    await connection.close()


def literal(value: object) -> str:
    """A value as SQL has it."""
    if value is None or isinstance(value, bool | int | float):
        return "NULL" if value is None else str(value)
    if isinstance(value, list):
        return "'{" + ", ".join(f'"{each}"' for each in value) + "}'"
    return f"'{value}'"


async def plans(
    api: asyncpg.Connection[asyncpg.Record], statement: str, values: tuple[object, ...]
) -> AsyncIterator[str]:
    """The plan with these values, and the generic one."""
    for mode in ("force_custom_plan", "force_generic_plan"):
        await api.execute(f"SET plan_cache_mode = {mode}")
        await api.execute(f"PREPARE asked AS {statement}")
        given = f"({', '.join(map(literal, values))})" if values else ""
        rows = await api.fetch(f"EXPLAIN (COSTS OFF) EXECUTE asked {given}")
        await api.execute("DEALLOCATE asked")
        yield "\n".join(row[0] for row in rows)


Question = Callable[[reads.Scope], Awaitable[Any]]


async def statements_of(
    database: Database, question: Question
) -> list[tuple[str, tuple[object, ...]]]:
    """What a read sends to the database, and with which values."""
    reader, caught = reads.Reader(database.dsn("milepost_api")), []

    def catch(*sent: Any) -> None:  # noqa: ANN401  SQLAlchemy's own arguments
        caught.append((sent[2], tuple(sent[3])))

    event.listen(reader._engine.sync_engine, "before_cursor_execute", catch)
    async with reader.scope(EVERYONE) as scope:
        assert await question(scope)
    await reader.close()
    return caught


HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
STRETCH = reads.Stretch(vehicle_id=7, since=END - 3 * HOUR, until=END - 2 * HOUR, limit=10_000)
WINDOW = reads.Window(vehicle_id=7, since=START - 9 * HOUR, until=START - 3 * HOUR, limit=100)
NEARBY = reads.Nearby(
    lon=114.2, lat=22.3, radius_m=200.0, since=END - 3 * HOUR, until=END - 2 * HOUR
)
TRACK_INDEX = re.compile(r"Index Only Scan using fix_20261\d+_track")
KEY_OF_FIX = r"Index Scan using fix_20261\d+_pkey"
#: Each question, the tables that it may not read row by row, and the indexes that it must use.
QUESTIONS: dict[str, tuple[Question, list[str], list[str]]] = {
    "track": (lambda scope: reads.track(scope, STRETCH), ["fix"], [KEY_OF_FIX]),
    "simplified": (
        lambda scope: reads.simplified(
            scope, STRETCH, reads.Coarseness(tolerance_m=9.0, gap_ms=300_000)
        ),
        ["fix", "event", "stop"],
        [KEY_OF_FIX, "ix_event_vehicle_id_at", "pk_stop"],
    ),
    "whereabouts": (
        lambda scope: reads.whereabouts(scope, reads.Instant(at=END - HOUR)),
        ["fix"],
        [KEY_OF_FIX],
    ),
    "whereabouts as known then": (
        lambda scope: reads.whereabouts(
            scope, reads.Instant(at=END - HOUR, known_at=END, vehicle_id=7)
        ),
        ["fix"],
        [KEY_OF_FIX],
    ),
    "playback of all": (
        lambda scope: reads.played(scope, reads.Shown(since=END - HOUR, until=END - HOUR + MINUTE)),
        ["fix"],
        [KEY_OF_FIX],
    ),
    "playback of some": (
        lambda scope: reads.played(
            scope, reads.Shown(since=END - HOUR, until=END, vehicle_ids=[7, 8])
        ),
        [],  # the branch of all stands in the plan too, and is never run
        [KEY_OF_FIX],
    ),
    "visits": (
        lambda scope: reads.visitors(scope, NEARBY),
        ["fix", "track_chunk"],
        ["ix_track_chunk_started_at_path", "pk_track_chunk"],
    ),
    "visits up to now": (
        lambda scope: reads.visitors(
            scope,
            reads.Nearby(lon=114.2, lat=22.5, radius_m=9000.0, since=END - HOUR, until=END + HOUR),
        ),
        ["fix", "track_chunk"],
        [KEY_OF_FIX, "ix_track_chunk_started_at_path", "pk_track_chunk"],
    ),
    "trips": (lambda scope: reads.trips(scope, WINDOW), ["trip"], ["pk_trip"]),
    "stops": (lambda scope: reads.stops(scope, WINDOW), ["stop"], ["pk_stop"]),
    "gaps": (lambda scope: reads.gaps(scope, WINDOW), ["gap"], ["pk_gap"]),
    "days of all": (
        lambda scope: reads.days(
            scope, reads.Days(first=DAY, last=DAY, by="department", limit=1000)
        ),
        ["vehicle_day"],
        ["ix_vehicle_day_day"],
    ),
    "days of one": (
        lambda scope: reads.days(
            scope, reads.Days(first=DAY - timedelta(days=30), last=DAY, vehicle_id=7, limit=1000)
        ),
        ["vehicle_day"],
        ["pk_vehicle_day"],
    ),
}


async def test_each_question_uses_its_index(
    database: Database, tracks: Tracks, api: asyncpg.Connection[asyncpg.Record]
) -> None:
    for name, (question, tables, indexes) in QUESTIONS.items():
        seen = []
        for statement, values in await statements_of(database, question):
            if statement.startswith("SET"):
                continue
            both = [plan async for plan in plans(api, statement, values)]
            seen.append(both)
            for plan in both:
                for table in tables:
                    assert not re.search(rf"Seq Scan on {table}(_\d+)?\b", plan), (name, plan)
        for index in indexes:
            for way in (0, 1):
                found = any(re.search(index, both[way]) for both in seen)
                assert found, (name, index, [both[way] for both in seen])


async def test_of_days_that_are_over_the_track_index_alone_is_read(
    database: Database, tracks: Tracks, api: asyncpg.Connection[asyncpg.Record]
) -> None:
    job = TrackIndexJob(database.dsn("milepost_owner"))
    while await job.run():
        pass
    for name in ("track", "simplified", "visits up to now"):
        question, _, _ = QUESTIONS[name]
        found = []
        for statement, values in await statements_of(database, question):
            # Of granted events too the place is looked up, by the key.
            if re.search(r"\b(seen_)?fix\b", statement):
                found += [plan async for plan in plans(api, statement, values)]
        of_fix = [plan for plan in found if re.search(r" fix_20261\d+ ", plan)]
        for way in (0, 1):
            assert TRACK_INDEX.search(of_fix[-2 + way]), (name, of_fix)
            # What is granted is looked for in a branch of its own, behind those of one's own.
            own = of_fix[-2 + way].partition("shared_fix")[0]
            assert not re.search(KEY_OF_FIX, own), (name, of_fix)


async def test_without_the_leakproof_mark_the_index_of_places_is_lost(
    database: Database, tracks: Tracks, api: asyncpg.Connection[asyncpg.Record]
) -> None:
    """So the test above would see it: an update of PostGIS takes the mark away."""
    superuser = await asyncpg.connect(database.dsn("postgres"))
    await superuser.execute("ALTER FUNCTION geometry_overlaps(geometry, geometry) NOT LEAKPROOF")
    await superuser.close()
    caught = await statements_of(database, lambda scope: reads.visitors(scope, NEARBY))
    (statement,) = [each for each in caught if "track_chunk" in each[0]]
    for_index = [plan async for plan in plans(api, *statement)]
    conditions = [line for plan in for_index for line in plan.splitlines() if "Index Cond" in line]
    assert not any("path &&" in line for line in conditions), conditions
