"""Fences managed through the API: made, replaced, ended, shared, and what that does to vehicles."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.integration.api_world import SQUARE, Served, World

BOX = {"type": "Polygon", "coordinates": [SQUARE]}
AWAY = {"type": "Polygon", "coordinates": [[[x + 0.1, y] for x, y in SQUARE]]}
DAY = timedelta(days=1)
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture
async def as_b(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(world.tokens["B"]) as client:
        yield client


def feature(ref: str = "depot", geometry: object = BOX, **said: object) -> dict[str, Any]:
    name = {"en": "Depot", "zh-Hant": "車廠"}
    properties = {"department": "A", "ref": ref, "name": name, **said}
    return {"type": "Feature", "geometry": geometry, "properties": properties}


async def make(
    client: httpx.AsyncClient, ref: str = "depot", geometry: object = BOX, **said: object
) -> dict[str, Any]:
    answer = await client.post("/v1/fences", json=feature(ref, geometry, **said))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def put(
    client: httpx.AsyncClient, revision: int | str, body: dict[str, Any]
) -> httpx.Response:
    headers = {"If-Match": f'"{revision}"' if isinstance(revision, int) else revision}
    return await client.put("/v1/fences/A/depot", json=body, headers=headers)


async def events(world: World, ref: str, department: str = "A") -> list[str]:
    found = await world.sql(
        "SELECT array_agg(e.kind || coalesce(' ' || e.cause, '') || ' ' || e.fence_version"
        " ORDER BY e.at, e.kind DESC) FROM event AS e JOIN fence AS f ON f.id = e.fence_id"
        " JOIN department AS d ON d.id = f.department_id"
        " WHERE f.ref = :ref AND d.ref = :department AND e.status = 'valid'",
        ref=ref,
        department=department,
    )
    return found or []


async def test_a_fence_is_made_read_replaced_and_ended(as_a: httpx.AsyncClient) -> None:
    made = await as_a.post("/v1/fences", json=feature(why="new depot"))
    assert made.status_code == 201
    assert made.headers["content-type"] == "application/geo+json"
    assert made.headers["location"] == "/v1/fences/A/depot"
    assert made.headers["etag"] == '"1"'
    read = await as_a.get(made.headers["location"])
    assert read.json() == made.json()
    said = read.json()["properties"]
    assert said["name"] == {"en": "Depot", "zh-Hant": "車廠"}
    assert (said["state"], said["version"], said["made_by"], said["why"]) == (
        *("in_force", 1, "A", "new depot"),
    )
    changed = read.json()
    changed["geometry"] = AWAY
    changed["properties"] |= {"why": "it moved", "description": {"en": "For night shifts"}}
    replaced = await put(as_a, 1, changed)
    assert replaced.status_code == 200, replaced.text
    assert replaced.headers["etag"] == '"2"'
    assert replaced.json()["properties"]["version"] == 2
    assert replaced.json()["properties"]["description"]["en"] == "For night shifts"
    ended = await as_a.request(
        "DELETE", "/v1/fences/A/depot?why=closed", headers={"If-Match": '"2"'}
    )
    assert ended.json()["properties"]["state"] == "ended"
    again = await as_a.request("DELETE", "/v1/fences/A/depot", headers={"If-Match": "*"})
    assert again.status_code == 409
    versions = (await as_a.get("/v1/fences/A/depot/versions")).json()["versions"]
    assert [(v["version"], v["why"], v["made_by"], v["ended_why"]) for v in versions] == [
        (2, "it moved", "A", "closed"),
        (1, "new depot", "A", None),
    ]
    assert versions[1]["valid_until"] == versions[0]["valid_from"]
    assert versions[1]["geometry"] != versions[0]["geometry"]
    listed = [f["properties"]["fence"] for f in (await as_a.get("/v1/fences")).json()["features"]]
    assert "A/depot" not in listed
    ended_ones = (await as_a.get("/v1/fences?state=ended")).json()["features"]
    assert [f["properties"]["fence"] for f in ended_ones] == ["A/depot"]


async def test_nobodys_change_is_lost_unseen(as_a: httpx.AsyncClient) -> None:
    await make(as_a)
    for headers, status in ({}, 428), ({"If-Match": '"7"'}, 412), ({"If-Match": "x"}, 412):
        for method in "PUT", "DELETE":
            answer = await as_a.request(
                method, "/v1/fences/A/depot", json=feature(geometry=AWAY), headers=headers
            )
            assert answer.status_code == status
            assert answer.headers["content-type"] == "application/problem+json"
    assert (await as_a.get("/v1/fences/A/depot")).json()["properties"]["version"] == 1
    same = await put(as_a, "*", feature())
    assert (same.status_code, same.headers["etag"]) == (200, '"1"')


async def test_a_key_is_done_once_and_answered_alike(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    key = {"Idempotency-Key": "k1"}
    answers = await asyncio.gather(
        *(as_a.post("/v1/fences", json=feature(), headers=key) for _ in range(3))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.text for answer in answers}) == 1
    assert len({answer.headers["location"] for answer in answers}) == 1
    other = await as_a.post("/v1/fences", json=feature("yard"), headers=key)
    assert (other.status_code, other.json()["type"]) == (422, "/problems/key-reused")
    theirs = feature("depot", department="B")
    assert (await as_b.post("/v1/fences", json=theirs, headers=key)).status_code == 201
    # What failed was not done: the key is free.
    failed = {"Idempotency-Key": "k2"}
    assert (await as_a.post("/v1/fences", json=feature(), headers=failed)).status_code == 409
    assert (await as_a.post("/v1/fences", json=feature("y2"), headers=failed)).status_code == 201
    await world.sql("UPDATE once SET at = at - interval '25 hours'")
    late = await as_a.post("/v1/fences", json=feature("yard"), headers=key)
    assert late.status_code == 201


CROSSING = [[114.1, 22.3], [114.2, 22.4], [114.2, 22.3], [114.1, 22.4], [114.1, 22.3]]
RING = SQUARE
BAD: dict[str, tuple[dict[str, Any], list[float] | None]] = {
    "self-crossing": (
        {"geometry": {"type": "Polygon", "coordinates": [CROSSING]}},
        [114.15, 22.35],
    ),
    "too-few-points": (
        {"geometry": {"type": "Polygon", "coordinates": [[*RING[:2], RING[0]]]}},
        RING[0],
    ),
    "unclosed-ring": ({"geometry": {"type": "Polygon", "coordinates": [RING[:4]]}}, RING[3]),
    "zero-area": (
        {"geometry": {"type": "Polygon", "coordinates": [[RING[0], RING[1], RING[0], RING[0]]]}},
        RING[0],
    ),
    "hole-outside": (
        {"geometry": {"type": "Polygon", "coordinates": [RING, AWAY["coordinates"][0]]}},
        [SQUARE[0][0] + 0.1, SQUARE[0][1]],
    ),
    "overlapping-parts": (
        {"geometry": {"type": "MultiPolygon", "coordinates": [[RING], [RING]]}},
        [114.105, 22.305],
    ),
    "too-many-vertices": (
        {
            "geometry": {
                "type": "Polygon",
                "coordinates": [[*([114.1 + k * 1e-6, 22.3] for k in range(10_001)), RING[0]]],
            }
        },
        [114.1, 22.3],
    ),
    "coordinate": (
        {"geometry": {"type": "Polygon", "coordinates": [[[y, x] for x, y in RING]]}},
        None,
    ),
    "width": ({"circle": {"center": [114.1, 22.3], "radius_m": 0}}, [114.1, 22.3]),
    "malformed-shape": ({"geometry": {"type": "Point", "coordinates": [114.1, 22.3]}}, None),
    "out-of-territory": (
        {"geometry": {"type": "Polygon", "coordinates": [[[x - 200, y] for x, y in RING]]}},
        [RING[0][0] - 200, RING[0][1]],
    ),
}


async def test_a_bad_shape_is_refused_with_the_reason_and_the_place(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.sql("UPDATE installation SET territory = '{113, 22, 115, 23}'")
    await make(as_a)
    for reason, (shape, place) in BAD.items():
        geometry = shape.get("geometry")
        more = {key: value for key, value in shape.items() if key != "geometry"}
        body = feature(f"bad-{reason}", geometry, **more)
        for language, words in (("en", ""), ("zh-HK", "圖形不能使用")):
            answer = await as_a.post("/v1/fences", json=body, headers={"Accept-Language": language})
            assert answer.status_code == 422, reason
            said = answer.json()
            assert (said["type"], said["reason"]) == ("/problems/bad-shape", reason)
            if place is None:
                assert "place" not in said
            else:
                assert said["place"] == pytest.approx(place, abs=1e-6)
            assert words in said["title"]
            assert bool(CHINESE.search(said["detail"])) == (language == "zh-HK"), reason
        edit = await put(as_a, "*", body)
        assert edit.json()["reason"] == reason
    assert (await as_a.get("/v1/fences/A/depot")).json()["properties"]["revision"] == 1
    clockwise = await as_a.post(
        "/v1/fences", json=feature("cw", {"type": "Polygon", "coordinates": [RING[::-1]]})
    )
    assert clockwise.status_code == 201


async def test_hk1980_grid_in_and_out(as_a: httpx.AsyncClient) -> None:
    """The Lands Department's control point: E 832591.320, N 820351.389."""
    circle = {"center": [832591.320, 820351.389], "radius_m": 100}
    crs = {"crs": "EPSG:2326"}
    made = await as_a.post("/v1/fences", json=feature(geometry=None, circle=circle), params=crs)
    assert made.status_code == 201, made.text
    assert made.json()["properties"]["circle"]["center"] == pytest.approx(
        circle["center"], abs=0.01
    )
    degrees = (await as_a.get("/v1/fences/A/depot")).json()["properties"]["circle"]["center"]
    assert degrees == pytest.approx([114.141187917, 22.322172084], abs=1e-7)
    square = [[832000, 820000], [833000, 820000], [833000, 821000], [832000, 821000]]
    drawn = {"type": "Polygon", "coordinates": [[*square, square[0]]]}
    polygon = await as_a.post("/v1/fences", json=feature("sq", drawn), params=crs)
    ring = polygon.json()["geometry"]["coordinates"][0]
    for corner in square:
        assert any(point == pytest.approx(corner, abs=0.02) for point in ring)
    swapped = {"center": [820351.389, 732591.320], "radius_m": 100}
    refused = await as_a.post("/v1/fences", json=feature("x", None, circle=swapped), params=crs)
    assert (refused.status_code, refused.json()["reason"]) == (422, "off-grid")


