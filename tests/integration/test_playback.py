"""The past shown again over HTTP: windows of fixes, marks, alerts with their states, fences."""

from __future__ import annotations

import struct
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from api.playback_frames import MAGIC, MEDIA_TYPE
from tests.conftest import Database
from tests.integration.api_world import Served, World, world_in
from tracker import reads

HOUR = timedelta(hours=1)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        made.started_at -= HOUR
        yield made


@pytest.fixture
async def client(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(world.tokens["both"]) as made:
        yield made


class Asking:
    """Asks for windows in seconds after the start."""

    def __init__(self, client: httpx.AsyncClient, world: World) -> None:
        self.client, self.world = client, world

    def time(self, second: float) -> str:
        return (self.world.started_at + timedelta(seconds=second)).isoformat()

    async def answer(
        self,
        path: str,
        since_s: float,
        until_s: float,
        **query: Any,  # noqa: ANN401  any parameter
    ) -> httpx.Response:
        window = {"from": self.time(since_s), "to": self.time(until_s)}
        return await self.client.get(f"/v1/playback{path}", params={**window, **query})

    async def got(
        self,
        path: str,
        since_s: float,
        until_s: float,
        **query: Any,  # noqa: ANN401  any parameter
    ) -> Any:  # noqa: ANN401  any JSON
        answer = await self.answer(path, since_s, until_s, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def asking(client: httpx.AsyncClient, world: World) -> Asking:
    return Asking(client, world)


async def test_a_window_stands_alone(world: World, asking: Asking) -> None:
    """The fix before it and the one behind it are there; across a gap nothing is known."""
    await world.drive(
        "A/AMB-1", (0, 114.10, 22.30), (60, 114.11, 22.30), (120, 114.12, 22.30), speed_mps=9.0
    )
    await world.drive("A/AMB-2", (0, 114.20, 22.30), (60, 114.21, 22.30), (700, 114.22, 22.30))
    told = await asking.got("", 30, 100)
    fixes = told["fixes"]
    assert told["vehicles"]["first"] == [0, 3]
    assert fixes["after_ms"] == [-30_000, 30_000, 90_000, -30_000, 30_000, 670_000]
    assert fixes["flags"] == [0, 0, 1, 0, 1, 1]
    assert fixes["lon"] == [114.10, 114.11, 114.12, 114.20, 114.21, 114.22]
    assert fixes["speed_mps"][:3] == [9.0, 9.0, 9.0]
    assert fixes["motion"] == [1, 1, 1, 0, 0, 0]
    one = await asking.got("", 30, 100, vehicle="A/AMB-2")
    assert one["fixes"]["lon"] == [114.20, 114.21, 114.22]
    both = await asking.got("", 30, 100, vehicle=["A/AMB-2", "A/AMB-1"])
    assert both == told


async def test_binary_says_the_same(world: World, asking: Asking) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30), (60, 114.11, 22.30), course_deg=359.99)
    await world.drive("B/AMB-1", (20, -0.5, -22.30), speed_mps=12.34)
    told = await asking.got("", 0, 100)
    answer = await asking.answer("", 0, 100, format="binary")
    assert answer.headers["content-type"] == MEDIA_TYPE
    magic, version, _, vehicles, count, since_ms, _, late, _ = struct.unpack_from(
        "<IHHIIddII", answer.content
    )
    assert (magic, version, vehicles, count) == (MAGIC, 1, 2, 3)
    assert since_ms == world.started_at.timestamp() * 1000
    assert late == told["late"] == 3  # it was an hour ago
    columns = {"id": "u4", "first": "u4"}
    fixes = {"after_ms": "i4", "lon": "i4", "lat": "i4", "delay_ms": "u4", "speed_mps": "u2"}
    fixes |= {"direction_deg": "u2", "motion": "u1", "flags": "u1"}
    offset, read = 40, {}
    for name, kind in (columns | fixes).items():
        length = vehicles if name in columns else count
        read[name] = np.frombuffer(answer.content, f"<{kind}", length, offset)
        offset += read[name].nbytes
    assert offset == len(answer.content)
    assert read["id"].tolist() == told["vehicles"]["id"]
    assert read["after_ms"].tolist() == told["fixes"]["after_ms"]
    assert (read["lon"] / 1e6).tolist() == told["fixes"]["lon"]
    assert (read["lat"] / 1e6).tolist() == told["fixes"]["lat"]
    assert read["delay_ms"].tolist() == told["fixes"]["delay_ms"]
    assert read["speed_mps"].tolist() == [65535, 65535, 123]
    assert read["direction_deg"].tolist() == [0, 0, 65535]


