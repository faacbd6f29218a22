"""A rule on trial: judged in the commit like any other, counted, and told to nobody."""

from __future__ import annotations

import json

import httpx
from sqlalchemy import text

from tests.integration.api_world import World
from tests.integration.test_asking import Terminal
from tracker import reads, sql
from tracker.registry import NewRule


async def test_nobody_is_told_and_all_is_counted(world: World, as_a: httpx.AsyncClient) -> None:
    await world.sql("UPDATE rule SET disabled_at = now() WHERE ref = 'A-RULE'")
    await world.add(
        NewRule(ref="trial", department="A", on=["enter", "dwell"], dwell_s=5, shadow=True)
    )
    await world.sql("UPDATE rule SET created_at = '2026-01-01'")
    say = Terminal(world)
    await world.cross_square("A/AMB-1")
    # Kept: an enter, which is a fact, and a dwell that only the rule made.
    assert await world.sql("SELECT count(*) FROM alert WHERE shadow") == 2
    assert await world.sql("SELECT count(*) FROM event WHERE shadow AND kind = 'dwell'") == 1
    # Told: the facts, with no alert.
    told = await world.sql("SELECT jsonb_agg(body ORDER BY id) FROM outbox")
    assert [each["kind"] for each in told] == ["enter", "exit"]
    assert all(each["alerts"] == [] and each["joined"] == [] for each in told)
    assert (await as_a.get("/v1/alerts")).json()["alerts"] == []
    assert (await as_a.get("/ogc/collections/alerts/items")).json()["features"] == []
    assert "dwell" not in say("alert", "list")
    rules = {rule["rule"]: rule for rule in (await as_a.get("/v1/rules")).json()["rules"]}
    assert (rules["A/trial"]["shadow"], rules["A/trial"]["alerts"]) == (True, 0)
    figures = json.loads(say("rule", "show", "A/trial", "--json"))
    counted = {key: figures[key] for key in ("state", "alerts", "would_raise", "shadow_events")}
    assert counted == {"state": "shadow", "alerts": 0, "would_raise": 2, "shadow_events": 1}
    assert "2 alerts it would have raised" in say("rule", "show", "A/trial")
    assert "試行中" in say("rule", "explain", "A/trial")


async def test_it_goes_live_and_back_and_its_trial_holds_nothing_back(world: World) -> None:
    await world.sql("UPDATE rule SET disabled_at = now() WHERE ref = 'A-RULE'")
    await world.add(
        NewRule(ref="trial", department="A", on=["enter"], cooldown_s=3000, shadow=True)
    )
    say = Terminal(world)
    await world.cross_square("A/AMB-1", start_s=0)
    await world.cross_square("A/AMB-1", start_s=60)
    say("rule", "go-live", "A/trial")
    await world.cross_square("A/AMB-1", start_s=120)
    say("rule", "shadow", "A/trial")
    await world.cross_square("A/AMB-1", start_s=180)
    rows = await world.sql(
        "SELECT jsonb_agg(jsonb_build_array(shadow, suppressed) ORDER BY opened_at) FROM alert"
    )
    assert rows == [[True, 2], [False, 0]]
    figures = json.loads(say("rule", "show", "A/trial", "--json"))
    assert (figures["alerts"], figures["would_raise"], figures["would_suppress"]) == (1, 1, 2)
    assert "There is no such thing" in say.refused("rule", "go-live", "A/nothing")


async def test_a_trial_escalates_nothing_and_closes_in_silence(world: World) -> None:
    await world.add(
        NewRule(ref="trial", department="A", on=["enter"], escalate_after_s=1, shadow=True)
    )
    await world.sql("UPDATE rule SET disabled_at = now() WHERE ref = 'A-RULE'")
    await world.cross_square("A/AMB-1")
    await world.sql("UPDATE alert SET waits_since = waits_since - interval '1 h'")
    async with world.database.transaction("milepost_worker") as connection:
        found = await connection.exec_driver_sql(sql.text("due_escalations"), (10,))
        assert found.all() == []
    await world.sql("UPDATE fence_version SET in_force = tstzrange(lower(in_force), now())")
    await world.committer.refresh()
    assert await world.sql("SELECT array_agg(close_reason) FROM alert") == ["fence_deleted"]
    assert await world.sql("SELECT count(*) FROM outbox WHERE type LIKE '%closed%'") == 0


async def test_a_scope_sees_trials_only_where_it_asks(world: World) -> None:
    await world.add(NewRule(ref="trial", department="A", on=["dwell"], dwell_s=5, shadow=True))
    await world.sql("UPDATE rule SET created_at = '2026-01-01'")
    await world.cross_square("A/AMB-1")
    reader = reads.Reader(world.database.dsn("milepost_api"))
    a = await world.sql("SELECT id FROM department WHERE ref = 'A'")
    b = await world.sql("SELECT id FROM department WHERE ref = 'B'")
    dwells = text("SELECT count(*) FROM event WHERE kind = 'dwell'")
    try:
        async with reader.scope([a]) as scope:
            found = await reads.rule_figures(scope, department="A", ref="trial", days=30)
            assert found is not None
            assert found["shadow_events"] == 1
            assert await scope.scalar(dwells) == 0
        async with reader.scope([b]) as scope:
            assert await reads.rule_figures(scope, department="A", ref="trial", days=30) is None
    finally:
        await reader.close()
