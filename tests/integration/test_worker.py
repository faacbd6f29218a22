"""The worker as a process, its jobs, and that commits and it do not wait for each other."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from geo.limits import DEFAULT_GAP_MS
from tests.conftest import Database
from tests.integration.motion_world import MotionWorld, Seen, as_rows, motion_world, told, truth
from tests.integration.service import MILEPOST
from tests.integration.session import Session
from tracker.errors import DatabaseUnreachable, TrackerError
from tracker.motion import MotionJob
from tracker.worker import Job, keep_doing

DEGREE_M = 102_000.0


def drive(seconds: range) -> list[Seen]:
    return [Seen(s, 114.1 + 10 * s / DEGREE_M, 22.3, 10.0, ignition=True) for s in seconds]


@pytest.fixture
async def world(database: Database) -> AsyncIterator[MotionWorld]:
    async with motion_world(database) as made:
        yield made


async def commit(world: MotionWorld, seen: list[Seen]) -> None:
    async with world.committer() as committer:
        await committer.commit([world.message(each) for each in seen])


async def test_the_process_works_says_so_and_stops(world: MotionWorld, tmp_path: Path) -> None:
    await commit(world, drive(range(0, 600, 10)))
    # A data folder that is not there yet, as where the database is another machine's.
    given = world.database.environment() | {"MILEPOST_DATA": str(tmp_path / "none" / "yet")}
    settings = {**os.environ, **given}
    with Session(
        "env",
        *(f"{key}={value}" for key, value in given.items()),
        *MILEPOST,
        "worker",
    ) as session:
        async with asyncio.timeout(30):
            counted = "SELECT (counters->'fixes')::int FROM worker_job WHERE name = 'motion'"
            while await world.owner.fetchval(counted) != 60:
                assert session.process.poll() is None, "\n".join(session.lines)
                await asyncio.sleep(0.05)
        said = await asyncio.create_subprocess_exec(
            *MILEPOST, "status", env=settings, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await said.communicate()
        assert b"worker     motion" in out
        assert b"60 fixes" in out
        session.process.terminate()
        assert session.end() == 0


async def test_a_live_vehicle_is_written_anew_only_now_and_then(world: MotionWorld) -> None:
    job = MotionJob(world.pool, refresh_s=3600)
    await commit(world, drive(range(0, 100, 10)))
    assert await job.run()
    await commit(world, drive(range(100, 200, 10)))
    assert not await job.run()
    assert await MotionJob(world.pool, refresh_s=0).run()
    assert told(await world.stored()) == as_rows(truth(await world.fixes(), DEFAULT_GAP_MS))


async def test_a_live_fix_notes_no_change_of_the_past(world: MotionWorld) -> None:
    await commit(world, drive(range(0, 300, 10)))
    await commit(world, drive(range(300, 600, 10)))
    assert await world.owner.fetchval("SELECT count(*) FROM past_change") == 0
    await commit(world, drive(range(5, 300, 100)))
    [note] = await world.owner.fetch("SELECT from_at, to_at FROM past_change")
    seconds = [(note[key] - world.start).total_seconds() for key in ("from_at", "to_at")]
    assert seconds == [5, 205]


async def test_a_late_fix_that_lands_while_the_past_is_gone_over_is_not_lost(
    world: MotionWorld,
) -> None:
    job = world.job()
    await commit(world, drive(range(0, 6000, 20)))
    await job.drain()
    await commit(world, drive(range(1010, 1200, 20)))
    async with world.pool.acquire() as connection, connection.transaction():
        await job.work_slice(connection)
        # The slice has read the past; a commit waits for none of it, and is seen by the next.
        await asyncio.wait_for(commit(world, drive(range(3010, 3200, 20))), 10)
    assert await world.owner.fetchval("SELECT count(*) FROM past_change") == 1
    await job.drain()
    assert told(await world.stored()) == as_rows(truth(await world.fixes(), DEFAULT_GAP_MS))


async def test_a_late_fix_goes_over_no_more_than_it_must(world: MotionWorld) -> None:
    steps = []
    for hour in range(10):
        steps += drive(range(3600 * hour, 3600 * hour + 1500, 10))
        last = steps[-1]
        steps += [
            last._replace(second=second, speed_mps=0.0)
            for second in range(last.second + 60, 3600 * hour + 3600, 60)
        ]
    job = world.job()
    await commit(world, steps)
    await job.drain()
    kept = await world.owner.fetch("SELECT started_at, xmin::text FROM track_chunk ORDER BY 1")

    await commit(world, [steps[30]._replace(second=steps[30].second + 3)])
    await job.drain()

    assert job.counters["again"] == 1
    after = await world.owner.fetch("SELECT started_at, xmin::text FROM track_chunk ORDER BY 1")
    changed = [a["started_at"] for a, b in zip(after, kept, strict=True) if a != b]
    assert max(changed) - world.start < timedelta(hours=3)
    assert told(await world.stored()) == as_rows(truth(await world.fixes(), DEFAULT_GAP_MS))


async def test_fixes_that_go_are_no_longer_counted(world: MotionWorld) -> None:
    await commit(world, drive(range(0, 6000, 20)))
    await world.job().drain()
    await world.owner.execute(
        "WITH gone AS (DELETE FROM fix WHERE fixed_at BETWEEN $1 AND $1 + interval '10 minutes')"
        " INSERT INTO past_change (vehicle_id, from_at) VALUES (1, $1)",
        world.start,
    )
    await world.job().drain()
    assert told(await world.stored()) == as_rows(truth(await world.fixes(), DEFAULT_GAP_MS))


async def test_what_was_made_of_fixes_that_are_too_old_stands(world: MotionWorld) -> None:
    await commit(world, drive(range(0, 1500, 20)))
    await commit(world, drive(range(20_000, 22_000, 20)))
    await world.job().drain()
    driven_m = await world.owner.fetchval("SELECT distance_m FROM odometer")
    # As the retention of old fixes leaves them: no fix and no checkpoint, and no word of it.
    await world.owner.execute(
        "WITH gone AS (DELETE FROM fix WHERE fixed_at < $1) DELETE FROM motion_checkpoint",
        world.start + timedelta(seconds=10_000),
    )

    await commit(world, drive(range(20_010, 20_200, 20)))
    await world.job().drain()

    assert await world.owner.fetchval("SELECT count(*) FROM past_change") == 0
    assert await world.owner.fetchval("SELECT distance_m FROM odometer") == driven_m
    trips = await world.owner.fetch("SELECT started_at, ends_by FROM trip ORDER BY 1")
    assert [tuple(row) for row in trips] == [
        (world.start, "gap"),
        (world.start + timedelta(seconds=20_000), "open"),
    ]


async def test_a_job_that_fails_says_why_and_goes_on(world: MotionWorld) -> None:
    outcomes: list[bool | TrackerError] = [DatabaseUnreachable("(a test)"), True, False, False]
    is_done = asyncio.Event()

    async def run() -> bool:
        if not outcomes:
            is_done.set()
            return False
        outcome = outcomes.pop(0)
        if isinstance(outcome, TrackerError):
            raise outcome
        return outcome

    job = Job(name="trying", every_s=0.01, run=run)
    doing = asyncio.create_task(keep_doing(job, world.pool, retry_s=0.01))
    await asyncio.wait_for(is_done.wait(), 30)
    doing.cancel()
    row = await world.owner.fetchrow("SELECT error FROM worker_job WHERE name = 'trying'")
    assert row is not None
    assert row["error"] is None
