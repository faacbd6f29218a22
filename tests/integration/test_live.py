"""The live feed, spoken to as a console does."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Origin, Subprotocol

from api.caller import BEARER_PROTOCOL, COOKIE, LIVE_PROTOCOL
from tests.integration.api_world import DEADLINE_S, Served, World, things_of
from tracker.duty import set_duty_as_owner

Message = dict[str, Any]


class Console:
    """A viewer with the JSON form, and the picture that it makes of the frames."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.tick: int | None = None
        self.lons: dict[int, float] = {}
        self.seen: list[Message] = []

    async def until(self, condition: Callable[[Message], object]) -> Message:
        """Take messages until one meets the condition."""
        async with asyncio.timeout(DEADLINE_S):
            while True:
                message: Message = json.loads(await self.socket.recv())
                self._apply(message)
                self.seen.append(message)
                if condition(message):
                    return message

    async def until_type(self, kind: str) -> Message:
        """Take messages until one of a type comes."""
        return await self.until(lambda message: message["type"] == kind)

    async def until_shows(self, count: int) -> None:
        """Take messages until so many vehicles are shown."""
        if len(self.lons) != count:
            await self.until(lambda _: len(self.lons) == count)

    def _apply(self, message: Message) -> None:
        if message["type"] == "snapshot":
            self.lons.clear()
        elif message["type"] == "delta":
            assert self.tick is not None
            assert message["tick"] == self.tick + 1, "a frame is missing"
        else:
            return
        self.tick = message["tick"]
        for gone in message["removed"]:
            del self.lons[gone]
        columns = message["columns"]
        self.lons.update(zip(columns["id"], columns["lon"], strict=True))


@asynccontextmanager
async def watching(api: Served, token: str) -> AsyncIterator[Console]:
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(f"{api.live_url}?format=json", additional_headers=headers) as socket:
        yield Console(socket)


async def test_hello_then_a_snapshot_then_what_changes(world: World, api: Served) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    async with watching(api, world.tokens["A"]) as console:
        await console.until_type("snapshot")
        hello, snapshot = console.seen
        assert hello["type"] == "hello"
        assert hello["tick_ms"] == 500
        assert hello["motions"] == ["unknown", "moving", "idling", "stopped"]
        assert hello["epoch"] == str(await world.sql("SELECT feed_epoch FROM installation"))
        assert snapshot["columns"]["lon"] == [114.1]
        await world.drive("A/AMB-1", (10, 114.102, 22.3), speed_mps=9.0, heading_deg=12.0,
                          course_deg=90.0)  # fmt: skip
        delta = await console.until_type("delta")
        fixed_at = int((world.started_at + timedelta(seconds=10)).timestamp())
        assert delta["columns"] == {
            "id": snapshot["columns"]["id"],
            "lon": [114.102],
            "lat": [22.3],
            "fixed_at": [fixed_at],
            "speed_mps": [9.0],
            "direction_deg": [12.0],
            "motion": [1],
        }
        await world.drive("A/AMB-1", (5, 114.101, 22.301))
        await world.drive("A/AMB-2", (0, 114.3, 22.3))
        await console.until_shows(2)
        assert sorted(console.lons.values()) == [114.102, 114.3], "a late fix moved the vehicle"


async def test_binary_frames_say_the_same(world: World, api: Served) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    headers = {"Authorization": f"Bearer {world.tokens['A']}"}
    async with connect(api.live_url, additional_headers=headers) as socket:
        hello = await socket.recv()
        assert isinstance(hello, str)
        frame = await socket.recv()
    assert isinstance(frame, bytes)
    assert frame[:4] == b"MPL1"
    assert len(frame) == 32 + 22
    assert int.from_bytes(frame[36:40], "little") == 114_100_000


