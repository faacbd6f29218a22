"""Grants: who gives them, what they tell, and that they end in the middle of whatever goes on."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import Database
from tests.integration.api_world import DEADLINE_S, Served, World, world_in
from tests.integration.grant_world import NEW, granted, next_of
from tracker.reads import NoLongerSeen, Reader, pages, tracks


async def test_a_revocation_ends_an_open_live_view_and_the_view_goes_on(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    await world.drive("B/AMB-1", (0, 114.2, 22.3))
    grant = await granted(as_a, as_b)
    headers = {"Authorization": f"Bearer {world.tokens['B']}"}
    number = (await as_a.get("/v1/vehicles/A/AMB-1")).json()["id"]
    async with (
        connect(f"{api.live_url}?format=json", additional_headers=headers) as socket,
        asyncio.timeout(DEADLINE_S),
    ):
        assert number in (await next_of(socket, "snapshot"))["columns"]["id"]
        await world.drive("A/AMB-1", (10, 114.201, 22.3))
        assert number in (await next_of(socket, "delta"))["columns"]["id"]
        await as_a.post(f"/v1/grants/{grant['id']}/revoke", json={"why": "the fire is out"})
        hidden = await next_of(socket, "delta")
        assert hidden["removed"] == [number]
        assert number not in hidden["columns"]["id"]
        await next_of(socket, "grants")
        await world.drive("A/AMB-1", (20, 114.202, 22.3))
        await world.drive("B/AMB-1", (20, 114.202, 22.3))
        later = await next_of(socket, "delta")
        assert later["columns"]["id"]
        assert number not in later["columns"]["id"]


async def test_a_revocation_ends_paging(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    for ref in ("A/AMB-1", "A/AMB-2"):
        await world.drive(ref, (0, 114.205, 22.305))
    grant = await granted(as_a, as_b, vehicles=["A/AMB-1", "A/AMB-2"])
    first = (await as_b.get("/ogc/collections/vehicles/items?limit=1")).json()
    assert [each["id"] for each in first["features"]] == ["A/AMB-1"]
    more = next(each["href"] for each in first["links"] if each["rel"] == "next")
    extent = (await as_b.get("/ogc/collections/vehicles")).json()["extent"]["spatial"]["bbox"]
    assert extent[0][0] < 114.205 < extent[0][2]
    await as_a.post(f"/v1/grants/{grant['id']}/revoke")
    second = (await as_b.get(more)).json()
    assert second["features"] == []
    after = (await as_b.get("/ogc/collections/vehicles")).json()
    assert "114.2" not in json.dumps(after.get("extent", {}))


async def test_a_revocation_breaks_off_a_file(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks, "PAGE", 2)
    await world.drive("A/AMB-1", *((n * 10, 114.2 + n / 1000, 22.3) for n in range(5)))
    grant = await granted(as_a, as_b)
    number = (await as_b.get("/v1/vehicles/A/AMB-1")).json()["id"]
    reader = Reader(world.database.dsn("milepost_api"))
    try:
        reading = pages(
            lambda: reader.scope([2]),
            vehicle_id=number,
            since=world.started_at,
            until=world.started_at + timedelta(hours=1),
        )
        assert len((await anext(reading))["lon"]) == 2
        await as_a.post(f"/v1/grants/{grant['id']}/revoke")
        with pytest.raises(NoLongerSeen):
            await anext(reading)
    finally:
        await reader.close()


async def test_alerts_of_named_fences_are_shared_without_who_did_what(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    mine = (await as_a.get("/v1/alerts")).json()["alerts"]
    said = {"note": "a secret word"}
    await as_a.post(f"/v1/alerts/{mine[0]['id']}/acknowledge", json=said)
    assert (await as_b.get("/v1/alerts")).json()["alerts"] == []
    grant = await granted(as_a, as_b)
    answer = await as_b.get("/v1/alerts")
    assert {each["id"] for each in answer.json()["alerts"]} == {each["id"] for each in mine}
    assert "secret word" not in answer.text
    assert answer.json()["alerts"][0]["acknowledged_by"] is None
    assert len((await as_b.get("/ogc/collections/alerts/items")).json()["features"]) == len(mine)
    changed = await as_b.post(f"/v1/alerts/{mine[1]['id']}/acknowledge", json={})
    assert changed.status_code == 404, "whose they are, changes them"
    await as_a.post(f"/v1/grants/{grant['id']}/revoke")
    assert (await as_b.get("/v1/alerts")).json()["alerts"] == []
    await granted(as_a, as_b, fences=["A/A-CIRCLE"])
    assert (await as_b.get("/v1/alerts")).json()["alerts"] == []


async def test_presence_tells_in_or_out_and_no_place(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    await world.drive("A/AMB-1", (60, 114.105, 22.305))
    await granted(as_a, as_b, level="presence")
    (told,) = (await as_b.get("/v1/presence")).json()["presence"]
    assert (told["vehicle"], told["fence"], told["inside"]) == ("A/AMB-1", "A/A-SQUARE", True)
    assert (await as_b.get("/v1/positions")).json()["features"] == []
    assert (await as_b.get("/v1/vehicles/A/AMB-1")).json()["position"] is None
    track = await as_b.get("/v1/vehicles/A/AMB-1/track")
    assert track.json()["geometry"] is None
    alerts = (await as_b.get("/v1/alerts")).json()["alerts"]
    assert {each["kind"] for each in alerts} >= {"enter", "exit"}
    assert all(each["lon"] is None and each["lat"] is None for each in alerts)


async def test_a_private_vehicle_is_nowhere_for_others_too(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (-1200, 114.2, 22.3), (0, 114.205, 22.305))
    number = (await granted(as_a, as_b, level="blurred", fences=[]))["id"]
    assert len((await as_b.get("/v1/positions")).json()["features"]) == 1
    await world.sql(
        "INSERT INTO private_interval (department_id, vehicle_id, starts_at, why, keeps,"
        " declared_by) SELECT department_id, id, now(), 'private', 'nothing', 'd' FROM vehicle"
        " WHERE department_id = 1 AND ref = 'AMB-1'"
    )
    assert (await as_b.get("/v1/positions")).json()["features"] == []
    await as_a.post(f"/v1/grants/{number}/revoke")
    await granted(as_a, as_b)
    assert (await as_b.get("/v1/positions")).json()["features"] == []
    await granted(as_a, as_b, level="presence")
    assert (await as_b.get("/v1/presence")).json()["presence"] == []


async def test_only_another_person_of_the_owner_approves(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    asked = (await as_b.post("/v1/grants", json=NEW)).json()
    assert asked["state"] == "asked"
    assert (await as_b.get("/v1/positions")).json()["features"] == []
    path = f"/v1/grants/{asked['id']}"
    assert (await as_b.post(f"{path}/approve")).status_code == 404, "who asks does not grant"
    stale = await as_a.post(f"{path}/approve", headers={"If-Match": '"7"'})
    assert stale.status_code == 412
    assert (await as_a.post(f"{path}/approve")).json()["state"] == "in force"
    assert (await as_a.post(f"{path}/approve")).status_code == 409
    (feature,) = (await as_b.get("/v1/positions")).json()["features"]
    assert feature["properties"]["granted"] == "position"
    assert feature["properties"]["purpose"] == NEW["purpose"]
    assert (await as_b.post(f"{path}/revoke")).status_code == 404
    own = (await as_a.post("/v1/grants", json=NEW)).json()
    assert (await as_a.post(f"/v1/grants/{own['id']}/approve")).status_code == 409, "four eyes"
    nobody = (await as_b.post("/v1/grants", json={**NEW, "vehicles": ["A/NONE"]})).json()
    assert (await as_a.post(f"/v1/grants/{nobody['id']}/approve")).status_code == 404
    async with api.client(world.tokens["B"]) as stranger:
        other = {**NEW, "from": "A", "to": "A"}
        assert (await stranger.post("/v1/grants", json=other)).status_code == 422


@pytest.mark.parametrize(
    "wrong",
    [
        {"valid_until": "2020-01-01T00:00:00Z"},
        {"valid_until": "2030-01-01T00:00:00Z"},
        {"purpose": " "},
        {"vehicles": []},
        {"vehicles": ["B/AMB-1"]},
        {"level": "presence", "fences": []},
        {"level": "blurred"},
        {"hours": "sometimes"},
        {"area": {"type": "Point", "coordinates": [114, 22]}},
        {"area": {"type": "Polygon"}},
    ],
)
async def test_a_grant_that_cannot_be_is_refused(
    as_b: httpx.AsyncClient, wrong: dict[str, Any]
) -> None:
    assert (await as_b.post("/v1/grants", json={**NEW, **wrong})).status_code == 422


async def test_granted_reads_use_the_key_of_fixes(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    await granted(as_a, as_b)
    async with world.database.transaction("milepost_api") as connection:
        await connection.exec_driver_sql("SET LOCAL app.depts = '2'")
        await connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = "\n".join(
            (
                await connection.exec_driver_sql(
                    "EXPLAIN SELECT * FROM seen_fix WHERE vehicle_id = 1"
                    " AND fixed_at >= '2026-11-27Z' AND fixed_at < '2026-11-28Z' ORDER BY fixed_at"
                )
            ).scalars()
        )
    reads = [line for line in plan.splitlines() if "Index Cond" in line and "vehicle_id" in line]
    assert any("fixed_at >=" in line for line in reads), plan
    assert "Seq Scan on fix_" not in plan


async def test_no_scope_sees_nothing_granted(database: Database) -> None:
    async with world_in(database) as world:
        await world.drive("A/AMB-1", (0, 114.2, 22.3))
        await world.sql(
            "INSERT INTO location_grant (from_department_id, to_department_id, level, vehicles,"
            " valid_from, valid_until, purpose, asked_by, approved_by, approved_at) VALUES (1, 2,"
            " 'position', '{AMB-1}', '2026-01-01', '2027-06-01', 'p', 'a', 'b', now())"
        )
        async with database.transaction("milepost_api") as connection:
            for depts, seen in (("", 0), ("2", 1), ("1", 1)):
                await connection.exec_driver_sql(f"SET LOCAL app.depts = '{depts}'")
                found = await connection.exec_driver_sql("SELECT count(*) FROM seen_latest")
                assert found.scalar_one() == seen
