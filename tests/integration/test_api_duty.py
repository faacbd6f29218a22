"""`PUT /v1/vehicles/{department}/{ref}/duty`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.integration.api_world import Served, World


async def test_it_is_set_and_shown(world: World, api: Served) -> None:
    async with api.client(world.tokens["A"]) as client:
        answer = await client.put("/v1/vehicles/A/AMB-1/duty", json={"status": "at_scene"})
        assert answer.status_code == 200, answer.text
        assert answer.json()["status"] == "at_scene"
        shown = await client.get("/v1/vehicles/A/AMB-1")
        assert shown.json()["duty_status"] == "at_scene"


async def test_of_another_department_it_is_as_if_it_were_not_there(
    world: World, api: Served
) -> None:
    async with api.client(world.tokens["B"]) as client:
        answer = await client.put("/v1/vehicles/A/AMB-1/duty", json={"status": "at_scene"})
        assert answer.status_code == 404
    async with api.client(world.tokens["A"]) as client:
        shown = await client.get("/v1/vehicles/A/AMB-1")
        assert shown.json()["duty_status"] == "available"


async def test_what_cannot_be_is_refused(world: World, api: Served) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    async with api.client(world.tokens["A"]) as client:
        for body in ({"status": "asleep"}, {}, {"status": "assigned", "since": tomorrow}):
            answer = await client.put("/v1/vehicles/A/AMB-1/duty", json=body)
            assert answer.status_code in (400, 422), answer.text
    async with api.client() as client:
        answer = await client.put("/v1/vehicles/A/AMB-1/duty", json={"status": "assigned"})
        assert answer.status_code == 401