async def test_an_alert_arrives_once_and_again_when_it_changes(world: World, api: Served) -> None:
    async with watching(api, world.tokens["A"]) as console:
        await console.until_type("snapshot")
        await world.cross_square("A/AMB-1")
        told: list[Message] = []
        while len(told) < 2:
            told += (await console.until_type("alerts"))["alerts"]
        assert [each["kind"] for each in told] == ["enter", "exit"]
        async with api.client(world.tokens["A"]) as client:
            assert told == (await client.get("/v1/alerts")).json()["alerts"][::-1]
        await edit(
            world,
            "UPDATE alert SET state = 'acknowledged', feed = 0, n = :n WHERE id = :id",
            id=told[0]["id"],
        )
        (changed,) = (await console.until_type("alerts"))["alerts"]
        assert (changed["id"], changed["state"]) == (told[0]["id"], "acknowledged")


async def test_what_a_vehicle_does_is_told_to_who_may_see_it(world: World, api: Served) -> None:
    """By a caller, by a verb at the server and the crew's device; what is late changes nothing."""
    path = "/v1/vehicles/A/AMB-1/duty"
    async with (
        watching(api, world.tokens["A"]) as console,
        watching(api, world.tokens["B"]) as stranger,
        api.client(world.tokens["A"]) as client,
    ):
        await console.until_type("snapshot")
        await stranger.until_type("snapshot")

        async def told() -> list[Message]:
            duties: list[Message] = (await console.until_type("duty"))["duties"]
            return duties

        await client.put(path, json={"status": "at_scene"})
        assert await told() == [{"vehicle": "A/AMB-1", "status": "at_scene"}]
        late = (world.started_at - timedelta(days=1)).isoformat()
        await client.put(path, json={"status": "leaving", "since": late})
        assert await told() == [{"vehicle": "A/AMB-1", "status": "at_scene"}]
        async with world.database.transaction() as owner:
            await set_duty_as_owner(owner, department="A", ref="AMB-2", status="off_duty")
        assert await told() == [{"vehicle": "A/AMB-2", "status": "off_duty"}]
        await world.sql("DELETE FROM duty_status WHERE vehicle_id = 1")
        await world.drive("A/AMB-1", (0, 114.1, 22.3), duty="en_route")
        assert await told() == [{"vehicle": "A/AMB-1", "status": "en_route"}]
        # What came to the stranger in all that time, up to a change of their own.
        async with api.client(world.tokens["B"]) as theirs:
            await theirs.put("/v1/vehicles/B/AMB-1/duty", json={"status": "assigned"})
        duty = await stranger.until_type("duty")
        assert duty["duties"] == [{"vehicle": "B/AMB-1", "status": "assigned"}]
        assert not any(each["type"] == "vehicles" for each in console.seen), "no list is fetched"


async def edit(world: World, statement: str, **values: object) -> None:
    """An edit as the API will make it: the feed's number first, then the rows, in one commit."""
    async with world.database.transaction("milepost_owner") as connection:
        taken = await connection.exec_driver_sql(
            "UPDATE feed SET n = n + 1 WHERE id = 0 RETURNING n"
        )
        await connection.execute(text(statement), {"n": taken.scalar_one(), **values})
        await connection.exec_driver_sql("NOTIFY live")


async def test_the_commit_that_ends_last_is_not_missed(world: World, api: Served) -> None:
    """An edit begins first and commits last; a bare sequence would have passed it by."""
    await world.cross_square("A/AMB-1")
    alert_id = await world.sql("SELECT id FROM alert LIMIT 1")
    slow = await asyncpg.connect(world.database.dsn("milepost_owner"))
    async with watching(api, world.tokens["A"]) as console:
        await console.until_type("snapshot")
        transaction = slow.transaction()
        await transaction.start()
        n = await slow.fetchval("UPDATE feed SET n = n + 1 WHERE id = 0 RETURNING n")
        await slow.execute(
            "UPDATE alert SET state = 'closed', feed = 0, n = $1 WHERE id = $2", n, alert_id
        )
        await world.drive("A/AMB-2", (0, 114.3, 22.3))
        await console.until_shows(2)
        await transaction.commit()
        (alert,) = (await console.until_type("alerts"))["alerts"]
        assert (alert["id"], alert["state"]) == (str(alert_id), "closed")
    await slow.close()


