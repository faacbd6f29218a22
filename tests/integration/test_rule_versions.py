"""Rules have versions: who made them say what, when, and why; alerts and backtests name them."""

from __future__ import annotations

import json

import httpx

from tests.integration.api_world import Served, World
from tests.integration.test_asking import Terminal
from tracker.rule_edits import NewFenceGroup, NewRule, NewWindow

RULE = {"department": "A", "ref": "long", "on": ["enter"], "severity": "info"}


async def test_a_rule_tells_what_it_said_when_and_alerts_say_by_which(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.sql("UPDATE rule SET disabled_at = now() WHERE ref = 'A-RULE'")
    made = (await as_a.post("/v1/rules", json={**RULE, "why": "trial week"})).json()
    assert (made["version"], made["severity"]) == (1, "info")
    await world.committer.refresh()
    await world.cross_square("A/AMB-1")
    path = "/v1/rules/A/long"
    # An answer, changed, is taken; the same once more is no version.
    body = {**made, "severity": "critical", "why": "too quiet"}
    for _ in range(2):
        changed = await as_a.put(path, json={**body, "ref": "long"}, headers={"If-Match": "*"})
        assert changed.json()["version"] == 2, changed.text
    await world.committer.refresh()
    await world.cross_square("A/AMB-1", start_s=60)
    alerts = (await as_a.get("/v1/alerts")).json()["alerts"]
    assert [(each["severity"], each["rule_version"]) for each in alerts] == [
        ("critical", 2),
        ("info", 1),
    ]
    await as_a.delete(path, params={"why": "done"}, headers={"If-Match": "*"})
    told = (await as_a.get(f"{path}/versions")).json()
    rows = [(each["version"], each["state"], each["why"]) for each in told["versions"]]
    assert rows == [(3, "off", "done"), (2, "on", "too quiet"), (1, "on", "trial week")]
    newest, before, first = told["versions"]
    assert newest["until"] is None
    assert (before["until"], first["until"]) == (newest["since"], before["since"])
    assert (first["terms"]["severity"], before["terms"]["severity"]) == ("info", "critical")
    assert all(each["made_by"] for each in told["versions"])
    assert first["explained"]["en"].startswith("Information when any vehicle of A thing enters")
    assert before["explained"]["en"].startswith("Critical alert")
    assert (await as_b.get(f"{path}/versions")).status_code == 404
    assert (await as_a.get("/v1/rules/A/nothing/versions")).status_code == 404


async def test_a_rule_is_said_in_words_to_whoever_may_read_it(world: World, api: Served) -> None:
    await world.give_key("dispatcher", "dispatcher@A")
    group = NewFenceGroup(ref="depots", department="A", name_en="Depots", name_zh_hant="車廠")
    nameless = NewRule(ref="a", department="A", on=["exit"], fence="A-SQUARE")
    night = NewWindow.model_validate({"days": ["mon"], "from": "18:00", "to": "08:00"})
    named = NewRule(
        ref="z", department="A", on=["inside"], fence="depots", vehicles=["AMB-1"], window=night
    )
    near = NewRule(
        ref="n", department="A", on=["proximity"], radius_m=50, near=["AMB-2"], severity="info"
    )
    await world.add(group, nameless, named, near)
    explained = {
        "a": "Warning when any vehicle of A thing leaves: A-SQUARE.",
        "z": "Warning when AMB-1 of A thing is inside: Depots, Monday from 18:00 to 08:00 the next"
        " day (Asia/Hong_Kong).",
        "n": "Information when any vehicle of A thing is less than 50 m from AMB-2.",
    }
    async with api.client(world.tokens["dispatcher"]) as client:
        rules = (await client.get("/v1/rules")).json()["rules"]
        told = {each["rule"]: each["explained"] for each in rules}
        for ref, english in explained.items():
            assert told[f"A/{ref}"]["en"] == english
            assert (await client.get(f"/v1/rules/A/{ref}")).json()["explained"] == told[f"A/{ref}"]
    assert "A 物件的 AMB-1 身在其中（車廠）" in told["A/z"]["zh-Hant"]
    # The command says the same.
    assert Terminal(world)("rule", "explain", "A/z").splitlines() == list(told["A/z"].values())


async def test_the_command_shows_versions_and_a_backtest_takes_one(world: World) -> None:
    say = Terminal(world)
    await world.sql("UPDATE rule SET disabled_at = now() WHERE ref = 'A-RULE'")
    await world.cross_square("A/AMB-1")
    options = ("-d", "A", "--on", "enter exit")
    say("rule", "add", "long", *options, "--why", "first")
    say("rule", "edit", "long", "-d", "A", "--on", "enter", "--why", "exits were noise")
    say("rule", "shadow", "A/long", "--why", "on trial again")
    shown = say("rule", "show", "A/long", "--versions")
    assert 'on ["enter", "exit"] -> ["enter"]' in shown
    assert "exits were noise" in shown
    assert "shadow false -> true" in shown
    rows = json.loads(say("rule", "show", "A/long", "--versions", "--json"))["versions"]
    assert [each["version"] for each in rows] == [3, 2, 1]
    window = ("--from", "2026-11-01", "--purpose", "a test", "--format", "json")
    told = json.loads(say("backtest", "A/long@1", "--compare", "A/long@2", *window))
    assert [side["name"] for side in told["sides"]] == ["rule A/long@1", "rule A/long@2"]
    kinds = [sorted(event["kind"] for event in side["events"]) for side in told["sides"]]
    assert kinds == [["enter", "exit"], ["enter"]]
    assert [event["kind"] for event in told["difference"]["only_a"]] == ["exit"]
    alone = json.loads(say("backtest", "A/long", *window))
    assert alone["sides"][0]["name"] == "rule A/long@3"
    assert "no version of a rule" in say.refused("backtest", "A/long@9", *window)
    assert "No rule is called" in say.refused("rule", "show", "A/nothing", "--versions")