async def test_a_fence_is_valid_for_a_time(world: World, as_a: httpx.AsyncClient) -> None:
    now = datetime.now(UTC)
    planned = await make(
        as_a, valid_from=f"{now + DAY:%FT%TZ}", valid_until=f"{now + 2 * DAY:%FT%TZ}"
    )
    assert planned["properties"]["state"] == "planned"
    found = (await as_a.get("/v1/fences?state=planned")).json()["features"]
    assert [f["properties"]["fence"] for f in found] == ["A/depot"]
    # A plan can be taken back: what replaces it holds from now on.
    sooner = planned | {"properties": {**planned["properties"], "valid_from": None}}
    answer = await put(as_a, 1, sooner | {"geometry": AWAY})
    assert answer.json()["properties"]["state"] == "in_force"
    versions = (await as_a.get("/v1/fences/A/depot/versions")).json()["versions"]
    assert [v["state"] for v in versions] == ["in_force", "taken_back"]
    passed = feature("late", valid_until="2026-01-01T00:00:00Z")
    assert (await as_a.post("/v1/fences", json=passed)).status_code == 422
    crossed = feature("x", valid_from="2036-01-01T00:00:00Z", valid_until="2035-01-01T00:00:00Z")
    assert (await as_a.post("/v1/fences", json=crossed)).status_code == 422
    await world.drive("A/AMB-1", (280, 114.105, 22.305))
    made = await make(as_a, ref="soon")
    await world.committer.refresh()
    assert await events(world, "soon") == ["present fence_created 1"]
    path, status = "/v1/fences/A/soon", 0
    while status != 200:  # a slow machine asks again: the time may have passed on the way
        soon = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
        made["properties"]["valid_until"] = soon
        status = (await as_a.put(path, json=made, headers={"If-Match": "*"})).status_code
    async with asyncio.timeout(60):
        while len(await events(world, "soon")) < 2:
            await world.committer.refresh()
    assert await events(world, "soon") == ["present fence_created 1", "exit fence_deleted 1"]


