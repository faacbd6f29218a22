"""Keys over HTTP: who may make, see and end which; and what callers see of their own use."""

from __future__ import annotations

import csv
import io

import httpx
import pytest

from api.settings import ApiSettings
from tests.integration.api_world import MANY, Served, World, served

NEW = {"label": "wall map", "roles": ["dispatcher@A"], "scopes": ["positions:read"], "days": 7}


async def test_a_key_is_made_used_listed_and_ended(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (0, 114.2, 22.3))
    answer = await as_a.post("/v1/keys", json=NEW)
    assert answer.status_code == 201
    made = answer.json()
    assert made["secret"].startswith(made["key"] + "_")
    async with api.client(made["secret"]) as program:
        assert len((await program.get("/v1/positions")).json()["features"]) == 1
        assert (await program.get("/v1/alerts")).status_code == 403
    listed = {each["key"]: each for each in (await as_a.get("/v1/keys")).json()["keys"]}
    found = listed[made["key"]]
    assert (found["label"], found["roles"], found["scopes"]) == (
        *("wall map", ["dispatcher@A"], ["positions:read"]),
    )
    assert found["last_used_at"] is not None
    assert "secret" not in found
    ended = await as_a.delete(f"/v1/keys/{made['key']}")
    assert ended.json()["revoked_at"] is not None
    async with api.client(made["secret"]) as program:
        assert (await program.get("/v1/positions")).status_code == 401
    assert (await as_a.delete(f"/v1/keys/{made['key']}")).status_code == 404
    noted = await world.sql(
        "SELECT count(*) FROM audit WHERE what = 'api_key.insert' AND detail = :key",
        key=made["key"],
    )
    assert noted == 1


async def test_nobody_makes_sees_or_ends_a_key_beyond_what_they_administer(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    made = (await as_a.post("/v1/keys", json=NEW)).json()
    for roles in (["dispatcher@B"], ["dispatcher@A", "manager@B"], ["administrator@*"],
                  ["platform@*"], ["dispatcher@NONE"]):  # fmt: skip
        answer = await as_a.post("/v1/keys", json={**NEW, "roles": roles})
        assert answer.status_code == 404, roles
        told = f"(a department or contractor of {', '.join(roles)})"
        assert told in answer.json()["detail"], "what is another's is told as what there is not"
        assert await world.sql("SELECT count(*) FROM api_key WHERE label = 'wall map'") == 1
    both = await world.give_key("of both", "dispatcher@A", "dispatcher@B")
    for caller in (as_a, as_b):
        names = {each["key"] for each in (await caller.get("/v1/keys")).json()["keys"]}
        assert both[:11] not in names
        assert (await caller.delete(f"/v1/keys/{both[:11]}")).status_code == 404
    assert (await as_b.delete(f"/v1/keys/{made['key']}")).status_code == 404
    dispatcher = await world.give_key("a dispatcher", "dispatcher@A")
    async with api.client(dispatcher) as caller:
        assert (await caller.get("/v1/keys")).status_code == 403
        assert (await caller.post("/v1/keys", json=NEW)).status_code == 403
        assert (await caller.delete(f"/v1/keys/{made['key']}")).status_code == 403
    async with api.client(world.tokens["platform"]) as office:
        names = {each["key"] for each in (await office.get("/v1/keys")).json()["keys"]}
        assert {made["key"], both[:11]} <= names
        anywhere = await office.post("/v1/keys", json={**NEW, "roles": ["steering@*"]})
        assert anywhere.status_code == 201
    # Who runs the platform sees no position by that, nor by a key of their own making.
    async with api.client(await world.give_key("the office alone", "platform@*")) as office:
        beyond = await office.post("/v1/keys", json=NEW)
        assert (beyond.status_code, beyond.json()["type"]) == (403, "/problems/beyond-you")


@pytest.mark.parametrize(
    "wrong",
    [
        {"scopes": ["positions:steal"]},
        {"roles": []},
        {"roles": ["king@A"]},
        {"days": 0},
        {"label": " "},
        {"more": 1},
    ],
)
async def test_a_key_that_makes_no_sense_is_refused(
    as_a: httpx.AsyncClient, wrong: dict[str, object]
) -> None:
    answer = await as_a.post("/v1/keys", json={**NEW, **wrong})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_callers_see_their_own_use_and_it_is_what_they_asked(world: World) -> None:
    few = ApiSettings(
        key_requests=10, key_history=MANY, department_requests=MANY, department_history=MANY
    )
    key = await world.give_key("=cmd|' /C calc'!A0", "dispatcher@A")
    with served(world.database.dsn("milepost_api"), settings=few) as api:
        async with api.client(key) as caller, api.client(world.tokens["A"]) as administrator:
            answers = [await caller.get("/v1/me")]
            # It fills up again meanwhile, on a slow machine too.
            while answers[-1].status_code != 429 and len(answers) < 100:
                answers.append(await caller.get("/v1/me"))
            refused = [each for each in answers if each.status_code == 429]
            assert len(refused) == 1
            assert int(refused[0].headers["Retry-After"]) >= 1
            assert refused[0].json()["type"] == "/problems/too-many-requests"
            assert (await administrator.get("/v1/me/usage")).json()["rows"][0]["asked"] == 1
            text = (await administrator.get("/v1/usage", params={"format": "csv"})).text
    rows = [row for row in csv.DictReader(io.StringIO(text)) if row["who"] == f"key:{key[:11]}"]
    assert [(row["kind"], int(row["asked"]), int(row["refused"])) for row in rows] == [
        ("requests", len(answers), 1)
    ]
    assert rows[0]["label"] == "'=cmd|' /C calc'!A0"
