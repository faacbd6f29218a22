"""OGC API – Features, Part 1: what its abstract tests ask, over HTTP of a running API."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import shapely
from geojson_pydantic import Feature as GeoJsonFeature
from geojson_pydantic import FeatureCollection
from openapi_spec_validator import OpenAPIV30SpecValidator

from api.ogc.asked import MOST
from tests.integration.ogc_world import (
    LAYERS,
    TIMES,
    Anchors,
    Ogc,
    Service,
    links_in,
    place,
    span,
    stamp,
)

#: Which tests hold us to a class; one without is not declared.
HELD_BY = {
    "ogcapi-features-1/1.0/conf/core": "test_ogc_core test_ogc_pages test_ogc_clients",
    "ogcapi-features-1/1.0/conf/geojson": "test_ogc_core",
    "ogcapi-features-1/1.0/conf/html": "test_ogc_core test_ogc_pages",
    "ogcapi-features-1/1.0/conf/oas30": "test_ogc_core",
    "ogcapi-features-2/1.0/conf/crs": "test_ogc_crs test_ogc_clients",
    "ogcapi-features-3/1.0/conf/queryables": "test_ogc_core test_ogc_filter",
    "ogcapi-features-3/1.0/conf/queryables-query-parameters": "test_ogc_filter",
    "ogcapi-features-3/1.0/conf/filter": "test_ogc_filter test_ogc_hostile",
    "ogcapi-features-3/1.0/conf/features-filter": "test_ogc_filter test_ogc_crs",
    "cql2/1.0/conf/cql2-text": "test_ogc_filter test_ogc_hostile",
    "cql2/1.0/conf/cql2-json": "test_ogc_filter test_ogc_hostile",
    "cql2/1.0/conf/basic-cql2": "test_ogc_filter",
    "cql2/1.0/conf/advanced-comparison-operators": "test_ogc_filter",
    "cql2/1.0/conf/case-insensitive-comparison": "test_ogc_filter",
    "cql2/1.0/conf/basic-spatial-functions": "test_ogc_filter",
    "cql2/1.0/conf/basic-spatial-functions-plus": "test_ogc_filter test_ogc_crs",
    "cql2/1.0/conf/spatial-functions": "test_ogc_filter",
    "cql2/1.0/conf/temporal-functions": "test_ogc_filter",
    "cql2/1.0/conf/property-property": "test_ogc_filter",
    "ogcapi-movingfeatures-1/1.0/conf/common": "test_moving_features",
}
WAYS = {"service-desc", "service-doc", "conformance", "data", "self", "alternate"}


async def test_every_link_leads_to_what_it_says(ogc: Ogc) -> None:
    """From the landing page on, through documents and pages alike."""
    base = str(ogc.client.base_url).rstrip("/")
    seen: set[str] = set()
    open_ones = [f"{base}/ogc?f=json", f"{base}/ogc?f=html"]
    told: dict[str, str] = {}
    while open_ones:
        address = open_ones.pop()
        if address in seen:
            continue
        seen.add(address)
        answer = await ogc.client.get(address)
        assert answer.status_code == 200, (address, answer.text[:200])
        assert answer.headers["cache-control"] in ("private, no-store", "private, no-cache")
        assert "Authorization" in answer.headers["vary"]
        kind = answer.headers["content-type"].removesuffix("; charset=utf-8")
        assert told.get(address, kind) == kind, address
        if kind == "text/html":
            found = Anchors(answer.text)
            alternates = [each for each in found.links if each["rel"] == "alternate"]
            assert len(alternates) == 1, address
            features = [each for each in found.hrefs if "/items/" in each]
            others = [each for each in found.hrefs if "/items/" not in each]
            open_ones += [*others, *features[:3], str(alternates[0]["href"])]
            continue
        links = list(links_in(answer.json()))
        told |= {each["href"]: each["type"] for each in links}
        assert all(each["href"].startswith(f"{base}/ogc") for each in links), address
        open_ones += [each["href"] for each in links]
    paths = {re.sub(r"/items/.*", "/items/…", urlsplit(each).path) for each in seen}
    expected = {"/ogc", "/ogc/api", "/ogc/conformance", "/ogc/collections"}
    for layer in LAYERS:
        here = f"/ogc/collections/{layer}"
        expected |= {here, f"{here}/items", f"{here}/items/…", f"{here}/queryables"}
        expected |= {f"/ogc/tiles/{layer}"}
    here = "/ogc/collections/movingfeatures"
    expected |= {here, f"{here}/items", f"{here}/items/…"}
    assert paths == expected


async def test_the_landing_page_and_the_conformance_classes(ogc: Ogc) -> None:
    landing = await ogc.json("")
    assert WAYS <= {each["rel"] for each in landing["links"]}
    assert landing == {**await ogc.json("/"), "links": landing["links"]}
    classes = (await ogc.json("/conformance"))["conformsTo"]
    assert classes == [f"http://www.opengis.net/spec/{each}" for each in HELD_BY]
    for files in HELD_BY.values():
        for name in files.split():
            assert (Path(__file__).parent / f"{name}.py").is_file(), name
    asked = [
        "ogcapi-features-1/1.0/conf/core", "ogcapi-features-1/1.0/conf/geojson",
        "ogcapi-features-1/1.0/conf/oas30", "ogcapi-features-2/1.0/conf/crs",
        "ogcapi-features-3/1.0/conf/queryables", "ogcapi-features-3/1.0/conf/filter",
        "ogcapi-features-3/1.0/conf/features-filter", "cql2/1.0/conf/cql2-text",
        "cql2/1.0/conf/cql2-json", "cql2/1.0/conf/basic-cql2",
    ]  # fmt: skip
    assert {f"http://www.opengis.net/spec/{each}" for each in asked} <= set(classes)


async def test_the_openapi_document_is_valid_and_true(ogc: Ogc) -> None:
    answer = await ogc.get("/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    document = answer.json()
    assert document["openapi"].startswith("3.0.")
    OpenAPIV30SpecValidator(document).validate()
    (server,) = document["servers"]
    parameters = document["components"]["parameters"]
    assert parameters["limit"]["schema"] == {
        "type": "integer", "minimum": 1, "maximum": MOST, "default": 100,
    }  # fmt: skip
    for name in ("bbox", "datetime", "limit"):
        assert (parameters[name]["style"], parameters[name]["explode"]) == ("form", False)
    assert parameters["bbox"]["schema"]["minItems"] == 4
    for path, methods in document["paths"].items():
        assert {"200", "400", "default"} <= set(methods["get"]["responses"])
        if "{" in path:
            continue
        answer = await ogc.client.get(server["url"] + path)
        kind = answer.headers["content-type"].removesuffix("; charset=utf-8")
        assert answer.status_code == 200
        assert kind in methods["get"]["responses"]["200"]["content"], path
        known = {
            each.get("name") or each["$ref"].rpartition("/")[2]
            for each in methods["get"].get("parameters", [])
        }
        refusal = (await ogc.client.get(server["url"] + path, params={"strange": "1"})).json()
        offered = refusal["detail"].rpartition("but ")[2].rstrip(".").split(", ")
        assert set(offered) == known, path


async def test_features_are_geojson_and_each_is_found_by_its_id(ogc: Ogc) -> None:
    for layer in LAYERS:
        found = await ogc.json(f"/collections/{layer}/items", limit="10000")
        FeatureCollection.model_validate(found)
        assert abs(datetime.fromisoformat(found["timeStamp"]) - datetime.now(UTC)) < timedelta(
            minutes=5
        )
        assert found["numberReturned"] == found["numberMatched"] == len(found["features"]) > 0
        schema = await ogc.json(f"/collections/{layer}/queryables")
        for each in found["features"][:5]:
            assert set(each["properties"]) | {"geometry"} == set(schema["properties"])
            answer = await ogc.get(f"/collections/{layer}/items/{each['id']}")
            assert answer.headers["content-type"] == "application/geo+json"
            alone = answer.json()
            GeoJsonFeature.model_validate(alone)
            assert {"self", "alternate", "collection"} == {link["rel"] for link in alone["links"]}
            assert {**each, "links": alone["links"]} == alone
        for strange in ("nothing", "A/nothing", "B/AMB-1", "A/AMB-1/x/y", "%00", "A/%FF"):
            answer = await ogc.get(f"/collections/{layer}/items/{strange}")
            assert answer.status_code in (400, 404), (layer, strange)
    for path in ("/collections/latest", "/collections/latest/items", "/tiles/latest", "/nowhere"):
        assert (await ogc.get(path)).status_code == 404
    for polygon in map(place, await ogc.features("fences")):
        assert isinstance(polygon, shapely.Polygon)
        assert polygon.exterior.is_ccw


async def test_a_box_finds_what_lies_in_it(ogc: Ogc) -> None:
    box = shapely.box(114.05, 22.25, 114.25, 22.34)
    text = ",".join(map(str, box.bounds))
    for layer in ("vehicles", "fences", "tracks"):
        around = box if layer != "fences" else shapely.box(114.09, 22.3, 114.1, 22.3)
        asked = text if layer != "fences" else "114.09,22.3,114.1,22.3"
        await ogc.equal(layer, lambda each: place(each).intersects(around), bbox=asked)  # noqa: B023  used at once
    heights = "114.05,22.25,-100,114.25,22.34,5000"
    assert await ogc.ids("vehicles", bbox=heights) == await ogc.ids("vehicles", bbox=text)
    # The last three fixes that told an alert stand outside the square, or at its middle.
    await ogc.equal("alerts", lambda each: place(each).bounds[1] > 22.31, bbox="114,22.31,115,23")
    everything = await ogc.ids("vehicles")
    assert await ogc.ids("vehicles", bbox="-180,-90,180,90") == everything
    assert await ogc.ids("vehicles", bbox="114.2,-90,114,90") == await ogc.ids(
        "vehicles", bbox="-180,-90,114,90"
    ) | await ogc.ids("vehicles", bbox="114.2,-90,180,90")
    assert await ogc.ids("vehicles", bbox="0,0,1,1") == set()
    for wrong in ("1,2,3", "a,b,c,d", "1,2,3,4,5", "0,10,1,5", "-181,0,0,1", "0,0,1,91", "",
                  "nan,0,1,1", "0,0,inf,1", "1e400,0,1,1"):  # fmt: skip
        answer = await ogc.get("/collections/vehicles/items", bbox=wrong)
        assert answer.status_code == 400, wrong
        assert answer.json()["type"] == "/problems/bad-query"


async def test_a_time_finds_what_was_then(ogc: Ogc) -> None:
    for layer, (begins, ends) in TIMES.items():
        spans = sorted(span(each, begins, ends) for each in await ogc.features(layer))
        middle = spans[len(spans) // 2][0]
        intervals: list[tuple[str, datetime | None, datetime | None]] = [
            (stamp(middle), middle, middle),
            (f"../{stamp(spans[0][0])}", None, spans[0][0]),
            (f"/{stamp(spans[0][0])}", None, spans[0][0]),
        ]
        if layer != "fences":
            later = spans[-2][0]
            intervals += [
                (f"{stamp(middle)}/{stamp(later)}", middle, later),
                (f"{stamp(later)}/..", later, None),
                (f"{stamp(later)}/", later, None),
            ]
        for text, since, until in intervals:

            def holds(each: Any, since: Any = since, until: Any = until) -> bool:  # noqa: ANN401  a datetime or None
                first, last = span(each, TIMES[layer][0], TIMES[layer][1])  # noqa: B023  used at once
                return (until is None or first <= until) and (since is None or last >= since)

            everything = await ogc.features(layer)
            wanted = {each["id"] for each in everything if holds(each)}
            assert await ogc.ids(layer, datetime=text) == wanted, (layer, text)
            assert wanted, (layer, text)
    day = await ogc.ids("tracks", datetime="2026-11-20")
    assert day == await ogc.ids("tracks") == await ogc.ids("tracks", datetime="../..")
    for wrong in ("today", "2026-11-20T08:00:00", "2026-13-01T00:00:00Z", "2026-11-21/2026-11-20",
                  "", "a/b/c", "0001-01-01T00:00:00+14:00", "2026-11-20 08:00:00Z"):  # fmt: skip
        answer = await ogc.get("/collections/tracks/items", datetime=wrong)
        assert answer.status_code == 400, wrong
    for extreme in ("0001-01-01T00:00:00Z/9999-12-31T23:59:59Z", "0001-01-01/..", "9999-12-31"):
        assert (await ogc.get("/collections/tracks/items", datetime=extreme)).status_code == 200


async def test_limits_and_parameters_that_are_none(ogc: Ogc) -> None:
    items = "/collections/vehicles/items"
    assert (await ogc.json(items, limit="3"))["numberReturned"] == 3
    assert (await ogc.json(items, limit="999999999"))["numberReturned"] == 62
    for wrong in ("0", "-1", "x", "1.5", "", "9" * 30, "１"):
        assert (await ogc.get(items, limit=wrong)).status_code == 400, wrong
    for path in ("", "/api", "/conformance", "/collections", "/collections/vehicles", items,
                 "/collections/vehicles/queryables", f"{items}/A/AMB-1", "/tiles/vehicles",
                 "/tiles/vehicles/0/0/0.mvt"):  # fmt: skip
        answer = await ogc.get(path, unknown="1")
        assert answer.status_code == 400, path
        assert "'unknown'" in answer.json()["detail"]
        assert (await ogc.get(path, f="xml")).status_code == 400
    twice = await ogc.client.get(f"/ogc{items}?limit=1&limit=2")
    assert twice.status_code == 400
    for cursor in ("x", "W10", "WzFd", "WyJ4Il0", "%00", "bnVsbA", "W1sxXV0"):
        assert (await ogc.get(items, after=cursor)).status_code in (400, 200), cursor
    assert (await ogc.get(items, after="WyJ4Il0")).status_code == 400


async def test_head_and_options(ogc: Ogc) -> None:
    for path in ("", "/collections", "/collections/tracks/items", "/tiles/vehicles/0/0/0.mvt"):
        head = await ogc.client.head(f"/ogc{path}")
        got = await ogc.client.get(f"/ogc{path}")
        assert head.status_code == got.status_code == 200
        assert head.content == b""
        assert head.headers["content-type"] == got.headers["content-type"]
        options = await ogc.client.options(f"/ogc{path}")
        assert (options.status_code, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS")
        assert (await ogc.client.post(f"/ogc{path}")).status_code == 405


async def test_nobody_without_a_token_is_told_anything(ogc_service: Service) -> None:
    async with ogc_service.api.client() as anyone:
        for path in (
            "",
            "/api",
            "/collections",
            "/collections/vehicles/items?limit=x",
            "/tiles/fences/0/0/0.mvt",
        ):
            assert (await anyone.get(f"/ogc{path}")).status_code == 401
