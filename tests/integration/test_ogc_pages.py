"""Pages of features, pages for people, and links through a proxy."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import httpx
import pytest
import shapely

from tests.conftest import Database
from tests.integration.api_world import World, served
from tests.integration.ogc_world import (
    EVIL,
    LAYERS,
    TIMES,
    Ogc,
    Service,
    links_in,
    ogc_world,
    place,
    span,
)


async def walked(ogc: Ogc, path: str, **query: str) -> AsyncIterator[list[str]]:
    """The ids of each page, following `next`."""
    answer = await ogc.get(path, **query)
    while True:
        found = answer.json()
        yield [each["id"] for each in found["features"]]
        following = [each["href"] for each in found["links"] if each["rel"] == "next"]
        if not following:
            return
        answer = await ogc.client.get(following[0])
        assert answer.status_code == 200, answer.text


async def test_all_pages_together_are_the_collection(ogc: Ogc) -> None:
    for layer in LAYERS:
        everything = [each["id"] for each in await ogc.features(layer)]
        for limit in (len(everything) // 5 + 1, len(everything) - 1, len(everything)):
            pages = [
                page async for page in walked(ogc, f"/collections/{layer}/items", limit=str(limit))
            ]
            assert [each for page in pages for each in page] == everything
            assert all(len(page) == limit for page in pages[:-1])
    query = {"limit": "5", "filter": "class = 'truck'", "bbox": "113,22,115,22.4"}
    pages = [page async for page in walked(ogc, "/collections/vehicles/items", **query)]
    assert len(pages) > 1
    assert {each for page in pages for each in page} == await ogc.ids(
        "vehicles", filter="class = 'truck'", bbox="113,22,115,22.4"
    )


async def test_pages_hold_nothing_twice_while_data_change(database: Database) -> None:
    """What was there all the time comes once, whatever moves, comes or goes meanwhile."""
    async with ogc_world(database) as world:
        with served(database.dsn("milepost_api")) as api:
            async with api.client(world.tokens["A"]) as client:
                for layer in ("vehicles", "alerts", "tracks"):
                    await _walk_while_data_change(world, Ogc(client), layer)


async def _walk_while_data_change(world: World, ogc: Ogc, layer: str) -> None:
    before = await ogc.ids(layer)
    seen: list[str] = []
    number = 0
    async for page in walked(ogc, f"/collections/{layer}/items", limit="3"):
        seen += page
        number += 1
        if number < 4:
            await world.cross_square("A/AMB-2", start_s=-4000.0 - 200 * number - len(seen))
            await world.sql("UPDATE latest SET lon = lon + 0.001, fixed_at = milepost_now()")
            await world.sql(
                "UPDATE vehicle SET retired_at = milepost_now() WHERE ref = :ref",
                ref=f"V-{40 + number:03}",
            )
            await world.sql(
                "UPDATE track_chunk SET ended_at = ended_at + interval '1 second', fixes = 9"
            )
    assert len(seen) == len(set(seen)), layer
    assert before & await ogc.ids(layer) <= set(seen), layer


async def test_pages_escape_every_string_and_speak_two_languages(ogc: Ogc) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
    for path in ("/collections/vehicles/items", "/collections/vehicles/items/A/AMB-2"):
        answer = await ogc.client.get(f"/ogc{path}", headers=browser)
        assert answer.headers["content-type"].startswith("text/html")
        assert "<script" not in answer.text
        assert "&lt;script&gt;alert(1)&lt;/script&gt;&amp;" in answer.text
        assert EVIL[-1] not in answer.text
    wicked = await ogc.get("/collections/vehicles/items", f="html", plate='"><script>x</script>')
    assert wicked.status_code == 200
    assert "<script" not in wicked.text
    for language, heading, title in (("en", "Collections", "Alerts"), ("zh-HK", "資料集", "警報")):
        header = {"Accept-Language": language}
        page = await ogc.client.get("/ogc/collections?f=html", headers=header)
        assert f"<h1>{heading}</h1>" in page.text
        document = (await ogc.client.get("/ogc/collections/alerts", headers=header)).json()
        assert document["title"] == title
        assert page.headers["content-language"] in ("en", "zh-Hant")
    assert (await ogc.client.get("/ogc")).headers["content-type"] == "application/json"


async def test_links_lead_through_a_proxy(
    ogc_service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It strips its path, and says how it was asked."""
    monkeypatch.setenv("MILEPOST_API_ROOT_PATH", "/gis")
    world = ogc_service.world
    with served(world.database.dsn("milepost_api")) as api:
        said = {"Host": "maps.gov.example", "X-Forwarded-Proto": "https"}
        async with api.client(world.tokens["A"], **said) as client:
            for path in ("/ogc", "/ogc/collections", "/ogc/collections/vehicles/items?limit=1"):
                answer = await client.get(path)
                hrefs = [each["href"] for each in links_in(answer.json())]
                assert hrefs
                assert all(each.startswith("https://maps.gov.example/gis/ogc") for each in hrefs)
            (here,) = (each for each in links_in(answer.json()) if each["rel"] == "next")
            behind = httpx.URL(here["href"])
            again = await client.get(behind.raw_path.decode().removeprefix("/gis"))
            assert again.json()["numberReturned"] == 1
            document = (await client.get("/ogc/api")).json()
            assert document["servers"] == [{"url": "https://maps.gov.example/gis/ogc"}]


async def test_extents_hold_everything_and_only_what_is_ones_own(
    ogc: Ogc, ogc_service: Service
) -> None:
    collections = (await ogc.json("/collections"))["collections"]
    *layers, moving = collections
    assert [each["id"] for each in layers] == list(LAYERS)
    assert moving["itemType"] == "movingfeature"  # test_moving_features.py
    for each in layers:
        features = await ogc.features(each["id"])
        ((since, until),) = each["extent"]["temporal"]["interval"]
        for first, last in (span(feature, *TIMES[each["id"]]) for feature in features):
            assert datetime.fromisoformat(since) <= first
            assert until is None or last <= datetime.fromisoformat(until)
        if "spatial" in each["extent"]:
            (box,) = each["extent"]["spatial"]["bbox"]
            assert all(shapely.box(*box).covers(place(feature)) for feature in features)
    spatial = [each["id"] for each in layers if "spatial" in each["extent"]]
    assert spatial == ["vehicles", "fences"]
    ((west, _, east, north),) = collections[1]["extent"]["spatial"]["bbox"]
    assert (west, east, north) == (114.1, 114.21, 22.36)
    async with ogc_service.caller("platform") as office:
        both = await office.json("/collections/fences")
    ((_, south, _, _),) = both["extent"]["spatial"]["bbox"]
    assert south == -33.91