async def test_a_fence_made_moved_and_deleted_over_a_vehicle_is_told(
    world: World, as_a: httpx.AsyncClient
) -> None:
    """Rules R12 to R14, through the API."""
    await as_a.post("/v1/rules", json={"department": "A", "ref": "any", "on": ["present", "exit"]})
    await world.drive("A/AMB-1", (280, 114.105, 22.305))
    await make(as_a)
    assert await world.committer.refresh() is not None
    assert await events(world, "depot") == ["present fence_created 1"]
    await put(as_a, 1, feature(geometry=AWAY))
    await world.committer.refresh()
    await put(as_a, 2, feature())
    await world.committer.refresh()
    assert await events(world, "depot") == [
        *("present fence_created 1", "exit fence_edit 2", "present fence_edit 3"),
    ]
    alerts = (await as_a.get("/v1/alerts")).json()["alerts"]
    told = {(alert["kind"], alert["state"]) for alert in alerts if alert["fence"] == "A/depot"}
    # Another shape is no end of the fence.
    assert told == {("present", "open"), ("exit", "open")}
    await as_a.request("DELETE", "/v1/fences/A/depot", headers={"If-Match": "*"})
    await world.committer.refresh()
    assert (await events(world, "depot"))[-1] == "exit fence_deleted 3"
    left = (await as_a.get("/v1/alerts?state=open")).json()["alerts"]
    # Of the exits only the one that tells of the end is not from before it.
    assert {alert["kind"] for alert in left if alert["fence"] == "A/depot"} == {"exit"}


