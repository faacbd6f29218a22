"""Where vehicles were at an instant, and tracks as they were known then, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import Database
from tests.integration.api_world import Served, World, world_in

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


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    answer = await client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


class Asking:
    """Asks where vehicles were so many seconds after the start."""

    def __init__(self, client: httpx.AsyncClient, world: World) -> None:
        self.client, self.world = client, world

    def time(self, second: float) -> str:
        return (self.world.started_at + timedelta(seconds=second)).isoformat()

    async def all(self, second: float, **query: Any) -> list[Any]:  # noqa: ANN401  any parameter
        return list(
            (await got(self.client, "/v1/whereabouts", at=self.time(second), **query))["features"]
        )

    async def one(self, second: float, **query: Any) -> Any:  # noqa: ANN401  any parameter
        (found,) = await self.all(second, vehicle="A/AMB-1", **query)
        return found


@pytest.fixture
def asking(client: httpx.AsyncClient, world: World) -> Asking:
    return Asking(client, world)


async def test_it_lies_between_the_fixes_around_the_instant(world: World, asking: Asking) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30), (100, 114.11, 22.32))
    found = await asking.one(25)
    said = found["properties"]
    assert found["geometry"]["coordinates"] == pytest.approx([114.1025, 22.305])
    assert (said["known_by"], said["age_s"]) == ("between", 25)
    assert datetime.fromisoformat(said["before"]["fixed_at"]) == world.started_at
    assert (said["after"]["lon"], said["after"]["lat"]) == pytest.approx((114.11, 22.32))
    exact = await asking.one(100)
    assert exact["properties"]["known_by"] == "fix"
    assert exact["geometry"]["coordinates"] == [114.11, 22.32]


async def test_after_the_last_fix_it_is_known_no_longer_than_a_gap(
    world: World, asking: Asking
) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30))
    last = await asking.one(300)
    assert last["properties"]["known_by"] == "last"
    assert last["properties"]["after"] is None
    assert last["geometry"]["coordinates"] == [114.10, 22.30]
    later = await asking.one(301)
    assert (later["properties"]["known_by"], later["geometry"]) == ("nothing", None)
    assert later["properties"]["before"]["lon"] == 114.10


async def test_at_rest_a_gap_is_as_much_longer_as_reports_are_seldomer(
    world: World, asking: Asking
) -> None:
    await world.sql("UPDATE vehicle SET stopped_interval_s = 250")
    await world.drive("A/AMB-1", (0, 114.10, 22.30), (700, 114.10, 22.30), speed_mps=0.0)
    assert (await asking.one(600))["properties"]["known_by"] == "between"
    assert (await asking.one(1450))["properties"]["known_by"] == "last"
    await world.drive("A/AMB-1", (1460, 114.10, 22.30), (2000, 114.10, 22.32), speed_mps=9.0)
    assert (await asking.one(1500))["properties"]["known_by"] == "nothing"


async def test_across_a_gap_it_is_not_known(world: World, asking: Asking) -> None:
    await world.drive("A/AMB-1", (0, 114.10, 22.30), (301, 114.11, 22.32))
    for second in (1, 299):
        found = await asking.one(second)
        assert found["geometry"] is None
        assert found["properties"]["known_by"] == "nothing"
        assert found["properties"]["after"]["lat"] == 22.32
    before = await asking.one(-1)
    assert (before["geometry"], before["properties"]["before"]) == (None, None)


async def test_a_jump_is_no_place(world: World, asking: Asking) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3), (10, 114.3, 22.3), (20, 114.102, 22.3))
    found = await asking.one(10)
    assert found["geometry"]["coordinates"] == pytest.approx([114.101, 22.3])


async def test_the_antimeridian_is_no_border(world: World, asking: Asking) -> None:
    await world.drive("A/AMB-1", (0, 179.995, 0.0), (100, -179.995, 0.0))
    found = await asking.one(75)
    assert found["geometry"]["coordinates"] == pytest.approx([-179.9975, 0.0])


async def test_what_came_late_is_hidden_from_the_picture_of_then(
    world: World, asking: Asking
) -> None:
    """Known at the time: two fixes. The one between them came an hour later."""
    await world.drive("A/AMB-1", (0, 114.10, 22.30), (100, 114.11, 22.30))
    await world.sql("UPDATE fix SET received_at = fixed_at + interval '1 second'")
    await world.drive("A/AMB-1", (50, 114.10, 22.31))
    now, then = await asking.one(50), await asking.one(50, known_at=asking.time(101))
    assert now["geometry"]["coordinates"] == [114.10, 22.31]
    assert then["geometry"]["coordinates"] == pytest.approx([114.105, 22.30])
    live = await asking.one(50, known_at=asking.time(60))
    assert (live["properties"]["known_by"], live["properties"]["after"]) == ("last", None)
    blank = await asking.one(50, known_at=asking.time(0))
    assert blank["properties"]["before"] is None

    path, window = "/v1/vehicles/A/AMB-1/track", {"from": asking.time(-1), "to": asking.time(200)}
    whole = await got(asking.client, path, **window)
    known = await got(asking.client, path, **window, known_at=asking.time(101), limit=1)
    assert len(whole["properties"]["times"]) == 3
    rest = await got(asking.client, known["properties"]["next"])
    assert rest["geometry"]["coordinates"] == [114.11, 22.30]
    assert rest["properties"]["next"] is None


async def test_all_or_a_department_by_pages(world: World, asking: Asking) -> None:
    for n, vehicle in enumerate(("A/AMB-1", "B/AMB-1", "B/AMB-2")):
        await world.drive(vehicle, (0, 114.1 + n / 100, 22.3))
    everyone = await asking.all(1)
    names = [each["properties"]["vehicle"] for each in everyone]
    assert names == ["A/AMB-1", "A/AMB-2", "B/AMB-1", "B/AMB-2"]
    assert [each["properties"]["known_by"] for each in everyone] == ["last", "nothing"] + 2 * [
        "last"
    ]
    assert [each["properties"]["vehicle"] for each in await asking.all(1, department="B")] == [
        "B/AMB-1",
        "B/AMB-2",
    ]
    path: str | None = f"/v1/whereabouts?limit=3&at={asking.time(1).replace('+', '%2B')}"
    paged = []
    while path is not None:
        page = await got(asking.client, path)
        paged += page["features"]
        path = page["next"]
    assert paged == everyone


async def test_a_retired_vehicle_was_somewhere_while_it_served(
    world: World, asking: Asking
) -> None:
    await world.drive("A/AMB-1", (0, 114.1, 22.3), (3000, 114.1, 22.3))
    await world.sql(
        "UPDATE vehicle SET retired_at = :at WHERE ref = 'AMB-1' AND department_id = 1",
        at=world.started_at + timedelta(seconds=1000),
    )
    names = [each["properties"]["vehicle"] for each in await asking.all(1)]
    assert "A/AMB-1" in names
    names = [each["properties"]["vehicle"] for each in await asking.all(3000)]
    assert "A/AMB-1" not in names
    assert (await asking.one(3000))["properties"]["known_by"] == "fix"


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({}, 422),
        ({"at": "2026-11-24T00:00:00"}, 422),
        ({"at": "0001-01-01T00:00:00Z"}, 422),
        ({"at": "9999-12-31T23:59:59Z"}, 422),
        ({"at": "2026-11-24T00:00:00Z", "known_at": "0001-01-01T00:00:00+01:00"}, 422),
        ({"at": "2026-11-24T00:00:00Z", "after": "nobody"}, 422),
        ({"at": "2026-11-24T00:00:00Z", "vehicle": "A/NONE"}, 404),
        ({"at": "2026-11-24T00:00:00Z", "department": "C"}, 404),
    ],
)
async def test_what_has_no_sense_is_refused(
    client: httpx.AsyncClient, query: dict[str, str], status: int
) -> None:
    answer = await client.get("/v1/whereabouts", params=query)
    assert answer.status_code == status, answer.text


async def test_a_simplified_track_keeps_what_nobody_may_lose(world: World, asking: Asking) -> None:
    """Straight north with a little scatter, through the square's two borders, then after a gap."""
    straight = [(10.0 * k, 114.105 + 1e-6 * (k % 2), 22.295 + k * 1e-3) for k in range(20)]
    after_gap = [(1000.0 + 10.0 * k, 114.105, 22.32 + k * 1e-3) for k in range(10)]
    await world.drive("A/AMB-1", *straight, *after_gap)
    path, window = "/v1/vehicles/A/AMB-1/track", {"from": asking.time(-1), "to": asking.time(2000)}
    found = await got(asking.client, path, **window, simplify_m=5)
    said = found["properties"]
    seconds = [
        (datetime.fromisoformat(each) - world.started_at).total_seconds() for each in said["times"]
    ]
    # Ends, both sides of the two crossings (at 5 and 15: on the border), and the gap.
    assert {0.0, 190.0, 1000.0, 1090.0} <= set(seconds)
    assert any(second in (40.0, 50.0) for second in seconds)
    assert any(second in (140.0, 150.0, 160.0) for second in seconds)
    assert len(seconds) <= 9
    assert said["simplified"] == {"of": 30, "tolerance_m": 5.0}
    assert len(said["speed_mps"]) == len(found["geometry"]["coordinates"]) == len(seconds)
    few = await got(asking.client, path, **window, points=2)
    assert {0.0, 190.0, 1000.0, 1090.0} <= {
        (datetime.fromisoformat(each) - world.started_at).total_seconds()
        for each in few["properties"]["times"]
    }
    many = await got(asking.client, path, **window, points=25)
    assert len(many["properties"]["times"]) <= 25
    assert many["properties"]["simplified"]["tolerance_m"] < 1


