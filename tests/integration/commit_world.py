"""One department with one vehicle and one device, and a committer that ingest would have."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from geo.fix import Fix
from tests.conftest import Database
from tracker import registry
from tracker.commit import Committer
from tracker.committed import Committed
from tracker.message import Message, Reading
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle

Place = tuple[float, float]
#: Seconds after the start, where, and perhaps what the inputs say.
Point = tuple[float, Place] | tuple[float, Place, Mapping[str, bool | float | str]]
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
        async with self.database.transaction() as connection:
            for thing in things:
                await registry.add(thing, connection)

    async def drive(self, *points: Point) -> Committed:
        """Commit fixes, so many seconds after the start, as one batch."""
        return await self.committer.commit([self.message(*point) for point in points])

    def message(
        self,
        second: float,
        place: Place,
        inputs: Mapping[str, bool | float | str] | None = None,
        *,
        device: str = "box",
    ) -> Message:
        moment = self.start + timedelta(seconds=second)
        fix = Fix(fixed_at=moment, lon=place[0], lat=place[1], inputs=inputs or {})
        return Message(
            source="test",
            department_ref="D",
            device_ref=device,
            received_at=moment,
            readings=[Reading(fix=fix, raw=b"$")],
        )

    async def end_fence(self, second: float) -> None:
        """Let the fence have ended then; the committer has yet to learn of it."""
        await self.owner.execute(
            "UPDATE fence_version SET in_force = tstzrange(lower(in_force), $1)",
            self.start + timedelta(seconds=second),
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


@asynccontextmanager
async def world_in(database: Database, *, vehicle_class: str = "vehicle") -> AsyncIterator[World]:
    """Such a world, with a vehicle of that class."""
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    world = World(database, owner)
    await world.add(
        NewDepartment(ref="D"),
        NewVehicle(ref="V", department="D", vehicle_class=vehicle_class),
        NewDevice(ref="box", department="D", vehicle="V"),
    )
    world.committer = await Committer.open(database.dsn("milepost_ingest"))
    try:
        yield world
    finally:
        await world.committer.close()
        await owner.close()


async def fence_since(world: World, second: float) -> None:
    """Let the fence have been in force since then."""
    await world.add(FENCE, RULE)
    await world.owner.execute(
        "UPDATE fence_version SET in_force = tstzrange($1, NULL)",
        world.start + timedelta(seconds=second),
    )