async def test_a_fence_is_anothers_business_only_while_it_is_shared(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await make(as_a)
    rule = {"department": "B", "ref": "at-depot", "fence": "A/depot", "on": ["present", "exit"]}
    for _ in range(2):
        assert (await as_b.get("/v1/fences/A/depot")).status_code == 404
        assert (await as_b.get("/v1/fences/A/depot/versions")).status_code == 404
        assert (await as_b.post("/v1/rules", json=rule)).status_code == 404
        assert (await as_b.get("/v1/fences/A/depot/shares")).status_code == 404
        refused = await as_b.post("/v1/fences/A/depot/shares", json={"to": "B"})
        assert refused.status_code == 404
    shared = await as_a.post("/v1/fences/A/depot/shares", json={"to": "B", "why": "joint depot"})
    assert shared.status_code == 201, shared.text
    assert [each["to"] for each in shared.json()["shares"]] == ["B"]
    twice = await as_a.post("/v1/fences/A/depot/shares", json={"to": "B"})
    assert twice.status_code == 409
    theirs = (await as_b.get("/v1/fences/A/depot")).json()["properties"]
    assert (theirs["fence"], theirs["shared_from"]) == ("B/A.depot", "A/depot")
    assert "new depot" not in str(theirs)
    made = await as_b.post("/v1/rules", json=rule)
    assert made.status_code == 201, made.text
    assert made.json()["fence"] == "B/A.depot"
    await world.drive("B/AMB-1", (280, 114.105, 22.305))
    assert await events(world, "A.depot", "B") == ["present fence_created 1"]
    assert await events(world, "depot") == []
    mine = await as_b.put(
        "/v1/fences/B/A.depot", json=feature(geometry=AWAY), headers={"If-Match": "*"}
    )
    assert mine.status_code == 409
    await put(as_a, 1, feature(geometry=AWAY))
    await world.committer.refresh()
    assert await events(world, "A.depot", "B") == [
        *("present fence_created 1", "exit fence_edit 2"),
    ]
    await put(as_a, 2, feature())
    await world.committer.refresh()
    ended = await as_a.request("DELETE", "/v1/fences/A/depot/shares/B?why=over")
    assert ended.json()["shares"][0]["ended_why"] == "over"
    await world.committer.refresh()
    assert (await events(world, "A.depot", "B"))[-1] == "exit fence_deleted 3"
    assert (await as_b.get("/v1/fences/A/depot")).status_code == 404
    # Its past stays theirs, and a further share goes on under the same name.
    assert (await as_b.get("/v1/fences/B/A.depot")).json()["properties"]["state"] == "ended"
    assert (await as_a.post("/v1/fences/A/depot/shares", json={"to": "B"})).status_code == 201
    follower = (await as_b.get("/v1/fences/A/depot")).json()["properties"]
    assert (follower["fence"], follower["version"]) == ("B/A.depot", 4)
    # The other side may end it too.
    left = await as_b.request("DELETE", "/v1/fences/B/A.depot", headers={"If-Match": "*"})
    assert left.status_code == 200, left.text
    shares = (await as_a.get("/v1/fences/A/depot/shares")).json()["shares"]
    assert all(each["until"] is not None for each in shares)


async def test_another_departments_fences_are_not_there(as_b: httpx.AsyncClient) -> None:
    wrong = {"If-Match": "*"}
    for method, path, body in (
        ("POST", "/v1/fences", feature()),
        ("PUT", "/v1/fences/A/A-SQUARE", feature()),
        ("DELETE", "/v1/fences/A/A-SQUARE", None),
        ("GET", "/v1/fences/A/A-SQUARE", None),
        ("GET", "/v1/fences/A/A-SQUARE/versions", None),
        ("PUT", "/v1/fences/B/none", feature()),
        ("DELETE", "/v1/fences/B/none", None),
    ):
        answer = await as_b.request(method, path, json=body, headers=wrong)
        assert answer.status_code == 404, (method, path, answer.text)


async def test_fences_are_changed_where_a_role_may_and_nowhere_else(
    world: World, api: Served
) -> None:
    """A dispatcher of A who manages B draws in B alone; a dispatcher nowhere."""
    of_b = feature(department="B")
    async with api.client(await world.give_key("d", "dispatcher@A")) as dispatcher:
        assert (await dispatcher.get("/v1/fences/A/A-SQUARE")).status_code == 200
        assert (await dispatcher.post("/v1/fences", json=feature())).status_code == 403
    async with api.client(await world.give_key("m", "dispatcher@A", "manager@B")) as manager:
        assert (await manager.post("/v1/fences", json=feature())).status_code == 404
        ended = await manager.delete("/v1/fences/A/A-SQUARE", headers={"If-Match": "*"})
        assert ended.status_code == 404
        assert (await manager.post("/v1/fences", json=of_b)).status_code == 201
        assert (await manager.get("/v1/fences/A/A-SQUARE")).status_code == 200
