"""What is past leaves: whole partitions, the rest by batches, and nothing that is held."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from tests.conftest import Database
from tests.integration.keeping_world import Archive, archive_in, others, partition_of
from tracker.keeping import holds, policy
from tracker.keeping.plan import plan

#: Generous: on this machine it is some milliseconds.
LOCKED_S = 1.0
DEADLINE_S = 20.0


@pytest.fixture
async def archive(database: Database) -> AsyncIterator[Archive]:
    async with archive_in(database) as world:
        yield world


async def test_a_partition_past_everybodys_retention_leaves_as_a_whole(archive: Archive) -> None:
    old, young = archive.ago(401), archive.ago(400)
    for vehicle in (1, 2):
        await archive.store(vehicle, old)
        await archive.store(vehicle, young)
    outcome = await archive.run()
    assert outcome.left == [partition_of(old)]
    assert outcome.rows["partition", 1] == outcome.rows["partition", 2] == 10
    assert not outcome.errors
    assert await archive.tables() == [partition_of(young)]
    assert await archive.left(2) == 10


async def test_of_two_departments_in_one_partition_each_keeps_its_own_time(
    archive: Archive,
) -> None:
    day = archive.ago(91)
    for vehicle in (1, 2):
        await archive.store(vehicle, day)
        await archive.store(vehicle, archive.ago(90))
    outcome = await archive.run()
    assert outcome.left == []
    assert outcome.rows == {("fix", 1): 10}
    assert (await archive.left(1), await archive.left(2)) == (10, 20)


async def test_many_rows_leave_in_bounded_batches(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.keeping.retention.BATCH_ROWS", 7)
    await archive.store(1, archive.ago(101, hours=23), count=100)
    await archive.store(2, archive.ago(101), count=3)
    outcome = await archive.run()
    assert outcome.rows == {("fix", 1): 100}
    assert (await archive.left(1), await archive.left(2)) == (0, 3)


async def test_what_is_held_stays_with_its_partition_and_the_rest_of_it_goes(
    archive: Archive,
) -> None:
    day = archive.ago(450)
    for vehicle in (1, 2, 3):
        await archive.store(vehicle, day)
    number = await archive.hold("B/B1", day + timedelta(minutes=2), day + timedelta(minutes=6))
    outcome = await archive.run()
    assert outcome.left == []
    assert [await archive.left(vehicle) for vehicle in (1, 2, 3)] == [0, 4, 0]
    assert await archive.tables() == [partition_of(day)]

    await archive.edit(holds.lift, number, by="clerk")
    outcome = await archive.run()
    assert outcome.left == [partition_of(day)]
    assert await archive.tables() == []


async def test_a_hold_on_a_department_keeps_a_shared_partition_of_both_for_it_alone(
    archive: Archive,
) -> None:
    day = archive.ago(100)
    for vehicle in (1, 2):
        await archive.store(vehicle, day)
    await archive.hold("A", archive.ago(200), archive.ago(1))
    assert (await archive.run()).rows == {}
    assert (await archive.left(1), await archive.left(2)) == (10, 10)


async def test_a_hold_over_nothing_keeps_no_empty_partition(archive: Archive) -> None:
    day = archive.ago(450)
    await archive.store(1, day)
    await archive.hold("B", archive.ago(460), archive.ago(440))
    assert (await archive.run()).left == [partition_of(day)]


async def test_no_statement_deletes_what_is_held(archive: Archive) -> None:
    await archive.store(1, archive.ago(5))
    await archive.hold("A/A1", archive.ago(5), archive.ago(4))
    with pytest.raises(asyncpg.RaiseError, match="legal hold"):
        await archive.owner.execute("DELETE FROM fix WHERE fixed_at > '2000-01-01Z'")
    assert await archive.left(1) == 10


async def test_a_partition_leaves_beside_a_reader_and_an_inserter_who_wait_for_nothing(
    archive: Archive,
) -> None:
    """The reader had the partition open before; while it leaves others read and insert."""
    old, today = archive.ago(450), archive.today
    await archive.store(1, old)
    await archive.store(1, today)
    reader = await asyncpg.connect(archive.database.dsn("milepost_owner"))
    inserter = await asyncpg.connect(archive.database.dsn("milepost_owner"))
    begun = reader.transaction(isolation="repeatable_read", readonly=True)
    await begun.start()
    await reader.fetch("SELECT * FROM fix WHERE fixed_at < $1", today)

    leaving = asyncio.create_task(archive.run())
    waits = []
    await wait_until_pending(archive)
    for minute in range(20, 60):
        began_s = time.monotonic()
        await asyncio.wait_for(
            inserter.execute(
                "INSERT INTO fix (vehicle_id, device_id, department_id, fixed_at, received_at,"
                " geom) VALUES (1, 1, 1, $1, now(), ST_SetSRID(ST_MakePoint(114, 22), 4326))",
                today + timedelta(minutes=minute),
            ),
            DEADLINE_S,
        )
        await asyncio.wait_for(archive.owner.fetch("SELECT * FROM fix WHERE fixed_at > $1", old), 9)
        waits.append(time.monotonic() - began_s)
    assert not leaving.done()
    await begun.rollback()
    assert (await asyncio.wait_for(leaving, DEADLINE_S)).left == [partition_of(old)]
    assert max(waits) < LOCKED_S
    for connection in (reader, inserter):
        await connection.close()


async def pending(archive: Archive) -> bool:
    found = await archive.owner.fetchval("SELECT bool_or(inhdetachpending) FROM pg_inherits")
    return bool(found)


async def wait_until_pending(archive: Archive) -> None:
    async with asyncio.timeout(DEADLINE_S):
        while not await pending(archive):  # noqa: ASYNC110  another process makes it true
            await asyncio.sleep(0)


async def test_a_leaving_that_was_broken_off_is_ended_by_the_next_run(archive: Archive) -> None:
    old = archive.ago(450)
    await archive.store(1, old)
    await archive.store(1, archive.ago(451))
    reader = await asyncpg.connect(archive.database.dsn("milepost_owner"))
    begun = reader.transaction()
    await begun.start()
    await reader.fetch("SELECT * FROM fix WHERE fixed_at < $1", archive.today)
    leaving = asyncio.create_task(archive.run())
    await wait_until_pending(archive)
    superuser = await asyncpg.connect(archive.database.dsn("postgres"))
    await superuser.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%CONCURRENTLY%'"
        " AND pid <> pg_backend_pid()"
    )
    await superuser.close()
    with pytest.raises(Exception, match=r"terminat|closed"):
        await asyncio.wait_for(leaving, DEADLINE_S)
    assert await pending(archive)
    await begun.rollback()
    await reader.close()

    assert (await archive.run()).left == [partition_of(archive.ago(451)), partition_of(old)]
    assert await archive.tables() == []
    runs = await archive.edit(policy.runs, 5)
    assert [row["ended_at"] is None for row in runs[:1]] == [True]
    assert runs[-1]["ended_at"] is not None


async def test_a_detached_partition_that_was_not_dropped_goes_or_comes_back_if_it_is_held(
    archive: Archive,
) -> None:
    days = (archive.ago(450), archive.ago(449))
    for day in days:
        await archive.store(1, day)
        name = partition_of(day)
        await archive.owner.execute(f"ALTER TABLE fix DETACH PARTITION {name} CONCURRENTLY")
    await archive.hold("A/A1", days[1], archive.ago(448))
    assert (await archive.run()).left == [partition_of(days[0])]
    assert await archive.left(1) == 10


async def test_a_reader_that_never_ends_only_puts_the_leaving_off(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.keeping.retention.DETACH_WITHIN_S", 0.3)
    await archive.store(1, archive.ago(450))
    reader = await asyncpg.connect(archive.database.dsn("milepost_owner"))
    begun = reader.transaction()
    await begun.start()
    await reader.fetch("SELECT * FROM fix WHERE fixed_at < $1", archive.today)
    outcome = await archive.run()
    assert outcome.left == []
    assert "in use" in outcome.errors[0]
    await begun.rollback()
    await reader.close()
    assert len((await archive.run()).left) == 1


async def test_the_plan_says_what_would_go_and_why_the_rest_stays(archive: Archive) -> None:
    whole, held, shared = archive.ago(450), archive.ago(449), archive.ago(100)
    for day in (whole, held, shared):
        for vehicle in (1, 2):
            await archive.store(vehicle, day)
    number = await archive.hold("B/B1", held, held + timedelta(minutes=4))
    planned = await plan(archive.owner)
    assert [(each.partition.name, each.whole) for each in planned] == [
        (partition_of(whole), True),
        (partition_of(held), False),
        (partition_of(shared), False),
    ]
    told = [
        [(going.department, going.rows, going.going, going.held) for going in each.departments]
        for each in planned
    ]
    assert told == [
        [("A", 10, 10, 0), ("B", 10, 10, 0)],
        [("A", 10, 10, 0), ("B", 10, 6, 4)],
        [("A", 10, 10, 0), ("B", 10, 0, 0)],
    ]
    assert planned[1].stays == [f"hold {number} on B/B1 by clerk: case 12"]
    assert planned[2].stays[0].startswith("B keeps 400 days")
    assert all(each.partition.bytes > 0 for each in planned)
    assert await archive.left(1) == 30

    await archive.run()
    assert [await archive.left(vehicle) for vehicle in (1, 2)] == [0, 14]


async def test_what_tells_of_the_past_beside_fixes_leaves_with_them(archive: Archive) -> None:
    for department in (1, 2):
        await others(archive, department, 91)
    outcome = await archive.run()
    expected = dict.fromkeys(
        (
            *("alert", "event", "outbox", "presence", "reject", "reject_day", "receipt"),
            *("device_notice", "duty_status", "private_interval", "latest"),
            *("track_chunk", "trip", "stop", "gap", "vehicle_day"),
            *("motion_cursor", "motion_checkpoint", "checkpoint"),
        ),
        1,
    )
    assert {what: n for (what, of), n in outcome.rows.items() if of == 1} == expected
    assert {of for _, of in outcome.rows} == {1}
    assert await archive.owner.fetchval("SELECT status FROM duty_status WHERE vehicle_id = 1") == (
        "available"
    )


async def test_a_hold_keeps_what_is_beside_fixes_too(archive: Archive) -> None:
    await others(archive, 1, 91)
    await archive.hold("A/A1", archive.ago(91), archive.ago(90))
    assert (await archive.run()).rows == {}


async def test_the_shard_of_a_vehicle_whose_latest_is_past_is_read_anew(archive: Archive) -> None:
    await others(archive, 1, 91)
    before = await archive.owner.fetchval("SELECT token FROM feed WHERE id = 1")
    await archive.run()
    assert await archive.owner.fetchval("SELECT token FROM feed WHERE id = 1") == before + 1
    await archive.run()
    assert await archive.owner.fetchval("SELECT token FROM feed WHERE id = 1") == before + 1


async def test_a_hold_that_is_being_placed_is_waited_for(archive: Archive) -> None:
    await archive.store(1, archive.ago(100))
    placing = await asyncpg.connect(archive.database.dsn("milepost_owner"))
    begun = placing.transaction()
    await begun.start()
    await placing.execute(
        "INSERT INTO legal_hold (department_id, during, reason, placed_by)"
        " VALUES (1, tstzrange($1, NULL), 'case', 'clerk')",
        archive.ago(200),
    )
    leaving = asyncio.create_task(archive.run())
    async with asyncio.timeout(DEADLINE_S):
        while not await archive.owner.fetchval(  # noqa: ASYNC110  another process makes it true
            "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)"
        ):
            await asyncio.sleep(0)
    await begun.commit()
    assert (await asyncio.wait_for(leaving, DEADLINE_S)).rows == {}
    assert await archive.left(1) == 10
    await placing.close()
