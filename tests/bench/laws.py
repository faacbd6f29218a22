"""scripts/bench laws: the laws of arrival at full size, through the commit, by 1 writer and by 4.

Vehicles of four departments wander at borders with all that makes doubt. Their fixes come shuffled,
twice, and cut anyhow; what stands at the end must be what one pure run over the sorted whole gives:
the same events and ids (R37, R40), opening and exit in turn (R39), the same live sides (R2), and
nothing more when all of it comes once more (R27).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from sqlalchemy.ext.asyncio import create_async_engine

from geo import crossing
from geo.fences import FenceIndex
from geo.fix import Fix, unix_ms
from tests.integration.processes import passing_folder
from tracker import directory as registry
from tracker import past, shards
from tracker.commit import Committer
from tracker.connect import json_as_binary
from tracker.directory import Directory
from tracker.message import Message, Reading
from tracker.postgres import PrivatePostgres
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle, add
from tracker.schema import migrate
from tracker.sorting import Placed, sort
from tracker.told import told_of

DEPARTMENTS: Final = ("D1", "D2", "D3", "D4")
#: In metres from a border, to the inside; the last is a jump, or the way to it a fast one.
STEPS_M: Final = (-60.0, -30.0, -7.0, -3.0, 0.0, 3.0, 7.0, 30.0, 60.0, 2000.0)
BATCH: Final = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """What stands at the end."""

    events: set[UUID]
    #: (vehicle, fence) that are inside now.
    inside: set[tuple[int, int]]
    alerts: int
    seconds: float


def things(vehicles: int) -> list[New]:
    """Departments, each with a square, rules, and its share of the vehicles."""
    made: list[New] = []
    for number, department in enumerate(DEPARTMENTS):
        west = 114.1 + number * 0.1
        ring = [[west, 22.3], [west + 0.01, 22.3], [west + 0.01, 22.31], [west, 22.31]]
        shape = {"geometry": {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}}
        made += [
            NewDepartment(ref=department),
            NewFence(ref="square", department=department, definition=shape),
            NewRule(ref="border", department=department, on=["enter", "exit"], cooldown_s=300),
            NewRule(ref="long", department=department, on=["dwell"], dwell_s=60),
            NewRule(ref="fast", department=department, on=["speed"], limit_kmh=40),
        ]
        for vehicle in range(number, vehicles, len(DEPARTMENTS)):
            made += [
                NewVehicle(ref=f"V{vehicle}", department=department),
                NewDevice(ref=f"B{vehicle}", department=department, vehicle=f"V{vehicle}"),
            ]
    return made


def messages(vehicles: int, fixes: int, start: datetime, chance: random.Random) -> list[Message]:
    """Of each vehicle so many fixes, with a silence now and then, sorted by vehicle and time."""
    made = []
    for vehicle in range(vehicles):
        number = vehicle % len(DEPARTMENTS)
        moment = start
        for _ in range(fixes):
            moment += timedelta(seconds=chance.choice((2, 10, 10, 30, 700)))
            fix = Fix(
                fixed_at=moment,
                lon=114.105 + number * 0.1,
                lat=22.3 + chance.choice(STEPS_M) / 110_750.0,
                accuracy_m=chance.choice((None, 3.0, 15.0, 40.0, 700.0)),
                ignition=chance.choice((None, True, False)),
                speed_mps=chance.choice((None, 0.5, 10.0, 15.0)),
            )
            made.append(
                Message(
                    source="laws",
                    department_ref=DEPARTMENTS[number],
                    device_ref=f"B{vehicle}",
                    received_at=moment,
                    readings=[Reading(fix=fix, raw=b"laws")],
                )
            )
    return made


def truth(those: Sequence[Message], directory: Directory) -> Outcome:
    """What one run over the sorted whole gives."""
    placed: dict[int, list[Placed]] = sort(those, directory, {}).by_vehicle()
    begun = time.monotonic()
    points = [(v, [past.point_of(each) for each in fixes]) for v, fixes in placed.items()]
    fences: FenceIndex = directory.fences
    watched = (fences, directory.limits, directory.watches)
    stepped = crossing.step({}, past.columns(points), *watched)
    # All of it lies in the past: what was due since is told as well.
    now_ms = unix_ms(datetime.now(UTC))
    since = crossing.rejudge(stepped.states, fences, now_ms, *watched[1:])
    states = stepped.states | since.states
    inside = {(v, fence) for v, state in states.items() for fence in state.inside}
    standing = {event.key: event for event in (*stepped.events, *since.events, *since.restated)}
    for event in since.withdrawn:
        standing.pop(event.key, None)
    events = {each.id for each in told_of(list(standing.values()), directory)}
    return Outcome(events, inside, 0, time.monotonic() - begun)


async def arrive(
    dsn: str, owner: asyncpg.Connection[asyncpg.Record], those: Sequence[Message], writers: int
) -> Outcome:
    """Commit them in this order, each writer what is of its shard, and go over what waits."""
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        committers = []
        for shard in range(1, writers + 1):
            committer = await Committer.open(dsn, shard=shard)
            stack.push_async_callback(committer.close)
            committers.append(committer)
        await asyncio.gather(*(_write(each, those) for each in committers))
    events = await owner.fetch("SELECT id FROM event WHERE status = 'valid'")
    inside = await owner.fetch("SELECT vehicle_id, unnest(inside) AS fence_id FROM fence_state")
    return Outcome(
        {row["id"] for row in events},
        {(row["vehicle_id"], row["fence_id"]) for row in inside},
        await owner.fetchval("SELECT count(*) FROM alert"),
        time.monotonic() - begun,
    )


async def _write(committer: Committer, those: Sequence[Message]) -> None:
    own = [each for each in those if committer.directory.serves(each.department_ref)]
    for low in range(0, len(own), BATCH):
        await committer.commit(own[low : low + BATCH])
        await committer.go_over_past()
    while await committer.go_over_past() is not None:
        pass
    await committer.commit([])


ALWAYS_THERE: Final = "UPDATE fence_version SET in_force = tstzrange(NULL, NULL)"
#: Of each vehicle and fence two changes of side in a row that are the same.
NOT_IN_TURN: Final = """
SELECT count(*) FROM (
    SELECT kind = 'exit' AS is_exit, lag(kind = 'exit') OVER (
        PARTITION BY vehicle_id, fence_id ORDER BY at, kind <> 'exit'
    ) AS was_exit
    FROM event WHERE status = 'valid' AND kind IN ('enter', 'present', 'exit')
) AS e
WHERE is_exit = coalesce(was_exit, true)
"""


async def check(dsns: tuple[str, str], size: tuple[int, int], seed: int) -> dict[str, float]:
    """Hold the laws in an empty database (the owner's and ingest's addresses), with 1 writer and 4;
    returns seconds. Raises AssertionError."""
    chance = random.Random(seed)  # noqa: S311  a test's own, no secret
    # Longer ago than they take: no clock runs out while they arrive, and so do all in the end.
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=400 * size[1])
    those = messages(*size, start, chance)
    owner = await asyncpg.connect(dsns[0])
    await json_as_binary(owner)
    try:
        await _prepare(dsns[0], size[0])
        async with owner.transaction(isolation="repeatable_read", readonly=True):
            directory = await registry.load(owner)  # type: ignore[arg-type]  # a plain connection will do
        expected = truth(those, directory)
        took: dict[str, float] = {"pure_s": expected.seconds}
        for writers in (1, 4):
            if writers > 1:
                await _spread(dsns[0], owner)
            arrivals = chance.sample([*those, *those], len(those) * 2)
            found = await arrive(dsns[1], owner, arrivals, writers)
            took[f"writers_{writers}_s"] = found.seconds
            assert found.events == expected.events, f"R37, R40 with {writers}"
            assert found.inside == expected.inside, f"R2 with {writers}"
            assert await owner.fetchval(NOT_IN_TURN) == 0, f"R39 with {writers}"
            again = await arrive(dsns[1], owner, those, writers)
            assert (again.events, again.alerts) == (found.events, found.alerts), "R27"
        return took | {"fixes": len(those), "events": len(expected.events)}
    finally:
        await owner.close()


async def _prepare(owner_dsn: str, vehicles: int) -> None:
    engine = create_async_engine(owner_dsn.replace("postgresql:", "postgresql+asyncpg:", 1))
    async with engine.begin() as connection:
        for thing in things(vehicles):
            await add(thing, connection)
        await connection.exec_driver_sql(ALWAYS_THERE)
        await connection.exec_driver_sql("UPDATE rule SET created_at = '2020-01-01'")
    await engine.dispose()


async def _spread(owner_dsn: str, owner: asyncpg.Connection[asyncpg.Record]) -> None:
    """A shard a department, and nothing stored."""
    await owner.execute(
        "DELETE FROM alert_change; DELETE FROM alert_event; DELETE FROM alert; DELETE FROM event;"
        " DELETE FROM outbox; DELETE FROM fix; DELETE FROM latest; DELETE FROM fence_state;"
        " DELETE FROM checkpoint; DELETE FROM receipt"
    )
    engine = create_async_engine(owner_dsn.replace("postgresql:", "postgresql+asyncpg:", 1))
    for shard, department in enumerate(DEPARTMENTS, start=1):
        async with engine.begin() as connection:
            await shards.move(connection, department, shard)
    await engine.dispose()


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench laws", description=__doc__)
    parser.add_argument("--vehicles", type=int, default=1_000)
    parser.add_argument("--fixes", type=int, default=100, help="of each vehicle")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with passing_folder() as data:
        server = PrivatePostgres(data)
        server.start()
        try:
            owner = server.dsn("milepost_owner")
            asyncio.run(migrate(owner, server.dsn("postgres")))
            dsns = (owner, server.dsn("milepost_ingest"))
            took = asyncio.run(check(dsns, (asked.vehicles, asked.fixes), asked.seed))
        finally:
            server.stop()
    sys.stdout.write(json.dumps({name: round(value, 2) for name, value in took.items()}) + "\n")


if __name__ == "__main__":
    main()
