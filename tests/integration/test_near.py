"""Who is near a place now, and in a polygon, asked over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pytest

from geo.distance import bearing_deg, distance_m
from tests.integration.api_world import World
from tracker import registry
from tracker.reads import Near, Reader, near

HERE = (114.17, 22.30)
PLACE = {"place": "114.17,22.30"}


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    answer = await client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/geo+json"
    return answer.json()


def refs(answer: dict[str, Any]) -> list[str]:
    return [each["properties"]["vehicle"] for each in answer["features"]]


async def test_the_nearest_come_first_with_true_metres(
    world: World, as_both: httpx.AsyncClient
) -> None:
    places = {"A/AMB-1": (114.19, 22.30), "A/AMB-2": (114.17, 22.315), "B/AMB-1": (114.16, 22.30)}
    for vehicle, place in places.items():
        await world.drive(vehicle, (0, *place), speed_mps=5.0)
    answer = await got(as_both, "/v1/near", **PLACE)
    assert refs(answer) == ["B/AMB-1", "A/AMB-2", "A/AMB-1"]
    for feature in answer["features"]:
        said = feature["properties"]
        place = places[said["vehicle"]]
        assert said["distance_m"] == pytest.approx(float(distance_m(*HERE, *place)), abs=0.06)
        assert said["bearing_deg"] == pytest.approx(float(bearing_deg(*HERE, *place)), abs=0.06)
        assert feature["geometry"]["coordinates"] == pytest.approx(place)
        assert said["age_s"] > 0
        assert (said["motion"], said["class"]) == ("moving", "ambulance")
    assert refs(await got(as_both, "/v1/near", k=1, **PLACE)) == ["B/AMB-1"]
    assert refs(await got(as_both, "/v1/near", within_m=1700, **PLACE)) == ["B/AMB-1", "A/AMB-2"]
    assert refs(await got(as_both, "/v1/near", department="A", k=1, **PLACE)) == ["A/AMB-2"]


async def test_only_those_that_fit(world: World, as_both: httpx.AsyncClient) -> None:
    await world.add(
        registry.NewVehicle(
            department="B", ref="PUMP", vehicle_class="pump", capabilities="pump rescue"
        ),
        registry.NewDevice(department="B", ref="B-BOX-PUMP", vehicle="PUMP"),
    )
    await world.drive("A/AMB-1", (0, 114.171, 22.3))
    await world.drive("B/PUMP", (290, 114.172, 22.3))
    await world.sql(
        "INSERT INTO duty_status (vehicle_id, department_id, since, status, set_by) SELECT id,"
        " department_id, '2027-01-01', 'at_scene', 'test' FROM vehicle WHERE ref = 'PUMP'"
    )
    for asked, found in (
        ({"capability": "pump"}, ["B/PUMP"]),
        ({"capability": ["pump", "rescue"]}, ["B/PUMP"]),
        ({"capability": ["pump", "ambulance"]}, []),
        ({"status": "at_scene"}, ["B/PUMP"]),
        ({"status": ["at_scene", "available"]}, ["A/AMB-1", "B/PUMP"]),
        ({"class": ["pump", "boat"]}, ["B/PUMP"]),
        ({"max_age_s": 120}, ["B/PUMP"]),
        ({"max_age_s": 1e8}, ["A/AMB-1", "B/PUMP"]),
        ({"application": "A-USE"}, ["A/AMB-1"]),
        ({"cluster": "emergency"}, ["A/AMB-1"]),
        ({"cluster": "none"}, []),
    ):
        assert refs(await got(as_both, "/v1/near", **PLACE, **asked)) == found, asked
    await world.sql("UPDATE vehicle SET retired_at = milepost_now() WHERE ref = 'PUMP'")
    assert refs(await got(as_both, "/v1/near", **PLACE)) == ["A/AMB-1"]


@pytest.mark.parametrize("place", [(114.17, 22.3), (179.999, -17.0), (12.0, 69.5)])
async def test_it_is_the_order_of_a_brute_force(world: World, place: tuple[float, float]) -> None:
    """Few of many are measured exactly; none that belongs to the nearest may be left out."""
    await world.sql(
        "INSERT INTO vehicle (department_id, ref, name)"
        " SELECT 1, 'R' || n, '{}' FROM generate_series(1, 500) AS n"
    )
    await world.sql(
        "INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat,"
        " feed, n) SELECT id, 1, 1, milepost_now(), milepost_now(),"
        " CASE WHEN random() < 0.5 THEN random() * 360 - 180 ELSE :lon - random() * 0.01 END,"
        " CASE WHEN random() < 0.5 THEN random() * 160 - 80 ELSE :lat + random() * 0.01 END,"
        " 1, 1 FROM vehicle WHERE ref LIKE 'R%'",
        lon=place[0],
        lat=place[1],
    )
    reader = Reader(world.database.dsn("milepost_api"))
    async with reader.scope([1]) as scope:
        found = await near(scope, Near(lon=place[0], lat=place[1], k=60))
        everyone = await near(scope, Near(lon=place[0], lat=place[1], k=10_000))
    await reader.close()
    assert len(everyone) == 500
    lon, lat = (np.array([row[name] for row in everyone]) for name in ("lon", "lat"))
    nearest = np.argsort(distance_m(*place, lon, lat))[:60]
    assert [row["id"] for row in found] == [everyone[at]["id"] for at in nearest]


async def test_in_a_polygon_with_its_border(world: World, as_both: httpx.AsyncClient) -> None:
    await world.drive("A/AMB-1", (0, 114.14, 22.34))
    await world.drive("A/AMB-2", (0, 114.18, 22.31))
    await world.drive("B/AMB-1", (0, 114.2, 22.3))
    await world.drive("B/AMB-2", (0, -179.95, -18.0))
    corner = "POLYGON((114.1 22.3, 114.2 22.3, 114.2 22.4, 114.1 22.4, 114.1 22.3))"
    triangle = "POLYGON((114.1 22.3, 114.2 22.3, 114.1 22.4, 114.1 22.3))"
    around = "POLYGON((179 -19, -179 -19, -179 -17, 179 -17, 179 -19))"
    for polygon, found in (
        (corner, ["A/AMB-1", "A/AMB-2", "B/AMB-1"]),
        (triangle, ["A/AMB-1", "A/AMB-2", "B/AMB-1"]),
        (triangle.replace("22.4", "22.32"), ["B/AMB-1"]),
        (around, ["B/AMB-2"]),
    ):
        assert refs(await got(as_both, "/v1/positions", polygon=polygon)) == found
    both = await got(as_both, "/v1/positions", polygon=corner, bbox="114.14,22.3,114.16,22.4")
    assert refs(both) == ["A/AMB-1"]
    east, north = 833_000, 815_000
    grid = (
        f"POLYGON(({east} {north}, {east + 9000} {north}, {east} {north + 9000}, {east} {north}))"
    )
    found = await got(as_both, "/v1/positions", polygon=grid, **{"bbox-crs": "EPSG:2326"})
    assert refs(found) == ["A/AMB-2", "B/AMB-1"]


async def test_a_place_may_be_of_the_grid(world: World, as_both: httpx.AsyncClient) -> None:
    await world.drive("A/AMB-1", (0, 114.141187917, 22.322172084))
    grid = {"place": "832591.320,820351.389", "place-crs": "EPSG:2326", "crs": "EPSG:2326"}
    (feature,) = (await got(as_both, "/v1/near", **grid))["features"]
    assert feature["properties"]["distance_m"] < 0.1
    assert feature["geometry"]["coordinates"] == pytest.approx([832591.320, 820351.389], abs=0.01)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/near", {}),
        ("/v1/near", {"place": "22.3"}),
        ("/v1/near", {"place": "22.3,114.17"}),
        ("/v1/near", {"place": "nan,nan"}),
        ("/v1/near", {**PLACE, "k": "0"}),
        ("/v1/near", {**PLACE, "status": "asleep"}),
        ("/v1/near", {**PLACE, "place-crs": "EPSG:2326"}),
        ("/v1/positions", {"polygon": "POLYGON((1 1"}),
        ("/v1/positions", {"polygon": "POINT(1 1)"}),
        ("/v1/positions", {"polygon": "POLYGON((0 0, 1 1, 1 0, 0 1, 0 0))"}),
        ("/v1/positions", {"polygon": "POLYGON EMPTY"}),
    ],
)
async def test_what_has_no_sense_is_refused(
    as_both: httpx.AsyncClient, path: str, query: dict[str, str]
) -> None:
    answer = await as_both.get(path, params=query, headers={"Accept-Language": "zh-HK"})
    assert answer.status_code == 422, answer.text
    # Of shapes, and of what lies off the grid, it says more.
    assert answer.json()["title"] in ("請求內容無效", "圖形不能使用")


async def test_visits_come_by_pages_with_where_they_were_nearest(
    world: World, as_both: httpx.AsyncClient
) -> None:
    for vehicle in ("A/AMB-1", "A/AMB-2", "B/AMB-1"):
        await world.drive(vehicle, (0, 114.16, 22.3), (100, 114.18, 22.3))
    await world.drive("B/AMB-2", (0, 114.16, 22.31), (100, 114.18, 22.31))
    asked = {**PLACE, "radius_m": 50}
    whole = await got(as_both, "/v1/visits", **asked)
    assert refs(whole) == ["A/AMB-1", "A/AMB-2", "B/AMB-1"]
    said = whole["features"][0]["properties"]
    assert whole["features"][0]["geometry"]["coordinates"] == pytest.approx([114.17, 22.3])
    assert said["nearest_m"] == 0
    assert said["within_s"] == pytest.approx(4.9, abs=0.1)
    assert said["first_at"] < said["nearest_at"] < said["last_at"]
    page = await got(as_both, "/v1/visits", limit=2, **asked)
    assert refs(page) == ["A/AMB-1", "A/AMB-2"]
    assert (await got(as_both, page["next"]))["features"] == whole["features"][2:]
    assert refs(await got(as_both, "/v1/visits", department="B", **asked)) == ["B/AMB-1"]
    assert len(refs(await got(as_both, "/v1/visits", **{**asked, "radius_m": 1200}))) == 4
    grid = await got(as_both, "/v1/visits", crs="EPSG:2326", **asked)
    assert grid["features"][0]["geometry"]["coordinates"] == pytest.approx(
        [835_800, 817_700], abs=300
    )


async def test_visits_have_their_bounds(as_both: httpx.AsyncClient) -> None:
    for asked in (
        {"radius_m": 10_001},
        {"radius_m": 0},
        {"from": "2026-01-01T00:00:00Z", "to": "2026-02-02T00:00:00Z"},
        {"from": "0001-01-01T00:00:00Z", "to": "0001-01-02T00:00:00Z"},
        {"after": "nobody"},
    ):
        answer = await as_both.get("/v1/visits", params={**PLACE, **asked})
        assert answer.status_code == 422, asked