async def test_a_late_fix_is_there_with_its_delay_and_not_in_the_window_of_then(
    world: World, asking: Asking
) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30), (100, 114.11, 22.30))
    await world.sql("UPDATE fix SET received_at = fixed_at + interval '1 second'")
    await world.drive("A/AMB-1", (50, 114.10, 22.31))
    now = await asking.got("", 0, 110)
    assert now["fixes"]["lat"] == [22.30, 22.31, 22.30]
    assert now["fixes"]["delay_ms"][0] == 1000
    assert now["fixes"]["delay_ms"][1] > HOUR.total_seconds() * 1000
    assert now["late"] == 1
    then = await asking.got("", 0, 110, known_at=asking.time(102))
    assert then["fixes"]["lat"] == [22.30, 22.30]
    # However much is thinned, a late fix stays.
    thinned = await asking.got("", 0, 110, tolerance_m=1000, step_s=3600)
    assert thinned["fixes"]["lat"] == [22.30, 22.31, 22.30]


async def test_thinned_it_is_never_off_its_way(world: World, asking: Asking) -> None:
    """Straight on at an even speed, then round a corner: the corner stays."""
    way = [(10.0 * n, 114.10 + n / 1000, 22.30) for n in range(11)]
    way += [(100 + 10.0 * n, 114.11, 22.30 + n / 1000) for n in range(1, 11)]
    await world.drive("A/AMB-1", *way)
    await world.sql("UPDATE fix SET received_at = fixed_at")
    thinned = await asking.got("", 0, 300, tolerance_m=10, step_s=3600)
    assert thinned["fixes"]["after_ms"] == [0, 100_000, 200_000]
    steps = await asking.got("", 0, 300, tolerance_m=10, step_s=60)
    assert len(steps["fixes"]["after_ms"]) > 3
    whole = await asking.got("", 0, 300)
    assert len(whole["fixes"]["after_ms"]) == 21


async def test_it_never_comes_to_a_plan_for_any_values(database: Database) -> None:
    """From the sixth time on that one was four times as slow."""
    since = datetime(2026, 11, 20, 12, tzinfo=UTC)
    shown = reads.Shown(since=since, until=since + timedelta(minutes=2))
    reader = reads.Reader(database.dsn("milepost_api"), size=1)
    for _ in range(7):
        async with reader.scope((1,)) as scope:
            await reads.played(scope, shown)
            [plans] = await scope.exec_driver_sql(
                "SELECT custom_plans, generic_plans FROM pg_prepared_statements"
                " WHERE statement LIKE '-- The believed fixes of a window%'"
            )
    await reader.close()
    assert tuple(plans) == (7, 0)


async def test_marks_are_trips_stops_gaps_and_crossings(world: World, asking: Asking) -> None:
    await world.cross_square("A/AMB-1")
    await world.sql(
        "INSERT INTO stop (vehicle_id, started_at, ended_at, department_id, lon, lat, idling_s,"
        " fixes, begins_by, ends_by) SELECT id, CAST(:at AS timestamptz), NULL, department_id,"
        " 114.1, 22.3, 0, 4, 'move', 'open' FROM vehicle WHERE ref = 'AMB-1' AND department_id = 1",
        at=world.started_at,
    )
    (told,) = (await asking.got("/marks", 0, 100, vehicle="A/AMB-1"))["vehicles"]
    assert [each["kind"] for each in told["crossings"]] == ["enter", "exit"]
    assert told["stops"][0]["lon"] == 114.1
    assert told["trips"] == told["gaps"] == []
    nameless = await asking.answer("/marks", 0, 100)
    assert nameless.status_code == 422


