"""Vector tiles: what is in them, and who may see it."""

from __future__ import annotations

import math
from typing import Any

import mapbox_vector_tile
import pytest
import shapely

from tests.integration.ogc_world import LAYERS, POLE, Ogc, Service, place
from tracker.reads import tiles

KINDS = {"vehicles": "Point", "fences": "Polygon", "alerts": "Point", "tracks": "LineString"}
IDS = {"vehicles": "vehicle", "fences": "fence", "alerts": "alert", "tracks": "track"}


def tile_of(lon: float, lat: float, z: int) -> tuple[int, int]:
    """Column and row of the tile in which a place is."""
    row = (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2
    return int((lon + 180) / 360 * 2**z), int(row * 2**z)


def degrees_of(units: tuple[float, float], z: int, at: tuple[int, int]) -> tuple[float, float]:
    """The place of tile coordinates, y downwards."""
    column, row = ((at[i] + units[i] / 4096) / 2**z for i in (0, 1))
    return column * 360 - 180, math.degrees(math.atan(math.sinh(math.pi * (1 - 2 * row))))


async def decoded(ogc: Ogc, layer: str, z: int, at: tuple[int, int], **query: str) -> list[Any]:
    """The features of a tile; none of one without a body."""
    answer = await ogc.get(f"/tiles/{layer}/{z}/{at[0]}/{at[1]}.mvt", **query)
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "Authorization" in answer.headers["vary"]
    if answer.status_code == 204:
        assert answer.content == b""
        return []
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    found = mapbox_vector_tile.decode(answer.content, default_options={"y_coord_down": True})
    assert list(found) == [layer]
    assert found[layer]["extent"] == tiles.EXTENT
    return list(found[layer]["features"])


async def test_tiles_hold_what_lies_there(ogc: Ogc) -> None:
    z = 11
    column, row = tile_of(114.15, 22.32, z)
    everything = {layer: await ogc.features(layer) for layer in LAYERS}
    seen: dict[str, set[str]] = {layer: set() for layer in LAYERS}
    for layer in LAYERS:
        for at in ((column + i, row + j) for i in (-2, -1, 0, 1, 2) for j in (-2, -1, 0, 1, 2)):
            for each in await decoded(ogc, layer, z, at):
                told = each["properties"]
                seen[layer].add(told[IDS[layer]])
                assert each["geometry"]["type"] in (KINDS[layer], "Point"), layer
                if layer == "vehicles":
                    (original,) = (f for f in everything[layer] if f["id"] == told["vehicle"])
                    where = degrees_of(each["geometry"]["coordinates"], z, at)
                    assert place(original).distance(shapely.Point(where)) < 360 / 2**z / 4096
                    numbers = {name: told[name] for name in ("speed_mps",) if name in told}
                    assert numbers.items() <= original["properties"].items()
    for layer in LAYERS:
        assert seen[layer] == {each["id"] for each in everything[layer]} - {f"A/{POLE}"}, layer


async def test_a_tile_is_filtered_before_it_is_cut(ogc: Ogc) -> None:
    at = tile_of(114.15, 22.32, 7)
    for query in (
        {"filter": "class = 'truck' AND speed_mps > 2"},
        {"class": "truck"},
        {"datetime": "2026-11-20T08:00:00Z/2026-11-20T08:20:00Z"},
    ):
        found = {
            each["properties"]["vehicle"] for each in await decoded(ogc, "vehicles", 7, at, **query)
        }
        assert found == await ogc.ids("vehicles", **query) - {f"A/{POLE}"}
        assert found


async def test_nobody_sees_tiles_of_another_department(ogc_service: Service) -> None:
    at = tile_of(114.15, 22.32, 7)
    async with ogc_service.caller("A") as a, ogc_service.caller("B") as b:
        for layer in LAYERS:
            departments = {
                name: {
                    each["properties"]["department"] for each in await decoded(who, layer, 7, at)
                }
                for name, who in (("A", a), ("B", b))
            }
            assert departments == {"A": {"A"}, "B": {"B"}}, layer


async def test_a_tile_that_is_as_it_was_is_not_sent_again(ogc: Ogc) -> None:
    path = "/ogc/tiles/vehicles/7/{}/{}.mvt".format(*tile_of(114.15, 22.32, 7))
    first, second = await ogc.client.get(path), await ogc.client.get(path)
    assert first.content == second.content
    assert first.headers["etag"] == second.headers["etag"]
    again = await ogc.client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    other = await ogc.client.get(path, headers={"If-None-Match": '"another"'})
    assert other.status_code == 200


async def test_nothing_there_and_no_such_tile(ogc: Ogc) -> None:
    assert (await ogc.get("/tiles/vehicles/7/0/0.mvt")).status_code == 204
    for layer in LAYERS:
        assert (await ogc.get(f"/tiles/{layer}/0/0/0.mvt")).status_code in (200, 204)
        deep = tile_of(114.105, 22.305, 22)
        assert (await ogc.get(f"/tiles/{layer}/22/{deep[0]}/{deep[1]}.mvt")).status_code < 300
    for wrong in (
        "23/0/0",
        "2/4/0",
        "2/0/4",
        "-1/0/0",
        "x/0/0",
        "0/0/x",
        f"2/0/{'9' * 5000}",
        "2/0/1e0",
    ):
        assert (await ogc.get(f"/tiles/vehicles/{wrong}.mvt")).status_code == 404, wrong
    assert (await ogc.get("/tiles/vehicles/0/0/0.mvt", filter="nothing = 1")).status_code == 400
    tileset = await ogc.json("/tiles/tracks")
    address = tileset["tiles"][0].format(z=0, x=0, y=0)
    assert (await ogc.client.get(address)).status_code in (200, 204)
    assert set(tileset["vector_layers"][0]["fields"]) >= {"track", "vehicle"}


async def test_a_tile_that_is_too_full_says_so(ogc: Ogc, monkeypatch: pytest.MonkeyPatch) -> None:
    at = tile_of(114.15, 22.32, 7)
    path = f"/tiles/vehicles/7/{at[0]}/{at[1]}.mvt"
    assert "milepost-incomplete" not in (await ogc.get(path)).headers
    monkeypatch.setattr(tiles, "TILE_FEATURES", 10)
    answer = await ogc.get(path)
    assert answer.headers["milepost-incomplete"] == "?1"
    found = mapbox_vector_tile.decode(answer.content)
    assert len(found["vehicles"]["features"]) == 10
