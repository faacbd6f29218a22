"""HK1980 Grid out of the API, into it, into fences, and as PostGIS has it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

from geo.hk1980 import from_grid
from tests.integration.api_world import World
from tests.integration.service import verb

EAST_M, NORTH_M = 832_591.320, 820_351.389
LON, LAT = 114.141187917, 22.322172084
WITHIN_M = 0.01
GRID = {"crs": "EPSG:2326"}


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    answer = await client.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def is_control_point(coordinates: list[float]) -> bool:
    return bool(np.hypot(*np.subtract(coordinates, (EAST_M, NORTH_M))) < WITHIN_M)


async def test_postgis_agrees(world: World) -> None:
    away_m = await world.sql(
        "SELECT ST_Distance(geography(ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)), geography("
        "ST_Transform(ST_SetSRID(ST_MakePoint(:east, :north), 2326), 4326)))",
        **{"lon": LON, "lat": LAT, "east": EAST_M, "north": NORTH_M},
    )
    assert away_m < WITHIN_M


async def test_positions_and_tracks_come_in_metres(world: World, as_a: httpx.AsyncClient) -> None:
    await world.drive("A/AMB-1", (0, LON, LAT), (10, LON, LAT))
    await world.drive("A/AMB-2", (0, 0.5, 0.5))
    near, far = (await got(as_a, "/v1/positions", **GRID))["features"]
    assert is_control_point(near["geometry"]["coordinates"])
    assert far["geometry"] is None
    vehicle = await got(as_a, "/v1/vehicles/A/AMB-1", **GRID)
    assert is_control_point(vehicle["position"]["geometry"]["coordinates"])
    track = await got(as_a, "/v1/vehicles/A/AMB-1/track", **GRID, limit=1)
    assert is_control_point(track["geometry"]["coordinates"])
    assert "crs=EPSG%3A2326" in track["properties"]["next"]
    both = await got(as_a, "/v1/vehicles/A/AMB-1/track", **GRID)
    assert all(is_control_point(each) for each in both["geometry"]["coordinates"])
    away = await as_a.get("/v1/vehicles/A/AMB-2/track", params=GRID)
    assert away.status_code == 422


async def test_a_box_in_metres_holds_what_it_holds(world: World, as_a: httpx.AsyncClient) -> None:
    """Of a 40 km wide box the edge in degrees is metres away from the edge in metres."""
    box = (810_000, 810_000, 850_000, 820_000)
    places = [(810_000, 820_000 - 1.0), (810_000 + 0.5, 820_000 + 1.0)]
    for number, metres in enumerate(places, 1):
        lon, lat = from_grid(metres[0] + 0.1, metres[1])
        await world.drive(f"A/AMB-{number}", (0, float(lon), float(lat)))
    query = {"bbox": ",".join(map(str, box)), "bbox-crs": "EPSG:2326"}
    (inside,) = (await got(as_a, "/v1/positions", **query))["features"]
    assert inside["properties"]["vehicle"] == "A/AMB-1"


@pytest.mark.parametrize(
    ("box", "said"),
    [
        ("820351,862591,821351,863591", "look swapped"),
        ("114.1,22.2,114.2,22.3", "outside HK1980"),
        ("850000,810000,810000,820000", "empty"),
        ("a,b", "bbox"),
    ],
)
async def test_a_box_that_cannot_be_meant_is_refused(
    as_a: httpx.AsyncClient, box: str, said: str
) -> None:
    answer = await as_a.get("/v1/positions", params={"bbox": box, "bbox-crs": "EPSG:2326"})
    assert answer.status_code == 422
    assert said in answer.json()["detail"]


async def test_an_unknown_crs_is_refused(as_a: httpx.AsyncClient) -> None:
    for name in ("EPSG:4326", "2326"):
        assert (await as_a.get("/v1/positions", params={"crs": name})).status_code == 422


async def test_a_fence_is_drawn_and_shown_in_metres(
    world: World, as_a: httpx.AsyncClient, tmp_path: Path
) -> None:
    ring = [(EAST_M, NORTH_M), (EAST_M + 500, NORTH_M), (EAST_M, NORTH_M + 500), (EAST_M, NORTH_M)]
    file = tmp_path / "fence.geojson"
    file.write_text(json.dumps({"type": "Polygon", "coordinates": [ring]}), encoding="utf-8")
    add = ("fence", "add", "--department", "A", "--grid")
    environment = world.database.environment()
    for shape in (
        ("DRAWN", "--geometry", str(file)),
        ("ROUND", "--circle", f"{EAST_M},{NORTH_M},9"),
    ):
        added = verb(environment, *add, *shape)
        assert added.returncode == 0, added.stderr
    fences = {
        each["properties"]["fence"]: each["geometry"]
        for each in (await got(as_a, "/v1/fences", **GRID))["features"]
    }
    assert any(is_control_point(each) for each in fences["A/DRAWN"]["coordinates"][0])
    centre = np.mean(fences["A/ROUND"]["coordinates"][0][:-1], axis=0)
    assert is_control_point(centre.tolist())
