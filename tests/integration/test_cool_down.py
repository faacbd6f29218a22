"""Rule R34: in a rule's cool-down events are kept, and join the alert that stands."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.conftest import Database
from tests.integration.commit_world import EAST, FENCE, INSIDE, NORTH, SOUTH, World, world_in
from tracker.registry import NewRule


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        await made.add(
            FENCE,
            NewRule(ref="entries", department="D", fence="square", on=["enter"], cooldown_s=300),
        )
        await made.owner.execute(
            "UPDATE fence_version SET in_force = tstzrange('2026-01-01', NULL)"
        )
        yield made


def visits(*starts: float) -> list[tuple[float, tuple[float, float]]]:
    """In from the south and out again, each within 40 s."""
    return [
        point
        for start in starts
        for point in ((start, SOUTH), (start + 20, INSIDE), (start + 40, SOUTH))
    ]


async def alerts(world: World) -> list[tuple[Any, ...]]:
    """When each alert's event was (s), how many joined it, and its state."""
    rows = await world.owner.fetch(
        "SELECT extract(epoch FROM e.at - $1)::float AS second, a.suppressed, a.state, e.status"
        " FROM alert AS a JOIN event AS e ON e.id = a.event_id ORDER BY e.at",
        world.start,
    )
    return [tuple(row) for row in rows]


async def test_five_visits_in_a_cool_down_are_five_events_and_one_alert(world: World) -> None:
    world.start = world.start.replace(minute=0, hour=0)
    for start in (0, 50, 100, 150, 200):
        await world.drive(*visits(start))
    assert len(await world.events("kind")) == 10
    assert await alerts(world) == [(10.0, 4, "open", "valid")]
    joined = await world.owner.fetch("SELECT what, by, detail FROM alert_change ORDER BY id")
    assert [(row["what"], row["by"]) for row in joined] == [("joined", None)] * 4
    assert await world.owner.fetchval("SELECT count(*) FROM outbox") == 10


async def test_one_batch_is_as_five(world: World) -> None:
    await world.drive(*visits(-400, -350, -300, -250, -200))
    assert await alerts(world) == [(-390.0, 4, "open", "valid")]


async def test_the_cool_down_ends_with_its_time_not_with_the_last_event(world: World) -> None:
    """It runs from the time of the event that alerted, and its end is outside."""
    await world.drive(*visits(-1000, -800, -745, -700, -650))
    assert [each[:2] for each in await alerts(world)] == [(-990.0, 2), (-690.0, 1)]


async def test_a_replayed_day_counts_nothing_twice(world: World) -> None:
    day = visits(-400, -350, -300)
    await world.drive(*day)
    before = await alerts(world)
    await world.drive(*day)
    assert await alerts(world) == before == [(-390.0, 2, "open", "valid")]


async def test_where_the_alerting_event_is_withdrawn_the_next_one_takes_its_place(
    world: World,
) -> None:
    """Nothing that happened stays without an alert because something else did not."""
    await world.drive((-200, SOUTH), (-100, NORTH))  # straight through: enter and exit
    await world.drive((-40, INSIDE))
    assert [each[1] for each in await alerts(world)] == [1]
    # It drove round: a late fix far to the east says so.
    await world.drive((-150, EAST))
    found = await alerts(world)
    assert [(each[1], each[2], each[3]) for each in found] == [(0, "open", "valid")]
    assert [each for (each,) in await world.events("kind")] == ["enter"]
    changes = await world.owner.fetch("SELECT what FROM alert_change ORDER BY id")
    assert [row["what"] for row in changes] == ["joined", "moved"]


async def test_a_joined_event_that_is_withdrawn_counts_no_more(world: World) -> None:
    await world.drive(*visits(-300))
    await world.drive((-200, SOUTH), (-100, NORTH))
    assert [each[1] for each in await alerts(world)] == [1]
    await world.drive((-150, EAST))
    assert [each[1:] for each in await alerts(world)] == [(0, "open", "valid")]


async def test_what_a_person_closed_keeps_the_reason_when_its_event_is_withdrawn(
    world: World,
) -> None:
    await world.drive((-200, SOUTH), (-100, NORTH))
    await world.owner.execute(
        "UPDATE alert SET state = 'closed', close_reason = 'false', closed_at = now()"
    )
    await world.drive((-150, EAST))
    assert await world.owner.fetchval("SELECT status FROM event LIMIT 1") == "withdrawn"
    assert await world.owner.fetchval("SELECT close_reason FROM alert") == "false"


async def test_the_fence_goes_and_its_open_alert_with_it(world: World) -> None:
    await world.drive((0, SOUTH), (20, INSIDE))
    assert [each[2] for each in await alerts(world)] == ["open"]
    await world.end_fence(30)
    await world.committer.refresh()
    assert [each[2] for each in await alerts(world)] == ["closed"]
    assert await world.owner.fetchval("SELECT close_reason FROM alert") == "fence_deleted"
    types = await world.owner.fetch("SELECT type FROM outbox ORDER BY id")
    assert [row["type"] for row in types] == [
        "milepost.fence.enter.v1",
        "milepost.fence.exit.v1",
        "milepost.alert.closed.v1",
    ]
