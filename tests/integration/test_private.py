"""What a private time keeps, of what came before it was declared and after, and who sees it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from geo.fix import Fix
from tests.conftest import Database
from tests.integration.commit_world import INSIDE, NORTH, SOUTH, Place, World, fence_since, world_in
from tracker import reads
from tracker.connect import open_pool, reading_engine, scoped
from tracker.errors import BadInput, Unknown
from tracker.keeping import holds, policy, private
from tracker.keeping.jobs import PrivateTurns, RetentionJob
from tracker.message import Message, Reading, Refusal
from tracker.motion import MotionJob
from tracker.registry import NewDevice, NewVehicle, move


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        yield made


async def edit(world: World, change: Any, *args: Any, **named: Any) -> Any:  # noqa: ANN401  any edit
    async with world.database.transaction() as connection:
        made = await change(connection, *args, **named)
    return made


async def declare(
    world: World, first_s: float, end_s: float | None, keeps: private.Keeps = "nothing"
) -> int:
    number: int = await edit(
        world,
        private.declare,
        "D/V",
        since=world.start + timedelta(seconds=first_s),
        until=None if end_s is None else world.start + timedelta(seconds=end_s),
        keeps=keeps,
        by="t",
    )
    return number


async def seconds(world: World) -> list[int]:
    rows = await world.owner.fetch(
        "SELECT fixed_at FROM fix WHERE fixed_at > '-infinity' ORDER BY fixed_at"
    )
    return [round((row["fixed_at"] - world.start).total_seconds()) for row in rows]


async def look(world: World) -> None:
    while await world.committer.refresh() is not None:
        pass


def numbered(world: World, seq: int, *points: tuple[float, Place]) -> Message:
    messages = [world.message(*point) for point in points]
    return messages[0]._replace(
        boot="b", seq=seq, readings=[reading for each in messages for reading in each.readings]
    )


async def test_what_comes_of_a_private_time_is_acknowledged_and_not_stored(world: World) -> None:
    await declare(world, 10, 20)
    committed = await world.committer.commit(
        [
            numbered(world, 1, (5, SOUTH)),
            numbered(world, 2, (10, SOUTH), (15, SOUTH)),
            numbered(world, 3, (15.5, SOUTH), (20, SOUTH)),
        ]
    )
    assert (committed.stored, committed.suppressed) == (2, 3)
    assert list(committed.receipts[0].dealt) == [(1, 3)]
    assert await seconds(world) == [5, 20]
    assert await world.owner.fetch("SELECT * FROM presence") == []

    [boot] = await edit(world, reads.receipts, device_id=1)
    assert (boot["dealt"], boot["stored"], boot["refused"], boot["suppressed"]) == (3, 1, 0, 2)


async def test_what_was_stored_before_is_erased_with_the_events_that_it_proved(
    world: World,
) -> None:
    await fence_since(world, -100)
    await world.drive((0, SOUTH), (20, INSIDE), (40, SOUTH), (60, INSIDE))
    assert await world.events("kind") == [("enter",), ("exit",), ("enter",)]
    await declare(world, 15, 45)
    await look(world)
    assert await seconds(world) == [0, 60]
    assert [row[0] for row in await world.events("kind")] == ["enter"]
    told = await world.owner.fetch("SELECT body ->> 'status' AS status FROM outbox ORDER BY id")
    assert [row["status"] for row in told].count("withdrawn") == 3


async def test_a_long_private_time_is_erased_in_portions(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tracker.erasing.PORTION", 3)
    await world.drive(*((second, SOUTH) for second in range(20)))
    await declare(world, 2, 18)
    await look(world)
    assert await seconds(world) == [0, 1, 18, 19]
    assert await world.owner.fetchval("SELECT applied_at IS NOT NULL FROM private_interval")


async def test_many_vehicles_may_be_gone_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each changes the registry, which is not read anew for it."""
    monkeypatch.setattr("tracker.commit.REGISTRY_TRIES", 2)
    monkeypatch.setattr("tracker.commit.ERASED_AT_ONCE", 100)
    await world.drive((0, SOUTH))
    for n in range(4):
        await world.add(
            NewVehicle(ref=f"V{n}", department="D"),
            NewDevice(ref=f"box{n}", department="D", vehicle=f"V{n}"),
        )
        await world.committer.commit([world.message(0, SOUTH)._replace(device_ref=f"box{n}")])
    for vehicle in ("V", "V0", "V1", "V2", "V3"):
        await edit(
            world,
            private.declare,
            f"D/{vehicle}",
            since=world.start,
            until=None,
            keeps="nothing",
            by="t",
        )
    await look(world)
    assert await world.owner.fetch("SELECT * FROM latest") == []
    assert await seconds(world) == []


async def test_a_hold_keeps_what_is_private_until_it_is_lifted(world: World) -> None:
    await world.drive(*((second, SOUTH) for second in range(6)))
    number = await edit(
        world,
        holds.place,
        "D/V",
        since=world.start + timedelta(seconds=2),
        until=world.start + timedelta(seconds=4),
        reason="case",
        by="clerk",
    )
    await declare(world, 1, None)
    await look(world)
    assert await seconds(world) == [0, 2, 3]
    await edit(world, holds.lift, number, by="clerk")
    await look(world)
    assert await seconds(world) == [0]


