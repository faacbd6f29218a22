"""Private times and fences: what is erased leaves no state behind, and no clock tells of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.conftest import Database
from tests.integration.commit_world import INSIDE, SOUTH, World, fence_since, world_in
from tests.integration.test_private import declare, look, seconds
from tracker.registry import NewRule


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        yield made


async def test_no_state_of_a_private_time_is_kept_to_judge_late_fixes_from(world: World) -> None:
    await fence_since(world, -20_000)
    world.start -= timedelta(hours=4)
    for minute in range(0, 180, 4):
        await world.drive((minute * 60, SOUTH if minute % 8 else INSIDE))
    kept = "SELECT fixed_at FROM checkpoint WHERE fixed_at BETWEEN $1 AND $2"
    private = [world.start + timedelta(minutes=minute) for minute in (50, 130)]
    before = await world.events("kind", "time")
    assert len(await world.owner.fetch(kept, *private)) > 1
    await declare(world, 50 * 60, 130 * 60)
    await look(world)
    assert await world.owner.fetch(kept, *private) == []
    assert await world.owner.fetch("SELECT FROM checkpoint") != []
    after = await world.events("kind", "time")
    outside = [each for each in before if not private[0] <= each[1] < private[1]]
    assert [each for each in outside if each not in after] == [
        each for each in outside if abs(each[1] - private[1]) < timedelta(minutes=4)
    ]


async def test_no_clock_runs_out_in_a_private_time(world: World) -> None:
    await fence_since(world, -100)
    await world.add(NewRule(ref="long", department="D", on=["dwell"], dwell_s=30))
    await world.owner.execute("UPDATE rule SET created_at = '2026-01-01'")
    await declare(world, 25, 90)
    await world.drive((0, SOUTH), (20, INSIDE))
    await look(world)
    assert await world.events("kind") == [("enter",)]
    await world.drive((95, INSIDE))
    await look(world)
    assert await world.events("kind") == [("enter",)]


async def test_a_fence_that_is_made_while_something_is_erased_is_not_forgotten(
    world: World,
) -> None:
    await world.drive((0, INSIDE), (60, INSIDE))
    await fence_since(world, 70)
    await declare(world, -1, 30)
    await look(world)
    assert await seconds(world) == [60]
    assert await world.events("kind", "cause") == [("present", "fence_created")]
