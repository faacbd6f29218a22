"""Who looked at what: complete, chained, signed, and only ever added to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from websockets.asyncio.client import connect

from tests.integration.api_world import Served, World
from tests.integration.service import verb
from tracker.audit.key import ensure_key
from tracker.data_folder import DataFolder
from tracker.people import add_user

TRACK = "/v1/vehicles/A/AMB-1/track"


@pytest.fixture
async def as_platform(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(world.tokens["platform"]) as client:
        yield client


async def rows(world: World) -> list[dict[str, Any]]:
    """What the reads of callers left behind, in order."""
    text = await world.sql(
        "SELECT coalesce(jsonb_agg(to_jsonb(a) ORDER BY day, n), '[]') FROM audit AS a"
        " WHERE who LIKE 'key:%'"
    )
    return list(text)


async def test_a_read_of_history_is_a_row_with_its_purpose(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    trace = "0af7651916cd43dd8448eb211c80319c"
    answer = await as_a.get(
        TRACK,
        params={"from": "2026-11-01T00:00:00Z"},
        headers={
            "traceparent": f"00-{trace}-b7ad6b7169203331-01",
            "Milepost-Purpose": "%E6%8A%95%E8%A8%B4 118",
        },
    )
    assert answer.status_code == 200
    (row,) = await rows(world)
    assert row["purpose"] == "投訴 118"
    assert row["what"] == "track.read"
    assert (row["trace_id"], answer.headers["milepost-trace-id"]) == (trace, trace)
    assert row["path"] == f"GET {TRACK}"
    assert row["who"] == f"key:{world.tokens['A'][:11]}"
    assert row["address"] == "127.0.0.1"
    assert (row["vehicle_ids"], row["department_ids"]) == ([1], [1])
    assert row["since"].startswith("2026-11-01T00:00:00")


@pytest.mark.parametrize(
    "path",
    [
        TRACK,
        f"{TRACK}?format=gpx",
        "/v1/vehicles/A/AMB-1/trips",
        "/v1/vehicles/A/AMB-1/stops",
        "/v1/vehicles/A/AMB-1/gaps",
        "/v1/views/track/A/AMB-1",
        "/v1/views/heat/A",
        "/v1/visits?place=114.1,22.3",
        "/v1/whereabouts?at=2026-11-20T00:00:00Z",
        "/v1/playback?vehicle=A/AMB-1",
        "/v1/playback/marks?vehicle=A/AMB-1",
        "/v1/playback/alerts",
        "/v1/days",
        "/ogc/collections/tracks/items",
        "/ogc/tiles/tracks/7/104/55.mvt",
    ],
)
async def test_history_is_read_for_a_purpose_only(world: World, api: Served, path: str) -> None:
    join = "&" if "?" in path else "?"
    titles = {"en": "A purpose is needed", "zh-HK": "須說明用途"}
    async with api.client(world.tokens["A"]) as client:
        del client.headers["Milepost-Purpose"]
        for language, title in titles.items():
            refused = await client.get(path, headers={"Accept-Language": language})
            assert refused.status_code == 422, refused.text
            problem = refused.json()
            assert (problem["type"], problem["title"]) == ("/problems/purpose-missing", title)
            assert "Milepost-Purpose" in problem["detail"]
        assert (await client.get(f"{path}{join}purpose=x")).status_code == 422
        assert await rows(world) == []
        taken = await client.get(f"{path}{join}purpose=an+inquest")
        assert taken.status_code in (200, 204), taken.text
    assert [row["purpose"] for row in await rows(world)] == ["an inquest"]


async def test_who_saw_a_vehicle_is_answered_completely(
    world: World, api: Served, as_a: httpx.AsyncClient, as_platform: httpx.AsyncClient
) -> None:
    """A named read, reads of whole scopes, and sessions: of each one row however often it polls."""
    for _ in range(3):
        await as_a.get("/v1/positions")
    await as_platform.get("/v1/positions?department=B")
    await as_platform.get("/v1/positions")
    await as_platform.get("/v1/positions?format=csv")
    await as_a.get("/v1/near?place=114.1,22.3")
    await as_a.get("/ogc/collections/vehicles/items")
    for x in (104, 105):
        await as_a.get(f"/ogc/tiles/vehicles/7/{x}/55.mvt")
    await as_a.get("/v1/vehicles/A/AMB-1")
    await as_a.get("/v1/vehicles/A/AMB-2")
    await as_a.get("/v1/visits?place=114.1,22.3")
    await as_platform.get("/v1/views/heat/B")
    headers = {"Authorization": f"Bearer {world.tokens['A']}"}
    async with connect(f"{api.live_url}?format=json", additional_headers=headers) as socket:
        assert "hello" in str(await socket.recv())
    answer = (await as_a.get("/v1/audit/vehicles/A/AMB-1")).json()
    assert sorted(f"{row['label']} {row['what']}" for row in answer["rows"]) == [
        "A live.view",
        "A near.view",
        "A ogc.vehicles.items",
        "A ogc.vehicles.tiles",
        "A positions.view",
        "A vehicle.view",
        "A visits.read",
        "platform positions.export",
        "platform positions.view",
    ]
    assert all(row["departments"] == ["A"] for row in answer["rows"])
    of_b = (await as_platform.get("/v1/audit/vehicles/B/AMB-1")).json()
    assert [row["what"] for row in of_b["rows"]] == [
        *("positions.view", "positions.view", "positions.export", "heat.view"),
    ]
    assert (await as_a.get("/v1/audit/vehicles/B/AMB-1")).status_code == 404
    mine = (await as_a.get("/v1/audit?limit=2&what=positions.")).json()
    assert [row["what"] for row in mine["rows"]] == ["positions.export", "positions.view"]
    beyond = (await as_a.get(mine["next"])).json()
    assert [row["label"] for row in beyond["rows"]] == ["A"]
    assert beyond["next"] is None
    late = (await as_a.get("/v1/audit/vehicles/A/AMB-1?day=2026-11-01")).json()
    assert late["rows"] == []


async def test_a_vehicle_that_was_gone_was_not_seen_and_one_that_came_later_may_have_been(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.sql("UPDATE vehicle SET retired_at = milepost_now() WHERE id = 1")
    await as_a.get("/v1/positions")
    await world.sql("UPDATE vehicle SET retired_at = milepost_now() WHERE id = 2")
    gone, there = [(await as_a.get(f"/v1/audit/vehicles/A/AMB-{n}")).json()["rows"] for n in (1, 2)]
    assert (gone, [row["what"] for row in there]) == ([], ["positions.view"])


async def test_writes_are_rows_of_their_own_transaction(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    alert = (await as_a.get("/v1/alerts")).json()["alerts"][0]["id"]
    refused = await as_a.post(f"/v1/alerts/{alert}/close", json={"reason": "nonsense"})
    assert refused.status_code == 422
    assert (await as_a.post(f"/v1/alerts/{alert}/acknowledge", json={})).status_code == 200
    assert (
        await as_a.put("/v1/vehicles/A/AMB-1/duty", json={"status": "available"})
    ).status_code == 200
    told = [(row["what"], row["detail"], row["path"]) for row in await rows(world)]
    assert told[-2:] == [
        ("alert_change.insert", alert, f"POST /v1/alerts/{alert}/acknowledge"),
        ("duty_status.insert", "1", "PUT /v1/vehicles/A/AMB-1/duty"),
    ]
    assert await world.sql("SELECT count(*) FROM audit_note") == 0
    mine = (await as_a.get("/v1/audit?what=vehicle.")).json()["rows"]
    assert [row["detail"] for row in mine] == ["AMB-2", "AMB-1"]


async def test_nobody_changes_what_was_written(world: World, as_a: httpx.AsyncClient) -> None:
    await as_a.get("/v1/positions")
    for role, statement, refusal in (
        ("milepost_api", "DELETE FROM audit", "permission denied"),
        ("milepost_api", "INSERT INTO audit SELECT * FROM audit", "permission denied"),
        ("milepost_worker", "UPDATE audit SET label = ''", "permission denied"),
        ("milepost_ingest", "DELETE FROM audit", "permission denied"),
        ("milepost_owner", "TRUNCATE audit", "permission denied"),
        ("milepost_owner", "UPDATE audit SET label = ''", "permission denied"),
        ("postgres", "UPDATE audit SET label = ''", "only ever added"),
        ("postgres", "TRUNCATE audit_head", "only ever added"),
    ):
        connection = await asyncpg.connect(world.database.dsn(role))  # type: ignore[arg-type]  # a role's name
        with pytest.raises(asyncpg.PostgresError, match=refusal):
            await connection.execute(statement)
        await connection.close()


async def test_rows_are_narrowed_by_who_what_and_vehicle(
    world: World, as_a: httpx.AsyncClient, as_both: httpx.AsyncClient
) -> None:
    await as_a.get(TRACK)
    await as_both.get(TRACK)
    await as_both.get("/v1/vehicles/A/AMB-2/track")
    duty = {"status": "assigned"}
    assert (await as_a.put("/v1/vehicles/A/AMB-1/duty", json=duty)).status_code == 200

    async def told(**asked: str) -> list[str]:
        answer = await as_a.get("/v1/audit", params={"what": "track.", **asked})
        assert answer.status_code == 200, answer.text
        return [f"{row['label']} {row['vehicles'][0]}" for row in answer.json()["rows"]]

    assert await told(who="BOT") == ["both A/AMB-2", "both A/AMB-1"]
    assert await told(vehicle="A/AMB-1") == ["both A/AMB-1", "A A/AMB-1"]
    assert await told(vehicle="A/AMB-1", who=f"key:{world.tokens['A'][:11]}") == ["A A/AMB-1"]
    writes = {"vehicle": "A/AMB-1", "what": "duty", "who": "key:"}
    assert await told(**writes) == ["A A/AMB-1"]
    assert await told(who="%") == []
    for none in ("A/AMB-9", "B/AMB-1", "A"):
        assert (await as_a.get(f"/v1/audit?vehicle={none}")).status_code == 404
    page = (await as_a.get("/v1/audit?what=track.&vehicle=A/AMB-1&who=A&limit=1")).json()
    assert page["next"] is None or "vehicle=A%2FAMB-1&limit=1&before=" in page["next"]


async def test_many_writers_make_one_chain(world: World, as_a: httpx.AsyncClient) -> None:
    """Reads of history at once, with a long write beside them, which holds nobody up."""
    writer = await asyncpg.connect(world.database.dsn("milepost_owner"))
    writing = writer.transaction()
    await writing.start()
    await writer.execute("UPDATE vehicle SET plate = 'X' WHERE ref = 'AMB-1'")
    answers = await asyncio.gather(*(as_a.get(TRACK) for _ in range(30)))
    assert {answer.status_code for answer in answers} == {200}
    await writing.commit()
    await writer.close()
    numbers = await world.sql("SELECT array_agg(n ORDER BY n) FROM audit")
    assert numbers == list(range(1, len(numbers) + 1))
    (last,) = (await as_a.get("/v1/audit?limit=1")).json()["rows"]
    assert (last["what"], last["label"]) == ("vehicle.update", "milepost_owner")


async def test_the_verbs_tell_and_ask_for_a_purpose(world: World, tmp_path: Path) -> None:
    await world.cross_square("A/AMB-1")
    environment = world.database.environment() | {"MILEPOST_DATA": str(tmp_path)}
    refused = verb(environment | {"MILEPOST_PURPOSE": ""}, "track", "A/AMB-1")
    assert (refused.returncode, "--purpose" in refused.stderr) == (1, True)
    asked = ("track", "A/AMB-1", "--purpose", "complaint 118")
    assert verb(environment, *asked).returncode == 0
    seen = json.loads(verb(environment, "audit", "who-saw", "A/AMB-1", "--json").stdout)
    assert [(row["what"], row["purpose"]) for row in seen] == [("track.read", "complaint 118")]
    assert seen[0]["who"].startswith("shell:")
    assert verb(environment, "audit", "verify").returncode == 1, "no key yet"
    ensure_key(DataFolder(tmp_path))
    whole = verb(environment, "audit", "verify")
    assert (whole.returncode, "It is whole." in whole.stdout) == (0, True)
    assert "BEGIN PUBLIC KEY" in verb(environment, "audit", "key").stdout
    listed = verb(environment, "audit", "list", "--what", "track.").stdout
    assert "complaint 118" in listed


async def test_signing_in_and_out_and_each_failure_are_rows(world: World, api: Served) -> None:
    """Of whoever it was, from where; of what nobody is called, nothing that was typed."""
    right = {"name": "anna", "password": "correct horse battery"}
    async with world.database.transaction("milepost_owner") as owner:
        await add_user(
            owner, login="anna", name="Anna", password=right["password"], roles=["dispatcher@A"]
        )
    async with api.client() as browser:
        for name in ("anna", "my password is in the wrong field"):
            wrong = {"name": name, "password": "x"}
            assert (await browser.post("/v1/session", json=wrong)).status_code == 401
        assert (await browser.post("/v1/session", json=right)).status_code == 204
        csrf = {"X-CSRF-Token": (await browser.get("/v1/me")).json()["csrf"]}
        await browser.get("/v1/positions")
        assert (await browser.delete("/v1/session", headers=csrf)).status_code == 204
        by_key = {"key": world.tokens["A"]}
        assert (await browser.post("/v1/session", json=by_key)).status_code == 204
    async with api.client(world.tokens["platform"]) as office, api.client(world.tokens["A"]) as a:
        said = (await office.get("/v1/audit?limit=6")).json()["rows"]
        shown = (await a.get("/v1/audit?limit=5")).json()["rows"]
    key = f"key:{world.tokens['A'][:11]}"
    assert [(row["what"], row["who"], row["departments"]) for row in reversed(said)] == [
        ("sign_in.refused", "user:anna", []),
        ("sign_in.refused", "nobody", []),
        ("session.insert", "user:anna", ["A"]),
        ("positions.view", "user:anna", ["A"]),
        ("session.update", "user:anna", ["A"]),
        ("sign_in.key", key, ["A"]),
    ]
    assert {row["address"] for row in said} == {"127.0.0.1"}
    assert said[3]["path"] == "POST /v1/session"
    assert "wrong field" not in json.dumps(said)
    assert "sign_in.refused" not in {row["what"] for row in shown}, "of no department"


async def test_edits_of_people_keys_and_roles_are_rows_and_their_use_is_none(
    world: World, api: Served
) -> None:
    environment = world.database.environment()
    firm = ("contractor", "add", "FIRM", "-d", "A")
    added = ("key", "add", "--role", "auditor@A", "--label", "x")
    assert verb(environment, *firm).returncode == 0
    key = verb(environment, *added).stdout.strip()
    name = key[:11]
    async with api.client(key) as auditor:
        for _ in range(2):
            assert (await auditor.get("/v1/audit")).status_code == 200
    assert await world.sql("SELECT last_used_at FROM api_key WHERE label = 'x'") is not None
    assert verb(environment, "key", "revoke", name).returncode == 0
    told = await world.sql(
        "SELECT json_agg(what || ' ' || detail ORDER BY n) FROM audit"
        " WHERE who LIKE 'shell:%' AND (detail LIKE '%' || :name OR detail = 'FIRM')",
        name=name,
    )
    assert told == [
        "contractor.insert FIRM",
        f"api_key.insert {name}",
        f"role_assignment.insert auditor of {name}",
        f"api_key.update {name}",
    ]
    used = await world.sql("SELECT count(*) FROM audit WHERE what = 'api_key.update'")
    assert used == 1
