"""`milepost backtest` as a person runs it: what it tells, whom it lets see, and what it leaves."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Database
from tests.integration.api_world import SQUARE, World, world_in
from tests.integration.test_asking import Terminal
from tracker import fence_edits
from tracker.registry import NewRule

#: The northern half of the square.
SMALLER = {
    "type": "Polygon",
    "coordinates": [[[lon, max(lat, 22.303)] for lon, lat in SQUARE]],
}
WRITTEN = """
SELECT (SELECT count(*) FROM event) + (SELECT count(*) FROM alert)
     + (SELECT count(*) FROM outbox) + (SELECT count(*) FROM checkpoint)
"""


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        await made.add(NewRule(ref="in", department="A", fence="A-SQUARE", on=["enter"]))
        for start_s in (-3600, -1800, -1000):
            await made.cross_square("A/AMB-1", start_s=start_s)
        await made.cross_square("A/AMB-2", start_s=-2500)
        await made.cross_square("B/AMB-1", start_s=-3600)
        yield made


@pytest.fixture
def say(world: World) -> Terminal:
    return Terminal(world)


def asked(say: Terminal, *argv: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(say("backtest", *argv, "--format", "json"))
    return found


async def test_a_saved_rule_tells_what_it_told_and_writes_nothing(
    world: World, say: Terminal
) -> None:
    before = await world.sql(WRITTEN)
    [side] = asked(say, "A/in")["sides"]
    stored = await world.sql(
        "SELECT array_agg(e.id::text) FROM event AS e JOIN alert AS a ON a.event_id = e.id"
        " JOIN rule AS r ON r.id = a.rule_id WHERE r.ref = 'in'"
    )
    assert {event["id"] for event in side["events"]} == set(stored)
    assert {alert["event"] for alert in side["alerts"]} == set(stored)
    assert all(event["simulated"] for event in side["events"])
    assert side["figures"]["alerts"] == 4
    assert sum(side["figures"]["alerts_by_day"].values()) == 4
    assert side["figures"]["vehicles"] == [
        {"vehicle": "A/AMB-1", "alerts": 3, "events": 3},
        {"vehicle": "A/AMB-2", "alerts": 1, "events": 1},
    ]
    assert await world.sql(WRITTEN) == before


async def test_the_window_and_the_vehicles_bound_it(say: Terminal) -> None:
    window = ("--from", say.time(-2600), "--until", say.time(-900))
    [side] = asked(say, "A/in", *window)["sides"]
    assert [event["vehicle"] for event in side["events"]] == ["A/AMB-2", "A/AMB-1", "A/AMB-1"]
    [side] = asked(say, "A/in", *window, "--vehicle", "AMB-2")["sides"]
    assert [event["vehicle"] for event in side["events"]] == ["A/AMB-2"]


async def test_a_rule_and_a_shape_that_are_not_saved(say: Terminal, tmp_path: Path) -> None:
    rule, shape = tmp_path / "rule.json", tmp_path / "shape.geojson"
    rule.write_text(json.dumps({"on": ["exit"], "fence": "A-SQUARE", "cooldown_s": 1000}))
    [side] = asked(say, str(rule), "-d", "A")["sides"]
    alerts = [(alert["vehicle"], alert["suppressed"]) for alert in side["alerts"]]
    assert alerts == [("A/AMB-1", 0), ("A/AMB-2", 0), ("A/AMB-1", 1)]
    assert len(side["events"]) == 4
    shape.write_text(json.dumps({"type": "Feature", "geometry": SMALLER, "properties": {}}))
    [side] = asked(say, str(shape), "-d", "A")["sides"]
    assert [event["kind"] for event in side["events"]] == ["enter", "exit"] * 4
    # A-RULE is about every fence; A/in only about the square.
    assert {alert["rule"] for alert in side["alerts"]} == {"A/A-RULE"}


async def test_two_versions_of_a_fence_and_how_they_differ(world: World, say: Terminal) -> None:
    async with world.database.transaction() as connection:
        await fence_edits.edit(
            connection, ("A", "A-SQUARE"), {"geometry": SMALLER}, at=world.started_at
        )
    found = asked(say, "A/A-SQUARE@1", "--compare", "A/A-SQUARE@2")
    difference = found["difference"]
    assert (len(difference["only_a"]), len(difference["only_b"])) == (0, 0)
    assert [len(side["events"]) for side in found["sides"]] == [8, 8]
    apart = [
        (a["kind"], datetime.fromisoformat(b["at"]) - datetime.fromisoformat(a["at"]))
        for a, b in difference["both"]
    ]
    # The southern border lies farther north, the northern one where it was.
    assert {kind for kind, by in apart if by} == {"enter"}
    assert difference["by_vehicle"]["A/AMB-1"] == {"both": 6, "only_a": 0, "only_b": 0}
    said = say("backtest", "A/A-SQUARE@1", "--compare", "A/A-CIRCLE")
    assert "only A  8" in said
    assert "A/AMB-1" in said


async def test_other_formats(say: Terminal) -> None:
    rows = list(csv.DictReader(io.StringIO(say("backtest", "A/in", "--format", "csv"))))
    assert [row["kind"] for row in rows] == ["enter"] * 4
    features = json.loads(say("backtest", "A/in", "--format", "geojson"))["features"]
    assert [each["geometry"]["coordinates"] for each in features] == [[114.105, 22.305]] * 4
    text = say("backtest", "A/in")
    assert "alerts  4, 4 a day" in text
    assert "█" in text


async def test_what_it_cannot_find_or_must_not_see(say: Terminal, tmp_path: Path) -> None:
    assert "no rule and no fence" in say.refused("backtest", "A/nothing")
    assert "no rule and no fence" in say.refused("backtest", "B/in")
    assert "version 9" in say.refused("backtest", "A/A-SQUARE@9")
    bad = tmp_path / "bad.json"
    bad.write_text('{"on": ["dwell"]}')
    assert "dwell_s" in say.refused("backtest", str(bad), "-d", "A")
    bad.write_text('{"on": ["enter"], "fence": "B-SQUARE"}')
    assert "B-SQUARE" in say.refused("backtest", str(bad), "-d", "A")
