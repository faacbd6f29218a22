"""Backtests over HTTP: asked, answered by the worker, cancelled, and seen by their department."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from tests.integration.api_world import SQUARE, Served, World
from tracker.backtest.jobs import BacktestJob
from tracker.connect import open_pool
from tracker.rule_edits import NewVehicleGroup, join

THINGS = "SELECT (SELECT count(*) FROM rule) + (SELECT count(*) FROM fence)"
SHAPE = {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}}


@asynccontextmanager
async def worker(world: World, most_s: float = 300.0) -> AsyncIterator[BacktestJob]:
    pool = await open_pool(world.database.dsn("milepost_worker"))
    try:
        yield BacktestJob(pool, world.database.dsn("milepost_api"), most_s=most_s)
    finally:
        await pool.close()


def question(world: World, **subject: object) -> dict[str, Any]:
    since, until = (world.started_at + timedelta(hours=hours) for hours in (-1, 1))
    return {
        "department": "A",
        "subject": subject,
        "from": since.isoformat(),
        "to": until.isoformat(),
    }


async def test_it_is_asked_answered_and_told_nobody(
    world: World, as_a: httpx.AsyncClient, as_both: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    asked = question(world, fence=SHAPE) | {"compare": {"fence": "A-CIRCLE"}}
    made = await as_a.post("/v1/backtests", json=asked)
    assert made.status_code == 202, made.text
    where = made.headers["location"]
    assert (await as_a.get(where)).json()["state"] == "queued"
    outbox = await world.sql("SELECT count(*) FROM outbox")
    async with worker(world) as job:
        assert await job.run()
        assert not await job.run()
    found = (await as_a.get(where)).json()
    assert (found["state"], found["vehicles_done"], found["vehicles"]) == ("done", 4, 4)
    new, circle = found["result"]["sides"]
    assert [event["kind"] for event in new["events"]] == ["enter", "exit"]
    assert {alert["rule"] for alert in new["alerts"]} == {"A/A-RULE"}
    assert new["figures"]["alerts"] == 2
    assert circle["events"] == []
    assert len(found["result"]["difference"]["only_a"]) == 2
    assert await world.sql("SELECT count(*) FROM outbox") == outbox
    [listed] = (await as_a.get("/v1/backtests")).json()["backtests"]
    assert (listed["id"], listed["result"]) == (found["id"], None)
    # A rule as it is saved tells the events that it told.
    made = await as_a.post("/v1/backtests", json=question(world, rule="A-RULE"))
    async with worker(world) as job:
        await job.run()
    rule = (await as_a.get(made.headers["location"])).json()["result"]["sides"][0]
    ids = await world.sql("SELECT array_agg(id::text) FROM event WHERE kind IN ('enter', 'exit')")
    assert {event["id"] for event in rule["events"]} == set(ids)


async def test_a_rule_and_a_fence_are_tried_together_before_either_is_saved(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.add(NewVehicleGroup(ref="first", department="A"))
    async with world.database.transaction() as connection:
        await join(connection, "vehicle", ("A", "AMB-1"), "first")
    for vehicle in ("A/AMB-1", "A/AMB-2"):
        await world.cross_square(vehicle)
    before = await world.sql(THINGS)
    entering = {"on": ["enter"], "severity": "critical"}
    grouped = {"on": ["exit"], "vehicles": ["first"]}
    lost = {"on": ["silent"], "silent_s": 60, "outside": True}
    drafts = [
        question(world, fence=SHAPE, rule=entering)
        | {"compare": {"fence": SHAPE, "rule": grouped}},
        # A new shape of a fence that is there, and a rule that names it.
        question(world, fence=SHAPE | {"ref": "A-CIRCLE"}, rule=entering | {"fence": "A-CIRCLE"}),
        question(world, fence=SHAPE, rule=lost),
        question(world, fence=SHAPE, rule=entering | {"fence": "A-SQUARE"}),
    ]
    sides = []
    async with worker(world) as job:
        for asked in drafts:
            made = await as_a.post("/v1/backtests", json=asked)
            assert made.status_code == 202, made.text
            assert await job.run()
            sides.append((await as_a.get(made.headers["location"])).json())
    both, changed, outside, other = sides
    told = [
        [(each["vehicle"], each["kind"], each["rule"]) for each in side["alerts"]]
        for found in (both, changed)
        for side in found["result"]["sides"]
    ]
    entered = [(f"A/AMB-{n}", "enter", "A/trial") for n in (1, 2)]
    assert told == [entered, [("A/AMB-1", "exit", "A/trial")], entered]
    fences = {each["fence"] for each in changed["result"]["sides"][0]["events"]}
    assert fences == {"A/A-CIRCLE"}
    assert both["result"]["sides"][0]["name"] == "rule A/trial, fence A/trial (neither saved)"
    assert outside["state"] == "done"
    assert "the rule is about A-SQUARE" in other["error"]
    assert before == await world.sql(THINGS)


async def test_another_department_sees_none_of_it(
    world: World, as_a: httpx.AsyncClient, api: Served
) -> None:
    await world.cross_square("A/AMB-1")
    made = await as_a.post("/v1/backtests", json=question(world, fence=SHAPE))
    where = made.headers["location"]
    async with api.client(world.tokens["B"]) as as_b:
        assert (await as_b.get(where)).status_code == 404
        assert (await as_b.post(f"{where}/cancel")).status_code == 404
        assert (await as_b.get("/v1/backtests")).json()["backtests"] == []
        refused = await as_b.post("/v1/backtests", json=question(world, fence=SHAPE))
        assert refused.status_code == 404
        # Another's rule is nobody's here.
        own = question(world, rule="A-RULE") | {"department": "B"}
        made = await as_b.post("/v1/backtests", json=own)
        async with worker(world) as job:
            assert await job.run()
            assert await job.run()
        found = (await as_b.get(made.headers["location"])).json()
        assert found["state"] == "failed"
        assert "A-RULE" in found["error"]


async def test_it_is_cancelled_bounded_and_taken_up_again(
    world: World, as_a: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    made = await as_a.post("/v1/backtests", json=question(world, fence=SHAPE))
    where = made.headers["location"]
    assert (await as_a.post(f"{where}/cancel")).json()["state"] == "cancelled"
    assert (await as_a.post(f"{where}/cancel")).status_code == 409
    async with worker(world, most_s=-1.0) as job:
        assert not await job.run()
        made = await as_a.post("/v1/backtests", json=question(world, fence=SHAPE))
        # As if a worker had died over it.
        await world.sql(
            "UPDATE backtest SET state = 'running', leased_until = milepost_now()"
            " - interval '1 s' WHERE state = 'queued'"
        )
        assert await job.run()
    found = (await as_a.get(made.headers["location"])).json()
    assert (found["state"], "take less time" in found["error"]) == ("failed", True)
    await world.sql("UPDATE backtest SET asked_at = asked_at - interval '8 days'")
    async with worker(world) as job:
        assert not await job.run()
    assert (await as_a.get("/v1/backtests")).json()["backtests"] == []


async def test_what_cannot_be_asked(world: World, as_a: httpx.AsyncClient) -> None:
    bad: list[dict[str, Any]] = [
        question(world, fence=SHAPE, rule="A-RULE"),
        question(world, fence="A-SQUARE", rule={"on": ["enter"]}),
        question(world),
        question(world, fence={"circle": {"center": [114.1, 22.3], "radius_m": -1}}),
        question(world, fence=SHAPE) | {"from": "2026-01-01T00:00:00Z"},
        question(world, fence=SHAPE) | {"to": "2020-01-01T00:00:00Z"},
        question(world, fence=SHAPE) | {"from": "2026-11-27T00:00:00"},
    ]
    for each in bad:
        refused = await as_a.post("/v1/backtests", json=each)
        assert refused.status_code == 422, (each, refused.text)
    for _ in range(10):
        await as_a.post("/v1/backtests", json=question(world, fence=SHAPE))
    refused = await as_a.post("/v1/backtests", json=question(world, fence=SHAPE))
    assert "10 backtests wait already" in refused.json()["detail"]


async def test_how_a_rule_on_trial_goes(world: World, as_a: httpx.AsyncClient) -> None:
    await world.sql("UPDATE rule SET shadow = true")
    await world.cross_square("A/AMB-1")
    figures = (await as_a.get("/v1/rules/A/A-RULE/figures")).json()
    assert (figures["state"], figures["alerts"], figures["would_raise"]) == ("shadow", 0, 2)
    assert (await as_a.get("/v1/rules/B/B-RULE/figures")).status_code == 404


async def test_answers_go_with_fixes_that_are_erased(world: World, as_a: httpx.AsyncClient) -> None:
    await world.cross_square("A/AMB-1")
    made = await as_a.post("/v1/backtests", json=question(world, fence=SHAPE))
    async with worker(world) as job:
        await job.run()
    assert (await as_a.get(made.headers["location"])).json()["state"] == "done"
    await world.sql(
        "INSERT INTO private_interval (department_id, vehicle_id, starts_at, why, keeps,"
        " declared_by) SELECT department_id, id, '2026-01-01', 'private', 'nothing', 'test'"
        " FROM vehicle"
        " WHERE ref = 'AMB-1' AND department_id = 1"
    )
    await world.committer.refresh()
    assert (await as_a.get(made.headers["location"])).status_code == 404