async def test_late_fixes_of_an_old_private_time_are_suppressed_too(world: World) -> None:
    day_s = 86_400.0
    await declare(world, -30 * day_s, -29 * day_s)
    committed = await world.drive((-29.5 * day_s, SOUTH), (-28.5 * day_s, SOUTH))
    assert (committed.stored, committed.suppressed) == (1, 1)


async def test_of_presence_the_fences_are_kept_and_no_place(world: World) -> None:
    await fence_since(world, -100)
    await world.drive((0, SOUTH), (10, INSIDE))
    await declare(world, 5, None, "presence")
    await world.drive((20, INSIDE), (30, NORTH))
    assert await seconds(world) == [0]
    rows = await world.owner.fetch("SELECT inside FROM presence ORDER BY fixed_at")
    assert [row["inside"] for row in rows] == [[1], [1], []]
    [inside, *_] = await edit(
        world, reads.presence, vehicle="D/V", since=world.start, until=datetime.now(UTC)
    )
    assert inside == {"at": world.start + timedelta(seconds=10), "fences": ["D/square"]}
    assert await world.owner.fetchval("SELECT lat FROM latest") == SOUTH[1]


async def test_refused_bytes_of_a_private_time_are_not_kept(world: World) -> None:
    await declare(world, 10, 20)
    mixed = numbered(world, 1, (15, SOUTH))._replace(
        refusals=[Refusal(b"$GPRMC,secret", "checksum")], payload=b"whole secret"
    )
    spoilt = world.message(16, SOUTH)._replace(
        readings=[], refusals=[Refusal(b"$GPRMC,secret", "checksum")]
    )
    await world.committer.commit([mixed, spoilt])
    rows = await world.owner.fetch("SELECT reason, raw FROM reject")
    assert [tuple(row) for row in rows] == [("checksum", b""), ("checksum", b"")]
    [boot] = await edit(world, reads.receipts, device_id=1)
    assert (boot["dealt"], boot["refused"], boot["suppressed"]) == (1, 1, 0)


async def test_a_vehicle_that_is_private_now_has_no_position_for_any_reader(world: World) -> None:
    await world.drive((0, SOUTH))
    engine = reading_engine(world.database.dsn("milepost_api"))

    async def shown() -> int:
        async with scoped(engine, [1]) as scope:
            rows = reads.as_rows(await reads.positions(scope))
            assert len((await scope.execute(text("SELECT 1 FROM latest"))).all()) == len(rows)
            return len(rows)

    assert await shown() == 1
    number = await declare(world, 50, None)
    await look(world)
    assert await seconds(world) == [0]
    assert await shown() == 0
    await edit(world, private.end, number)
    assert await shown() == 1
    await engine.dispose()


async def test_off_duty_is_private_where_the_department_says_so(world: World) -> None:
    async def duty(second: float, status: str) -> None:
        await world.owner.execute(
            "INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by)"
            " VALUES (1, 1, $1, $2, 't')",
            world.start + timedelta(seconds=second),
            status,
        )

    await duty(-50, "off_duty")
    await duty(-40, "available")
    await edit(world, policy.keep_off_duty, "D", "nothing")
    await world.owner.execute("UPDATE department SET off_duty_since = $1", world.start)
    await world.drive((-45, SOUTH), (5, SOUTH), (15, SOUTH))
    assert await seconds(world) == [-45, 5, 15]
    await duty(20, "available")
    await duty(10, "off_duty")
    await look(world)
    await world.drive((12, SOUTH), (25, SOUTH))
    assert await seconds(world) == [-45, 5, 25]

    await duty(30, "off_duty")
    await edit(world, policy.keep_off_duty, "D", "all")
    rows = await world.owner.fetch("SELECT why, ends_at FROM private_interval ORDER BY starts_at")
    assert [row["why"] for row in rows] == ["off_duty", "off_duty"]
    assert rows[1]["ends_at"] <= datetime.now(UTC)


async def test_setting_the_policy_makes_private_who_is_off_duty_now(world: World) -> None:
    await world.owner.execute(
        "INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by)"
        " VALUES (1, 1, now() + interval '1 ms', 'off_duty', 't')"
    )
    await edit(world, policy.keep_off_duty, "D", "presence")
    row = await world.owner.fetchrow(
        "SELECT p.keeps, p.starts_at >= d.off_duty_since AS since, p.ends_at = 'infinity' AS open"
        " FROM private_interval AS p, department AS d"
    )
    assert tuple(row or ()) == ("presence", True, True)
    with pytest.raises(Unknown):
        await edit(world, private.end, 1)