async def test_new_and_retired_vehicles_come_and_go(world: World, api: Served) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    await world.drive("A/AMB-2", (0, 114.2, 22.3))
    async with watching(api, world.tokens["A"]) as console:
        await console.until_shows(2)
        await world.sql("UPDATE vehicle SET retired_at = milepost_now() WHERE ref = 'AMB-1'")
        await console.until_shows(1)
        assert list(console.lons.values()) == [114.2]
        await console.until_type("vehicles")
        await console.until_type("fences")
        await world.drive("A/AMB-1", (10, 114.105, 22.3))
        await world.drive("A/AMB-2", (10, 114.205, 22.3))
        await console.until_type("delta")
        assert list(console.lons.values()) == [114.205]


async def test_after_resync_a_snapshot_follows(world: World, api: Served) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    async with watching(api, world.tokens["A"]) as console:
        first = await console.until_type("snapshot")
        await console.socket.send('{"type":"resync"}')
        again = await console.until_type("snapshot")
        assert again["columns"] == first["columns"]
        await console.socket.send("no JSON")
        with pytest.raises(ConnectionClosed) as closed:
            await console.until_type("snapshot")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1003


async def test_a_restored_database_begins_anew(world: World, api: Served) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    async with watching(api, world.tokens["A"]) as console:
        await console.until_type("snapshot")
        await world.sql("UPDATE feed SET n = 0 WHERE id = 1")
        await console.until_type("hello")
        await console.until_type("snapshot")
        await world.sql("UPDATE installation SET feed_epoch = gen_random_uuid()")
        hello = await console.until_type("hello")
        assert hello["epoch"] == str(await world.sql("SELECT feed_epoch FROM installation"))
        await console.until_type("snapshot")


async def test_viewers_are_sent_away_while_the_database_is_gone(world: World, api: Served) -> None:
    async with watching(api, world.tokens["A"]) as console:
        await console.until_type("snapshot")
        superuser = await asyncpg.connect(world.database.dsn("postgres"))
        await superuser.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE usename = 'milepost_api' AND datname = current_database()"
        )
        await superuser.close()
        with pytest.raises(ConnectionClosed) as closed:
            await console.until_type("never")
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1013
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    async with watching(api, world.tokens["A"]) as console:
        await console.until_shows(1)


async def test_a_revoked_token_ends_the_connection(world: World, api: Served) -> None:
    async with watching(api, world.tokens["A"]) as console:
        await console.until_type("snapshot")
        await world.sql("UPDATE api_key SET revoked_at = milepost_now() WHERE label = 'A'")
        with pytest.raises(ConnectionClosed) as closed:
            await console.until_type("never")
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 4401


async def test_the_platform_office_sees_departments_that_come_later(
    world: World, api: Served
) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    async with watching(api, world.tokens["platform"]) as console:
        await console.until_shows(1)
        await world.add(*things_of("C"))
        await world.drive("C/AMB-1", (0, 114.7, 22.3))
        await console.until_shows(2)
        assert sorted(console.lons.values()) == [114.1, 114.7]


@pytest.mark.parametrize("origin", ["https://evil.example", "null"])
async def test_a_page_of_another_site_gets_no_socket(
    world: World, api: Served, origin: str
) -> None:
    cookie = {"Cookie": f"{COOKIE}={world.tokens['A']}"}
    with pytest.raises(InvalidStatus) as refused:
        async with connect(api.live_url, additional_headers={**cookie, "Origin": origin}):
            pass
    assert refused.value.response.status_code == 403
    assert b"/problems/cross-site" in refused.value.response.body
    async with connect(api.live_url, additional_headers={**cookie, "Origin": api.url}) as socket:
        assert "hello" in str(await socket.recv())


