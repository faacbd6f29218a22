"""What people and the worker do to alerts: by the API, in their scope, seen by live viewers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from websockets.asyncio.client import connect

from tests.conftest import Database
from tests.integration.api_world import DEADLINE_S, Served, World, world_in
from tracker.alert_life import escalate
from tracker.connect import ApiConnection, reading_engine


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        # Into the square, and not out of it.
        await made.drive("A/AMB-1", (0, 114.105, 22.295), (20, 114.105, 22.305))
        yield made


@pytest.fixture
async def client(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(world.tokens["A"]) as made:
        yield made


async def first(client: httpx.AsyncClient, **query: str) -> dict[str, Any]:
    """The newest alert."""
    found: dict[str, Any] = (await client.get("/v1/alerts", params=query)).json()["alerts"][0]
    return found


async def test_an_alert_is_acknowledged_assigned_and_closed_with_its_history(
    world: World, client: httpx.AsyncClient
) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    for verb, said in (
        ("acknowledge", {"note": "seen"}),
        ("assign", {"to": "Chan"}),
        ("note", {"note": "on the way"}),
        ("snooze", {"until": (datetime.now(UTC) + timedelta(hours=1)).isoformat()}),
        ("close", {"reason": "handled", "note": "done"}),
    ):
        answer = await client.post(f"{path}/{verb}", json=said)
        assert answer.status_code == 200, answer.text
    alert = answer.json()
    assert alert["state"] == "closed"
    assert (alert["acknowledged_by"], alert["closed_by"]) == ("A", "A")
    assert (alert["close_reason"], alert["assigned_to"], alert["note"]) == (
        "handled", "Chan", "done",
    )  # fmt: skip
    done = [(each["what"], each["by"], each["note"]) for each in alert["changes"]]
    assert done == [
        ("acknowledged", "A", "seen"),
        ("assigned", "A", None),
        ("noted", "A", "on the way"),
        ("snoozed", "A", None),
        ("closed", "A", "done"),
    ]
    assert alert["changes"][1]["detail"] == {"to": "Chan"}
    assert [each["revision"] for each in alert["changes"]] == [1, 2, 3, 4, 5]
    assert answer.headers["etag"] == '"5"'


async def test_each_change_leaves_the_house_as_a_further_revision_of_its_event(
    world: World, client: httpx.AsyncClient
) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    await client.post(f"{path}/acknowledge", json={})
    await client.post(f"{path}/close", json={"reason": "false", "note": "a test drive"})

    owner = await asyncpg.connect(world.database.dsn("milepost_owner"))
    rows = await owner.fetch("SELECT * FROM outbox ORDER BY id")
    revision = await owner.fetchval("SELECT revision FROM event")
    await owner.close()
    told = [(row["type"], row["revision"]) for row in rows]
    assert told == [
        ("milepost.fence.enter.v1", 0),
        ("milepost.alert.acknowledged.v1", 1),
        ("milepost.alert.closed.v1", 2),
    ]
    assert len({row["event_id"] for row in rows}) == 1
    assert revision == 2
    last = json.loads(rows[-1]["body"])
    assert last["change"]["reason"] == "false"
    assert last["change"]["note"] == "a test drive"
    assert (last["vehicle"], last["alerts"][0]["state"]) == ("A/AMB-1", "closed")


async def test_a_second_acknowledgement_is_a_conflict_and_a_repeated_one_is_not(
    client: httpx.AsyncClient,
) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    key = {"Idempotency-Key": "k-1"}
    once = await client.post(f"{path}/acknowledge", json={}, headers=key)
    again = await client.post(f"{path}/acknowledge", json={}, headers=key)
    assert (once.status_code, again.status_code) == (200, 200)
    assert again.json() == once.json()
    conflict = await client.post(f"{path}/acknowledge", json={})
    assert (conflict.status_code, conflict.json()["type"]) == (409, "/problems/not-now")
    misused = await client.post(f"{path}/close", json={"reason": "handled"}, headers=key)
    assert misused.status_code == 422


async def test_who_read_an_older_alert_changes_nothing(client: httpx.AsyncClient) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    read = await client.get(path)
    assert (await client.post(f"{path}/note", json={"note": "x"})).status_code == 200
    for stale in (read.headers["etag"], "what?", '"²"'):
        late = await client.post(
            f"{path}/close", json={"reason": "handled"}, headers={b"If-Match": stale.encode()}
        )
        assert (late.status_code, late.json()["type"]) == (412, "/problems/stale")
    fresh = {"If-Match": (await client.get(path)).headers["etag"]}
    done = await client.post(f"{path}/close", json={"reason": "handled"}, headers=fresh)
    assert done.status_code == 200


async def test_another_department_finds_nothing_to_change(
    world: World, api: Served, client: httpx.AsyncClient
) -> None:
    alert_id = (await first(client))["id"]
    said = {
        "acknowledge": {}, "assign": {"to": "x"}, "note": {"note": "x"},
        "snooze": {"until": None}, "close": {"reason": "false"}, "reopen": {},
    }  # fmt: skip
    async with api.client(world.tokens["B"]) as other:
        for verb, body in said.items():
            answers = [
                await other.post(f"/v1/alerts/{each}/{verb}", json=body)
                for each in (alert_id, uuid4())
            ]
            assert [each.status_code for each in answers] == [404, 404]
            first_, second = (each.json()["detail"].split("(")[0] for each in answers)
            assert first_ == second
        bulk = {"alerts": [{"id": alert_id}], "close": {"reason": "false"}}
        results = (await other.post("/v1/alerts/bulk", json=bulk)).json()["results"]
        assert results == [{"id": alert_id, "status": 404, "problem": "not-found"}]
    untouched = (await client.get(f"/v1/alerts/{alert_id}")).json()
    assert (untouched["state"], untouched["revision"], untouched["changes"]) == ("open", 0, [])


async def test_the_api_role_itself_writes_nothing_outside_its_scope(world: World) -> None:
    """Whatever a route forgets, the database refuses."""
    api = await asyncpg.connect(world.database.dsn("milepost_api"), connection_class=ApiConnection)
    other = await world.sql("SELECT id FROM department WHERE ref = 'B'")
    for scope in ("", str(other)):
        async with api.transaction():
            await api.execute(f"SET LOCAL app.depts = '{scope}'")
            assert await api.execute("UPDATE alert SET note = 'x'") == "UPDATE 0"
            assert await api.execute("UPDATE event SET revision = 9") == "UPDATE 0"
    for statement in (
        "UPDATE alert SET severity = 'info'",
        "UPDATE alert SET department_id = 2",
        "UPDATE event SET status = 'withdrawn'",
        "DELETE FROM alert",
        "DELETE FROM alert_change",
        "UPDATE alert_change SET by = 'somebody else'",
        "SELECT secret FROM subscription",
        "UPDATE feed SET n = 0",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute(statement)
    await api.execute(f"SET app.depts = '{other}'")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await api.execute(
            "INSERT INTO outbox (department_id, vehicle_id, type, event_id, revision, body)"
            " VALUES (1, 1, 'x', gen_random_uuid(), 0, '{}')"
        )
    await api.close()


async def test_an_acknowledged_alert_reaches_the_live_viewers(
    world: World, api: Served, client: httpx.AsyncClient
) -> None:
    alert_id = (await first(client))["id"]
    headers = {"Authorization": f"Bearer {world.tokens['A']}"}
    async with connect(f"{api.live_url}?format=json", additional_headers=headers) as viewer:
        async with asyncio.timeout(DEADLINE_S):
            while json.loads(await viewer.recv())["type"] != "snapshot":
                pass
            await client.post(f"/v1/alerts/{alert_id}/acknowledge", json={})
            while (said := json.loads(await viewer.recv()))["type"] != "alerts":
                pass
    assert [(each["id"], each["state"]) for each in said["alerts"]] == [(alert_id, "acknowledged")]


async def test_many_at_once_and_one_that_cannot_stops_no_other(
    world: World, client: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-2")
    ids = [each["id"] for each in (await client.get("/v1/alerts")).json()["alerts"]]
    await client.post(f"/v1/alerts/{ids[0]}/close", json={"reason": "handled"})
    asked = [{"id": ids[0]}, {"id": ids[1], "revision": 7}, {"id": ids[2]}]
    answer = await client.post(
        "/v1/alerts/bulk", json={"alerts": asked, "close": {"reason": "duplicate"}}
    )
    assert [each["status"] for each in answer.json()["results"]] == [409, 412, 200]
    both = {"alerts": asked, "close": {"reason": "duplicate"}, "acknowledge": {}}
    assert (await client.post("/v1/alerts/bulk", json=both)).status_code == 422


async def test_acknowledged_and_over_is_closed_in_either_order(
    world: World, client: httpx.AsyncClient
) -> None:
    """Rule R33: the exit alone erases nothing that nobody has seen."""
    entered = (await first(client))["id"]
    await client.post(f"/v1/alerts/{entered}/acknowledge", json={})
    await world.drive("A/AMB-1", (40, 114.105, 22.315))
    closed = (await client.get(f"/v1/alerts/{entered}")).json()
    assert (closed["state"], closed["close_reason"], closed["closed_by"]) == (
        "closed", "over", None,
    )  # fmt: skip
    assert closed["changes"][-1]["what"] == "closed"

    await world.cross_square("A/AMB-2", start_s=60)
    entered = next(
        each["id"] for each in (await client.get("/v1/alerts?state=open")).json()["alerts"]
        if (each["vehicle"], each["kind"]) == ("A/AMB-2", "enter")
    )  # fmt: skip
    done = (await client.post(f"/v1/alerts/{entered}/acknowledge", json={})).json()
    assert (done["state"], done["close_reason"], done["acknowledged_by"]) == (
        "closed", "over", "A",
    )  # fmt: skip
    assert [each["what"] for each in done["changes"]] == ["acknowledged", "closed"]
    # What closed by itself a person may still judge.
    judged = await client.post(f"/v1/alerts/{entered}/close", json={"reason": "false"})
    assert judged.json()["close_reason"] == "false"


async def test_a_withdrawn_event_shows_in_its_alert(
    world: World, client: httpx.AsyncClient
) -> None:
    alert_id = (await first(client))["id"]
    # It went round: what was seen as an entry between two fixes never was one.
    await world.sql("UPDATE event SET status = 'withdrawn'")
    alert = (await client.get(f"/v1/alerts/{alert_id}")).json()
    assert alert["event_status"] == "withdrawn"
    closed = await client.post(f"/v1/alerts/{alert_id}/close", json={"reason": "false"})
    assert closed.json()["state"] == "closed"


async def test_a_reopened_alert_asks_again(client: httpx.AsyncClient) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    assert (await client.post(f"{path}/reopen", json={})).status_code == 409
    await client.post(f"{path}/close", json={"reason": "handled"})
    alert = (await client.post(f"{path}/reopen", json={"note": "it is back"})).json()
    assert (alert["state"], alert["closed_at"], alert["close_reason"]) == ("open", None, None)
    assert (await client.post(f"{path}/acknowledge", json={})).status_code == 200


async def test_what_makes_no_sense_is_refused(client: httpx.AsyncClient) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    nonsense: list[tuple[str, dict[str, Any]]] = [
        ("close", {}),
        ("close", {"reason": "over"}),
        ("note", {}),
        ("note", {"note": " "}),
        ("assign", {"to": ""}),
        ("snooze", {"until": "2026-01-01T00:00:00Z"}),
        ("snooze", {"until": "2999-01-01T00:00:00Z"}),
        ("acknowledge", {"note": "x" * 3_000}),
        ("acknowledge", {"by": "somebody else"}),
        ("acknowledge", {"note": "\x00"}),
    ]
    for verb, said in nonsense:
        assert (await client.post(f"{path}/{verb}", json=said)).status_code == 422, (verb, said)
    assert (await client.get(path)).json()["revision"] == 0


async def test_what_nobody_acknowledges_is_escalated_once(
    world: World, client: httpx.AsyncClient
) -> None:
    alert = await first(client)
    engine = reading_engine(world.database.dsn("milepost_worker"))
    assert await escalate(engine) == 0
    await world.sql("UPDATE rule SET escalate_after_s = 60")
    assert await escalate(engine) == 0
    later = datetime.now(UTC) + timedelta(hours=1)
    await client.post(f"/v1/alerts/{alert['id']}/snooze", json={"until": later.isoformat()})
    await world.sql("UPDATE alert SET waits_since = waits_since - interval '2 minutes'")
    assert await escalate(engine) == 0, "it sleeps"
    await client.post(f"/v1/alerts/{alert['id']}/snooze", json={"until": None})
    assert await escalate(engine) == 1
    assert await escalate(engine) == 0
    await engine.dispose()
    shown = (await client.get(f"/v1/alerts/{alert['id']}")).json()
    assert shown["escalated_at"] is not None
    assert (shown["changes"][-1]["what"], shown["changes"][-1]["by"]) == ("escalated", None)
    assert await world.sql(
        "SELECT count(*) FROM outbox WHERE type = 'milepost.alert.escalated.v1'"
    ) == 1  # fmt: skip


async def test_a_rule_shows_how_often_it_was_worth_it(
    world: World, client: httpx.AsyncClient
) -> None:
    assert (await client.get("/v1/rules")).json()["rules"][0]["precision"] is None
    await world.cross_square("A/AMB-2")
    ids = [each["id"] for each in (await client.get("/v1/alerts")).json()["alerts"]]
    for alert_id, reason in zip(ids, ("handled", "false", "duplicate"), strict=True):
        await client.post(f"/v1/alerts/{alert_id}/close", json={"reason": reason})
    rules = (await client.get("/v1/rules")).json()["rules"]
    assert [(each["rule"], each["useful"], each["false"]) for each in rules] == [("A/A-RULE", 1, 1)]
    assert rules[0]["precision"] == 0.5


async def test_two_at_once_make_one_acknowledgement(
    client: httpx.AsyncClient,
) -> None:
    path = f"/v1/alerts/{(await first(client))['id']}"
    answers = await asyncio.gather(*(client.post(f"{path}/acknowledge", json={}) for _ in range(6)))
    assert sorted(each.status_code for each in answers) == [200, *[409] * 5]
    assert [each["what"] for each in (await client.get(path)).json()["changes"]] == ["acknowledged"]
