"""What departments let each other see, and whoever has a link, stands in the audit too."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from websockets.asyncio.client import connect

from tests.integration.api_world import DEADLINE_S, Served, World
from tests.integration.grant_world import granted, next_of
from tracker import registry

TRACK = "/v1/vehicles/A/AMB-1/track"


async def who_saw(client: httpx.AsyncClient, vehicle: str) -> list[str]:
    """Who looked at a vehicle today, and how."""
    answer = await client.get(f"/v1/audit/vehicles/{vehicle}")
    assert answer.status_code == 200, answer.text
    return sorted(f"{row['label']} {row['what']}" for row in answer.json()["rows"])


async def look(world: World, api: Served, as_b: httpx.AsyncClient) -> None:
    """At everything that a grant shows something in, twice."""
    headers = {"Authorization": f"Bearer {world.tokens['B']}"}
    for _ in range(2):
        for path in (
            *("/v1/positions", "/v1/alerts", "/v1/presence", "/ogc/collections/vehicles/items"),
            "/v1/near?place=114.1,22.3",
        ):
            assert (await as_b.get(path)).status_code == 200
        address = f"{api.live_url}?format=json"
        async with connect(address, additional_headers=headers) as socket:
            async with asyncio.timeout(DEADLINE_S):
                await next_of(socket, "snapshot")


async def test_what_is_granted_is_in_the_audit_of_both_sides(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    await look(world, api, as_b)
    assert await who_saw(as_a, "A/AMB-1") == []
    grant = await granted(as_a, as_b)
    await look(world, api, as_b)
    await as_b.get("/v1/vehicles/A/AMB-1")
    assert (await as_b.get(TRACK)).status_code == 200
    assert (await as_b.get("/v1/visits?place=114.105,22.305")).status_code == 200
    seen = [
        *("B alerts.view", "B live.view", "B near.view", "B ogc.vehicles.items"),
        *("B positions.view", "B presence.view", "B track.read", "B vehicle.view", "B visits.read"),
    ]
    assert await who_saw(as_a, "A/AMB-1") == seen
    assert await who_saw(as_a, "A/AMB-2") == [], "it was not granted"
    assert (await as_b.get("/v1/audit/vehicles/A/AMB-1")).status_code == 404
    (read,) = (await as_b.get("/v1/audit?what=track.")).json()["rows"]
    assert (read["departments"], read["vehicles"]) == (["B"], ["A/AMB-1"])
    await as_a.post(f"/v1/grants/{grant['id']}/revoke")
    await look(world, api, as_b)
    assert await who_saw(as_a, "A/AMB-1") == seen


async def test_a_grant_that_begins_in_an_open_live_view_is_noted_before_it_is_shown(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    headers = {"Authorization": f"Bearer {world.tokens['B']}"}
    number = (await as_a.get("/v1/vehicles/A/AMB-1")).json()["id"]
    async with (
        connect(f"{api.live_url}?format=json", additional_headers=headers) as socket,
        asyncio.timeout(DEADLINE_S),
    ):
        await next_of(socket, "snapshot")
        await granted(as_a, as_b)
        while number not in (await next_of(socket, "delta"))["columns"]["id"]:
            pass
        assert "B live.view" in await who_saw(as_a, "A/AMB-1")


async def test_a_grant_is_written_to_the_audit_of_both_sides(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    grant = await granted(as_a, as_b)
    assert grant["asked_by"] == f"key:{world.tokens['B'][:11]}"
    assert grant["approved_by"] == f"key:{world.tokens['A'][:11]}"
    for client in (as_a, as_b):
        rows = (await client.get("/v1/audit?what=location_grant.")).json()["rows"]
        assert [(row["what"], row["detail"]) for row in rows] == [
            ("location_grant.update", grant["id"]),
            ("location_grant.insert", grant["id"]),
        ]


async def test_who_follows_a_link_is_noted_once_and_its_token_never(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    asked = {"vehicle": "A/AMB-1", "hours": 1, "purpose": "hospital gate"}
    made: dict[str, Any] = (await as_a.post("/v1/shares", json=asked)).json()
    async with api.client() as anybody:
        for _ in range(3):
            assert (await anybody.get(f"/v1/shares/{made['token']}")).status_code == 200
    answer = await as_a.get("/v1/audit/vehicles/A/AMB-1")
    (row,) = answer.json()["rows"]
    assert (row["who"], row["what"], row["address"]) == (
        *(f"share:{made['id']}", "share.view"),
        "127.0.0.1",
    )
    everything = await as_a.get("/v1/audit")
    assert [each["what"] for each in everything.json()["rows"][:2]] == [
        *("share.view", "share_link.insert"),
    ]
    assert made["token"] not in answer.text + everything.text


async def test_a_contractor_is_granted_nothing(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    await world.add(registry.NewContractor(ref="FIRM", department="B"))
    await granted(as_a, as_b)
    assert "A/AMB-1" in (await as_b.get("/v1/positions")).text
    async with api.client(await world.give_key("firm", "contractor@B/FIRM")) as firm:
        for path in ("/v1/positions", "/v1/vehicles", "/v1/alerts", "/v1/presence"):
            answer = await firm.get(path)
            assert answer.status_code == 200, answer.text
            assert "A/" not in answer.text
        for path in ("/v1/vehicles/A/AMB-1", TRACK):
            assert (await firm.get(path)).status_code == 404
        assert (await firm.get("/v1/grants")).status_code == 403
