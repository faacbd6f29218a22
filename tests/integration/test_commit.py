"""The commit, case by case: fences that change, late fixes and their alerts, the lease."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.conftest import Database
from tests.integration.commit_world import (
    EAST,
    INSIDE,
    NORTH,
    SOUTH,
    World,
    fence_since,
    world_in,
)
from tracker.commit import Committer
from tracker.errors import LeaseLost
from tracker.registry import NewVehicle


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    # Of a class whose fixes may be a kilometre and ten seconds apart.
    async with world_in(database, vehicle_class="aircraft") as world:
        yield world


async def test_a_fence_made_over_a_standing_vehicle_finds_it_present_once(world: World) -> None:
    await world.drive((0, INSIDE))
    await fence_since(world, 10)

    await world.committer.refresh()
    await world.committer.refresh()
    await world.drive((20, INSIDE))
    await world.drive((30, NORTH))

    assert await world.events("kind", "cause", "second") == [
        ("present", "fence_created", 10.0),
        ("exit", None, 25.0),
    ]


async def test_a_fence_made_before_a_fix_that_was_quicker_is_judged_all_the_same(
    world: World,
) -> None:
    await world.drive((0, INSIDE))
    await world.drive((20, INSIDE))
    await fence_since(world, 10)

    await world.committer.refresh()

    assert await world.events("kind", "cause", "second") == [("present", "fence_created", 10.0)]


async def test_a_late_fix_elsewhere_takes_back_what_was_found_at_a_new_fence(
    world: World,
) -> None:
    await world.drive((0, INSIDE))
    await fence_since(world, 10)
    await world.committer.refresh()

    await world.drive((5, NORTH))

    assert await world.events("kind") == []
    assert await world.owner.fetchval("SELECT inside FROM fence_state") == []


async def test_an_ended_fence_lets_its_vehicle_go(world: World) -> None:
    await fence_since(world, -10)
    await world.drive((0, INSIDE))
    await world.end_fence(5)

    await world.committer.refresh()
    await world.drive((10, NORTH))

    assert await world.events("kind", "cause", "second") == [
        ("present", "first_fix", 0.0),
        ("exit", "fence_deleted", 5.0),
    ]


async def test_a_pass_through_that_a_late_fix_disproves_is_withdrawn_with_its_alerts(
    world: World,
) -> None:
    await fence_since(world, -10)
    await world.drive((0, SOUTH), (100, NORTH))
    assert await world.events("kind", "second", "interpolated") == [
        ("enter", 25.0, True),
        ("exit", 75.0, True),
    ]
    assert await world.alerts() == [("enter", "open"), ("exit", "open")]

    await world.drive((50, EAST))

    assert await world.events("kind") == []
    assert await world.alerts() == [("enter", "closed"), ("exit", "closed")]
    withdrawn = await world.owner.fetch("SELECT revision FROM event WHERE status = 'withdrawn'")
    assert [row["revision"] for row in withdrawn] == [1, 1]
    assert await world.owner.fetchval("SELECT count(*) FROM outbox") == 4


async def test_an_amendment_keeps_the_alert(world: World) -> None:
    await fence_since(world, -10)
    await world.drive((0, SOUTH), (20, INSIDE))
    before = await world.owner.fetchrow("SELECT id, event_id FROM alert")

    await world.drive((10, EAST))

    after = await world.owner.fetchrow("SELECT id, event_id FROM alert")
    [(event_id, amends, late)] = await world.events("id", "amends", "late")
    assert before is not None
    assert after is not None
    assert after["id"] == before["id"]
    assert (after["event_id"], amends) == (event_id, before["event_id"])
    assert late
    assert await world.alerts() == [("enter", "open")]


async def test_old_news_alerts_nobody(world: World) -> None:
    world.start -= timedelta(hours=2)
    await fence_since(world, -10)
    await world.drive((0, SOUTH), (7000, SOUTH))
    assert await world.alerts() == []

    await world.drive((3000, INSIDE))

    assert [kind for (kind,) in await world.events("kind")] == ["enter", "exit"]
    assert await world.alerts() == []


async def test_the_first_of_two_fixes_of_one_instant_stays(world: World) -> None:
    await world.drive((0, SOUTH), (0, NORTH))
    await world.drive((0, EAST))
    rows = await world.owner.fetch("SELECT ST_Y(geom) AS lat FROM fix")
    assert [row["lat"] for row in rows] == [SOUTH[1]]


async def test_who_lost_the_shard_writes_nothing(world: World) -> None:
    successor = await Committer.open(world.database.dsn("milepost_ingest"))

    with pytest.raises(LeaseLost):
        await world.drive((0, INSIDE))

    assert await world.owner.fetchval("SELECT count(*) FROM fix") == 0
    with pytest.raises(LeaseLost):
        await world.committer.refresh()
    await successor.commit([world.message(0, INSIDE)])
    assert await world.owner.fetchval("SELECT count(*) FROM fix") == 1
    await successor.close()


async def test_a_device_counts_for_the_vehicle_that_it_was_in_at_the_time(world: World) -> None:
    await world.add(NewVehicle(ref="W", department="D"))
    await world.owner.execute(
        "UPDATE device_assignment SET during = tstzrange(NULL, $1)",
        world.start + timedelta(seconds=50),
    )
    await world.owner.execute(
        "INSERT INTO device_assignment (department_id, device_id, vehicle_id, during)"
        " VALUES (1, 1, 2, tstzrange($1, NULL))",
        world.start + timedelta(seconds=60),
    )

    committed = await world.committer.commit(
        [world.message(second, SOUTH) for second in (40, 55, 70)]
    )

    rows = await world.owner.fetch("SELECT vehicle_id FROM fix ORDER BY fixed_at")
    assert [row["vehicle_id"] for row in rows] == [1, 2]
    assert committed.refused == {"unassigned": 1}
