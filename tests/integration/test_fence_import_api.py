"""Whole files of fences over HTTP: the difference, then all of it at once, or nothing."""

from __future__ import annotations

import asyncio
import io
import json
import re
import zipfile
from typing import Any

import httpx
import pytest

from tests.integration.api_world import Served, World
from tracker.fence_files.sniff import SHP_HEAD

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


#: Deeper than any reader follows.
NESTED = b'{"features":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
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
        (b"[" * 100_000, "application/geo+json", "file"),
        (NESTED, "application/geo+json", "lists in lists"),
    ):
        refused = await send(as_a, content, {"Content-Type": media_type})
        assert refused.status_code == 422, refused.text
        assert said in refused.json()["detail"]
        assert "root:" not in refused.text


@pytest.mark.parametrize("stated", [True, False])
async def test_a_file_of_more_than_32_mb_is_cut_off_with_a_problem(
    world: World, api: Served, as_a: httpx.AsyncClient, *, stated: bool
) -> None:
    before = await refs(as_a)
    reader, writer = await asyncio.open_connection("127.0.0.1", api.port)
    length = "Content-Length: 32000001" if stated else "Transfer-Encoding: chunked"
    writer.write(
        f"POST {IMPORT}?department=A HTTP/1.1\r\nHost: x\r\n{length}\r\n"
        f"Authorization: Bearer {world.tokens['A']}\r\nAccept-Language: zh-Hant\r\n"
        "Content-Type: application/geo+json\r\n\r\n".encode()
    )
    if not stated:
        one = file_of(box(114.2, "one"))
        for portion in (one, b" " * (32_000_001 - len(one))):
            writer.write(f"{len(portion):x}\r\n".encode() + portion + b"\r\n")
    head, _, body = (await asyncio.wait_for(reader.read(), 20)).partition(b"\r\n\r\n")
    writer.close()
    problem = json.loads(body)
    assert head.startswith(b"HTTP/1.1 413 ")
    assert (problem["type"], problem["title"]) == ("/problems/too-long", "請求內容過長")
    assert "32000000 bytes at most; nothing of it was used" in problem["detail"]
    assert await refs(as_a) == before


async def test_more_than_is_taken_at_once_is_refused_and_nothing_is_kept(
    as_a: httpx.AsyncClient,
) -> None:
    before = await refs(as_a)
    one = file_of(box(114.2, "one"))
    shapeless: dict[str, Any] = {"type": "Feature", "properties": {}, "geometry": None}
    crowd = file_of(box(114.2, "one"), *[shapeless] * 50_000)
    zip_ = {"Content-Type": "application/zip"}
    skip = {"department": "A", "skip_bad": "true"}
    for content, headers, said in (
        (crowd, GEOJSON, "more than 50,000 fences"),
        (bomb(), zip_, "unpacks to more than 500,000,000 bytes"),
    ):
        refused = await as_a.post(
            IMPORT, content=content, params=skip, headers=headers | {"Accept-Language": "zh-Hant"}
        )
        problem = refused.json()
        assert (refused.status_code, problem["type"]) == (413, "/problems/file-too-large"), problem
        assert "nothing of it was used" in problem["detail"]
        assert said in problem["detail"]
        assert CHINESE.search(problem["title"])
        assert problem["trace_id"]
    assert await refs(as_a) == before
    # The same file is taken once it is smaller.
    assert (await send(as_a, one, GEOJSON)).json()["done"] is True


def bomb() -> bytes:
    """A zipped shapefile of 600 MB in as many kB."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.shp", SHP_HEAD)
        with archive.open("a.dbf", "w") as file:
            for _ in range(600):
                file.write(bytes(1_000_000))
    return held.getvalue()


async def test_files_are_for_those_who_may_and_may_be_larger_than_other_bodies(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    content = file_of(box(114.2, "one"))
    assert (await send(as_b, content, GEOJSON)).status_code == 404
    assert (await send(as_a, content, {"Content-Type": "text/csv"})).status_code == 415
    # A body of more than other routes take.
    assert (await send(as_a, content + b" " * 2_000_000, GEOJSON)).json()["done"] is True
    assert "one" not in await refs(as_b)