async def test_a_browser_of_another_origin_brings_its_key_in_a_subprotocol(
    world: World, api: Served
) -> None:
    offered = [Subprotocol(LIVE_PROTOCOL), Subprotocol(f"{BEARER_PROTOCOL}{world.tokens['A']}")]
    origin = Origin("https://other.example")
    async with connect(api.live_url, subprotocols=offered, origin=origin) as socket:
        assert socket.subprotocol == LIVE_PROTOCOL, "never the one with the key in it"
        assert json.loads(await socket.recv())["type"] == "hello"
    with pytest.raises(InvalidStatus, match="401"):
        await connect(api.live_url, subprotocols=[Subprotocol(f"{BEARER_PROTOCOL}mp_x")])


async def test_without_a_token_there_is_no_socket(world: World, api: Served) -> None:
    for query, headers, status in (
        ("", {}, 401),
        ("", {"Authorization": "Bearer mp_x"}, 401),
        ("?format=xml", {"Authorization": f"Bearer {world.tokens['A']}"}, 422),
    ):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(api.live_url + query, additional_headers=headers):
                pass
        assert refused.value.response.status_code == status
        assert refused.value.response.headers["content-type"] == "application/problem+json"


async def test_the_feed_says_that_it_lives(world: World, api: Served) -> None:
    async with watching(api, world.tokens["A"]) as console:
        ping = await console.until_type("ping")
        now = await world.sql("SELECT milepost_now()")
        assert abs(datetime.fromisoformat(ping["server_time"]) - now) < timedelta(seconds=1)


async def test_one_that_reads_nothing_holds_nobody_up(world: World, api: Served) -> None:
    """Its frames are not kept: when it reads again, a snapshot says where all is now."""
    await add_many_vehicles(world, 10_000)
    await world.drive("A/AMB-1", (0, 114.1, 22.3))
    headers = {"Authorization": f"Bearer {world.tokens['A']}"}
    async with (
        watching(api, world.tokens["A"]) as awake,
        connect(api.live_url, additional_headers=headers, max_queue=1) as sleeper,
        api.client(world.tokens["platform"]) as office,
    ):
        await awake.until_shows(10_001)
        # Snapshots of 220 kB, until all buffers on the way are full.
        for _ in range(80):
            await sleeper.send('{"type":"resync"}')
            await office.get("/healthz")
        places = {20: 114.11, 40: 114.12, 60: 114.13}
        for step, lon in places.items():
            await world.drive("A/AMB-1", (step, lon, 22.3))
            assert (await awake.until_type("delta"))["columns"]["lon"] == [lon]
        skipped = (await office.get("/metrics")).text.split("skipped_frames_total ")[-1]
        assert float(skipped.split()[0]) >= 1
        async with asyncio.timeout(DEADLINE_S):
            while not shows(await sleeper.recv(), 114_130_000):
                pass


async def add_many_vehicles(world: World, count: int) -> None:
    """Vehicles of A with a latest fix each."""
    await world.sql(
        "WITH added AS (INSERT INTO vehicle (department_id, ref, name) "
        "SELECT d.id, 'V' || k, '{}' FROM department AS d, generate_series(1, :count) AS k "
        "WHERE d.ref = 'A' RETURNING id, department_id) "
        "INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat,"
        " feed, n) SELECT id, department_id, 0, now(), now(), 0, 0, 1, 0 FROM added",
        count=count,
    )


def shows(message: str | bytes, lon_e6: int) -> bool:
    """Whether a binary frame with all vehicles has one at that longitude."""
    if isinstance(message, str):
        return False
    count = int.from_bytes(message[8:12], "little")
    lons = struct.unpack_from(f"<{count}i", message, 32 + 4 * count)
    return count == 10_001 and lon_e6 in lons
