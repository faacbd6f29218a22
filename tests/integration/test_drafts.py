"""Fences and rules before they are saved: judged, converted and said in words."""

from __future__ import annotations

import httpx

from tests.integration.api_world import CIRCLE, SQUARE, World
from tests.integration.test_fence_api import CHINESE

BOW = [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]]


async def test_a_shape_is_judged_and_nothing_is_saved(
    world: World, as_a: httpx.AsyncClient
) -> None:
    before = await world.sql("SELECT count(*) FROM fence_version")
    judged = await as_a.post("/v1/drafts/shape", json=CIRCLE)
    assert judged.status_code == 200, judged.text
    [ring] = judged.json()["geometry"]["coordinates"]
    assert len(ring) > 30
    line = {"line": [[835000, 815000], [836000, 815000]], "each_side_m": 50}
    grid = await as_a.post("/v1/drafts/shape?crs=EPSG:2326", json={"corridor": line})
    lons = [lon for lon, _ in grid.json()["geometry"]["coordinates"][0]]
    assert 114.1 < min(lons) < max(lons) < 114.3
    polygon = {"type": "Polygon", "coordinates": [BOW]}
    refused = await as_a.post(
        "/v1/drafts/shape", json={"geometry": polygon}, headers={"Accept-Language": "zh-Hant"}
    )
    assert (refused.status_code, refused.json()["reason"]) == (422, "self-crossing")
    assert refused.json()["place"] == [114.105, 22.305]
    assert CHINESE.search(refused.json()["detail"])
    assert await world.sql("SELECT count(*) FROM fence_version") == before


async def test_positions_are_told_in_both_coordinates(as_a: httpx.AsyncClient) -> None:
    degrees = [[114.17, 22.3], [0.0, 51.5]]
    told = (await as_a.post("/v1/drafts/positions", json={"positions": degrees})).json()
    assert told["degrees"] == degrees
    assert told["grid"][1] is None
    back = await as_a.post(
        "/v1/drafts/positions?crs=EPSG:2326", json={"positions": told["grid"][:1]}
    )
    assert back.json() == {"degrees": degrees[:1], "grid": told["grid"][:1]}
    swapped = [[815000.0, 860000.0]]
    refused = await as_a.post("/v1/drafts/positions?crs=EPSG:2326", json={"positions": swapped})
    assert (refused.status_code, refused.json()["reason"]) == (422, "swapped-grid")
    assert (await as_a.post("/v1/drafts/positions", json={"positions": []})).json() == {
        "degrees": [],
        "grid": [],
    }


async def test_a_rule_is_said_in_words_as_saving_it_would_take_it(
    world: World, as_a: httpx.AsyncClient
) -> None:
    draft = {
        **{"department": "A", "ref": "new", "on": ["dwell"], "dwell_s": 600, "fence": "A-SQUARE"},
        **{"vehicles": ["AMB-1"], "severity": "critical"},
        "window": {"days": ["mon"], "from": "18:00", "to": "08:00"},
    }
    said = await as_a.post("/v1/drafts/rule", json=draft)
    assert said.status_code == 200, said.text
    assert said.json()["en"] == (
        "Critical alert when AMB-1 of A thing has stayed 10 min inside: A-SQUARE,"
        " Monday from 18:00 to 08:00 the next day (Asia/Hong_Kong)."
    )
    assert "緊急警報" in said.json()["zh-Hant"]
    signal = {"department": "A", "ref": "new", "on": ["proximity"], "radius_m": 50}
    near = (await as_a.post("/v1/drafts/rule", json={**signal, "near": ["AMB-2"]})).json()
    assert "less than 50 m from AMB-2" in near["en"]
    drawn = draft | {"fence": "fire", "fence_name": {"en": "Fire"}}
    told = (await as_a.post("/v1/drafts/rule", json=drawn)).json()
    assert ("10 min inside: Fire, Monday" in told["en"], "（fire）" in told["zh-Hant"]) == (
        True,
        True,
    )
    assert (await as_a.post("/v1/drafts/rule", json=draft | {"dwell_s": None})).status_code == 422
    assert (await as_a.post("/v1/drafts/rule", json=draft | {"fence": "no"})).status_code == 404
    assert (await as_a.post("/v1/drafts/rule", json=draft | {"department": "B"})).status_code == 404
    assert await world.sql("SELECT count(*) FROM rule WHERE ref = 'new'") == 0