async def test_a_private_time_that_has_begun_ends_now_and_one_to_come_is_gone(
    world: World,
) -> None:
    begun, to_come = await declare(world, 0, None), await declare(world, 9_000, 9_001)
    await edit(world, private.end, begun)
    await edit(world, private.end, to_come)
    [left] = await edit(world, reads.private_times, vehicle="D/V")
    assert left["until"] <= datetime.now(UTC)
    assert not left["is_now"]
    with pytest.raises(Unknown):
        await edit(world, private.end, begun)
    with pytest.raises(BadInput):
        await declare(world, 5, 5)


async def test_a_partition_that_left_is_made_anew_for_what_comes_behind(world: World) -> None:
    await world.drive((0, SOUTH))
    [name] = await world.owner.fetch(
        "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'fix'::regclass"
    )
    await world.owner.execute(f"DROP TABLE {name['name']}")
    assert (await world.drive((1, SOUTH))).stored == 1


async def test_a_swapped_box_leaves_what_it_sends_late_to_the_vehicle_it_was_in(
    world: World,
) -> None:
    await world.add(NewVehicle(ref="W", department="D"), NewDevice(ref="new", department="D"))
    swapped_at = world.start + timedelta(seconds=50)
    await edit(world, move, device="D/box", vehicle="W", since=swapped_at)
    await edit(world, move, device="D/new", vehicle="V", since=swapped_at)
    fixes = [("new", 60.0), ("box", 70.0), ("box", 49.0), ("new", 50.0), ("box", 20.0)]
    for device, second in fixes:
        message = world.message(second, SOUTH)
        await world.committer.commit([message._replace(device_ref=device)])
    rows = await world.owner.fetch(
        "SELECT v.ref, d.ref AS device, f.fixed_at FROM fix AS f JOIN vehicle AS v"
        " ON v.id = f.vehicle_id JOIN device AS d ON d.id = f.device_id"
        " WHERE f.fixed_at > '-infinity' ORDER BY 1, 3"
    )
    assert [
        (row["ref"], row["device"], (row["fixed_at"] - world.start).total_seconds()) for row in rows
    ] == [
        ("V", "box", 20),
        ("V", "box", 49),
        ("V", "new", 50),
        ("V", "new", 60),
        ("W", "box", 70),
    ]


async def test_a_fix_said_twice_in_a_private_time_is_there_once(world: World) -> None:
    await declare(world, 0, None, "presence")
    reading = Reading(replace(Fix(fixed_at=world.start, lon=114.0, lat=22.0)), b"x")
    message = world.message(0, SOUTH)._replace(readings=[reading, reading])
    committed = await asyncio.wait_for(world.committer.commit([message, message]), 10)
    assert committed.stored == 0
    assert await world.owner.fetchval("SELECT count(*) FROM presence") == 1


async def test_the_worker_tells_once_of_private_times_that_turn_by_the_clock(world: World) -> None:
    pool = await open_pool(world.database.dsn("milepost_worker"), size=1)
    turns = PrivateTurns(pool)
    version = "SELECT registry_version FROM installation"
    await declare(world, -500, -400)
    await declare(world, 9_000, None)
    await world.owner.execute("UPDATE installation SET private_told_at = $1", world.start)
    before = await world.owner.fetchval(version)
    await turns.run()
    assert await world.owner.fetchval(version) == before
    await world.owner.execute(
        "UPDATE installation SET private_told_at = $1", world.start - timedelta(seconds=450)
    )
    await turns.run()
    await turns.run()
    assert await world.owner.fetchval(version) == before + 1
    assert turns.counters == {"turned": 1}
    await pool.close()


async def test_the_worker_lets_go_once_a_day(world: World) -> None:
    pool = await open_pool(world.database.dsn("milepost_worker"), size=1)
    job = RetentionJob(pool, world.database.dsn("milepost_owner"))
    await job.run()
    await job.run()
    assert job.counters["runs"] == 1
    await world.owner.execute("UPDATE retention_run SET ended_at = ended_at - interval '1 day'")
    await job.run()
    assert job.counters["runs"] == 2
    await pool.close()


@pytest.mark.parametrize(("first_s", "end_s"), [(100, 200), (0, 200), (200, None), (0, None)])
async def test_what_the_worker_made_of_private_fixes_goes_with_them(
    world: World, first_s: float, end_s: float | None
) -> None:
    pool = await open_pool(world.database.dsn("milepost_worker"), size=1)
    job = MotionJob(pool, refresh_s=0.0)
    await world.drive(*((second, (114.1, 22.3 + second * 1e-4)) for second in range(0, 300, 10)))
    await job.drain()
    made = "SELECT coalesce(sum(fixes), 0) FROM track_chunk"
    assert await world.owner.fetchval(made) == 30
    await declare(world, first_s, end_s)
    await look(world)
    await job.drain()
    left = await seconds(world)
    assert left == [
        second
        for second in range(0, 300, 10)
        if second < first_s or (end_s is not None and second >= end_s)
    ]
    assert await world.owner.fetchval(made) == len(left)
    points = await world.owner.fetchval(
        "SELECT count(DISTINCT p.geom) FROM track_chunk, ST_DumpPoints(path) AS p"
    )
    assert points == len(left)
    await pool.close()
