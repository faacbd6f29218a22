"""The commit, case by case: fences that change, late fixes and their alerts, the lease."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from geo.fix import Fix
from tests.conftest import Database
from tracker import registry
from tracker.commit import Committer
from tracker.errors import LeaseLost
from tracker.message import Message, Reading
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

Place = tuple[float, float]
SOUTH, INSIDE, NORTH, EAST = (
    (114.105, 22.295),
    (114.105, 22.305),
    (114.105, 22.315),
    (114.12, 22.305),
)
SQUARE = {
    "geometry": {
        "type": "Polygon",
        "coordinates": [
            [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]
        ],
    }
}
FENCE = NewFence(ref="square", department="D", definition=SQUARE)
RULE = NewRule(ref="border", department="D", fence="square")


class World:
    """One department with one vehicle, spoken to as ingest does."""

    def __init__(self, database: Database, owner: asyncpg.Connection[asyncpg.Record]) -> None:
        self.database = database
        self.owner = owner
        self.start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=100)
        self.committer: Committer

    async def add(self, *things: New) -> None:
        engine = self.database.engine()
        async with engine.begin() as connection:
            for thing in things:
                await registry.add(thing, connection)
        await engine.dispose()

    async def drive(self, *points: tuple[float, Place]) -> None:
        """Commit fixes, so many seconds after the start, as one batch."""
        await self.committer.commit([self.message(*point) for point in points])

    def message(self, second: float, place: Place) -> Message:
        moment = self.start + timedelta(seconds=second)
        return Message(
            source="test",
            department_ref="D",
            device_ref="box",
            received_at=moment,
            readings=[Reading(fix=Fix(fixed_at=moment, lon=place[0], lat=place[1]), raw=b"$")],
        )

    async def events(self, *columns: str) -> list[tuple[Any, ...]]:
        """The events that stand, in their order."""
        rows = await self.owner.fetch(
            "SELECT *, extract(epoch FROM time - $1)::float AS second FROM event"
            " WHERE status = 'valid' ORDER BY at",
            self.start,
        )
        return [tuple(row[column] for column in columns) for row in rows]

    async def alerts(self) -> list[tuple[str, str]]:
        """Kind and state of each alert, in the order of their events."""
        rows = await self.owner.fetch(
            "SELECT e.kind, a.state FROM alert AS a JOIN event AS e ON e.id = a.event_id"
            " ORDER BY e.at"
        )
        return [(row["kind"], row["state"]) for row in rows]


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    world = World(database, owner)
    await world.add(
        NewDepartment(ref="D"),
        NewVehicle(ref="V", department="D"),
        NewDevice(ref="box", department="D", vehicle="V"),
    )
    world.committer = await Committer.open(database.dsn("milepost_ingest"))
    yield world
    await world.committer.close()
    await owner.close()


async def fence_since(world: World, second: float) -> None:
    """Let the fence have been in force since then."""
    await world.add(FENCE, RULE)
    await world.owner.execute(
        "UPDATE fence_version SET in_force = tstzrange($1, NULL)",
        world.start + timedelta(seconds=second),
    )


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
    await world.owner.execute(
        "UPDATE fence_version SET in_force = tstzrange(lower(in_force), $1)",
        world.start + timedelta(seconds=5),
    )

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
