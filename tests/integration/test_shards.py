"""Shards in the database: who may take one, what it knows, and a department that moves."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from geo.fix import Fix
from ingest.clock import Clock
from ingest.loop import Ingest
from ingest.sources.replay import ReplaySource
from tests.conftest import Database
from tests.integration.boxes import say
from tracker import registry, shards
from tracker.access import as_owner
from tracker.commit import Committer
from tracker.committed import Committed
from tracker.errors import LeaseLost
from tracker.leases import LEASE_S, Claim, Leases
from tracker.live import ScopeFeed
from tracker.message import Message, Reading
from tracker.reads import Reader
from tracker.registry import New, NewDepartment, NewDevice, NewFence, NewRule, NewVehicle
from tracker.settings import DatabaseSettings

START = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=10)
SOUTH, INSIDE, NORTH = 22.296, 22.300, 22.304
WITHIN_S = 20.0


@dataclass
class World:
    """Two departments in different shards, each with a vehicle and a fence."""

    database: Database
    owner: asyncpg.Connection[asyncpg.Record]

    @asynccontextmanager
    async def shard(self, number: int, claim: Claim | None = None) -> AsyncIterator[Committer]:
        committer = await Committer.open(
            self.database.dsn("milepost_ingest"), shard=number, claim=claim
        )
        try:
            yield committer
        finally:
            await committer.close()

    async def move(self, department: str, shard: int) -> None:
        url = self.database.dsn("milepost_owner")
        async with as_owner(DatabaseSettings.model_validate({"url": url})) as connection:
            await shards.move(connection, department, shard)

    async def stored(self) -> list[tuple[str, int]]:
        """Department and second of each fix."""
        rows = await self.owner.fetch(
            "SELECT p.ref, f.fixed_at FROM fix AS f JOIN department AS p ON p.id = f.department_id"
            " ORDER BY 1, 2"
        )
        return [(row["ref"], round((row["fixed_at"] - START).total_seconds())) for row in rows]

    async def events(self) -> list[tuple[str, str]]:
        rows = await self.owner.fetch(
            "SELECT p.ref, e.kind FROM event AS e JOIN department AS p ON p.id = e.department_id"
            " WHERE e.status = 'valid' ORDER BY 1, e.at"
        )
        return [(row["ref"], row["kind"]) for row in rows]


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with database.transaction() as connection:
        for thing in (
            thing for ref, number in (("D", 1), ("E", 2)) for thing in things(ref, number)
        ):
            await registry.add(thing, connection)
    owner = await asyncpg.connect(database.dsn("milepost_owner"))
    await owner.execute("UPDATE fence_version SET in_force = tstzrange($1, NULL)", START)
    yield World(database, owner)
    await owner.close()


def things(department: str, shard: int) -> Sequence[New]:
    circle = {"circle": {"center": [114.17, INSIDE], "radius_m": 300}}
    return (
        NewDepartment(ref=department, shard=shard),
        NewVehicle(ref="V", department=department),
        NewDevice(ref="box", department=department, vehicle="V"),
        NewFence(ref="circle", department=department, definition=circle),
        NewRule(ref="border", department=department, fence="circle"),
    )


def message(department: str, second: int, lat: float, seq: int | None = None) -> Message:
    at = START + timedelta(seconds=second)
    minutes = f"22{(lat - 22) * 60:07.4f}"
    return Message(
        source="mqtt",
        topic=f"gov/1/{department}/box/nmea",
        department_ref=department,
        device_ref="box",
        received_at=at,
        readings=[Reading(fix=Fix(fixed_at=at, lon=114.17, lat=lat), raw=b"$")],
        payload=say(f"GPRMC,{at:%H%M%S},A,{minutes},N,11410.2000,E,10.0,0.0,{at:%d%m%y},,"),
        boot="b" if seq else None,
        seq=seq,
    )


async def drive(committer: Committer, department: str, *lats: float, since: int = 0) -> Committed:
    return await committer.commit(
        [message(department, since + 10 * n, lat) for n, lat in enumerate(lats)]
    )


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    """Wait for a condition, or fail."""
    deadline_s = time.monotonic() + WITHIN_S
    while not await condition():
        assert time.monotonic() < deadline_s
        await asyncio.sleep(0.05)


async def test_two_shards_give_the_events_of_one_writer_and_one_feed_each(world: World) -> None:
    reader = Reader(world.database.dsn("milepost_api"))
    feed = ScopeFeed(reader, [1, 2])
    await feed.changes()
    async with world.shard(1) as one, world.shard(2) as two:
        for n, lat in enumerate((SOUTH, INSIDE, NORTH)):
            await asyncio.gather(
                drive(one, "D", lat, since=10 * n), drive(two, "E", lat, since=10 * n)
            )
        assert await world.events() == [(d, kind) for d in "DE" for kind in ("enter", "exit")]
        found = await feed.changes()
        assert (found.positions["id"].tolist(), len(found.alerts)) == ([1, 2], 4)
        await drive(two, "E", INSIDE, since=30)
        found = await feed.changes()
        assert (found.positions["id"].tolist(), len(found.alerts)) == ([2], 1)
    await reader.close()


async def test_what_is_of_another_shard_is_left_to_it_or_handed_over(world: World) -> None:
    async with world.shard(1) as one, world.shard(2) as two:
        numbered = await one.commit([message("E", 0, SOUTH, seq=1)])
        assert (numbered.receipts, numbered.refused) == ([], {}), (
            "no ack: its device sends it again"
        )
        await one.commit([message("E", 10, SOUTH), message("D", 10, SOUTH)])
        assert await world.stored() == [("D", 10)]
        assert await one.replays(10) == []
        assert [row["reason"] for row in await two.replays(10)] == ["shard"]

        async def stored_by_both() -> bool:
            return await world.stored() == [("D", 10), ("E", 10)]

        ingest = asyncio.create_task(Ingest(two, [ReplaySource(two)], Clock()).run())
        await until(stored_by_both)
        ingest.cancel()
        with suppress(asyncio.CancelledError):
            await ingest


async def test_a_department_moves_while_both_shards_write(world: World) -> None:
    async with world.shard(1) as one, world.shard(2) as two:
        await drive(one, "D", SOUTH, INSIDE)
        await drive(two, "E", SOUTH, INSIDE)
        await world.move("D", 2)
        for committer, department in ((one, "D"), (two, "E")):
            with pytest.raises(LeaseLost):
                await drive(committer, department, NORTH, since=20)
    async with world.shard(1) as one, world.shard(2) as two:
        await one.commit([message("D", 20, NORTH, seq=1)])
        await drive(two, "D", NORTH, since=20)
        await drive(two, "E", NORTH, since=20)
    assert await world.stored() == [(d, second) for d in "DE" for second in (0, 10, 20)]
    assert await world.events() == [(d, kind) for d in "DE" for kind in ("enter", "exit")]


async def test_only_a_claim_that_saw_the_holder_takes_a_shard(world: World) -> None:
    async with world.shard(2, Claim("a", None)) as first:
        with pytest.raises(LeaseLost):
            async with world.shard(2, Claim("b", None)):
                pass
        await drive(first, "E", SOUTH)
        async with world.shard(2, Claim("b", "a")) as second:
            with pytest.raises(LeaseLost):
                await drive(first, "E", SOUTH, since=10)
            await drive(second, "E", SOUTH, since=20)
            await first.close()
            assert await holder(world) == "b", "the first has nothing to give back"
    assert await holder(world) is None
    assert await world.stored() == [("E", 0), ("E", 20)]


async def holder(world: World) -> str | None:
    found: str | None = await world.owner.fetchval("SELECT holder FROM feed WHERE id = 2")
    return found


async def test_a_paused_commit_does_not_keep_its_shard_from_a_successor(world: World) -> None:
    program = (
        "import asyncio, os, signal, sys\n"
        "from tracker.commit import Committer\n"
        "async def main():\n"
        "    one = await Committer.open(sys.argv[1])\n"
        "    async with one._pool.acquire() as connection, connection.transaction():\n"
        "        await one._begin(connection)\n"
        "        os.kill(os.getpid(), signal.SIGSTOP)\n"
        "asyncio.run(main())\n"
    )
    argv = [sys.executable, "-c", program, world.database.dsn("milepost_ingest")]
    paused = subprocess.Popen(argv)  # noqa: S603, ASYNC220  the test's own, and it stops by itself
    try:
        await until(lambda: is_locked(world))
        async with asyncio.timeout(LEASE_S + 2), world.shard(1) as successor:
            await drive(successor, "D", SOUTH)
    finally:
        paused.send_signal(signal.SIGKILL)
        paused.wait()
    assert await world.stored() == [("D", 0)]


async def is_locked(world: World) -> bool:
    rows = await world.owner.fetch("SELECT id FROM feed WHERE id = 1 FOR UPDATE SKIP LOCKED")
    return not rows


async def test_a_process_lives_as_long_as_it_speaks_and_is_gone_at_once_when_it_ended(
    world: World,
) -> None:
    leases = await Leases.open(world.database.dsn("milepost_ingest"))
    me = leases.worker
    machine = me.rsplit("/", 2)[0]
    for name, ago_s in (
        ("elsewhere/1/1", LEASE_S - 1),
        ("silent/1/1", LEASE_S),
        (f"{machine}/{2**22 + 1}/1", 0),
    ):
        await world.owner.execute(
            "INSERT INTO ingest_worker (id, name, seen_at)"
            " VALUES ($1, 'host:1', milepost_now() - make_interval(secs => $2))",
            name,
            float(ago_s),
        )
    assert (await leases.beat()).workers.keys() == {me, "elsewhere/1/1"}
    async with world.shard(2, Claim(me, None)):
        found = {each.shard: each for each in (await leases.beat()).leases}
        assert (found[2].holder, found[2].is_live) == (me, True)
        assert (found[1].holder, found[1].is_live) == (None, False)
    await leases.leave()
    await leases.close()
    assert await world.owner.fetchval("SELECT count(*) FROM ingest_worker WHERE id = $1", me) == 0