async def test_a_simplified_track_keeps_both_ends_of_a_stop(world: World, asking: Asking) -> None:
    await world.drive("A/AMB-1", *((10.0 * k, 114.105, 22.2 + k * 1e-4) for k in range(60)))
    await world.sql(
        "INSERT INTO stop (vehicle_id, started_at, ended_at, department_id, lon, lat, idling_s,"
        " fixes, begins_by, ends_by) SELECT id, :at, CAST(:at AS timestamptz) + interval '100 s',"
        " 1, 114.105, 22.2, 0, 11, 'move', 'move' FROM vehicle WHERE ref = 'AMB-1' AND"
        " department_id = 1",
        at=world.started_at + timedelta(seconds=200),
    )
    path, window = "/v1/vehicles/A/AMB-1/track", {"from": asking.time(-1), "to": asking.time(2000)}
    found = await got(asking.client, path, **window, simplify_m=50)
    assert [
        (datetime.fromisoformat(each) - world.started_at).total_seconds()
        for each in found["properties"]["times"]
    ] == [0.0, 200.0, 300.0, 590.0]


@pytest.mark.parametrize("query", ["simplify_m=-1", "points=1", "points=9&simplify_m=1"])
async def test_a_simplification_without_sense_is_refused(
    client: httpx.AsyncClient, query: str
) -> None:
    answer = await client.get(f"/v1/vehicles/A/AMB-1/track?{query}")
    assert answer.status_code == 422
