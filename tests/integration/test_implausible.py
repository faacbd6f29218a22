"""Implausible fixes (rule R9) through the commit: stored, marked, and moving nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.conftest import Database
from tests.integration.commit_world import INSIDE, Place, World, fence_since, world_in

#: 5 km north of INSIDE, and a little farther.
OFF, BESIDE = (114.105, 22.350), (114.105, 22.351)
ELSEWHERE = (114.200, 22.305)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as world:
        await fence_since(world, -10)
        yield world


async def marked(world: World) -> list[float]:
    """Which stored fixes are marked implausible: seconds after the start."""
    rows = await world.owner.fetch(
        "SELECT extract(epoch FROM fixed_at - $1)::float AS second FROM fix WHERE implausible"
        " ORDER BY 1",
        world.start,
    )
    return [row["second"] for row in rows]


async def latest(world: World) -> tuple[float, Place]:
    row = await world.owner.fetchrow(
        "SELECT extract(epoch FROM fixed_at - $1)::float AS second, lon, lat FROM latest",
        world.start,
    )
    assert row is not None
    return row["second"], (row["lon"], row["lat"])


async def live_number(world: World) -> int:
    number: int = await world.owner.fetchval("SELECT n FROM latest")
    return number


async def test_a_jump_moves_no_map_and_no_fence(world: World) -> None:
    await world.drive((0, INSIDE))
    before = await live_number(world)

    jumped = await world.drive((5, OFF))

    assert (jumped.stored, jumped.implausible) == (1, 1)
    assert await live_number(world) == before
    assert await latest(world) == (0.0, INSIDE)
    assert (await world.drive((10, INSIDE))).implausible == 0
    assert await latest(world) == (10.0, INSIDE)
    assert await world.events("kind") == [("present",)]
    assert await world.alerts() == []
    assert await marked(world) == [5.0]


async def test_the_next_fix_there_proves_it_also_after_a_kill(world: World) -> None:
    await world.drive((0, INSIDE))
    await world.drive((5, OFF))
    await world.committer.reload()

    await world.drive((10, BESIDE))

    assert await marked(world) == []
    assert await latest(world) == (10.0, BESIDE)
    assert await world.events("kind", "gap", "time") == [
        ("present", False, world.start),
        ("exit", True, None),
    ]
    assert await world.alerts() == [("exit", "open")]


async def test_a_late_fix_proves_a_held_one(world: World) -> None:
    await world.drive((0, INSIDE))
    await world.drive((10, OFF))

    late = await world.drive((5, BESIDE))

    assert (late.late, late.implausible) == (1, 0)
    assert await marked(world) == []
    assert await latest(world) == (10.0, OFF)
    assert await live_number(world) > 1
    assert await world.alerts() == [("exit", "open")]


async def test_a_late_fix_takes_a_proof_away_and_the_map_goes_back(world: World) -> None:
    await world.drive((0, INSIDE), (10, OFF), (20, BESIDE))
    assert await latest(world) == (20.0, BESIDE)
    assert await world.alerts() == [("exit", "open")]

    late = await world.drive((15, INSIDE))

    assert late.implausible == 2
    assert await marked(world) == [10.0, 20.0]
    assert await latest(world) == (15.0, INSIDE)
    assert await world.events("kind") == [("present",)]
    assert await world.alerts() == [("exit", "closed")]
    # And the one that is held now is proved by what comes next, live.
    await world.drive((25, BESIDE))
    assert await marked(world) == [10.0]
    assert await latest(world) == (25.0, BESIDE)


async def test_many_jumps_behind_a_late_fix_are_all_gone_over(world: World) -> None:
    """More than are loaded at first: each but the last is proved, or not, by the one before it."""
    places = [(10.0 * k, (114.2 + 0.1 * k, 22.3)) for k in range(1, 41)]
    await world.drive((0, INSIDE), *places, (410, INSIDE))
    assert await marked(world) == [second for second, _ in places]

    await world.drive((5, (114.3, 22.3)))

    assert await marked(world) == [20.0 + 10.0 * k for k in range(39)]
    assert await latest(world) == (410.0, INSIDE)


async def test_a_fence_that_ends_while_a_fix_is_held_ends_where_the_vehicle_was(
    world: World,
) -> None:
    await world.drive((0, INSIDE))
    await world.drive((5, OFF))
    await world.end_fence(7)
    await world.committer.refresh()
    assert await world.events("kind", "cause") == [
        ("present", "first_fix"),
        ("exit", "fence_deleted"),
    ]

    await world.drive((10, BESIDE))

    assert await marked(world) == []
    assert await world.events("kind", "gap") == [("present", False), ("exit", True)]


async def test_what_was_found_at_a_changed_fence_outlives_a_late_fix(world: World) -> None:
    await world.drive((0, INSIDE))
    await world.end_fence(50)
    await world.committer.refresh()

    await world.drive((20, INSIDE))

    assert await world.events("kind", "second") == [("present", 0.0), ("exit", 50.0)]
    assert await world.alerts() == [("exit", "open")]
