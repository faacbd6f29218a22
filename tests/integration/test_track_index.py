"""The track index of days that are over: built beside writers and readers, and a track's only page.

Days are those of `world_of_tracks`, long over; the clock is the database's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta

import asyncpg
import pytest
from asyncpg.transaction import Transaction

from tests.conftest import Database, run_as_superuser
from tests.integration.world_of_tracks import Row, Tracks, tracks_in
from tracker import reads
from tracker.errors import DatabaseUnreachable, TrackIndexFailed
from tracker.keeping.retention import run as run_retention
from tracker.track_index import TrackIndexJob
from tracker.worker import jobs_of

DAY = date(2026, 11, 20)
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
VEHICLES = 40
FIXES = 200
INDEXES = """
SELECT c.relname AS name, i.indisvalid AS valid FROM pg_index AS i
JOIN pg_class AS c ON c.oid = i.indexrelid WHERE c.relname LIKE '%\\_track' ORDER BY 1
"""
LATE: Row = (7, NOON + timedelta(milliseconds=5), 114.5, 22.5)
LATER: Row = (7, NOON + timedelta(milliseconds=7), 114.6, 22.6)
INSERT = """
INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id)
VALUES ($2, $2, ST_SetSRID(ST_MakePoint($3, $4), 4326), $1, 1, 2)
"""


@pytest.fixture
async def tracks(database: Database) -> AsyncIterator[Tracks]:
    async with tracks_in(database) as made:
        await made.register(VEHICLES)
        await made.store(
            [
                (vehicle, NOON + timedelta(seconds=10 * n), 114.0 + n / 1000, 22.3)
                for n in range(FIXES)
                for vehicle in range(1, VEHICLES + 1)
            ]
        )
        yield made


@pytest.fixture
def job(database: Database) -> TrackIndexJob:
    return TrackIndexJob(database.dsn("milepost_owner"))


@asynccontextmanager
async def connected(database: Database) -> AsyncIterator[asyncpg.Connection[asyncpg.Record]]:
    connection = await asyncpg.connect(database.dsn("milepost_owner"))
    try:
        yield connection
    finally:
        await connection.close()


async def drain(job: TrackIndexJob) -> None:
    while await job.run():
        pass


async def indexes(tracks: Tracks) -> dict[str, bool]:
    return {row["name"]: row["valid"] for row in await tracks.owner.fetch(INDEXES)}


async def waiting_in(tracks: Tracks, phase: str) -> None:
    """Until an index is being built and waits for others."""
    asked = "SELECT EXISTS (SELECT FROM pg_stat_progress_create_index WHERE phase LIKE $1)"
    async with asyncio.timeout(20):
        while not await tracks.owner.fetchval(asked, phase):  # noqa: ASYNC110  the job makes it true
            await asyncio.sleep(0.01)


@asynccontextmanager
async def waited_for(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> AsyncIterator[tuple[Transaction, asyncio.Task[None]]]:
    """A writer that has not committed, and the build that waits for it."""
    async with connected(database) as slow:
        writing = slow.transaction()
        await writing.start()
        await slow.execute(INSERT, *LATE)
        building = asyncio.create_task(drain(job))
        await waiting_in(tracks, "waiting for writers%")
        yield writing, building


async def track_of(database: Database, vehicle_id: int) -> list[float]:
    reader = reads.Reader(database.dsn("milepost_api"))
    asked = reads.Stretch(
        vehicle_id=vehicle_id, since=NOON, until=NOON + timedelta(hours=12), limit=10_000
    )
    async with reader.scope([1, 2, 3]) as scope:
        found = (await reads.track(scope, asked)).columns["lon"]
    await reader.close()
    return found


async def test_days_that_are_over_have_one_and_today_has_none(
    tracks: Tracks, job: TrackIndexJob
) -> None:
    await tracks.ensure_days(DAY + timedelta(days=1), 1)
    await tracks.ensure_days(datetime.now(UTC).date(), 1)
    assert await job.run()
    assert await indexes(tracks) == {"fix_20261121_track": True}, "the newest first"
    await drain(job)
    assert await indexes(tracks) == {"fix_20261120_track": True, "fix_20261121_track": True}
    assert job.counters == {"days": 2}
    assert not await job.run(), "there is nothing left to do"
    assert job.counters == {"days": 2}


async def test_a_track_is_read_from_it_alone(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> None:
    before = await track_of(database, 7)
    await drain(job)
    lines = await tracks.owner.fetch(
        "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) SELECT fixed_at, received_at, geom, speed_mps,"
        " ais FROM fix WHERE vehicle_id = 7 AND fixed_at >= $1 AND fixed_at < $2"
        " AND NOT implausible AND department_id = any('{1,2,3}') ORDER BY fixed_at".replace(
            "$1", f"'{NOON}'"
        ).replace("$2", f"'{NOON + timedelta(hours=2)}'")
    )
    plan = "\n".join(row[0] for row in lines)
    assert "Index Only Scan using fix_20261120_track" in plan, plan
    assert "Heap Fetches: 0" in plan, plan
    assert await track_of(database, 7) == before
    assert len(before) == FIXES


async def test_a_commit_waits_for_nothing_and_what_comes_late_meanwhile_is_in_it(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> None:
    """A writer that was there first is waited for; others go on."""
    async with waited_for(database, tracks, job) as (writing, building):
        await tracks.owner.execute("SET lock_timeout = '1s'")
        await tracks.owner.execute(INSERT, *LATER)
        assert not building.done()
        await writing.commit()
        await building
    assert await indexes(tracks) == {"fix_20261120_track": True}
    found = await track_of(database, 7)
    assert len(found) == FIXES + 2
    assert {114.5, 114.6} <= set(found)


async def test_a_reader_is_waited_for_and_holds_up_nobody(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> None:
    async with connected(database) as slow:
        reading = slow.transaction(isolation="repeatable_read")
        await reading.start()
        assert await slow.fetchval("SELECT count(*) FROM fix") == VEHICLES * FIXES
        building = asyncio.create_task(drain(job))
        await waiting_in(tracks, "waiting for old snapshots%")
        await tracks.owner.execute("SET lock_timeout = '1s'")
        await tracks.owner.execute(INSERT, *LATE)
        assert len(await track_of(database, 7)) == FIXES + 1
        assert await slow.fetchval("SELECT count(*) FROM fix") == VEHICLES * FIXES
        assert not building.done()
        await reading.rollback()
        await building
    assert len(await track_of(database, 7)) == FIXES + 1


async def test_what_was_broken_off_is_made_anew(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> None:
    async with waited_for(database, tracks, job) as (writing, building):
        other = TrackIndexJob(database.dsn("milepost_owner"))
        assert not await other.run(), "one that is at work is left alone"
        await run_as_superuser(
            database.postgres, "SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index"
        )
        with pytest.raises(DatabaseUnreachable, match="terminating connection"):
            await building
        await writing.commit()
    assert await indexes(tracks) == {"fix_20261120_track": False}
    assert len(await track_of(database, 7)) == FIXES + 1, "the day is whole without it"
    await drain(job)
    assert await indexes(tracks) == {"fix_20261120_track": True}
    assert len(await track_of(database, 7)) == FIXES + 1


async def test_it_leaves_with_its_day(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> None:
    """And a legal hold keeps both."""
    await tracks.ensure_days(date(2024, 1, 5), 1)
    await tracks.owner.execute(
        "INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id)"
        " SELECT t, t, ST_SetSRID(ST_MakePoint(1, 1), 4326), v, 1, 1 + v % 3"
        " FROM generate_series(1, 3) AS v, LATERAL (SELECT timestamptz '2024-01-05Z' AS t) AS t"
    )
    await tracks.owner.execute(
        "INSERT INTO legal_hold (department_id, vehicle_id, during, reason, placed_by)"
        " VALUES (1, 3, '[2024-01-01Z, 2024-02-01Z)', 'court', 'test')"
    )
    await drain(job)
    assert set(await indexes(tracks)) == {"fix_202401_track", "fix_20261120_track"}
    await run_retention(database.dsn("milepost_owner"), run_by="test")
    assert (
        await tracks.owner.fetchval("SELECT count(*) FROM fix WHERE fixed_at < '2025-01-01Z'") == 1
    )
    assert await indexes(tracks) == {"fix_202401_track": True, "fix_20261120_track": True}
    await tracks.owner.execute("UPDATE legal_hold SET lifted_at = now(), lifted_by = 'test'")
    await run_retention(database.dsn("milepost_owner"), run_by="test")
    assert await indexes(tracks) == {"fix_20261120_track": True}
    assert not await job.run()


async def test_a_failure_is_told_and_not_tried_again_at_once(
    database: Database, tracks: Tracks, job: TrackIndexJob
) -> None:
    superuser = await asyncpg.connect(database.dsn("postgres"))
    await superuser.execute("ALTER TABLE fix_20261120 OWNER TO postgres")
    with pytest.raises(TrackIndexFailed, match=r"fix_20261120: must be owner"):
        await job.run()
    await superuser.execute("ALTER TABLE fix_20261120 OWNER TO milepost_owner")
    await superuser.close()
    with pytest.raises(TrackIndexFailed, match="must be owner"):
        await job.run()
    await drain(TrackIndexJob(database.dsn("milepost_owner")))
    assert await indexes(tracks) == {"fix_20261120_track": True}


async def test_it_is_a_job_of_the_worker(database: Database) -> None:
    pool = await asyncpg.create_pool(database.dsn("milepost_worker"), min_size=1)
    names = [each.name for each in jobs_of(pool, database.dsn("milepost_owner"))]
    await pool.close()
    assert "track index" in names
