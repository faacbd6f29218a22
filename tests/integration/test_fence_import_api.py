"""Whole files of fences over HTTP: the difference, then all of it at once, or nothing."""

from __future__ import annotations

import io
import json
import re
import zipfile
from typing import Any

import httpx
import pytest

from tests.integration.api_world import World

IMPORT = "/v1/fences/import"
GEOJSON = {"Content-Type": "application/geo+json"}
CHINESE = re.compile("[\u4e00-\u9fff]")


def box(west: float, ref: str, name: str = "Depot") -> dict[str, Any]:
    ring = [[west, 22.3], [west + 0.01, 22.3], [west + 0.01, 22.31], [west, 22.31], [west, 22.3]]
    properties = {"ref": ref, "name": {"en": name, "zh-Hant": "車廠"}}
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


def file_of(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


async def send(
    client: httpx.AsyncClient, content: bytes, headers: dict[str, str], **query: object
) -> httpx.Response:
    asked = {"department": "A", **{key: str(value) for key, value in query.items()}}
    return await client.post(IMPORT, content=content, headers=headers, params=asked)


async def refs(client: httpx.AsyncClient) -> list[str]:
    found = (await client.get("/v1/fences")).json()["features"]
    return [each["properties"]["ref"] for each in found]


async def test_a_file_is_shown_as_a_difference_then_done_once(as_a: httpx.AsyncClient) -> None:
    before = await refs(as_a)
    content = file_of(box(114.2, "one"), box(114.3, "two"))
    shown = (await send(as_a, content, GEOJSON, dry_run=True)).json()
    assert (shown["done"], shown["created"], await refs(as_a)) == (False, ["one", "two"], before)
    keyed = GEOJSON | {"Idempotency-Key": "file-1"}
    for _ in range(2):
        done = await send(as_a, content, keyed, why="the survey of 2026")
        assert done.status_code == 200, done.text
        assert done.json()["counts"] == {
            "created": 2, "changed": 0, "unchanged": 0, "refused": 0,
        }  # fmt: skip
    assert sorted(await refs(as_a)) == sorted([*before, "one", "two"])
    versions = (await as_a.get("/v1/fences/A/one/versions")).json()["versions"]
    assert [each["why"] for each in versions] == ["the survey of 2026"]
    again = file_of(box(114.2, "one"), box(114.35, "two", "Yard"), box(114.4, "three"))
    told = (await send(as_a, again, GEOJSON, dry_run=True, replace=True)).json()
    assert (told["created"], told["unchanged"]) == (["three"], ["one"])
    assert [(each["ref"], set(each["what"])) for each in told["changed"]] == [
        ("two", {"shape", "name"})
    ]
    assert (await send(as_a, again, GEOJSON, replace=True)).json()["done"] is True
    assert (await as_a.get("/v1/fences/A/two")).json()["properties"]["version"] == 2


async def test_what_cannot_be_a_fence_stops_all_of_it_and_says_where(
    as_a: httpx.AsyncClient,
) -> None:
    bow = box(114.2, "bow")
    bow["geometry"]["coordinates"] = [
        [[114.2, 22.3], [114.21, 22.31], [114.21, 22.3], [114.2, 22.31], [114.2, 22.3]]
    ]
    before = await refs(as_a)
    content = file_of(box(114.5, "good"), bow, box(114.6, "good"))
    refused = await send(as_a, content, GEOJSON | {"Accept-Language": "zh-Hant"})
    problem = refused.json()
    assert (refused.status_code, problem["type"]) == (422, "/problems/file-refused")
    assert [each["reason"] for each in problem["errors"]] == ["self-crossing", "twice"]
    assert all(CHINESE.search(each["detail"]) for each in problem["errors"])
    assert problem["errors"][0]["place"] == [pytest.approx(114.205), pytest.approx(22.305)]
    assert "feature 2" in problem["errors"][0]["at"][0]
    assert await refs(as_a) == before
    shown = (await send(as_a, content, GEOJSON, dry_run=True)).json()
    assert [set(each["reason"]) for each in shown["refused"]] == [{"en", "zh-Hant"}] * 2
    done = (await send(as_a, content, GEOJSON, skip_bad=True)).json()
    assert (done["done"], done["created"], done["counts"]["refused"]) == (True, ["good"], 2)
    taken = await send(as_a, file_of(box(114.5, "good")), GEOJSON)
    assert [each["reason"] for each in taken.json()["errors"]] == ["taken"]


async def test_what_is_given_out_is_taken_in_again(as_a: httpx.AsyncClient) -> None:
    await send(as_a, file_of(box(114.2, "one"), box(114.3, "two")), GEOJSON)
    for name in ("kml", "gpx", "shp"):
        given = await as_a.get("/v1/fences", params={"format": name, "department": "A"})
        assert given.status_code == 200, given.text
        headers = {"Content-Type": given.headers["content-type"]}
        told = (await send(as_a, given.content, headers, dry_run=True, replace=True)).json()
        assert (told["counts"]["created"], told["counts"]["refused"]) == (0, 0), (name, told)
        assert {"one", "two"} <= {*told["unchanged"], *(each["ref"] for each in told["changed"])}


def zipped(**members: bytes) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, content in members.items():
            archive.writestr(name.replace("_", "."), content)
    return held.getvalue()


VRT = b"""<OGRVRTDataSource><OGRVRTLayer name="passwd"><SrcDataSource>/etc/passwd</SrcDataSource>
</OGRVRTLayer></OGRVRTDataSource>"""


KML = "application/vnd.google-earth.kml+xml"
ENTITY = b'<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]><kml>&x;</kml>'


async def test_a_file_that_names_others_or_is_none_is_refused(as_a: httpx.AsyncClient) -> None:
    for content, media_type, said in (
        (VRT, KML, "is no KML"),
        (ENTITY, KML, "document type"),
        (zipped(a_vrt=VRT), "application/zip", "nothing else"),
        (zipped(a_shp=VRT), "application/zip", "is no .shp"),
        (b"PK", "application/zip", "is no .zip"),
        (b"{", "application/geo+json", "file"),
    ):
        refused = await send(as_a, content, {"Content-Type": media_type})
        assert refused.status_code == 422, refused.text
        assert said in refused.json()["detail"]
        assert "root:" not in refused.text


async def test_files_are_for_those_who_may_and_may_be_larger_than_other_bodies(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    content = file_of(box(114.2, "one"))
    assert (await send(as_b, content, GEOJSON)).status_code == 404
    assert (await send(as_a, content, {"Content-Type": "text/csv"})).status_code == 415
    # A body of more than other routes take.
    assert (await send(as_a, content + b" " * 2_000_000, GEOJSON)).json()["done"] is True
    assert "one" not in await refs(as_b)
