"""Share links: one vehicle, for some hours, to whoever has the link."""

from __future__ import annotations

import httpx
import pytest

from tests.integration.api_world import Served, World

ASKED = {"vehicle": "A/AMB-1", "hours": 2, "purpose": "hospital gate"}


async def test_a_link_shows_where_one_vehicle_is_and_nothing_else_of_it(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3), speed_mps=9.0)
    made = (await as_a.post("/v1/shares", json=ASKED)).json()
    assert made["path"] == f"/share/#{made['token']}"
    async with api.client() as anybody:
        told = await anybody.get(f"/v1/shares/{made['token']}")
        assert told.status_code == 200
        body = told.json()
        assert (body["lon"], body["lat"], body["motion"]) == (114.2, 22.3, "moving")
        assert body["expires_at"] == made["expires_at"]
        # `A thing` is the department's own name in this world too.
        assert not {"vehicle", "name", "plate", "id"} & body.keys()
        assert not [each for each in ("AMB-1", "A 1234", "A-BOX") if each in told.text]
        assert (await anybody.get("/v1/vehicles")).status_code == 401
    (listed,) = (await as_a.get("/v1/shares")).json()["shares"]
    assert listed["uses"] == 1
    assert listed["used_at"] is not None
    assert "token" not in listed
    assert await world.sql("SELECT count(*) FROM share_link WHERE encode(hash, 'escape') = :t",
                           t=made["token"]) == 0  # fmt: skip


async def test_an_ended_link_is_a_link_that_never_was(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    expired = (await as_a.post("/v1/shares", json=ASKED)).json()
    revoked = (await as_a.post("/v1/shares", json=ASKED)).json()
    await world.sql(
        "UPDATE share_link SET created_at = created_at - interval '3 hours',"
        " expires_at = expires_at - interval '3 hours' WHERE id = CAST(:id AS uuid)",
        id=expired["id"],
    )
    async with api.client(world.tokens["B"]) as other:
        assert (await other.delete(f"/v1/shares/{revoked['id']}")).status_code == 404
        assert (await other.get("/v1/shares")).json()["shares"] == []
        assert (await other.post("/v1/shares", json=ASKED)).status_code == 404
    assert (await as_a.delete(f"/v1/shares/{revoked['id']}")).json()["is_open"] is False
    async with api.client() as anybody:
        answers = [
            await anybody.get(f"/v1/shares/{token}")
            for token in (expired["token"], revoked["token"], "never-was")
        ]
    assert [each.status_code for each in answers] == [404] * 3
    told = [{**each.json(), "trace_id": None} for each in answers]
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("hours", [0, 25, -1])
async def test_a_link_lasts_1_to_24_hours(as_a: httpx.AsyncClient, hours: int) -> None:
    assert (await as_a.post("/v1/shares", json={**ASKED, "hours": hours})).status_code == 422


async def test_a_private_vehicle_is_nowhere(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    made = (await as_a.post("/v1/shares", json=ASKED)).json()
    await world.sql(
        "INSERT INTO private_interval (department_id, vehicle_id, starts_at, why, keeps,"
        " declared_by) SELECT department_id, id, now(), 'private', 'nothing', 'd' FROM vehicle"
        " WHERE ref = 'AMB-1'"
    )
    async with api.client() as anybody:
        told = (await anybody.get(f"/v1/shares/{made['token']}")).json()
    assert told["lon"] is None
    assert told["fixed_at"] is None


async def test_the_page_stands_alone_under_the_policy(api: Served) -> None:
    async with api.client() as anybody:
        page = await anybody.get("/share/")
        assert page.status_code == 200
        assert "script-src" not in page.headers["Content-Security-Policy"]
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert "<script>" not in page.text
        for name in ("share.js", "share.css", "land.geojson"):
            assert (await anybody.get(f"/share/{name}")).status_code == 200
        assert (await anybody.get("/share/index.html")).status_code == 404
