"""Groups, scopes and rules through the API, and what they do to vehicles; holidays that end."""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Any

import httpx

from tests.integration.api_world import World
from tests.integration.test_fence_api import events, make

ANY = {"If-Match": "*"}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await client.post(path, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_groups_and_scopes_say_who_is_watched(world: World, as_a: httpx.AsyncClient) -> None:
    """Rule R31: into the group and out of it."""
    await make(as_a)
    for kind, ref in ("vehicle", "night"), ("fence", "yards"):
        body = {"department": "A", "ref": ref, "name": {"en": "Night", "zh-Hant": "夜更"}}
        made = await as_a.post(f"/v1/{kind}-groups", json=body)
        assert made.status_code == 201
        assert made.headers["location"] == f"/v1/{kind}-groups/A/{ref}"
        read = await as_a.get(made.headers["location"])
        assert (read.json(), read.headers["etag"]) == (made.json(), '"1"')
    await post(as_a, "/v1/fence-groups/A/yards/members", {"members": ["depot"]})
    scope = {"department": "A", "vehicles": "night", "fences": "yards"}
    await post(as_a, "/v1/scopes", scope)
    assert (await as_a.post("/v1/scopes", json=scope)).status_code == 409
    await world.drive("A/AMB-1", (280, 114.105, 22.305))
    assert await events(world, "depot") == []
    members = "/v1/vehicle-groups/A/night/members"
    group = await post(as_a, members, {"members": ["AMB-1"]})
    assert [each["member"] for each in group["members"]] == ["A/AMB-1"]
    assert (await as_a.post(members, json={"members": ["AMB-1"]})).status_code == 409
    assert (await as_a.post(members, json={"members": ["none"]})).status_code == 404
    await world.committer.refresh()
    assert await events(world, "depot") == ["present scope 1"]
    out = await as_a.request("DELETE", f"{members}/AMB-1")
    assert out.json()["members"] == []
    await world.committer.refresh()
    assert await events(world, "depot") == ["present scope 1", "exit scope 1"]
    again = await as_a.request("DELETE", f"{members}/AMB-1")
    assert again.status_code == 404
    # A plan that is taken back has never been.
    await as_a.post(members, json={"members": ["AMB-1"], "since": "2036-01-01T00:00:00Z"})
    assert (await as_a.request("DELETE", f"{members}/AMB-1")).json()["members"] == []
    await world.committer.refresh()
    assert len(await events(world, "depot")) == 2
    renamed = await as_a.put(
        "/v1/vehicle-groups/A/night", json={"name": {"en": "Late"}}, headers={"If-Match": '"1"'}
    )
    assert renamed.status_code == 412
    listed = (await as_a.get("/v1/scopes")).json()["scopes"]
    assert [(each["vehicles"], each["fences"]) for each in listed] == [("A/night", "A/yards")]
    ended = await as_a.request("DELETE", "/v1/scopes/A/night/yards")
    assert ended.json() == {"scopes": []}
    gone = await as_a.request("DELETE", "/v1/fence-groups/A/yards", headers=ANY)
    assert gone.json()["ended_at"] is not None
    assert gone.json()["members"] == []
    late = await as_a.post("/v1/fence-groups/A/yards/members", json={"members": ["depot"]})
    assert late.status_code == 409


async def test_a_rule_is_made_replaced_and_ended(world: World, as_a: httpx.AsyncClient) -> None:
    body = {
        **{"department": "A", "ref": "long", "on": ["dwell"], "dwell_s": 600, "fence": "A-SQUARE"},
        **{"vehicles": ["AMB-1"], "name": {"en": "Long stay", "zh-Hant": "停留過久"}},
        "window": {"days": ["working"], "from": "08:00", "to": "18:00"},
    }
    made = await as_a.post("/v1/rules", json=body)
    assert made.status_code == 201, made.text
    rule = (await as_a.get(made.headers["location"])).json()
    assert rule["name"] == body["name"]
    assert (rule["fence"], rule["vehicles"], rule["window"]) == (
        *("A/A-SQUARE", ["AMB-1"], body["window"]),
    )
    said = {**rule, "ref": "long", "severity": "critical"}
    path = made.headers["location"]
    assert (await as_a.put(path, json=said)).status_code == 428
    assert (await as_a.put(path, json=said, headers={"If-Match": '"9"'})).status_code == 412
    replaced = await as_a.put(path, json=said, headers={"If-Match": made.headers["etag"]})
    assert replaced.status_code == 200, replaced.text
    explained = replaced.json()["explained"]
    assert explained["en"].startswith(
        "Critical alert when AMB-1 of A thing has stayed 10 min inside"
    )
    assert replaced.json() == {
        **{**rule, "severity": "critical", "revision": 2, "version": 2},
        "explained": explained,
    }
    off = await as_a.request("DELETE", path, headers={"If-Match": '"2"'})
    assert off.json()["disabled_at"] is not None
    twice = await as_a.request("DELETE", path, headers=ANY)
    assert twice.status_code == 409
    wrong = await as_a.post("/v1/rules", json={**body, "ref": "x", "dwell_s": None})
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/invalid-request")


async def test_a_list_of_holidays_that_ends_is_told_in_time(
    world: World, as_a: httpx.AsyncClient
) -> None:
    """Rule R22: 60 days before, and a year without a list is an error at save."""
    assert (await as_a.get("/v1/health")).json() == {"status": "ok", "warnings": []}
    year = int(await world.sql("SELECT extract(year FROM milepost_now() + interval '8 hours')"))
    lists: dict[str, list[str]] = {str(year - 1): [], str(year): []}
    await world.sql(
        "UPDATE installation SET holidays = CAST(:lists AS jsonb) - CAST(:year AS text)",
        lists=str(lists).replace("'", '"'),
        year=str(year),
    )
    (said,) = (await as_a.get("/v1/health")).json()["warnings"]
    assert f"ends with {year - 1}" in said["en"]
    assert "公眾假期" in said["zh-Hant"]
    working = {"department": "A", "ref": "w", "window": {"days": ["working"]}}
    refused = await as_a.post("/v1/rules", json=working)
    assert refused.status_code == 422
    assert f"public holidays of {year}" in refused.json()["detail"]
    said_by = await asyncio.gather(*(told(world, verb) for verb in ("status", "doctor")))
    assert f"warning    The list of public holidays ends with {year - 1}" in said_by[0]
    assert "wrong public holidays" in said_by[1]


async def told(world: World, verb: str) -> str:
    """What a verb says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "milepost", verb),
        env=os.environ | world.database.environment(),
        stdout=asyncio.subprocess.PIPE,
    )
    said, _ = await process.communicate()
    return said.decode()
