"""Base maps beside the built-in one, as the API serves them."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api.basemaps import Basemaps, BasemapUnusable
from api.settings import BasemapSettings
from tests.integration.api_world import Served, World, served
from tests.integration.tile_server import PNG, TileServer

HERE = "/basemap/11/1673/893"


async def console(api: Served, world: World) -> dict[str, Any]:
    async with api.client(world.tokens["A"]) as client:
        answer = await client.get("/v1/console")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found


async def test_by_default_there_is_the_built_in_one_alone(world: World, api: Served) -> None:
    assert (await console(api, world))["basemaps"] == []
    async with api.client(world.tokens["A"]) as client:
        page = await client.get("/")
        assert "connect-src 'self';" in page.headers["Content-Security-Policy"]
        assert (await client.get("/basemap/file.pmtiles")).status_code == 404
        assert (await client.get(HERE)).status_code == 204


async def test_an_operators_pictures_are_for_whoever_is_signed_in(
    world: World, tmp_path: Path
) -> None:
    tile = tmp_path / "11" / "1673" / "893.png"
    tile.parent.mkdir(parents=True)
    tile.write_bytes(PNG)
    with served(world.database.dsn("milepost_api"), basemap=BasemapSettings(file=tmp_path)) as api:
        [own] = (await console(api, world))["basemaps"]
        assert (own["id"], own["tiles"], own["max_zoom"]) == ("file", "/basemap/{z}/{x}/{y}", 11)
        async with api.client(world.tokens["A"]) as client:
            found = await client.get(HERE)
            assert (found.content, found.headers["Content-Type"]) == (PNG, "image/png")
            assert (await client.get("/basemap/11/1673/894")).status_code == 204
            assert (await client.get("/basemap/1/5/0")).status_code == 204
        async with api.client() as stranger:
            assert (await stranger.get(HERE)).status_code == 401


async def test_mbtiles_count_rows_from_the_south(world: World, tmp_path: Path) -> None:
    path = tmp_path / "own.mbtiles"
    with closing(sqlite3.connect(path)) as made:
        made.execute("CREATE TABLE metadata (name text, value text)")
        made.execute("CREATE TABLE tiles (zoom_level, tile_column, tile_row, tile_data blob)")
        made.execute("INSERT INTO metadata VALUES ('format', 'jpg')")
        made.execute("INSERT INTO tiles VALUES (11, 1673, ?, ?)", (2**11 - 1 - 893, PNG))
        made.commit()
    with served(world.database.dsn("milepost_api"), basemap=BasemapSettings(file=path)) as api:
        async with api.client(world.tokens["A"]) as client:
            found = await client.get(HERE)
    assert (found.content, found.headers["Content-Type"]) == (PNG, "image/jpeg")


async def test_a_file_is_read_by_ranges(world: World, tmp_path: Path) -> None:
    path = tmp_path / "own.pmtiles"
    path.write_bytes(bytes(range(256)))
    with served(world.database.dsn("milepost_api"), basemap=BasemapSettings(file=path)) as api:
        [own] = (await console(api, world))["basemaps"]
        async with api.client(world.tokens["A"], Range="bytes=16-31") as client:
            found = await client.get(own["tiles"])
        assert (own["kind"], found.status_code, found.content) == (
            "pmtiles",
            206,
            bytes(range(16, 32)),
        )


async def test_the_service_says_whether_the_online_map_answers(world: World) -> None:
    for fails in (False, True):
        with TileServer().running() as remote:
            remote.fails = fails
            chosen = BasemapSettings(online=remote.tiles)
            with served(world.database.dsn("milepost_api"), basemap=chosen) as api:
                [online] = (await console(api, world))["basemaps"]
                assert (online["id"], online["answers"]) == ("online", not fails)
                await console(api, world)
                assert len(remote.asked) == 1  # not at each asking
                async with api.client() as client:
                    policy = (await client.get("/")).headers["Content-Security-Policy"]
                assert f"connect-src 'self' {remote.origin};" in policy


def test_a_file_that_is_no_map_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(BasemapUnusable, match="no-such"):
        Basemaps(BasemapSettings(file=tmp_path / "no-such.pmtiles"))


async def test_a_place_as_typed(world: World, api: Served) -> None:
    async with api.client(world.tokens["A"]) as client:
        asked = {"text": "832591.320 820351.389"}
        places = (await client.get("/v1/places", params=asked)).json()["places"]
        assert [round(each["lon"], 5) for each in places] == [114.14119, 114.02226]
        assert (places[0]["easting_m"], places[0]["northing_m"]) == (832591.3, 820351.4)
        refused = await client.get("/v1/places", params={"text": "Sha Tin"})
        assert refused.status_code == 422
        me = (await client.get("/v1/me")).json()
        assert me["departments_in_all"] == 2
        assert me["ends_at"] is not None
        uses = (await client.get("/v1/applications")).json()["applications"]
    assert [(each["application"], each["cluster"]) for each in uses] == [("A-USE", "emergency")]
    assert uses[0]["department_name"]["en"] == "A thing"