async def test_alerts_tell_in_which_state_they_were_when(world: World, asking: Asking) -> None:
    await world.cross_square("A/AMB-1")
    first, second = (await asking.got("/alerts", 0, 100))["alerts"]
    assert [each["state"] for each in first["states"]] == ["open"]
    done = await asking.client.post(f"/v1/alerts/{first['id']}/acknowledge", json={})
    assert done.status_code == 200, done.text
    told = (await asking.got("/alerts", 0, 100, vehicle="A/AMB-1"))["alerts"]
    states = {each["id"]: each["states"] for each in told}
    assert [each["state"] for each in states[first["id"]]] == ["open", "acknowledged", "closed"]
    assert [each["state"] for each in states[second["id"]]] == ["open"]
    assert (await asking.got("/alerts", 0, 100, vehicle="A/AMB-2"))["alerts"] == []
    # What stands still shows in a window after its event; the other one is closed by then.
    since = (datetime.now(UTC) - world.started_at).total_seconds() + 2
    standing = (await asking.got("/alerts", since, since + 60))["alerts"]
    assert {each["id"] for each in standing} == {second["id"]}
    assert (await asking.got("/alerts", -100, -50))["alerts"] == []


async def test_fences_are_those_of_the_window(world: World, asking: Asking) -> None:
    await world.sql(
        "UPDATE fence_version SET in_force = tstzrange('2026-01-01', :at)"
        " WHERE fence_id = (SELECT id FROM fence WHERE ref = 'A-SQUARE')",
        at=world.started_at + timedelta(seconds=50),
    )
    before = {
        each["properties"]["fence"] for each in (await asking.got("/fences", 0, 100))["features"]
    }
    after = {
        each["properties"]["fence"] for each in (await asking.got("/fences", 60, 100))["features"]
    }
    assert before - after == {"A/A-SQUARE"}
    assert "A/A-CIRCLE" in after


async def test_it_is_noted_and_has_bounds(world: World, asking: Asking, api: Served) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30))
    await asking.got("", 0, 100)
    await asking.got("", 0, 100, vehicle=["A/AMB-1", "A/AMB-2"])
    noted = await world.sql(
        "SELECT array_agg(cardinality(vehicle_ids) ORDER BY n) FROM audit"
        " WHERE what = 'playback.read' AND purpose = 'a test' AND until - since = '100 seconds'"
    )
    assert noted == [0, 1, 1]  # of all; of each of two
    for path, until_s, query, status in (
        ("", 901, {}, 422),
        ("", 901, {"vehicle": "A/AMB-1"}, 200),
        ("", 86_401, {"vehicle": "A/AMB-1"}, 422),
        ("", 100, {"vehicle": "A/NONE"}, 404),
        ("", 100, {"vehicle": ["A/AMB-1"] * 21}, 422),
        ("/alerts", 86_401, {}, 422),
    ):
        answer = await asking.answer(path, 0, until_s, **query)
        assert answer.status_code == status, (path, until_s, query, answer.text)
    async with httpx.AsyncClient(
        base_url=api.url, headers={"Authorization": f"Bearer {world.tokens['both']}"}
    ) as purposeless:
        window = {"from": asking.time(0), "to": asking.time(100)}
        assert (await purposeless.get("/v1/playback", params=window)).status_code == 422
        assert (await purposeless.get("/v1/playback/alerts", params=window)).status_code == 422


async def test_a_retired_vehicle_is_named_as_long_as_it_was_there(
    world: World, asking: Asking
) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30))
    await world.sql(
        "UPDATE vehicle SET retired_at = :at WHERE ref = 'AMB-1' AND department_id = 1",
        at=world.started_at + timedelta(seconds=50),
    )
    assert len((await asking.got("", 0, 100))["vehicles"]["id"]) == 1
    assert (await asking.got("", 60, 100))["vehicles"]["id"] == []

    async def named(**query: str) -> set[str]:
        found = (await asking.client.get("/v1/vehicles", params=query)).json()["vehicles"]
        return {each["vehicle"] for each in found}

    assert await named(retired_after=asking.time(0)) - await named() == {"A/AMB-1"}
    assert await named(retired_after=asking.time(60)) == await named()
