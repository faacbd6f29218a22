"""Silence, buttons, sensors and nearness through the commit: events, their alerts, what is told."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo.distance import destination
from tests.conftest import Database
from tests.integration.commit_world import FENCE, INSIDE, SOUTH, Place, World, world_in
from tests.integration.service import said as said_by
from tests.integration.test_fence_laws import wipe
from tests.integration.test_private import declare
from tracker import alert_life
from tracker.alert_life import Change
from tracker.commit import Committer
from tracker.registry import NewDevice, NewRule, NewVehicle

OPEN, SHUT, PRESSED = {"bottom_door": True}, {"bottom_door": False}, {"duress": True}
LOST = NewRule(ref="lost", department="D", on=["silent"])
SOS = NewRule(ref="sos", department="D", on=["duress"])
DUMPING = NewRule.model_validate(
    {"ref": "dumping", "department": "D", "on": ["sensor"], "sensor": "bottom_door is open",
     "fence": "square", "outside": True}
)  # fmt: skip
MEETING = NewRule(ref="meeting", department="D", on=["proximity"], radius_m=100)


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        yield made


async def rule_since(world: World, second: float, *rules: NewRule) -> None:
    """The fence and rules, as if they had been there since so many seconds after the start."""
    await world.add(FENCE, *rules)
    since = world.start + timedelta(seconds=second)
    await world.owner.execute("UPDATE rule SET created_at = $1", since)
    await world.owner.execute("UPDATE fence_version SET in_force = tstzrange($1, NULL)", since)


async def stood(world: World) -> list[tuple[Any, ...]]:
    """Kind, begin and end of the signals' events, in seconds after the start."""
    rows = await world.owner.fetch(
        "SELECT kind, extract(epoch FROM at - $1)::float AS at,"
        " extract(epoch FROM ended_at - $1)::float AS ended, late FROM event"
        " WHERE status = 'valid' AND rule_id IS NOT NULL ORDER BY at, kind",
        world.start,
    )
    return [tuple(row) for row in rows]


async def acknowledge(world: World) -> None:
    async with world.database.transaction() as connection:
        alert_id = await world.owner.fetchval("SELECT id FROM alert WHERE state = 'open'")
        await alert_life.change(connection, alert_id, Change(what="acknowledged"), by="Chan")


async def told(world: World) -> list[tuple[str, Mapping[str, Any]]]:
    rows = await world.owner.fetch("SELECT type, body FROM outbox ORDER BY id")
    return [(row["type"], json.loads(row["body"])) for row in rows]


async def test_a_silence_alerts_by_the_clock_once_and_closes_when_it_is_over(world: World) -> None:
    await rule_since(world, -3600, LOST)
    await world.drive((-500, SOUTH))
    await world.committer.refresh()
    assert await stood(world) == [("silent", -200, None, False)]
    assert await world.committer.refresh() is None
    await world.committer.reload()
    await world.committer.refresh()
    assert await world.alerts() == [("silent", "open")]
    await acknowledge(world)
    await world.drive((90, SOUTH))
    assert await stood(world) == [("silent", -200, 90, False)]
    assert await world.alerts() == [("silent", "closed")]
    types = [type_ for type_, _ in await told(world)]
    assert types[0] == "milepost.vehicle.silent.v1"
    assert types[-1] == "milepost.alert.closed.v1"


async def test_a_vehicle_falls_silent_while_nothing_arrives(world: World) -> None:
    await world.drive((-500, SOUTH))
    await world.add(LOST)
    assert await world.committer.refresh() is not None
    assert await world.alerts() == [("silent", "open")]
    assert await world.committer.refresh() is None


async def test_nobody_falls_silent_while_nobody_can_be_heard(world: World) -> None:
    await rule_since(world, -3600, LOST)
    await world.drive((-500, SOUTH))
    world.committer.hears = False
    await world.committer.refresh()
    assert await stood(world) == []
    world.committer.hears = True
    await world.committer.refresh()
    assert await stood(world) == [("silent", -200, None, False)]


async def test_a_retired_vehicle_is_not_waited_for(world: World) -> None:
    await rule_since(world, -3600, LOST)
    await world.owner.execute(
        "UPDATE vehicle SET retired_at = $1", world.start - timedelta(seconds=300)
    )
    await world.drive((-500, SOUTH))
    await world.committer.refresh()
    assert await stood(world) == []


async def test_what_comes_late_withdraws_a_silence_that_was_none(world: World) -> None:
    await rule_since(world, -7200, LOST)
    await world.drive((-900, SOUTH))
    await world.committer.refresh()
    assert await world.alerts() == [("silent", "open")]
    await world.drive((-700, SOUTH), (-500, SOUTH), (-300, SOUTH), (-50, SOUTH))
    assert await stood(world) == []
    assert await world.alerts() == [("silent", "closed")]
    reason = await world.owner.fetchval("SELECT close_reason FROM alert")
    assert reason == "withdrawn"


async def test_a_press_is_critical_at_once_and_over_when_released(world: World) -> None:
    await rule_since(world, -3600, SOS)
    await world.drive((0, SOUTH), (10, SOUTH, PRESSED))
    assert await stood(world) == [("duress", 10, None, False)]
    assert await world.owner.fetchval("SELECT severity FROM alert") == "critical"
    type_, body = (await told(world))[0]
    assert type_ == "milepost.vehicle.duress.v1"
    assert (body["fence"], body["kind"], body["alerts"][0]["rule"]) == (None, "duress", "D/sos")
    await world.drive((20, SOUTH))
    assert await world.alerts() == [("duress", "open")]
    await acknowledge(world)
    assert await world.alerts() == [("duress", "closed")]


async def test_a_press_from_an_old_backlog_is_kept_without_a_siren(world: World) -> None:
    await rule_since(world, -7200, SOS)
    await world.drive((0, SOUTH))
    await world.drive((-3000, SOUTH, PRESSED), (-2990, SOUTH))
    assert await stood(world) == [("duress", -3000, -3000, True)]
    assert await world.alerts() == []
    # One that seconds have reordered alerts.
    await world.drive((-10, SOUTH, PRESSED))
    assert await world.alerts() == [("duress", "open")]


async def test_a_press_at_an_impossible_place_alerts(world: World) -> None:
    await rule_since(world, -3600, SOS)
    await world.drive((0, SOUTH))
    await world.drive((5, (115.0, 22.3), PRESSED))
    assert await world.alerts() == [("duress", "open")]
    await world.committer.reload()
    await world.drive((10, SOUTH))
    assert await stood(world) == [("duress", 5, 5, False)]
    assert await world.alerts() == [("duress", "open")]


async def test_a_bottom_door_open_outside_a_dumping_ground(world: World) -> None:
    await rule_since(world, -3600, DUMPING)
    await world.drive((0, INSIDE, OPEN), (10, INSIDE, SHUT), (30, SOUTH, SHUT))
    assert await stood(world) == []
    await world.drive((40, SOUTH, OPEN))
    await world.drive((50, SOUTH, OPEN))
    await acknowledge(world)
    await world.drive((60, SOUTH, SHUT))
    assert await stood(world) == [("sensor", 40, 50, False)]
    assert await world.alerts() == [("sensor", "closed")]
    # Later data: it was shut at 50 already.
    row = await world.owner.fetchrow("SELECT length_s, fence_id FROM event WHERE kind = 'sensor'")
    assert row is not None
    assert tuple(row) == (10.0, None)
    await world.drive((45, SOUTH, SHUT))
    assert await stood(world) == [("sensor", 40, 40, False), ("sensor", 50, 50, True)]


def north_of(place: Place, metres: float) -> Place:
    lon, lat = destination(*place, 0.0, metres)
    return float(lon), float(lat)


async def two(world: World) -> None:
    await world.add(
        NewVehicle(ref="W", department="D"), NewDevice(ref="box2", department="D", vehicle="W")
    )


async def meet(world: World, second: float, metres: float) -> None:
    """Both vehicles so far apart; then the clock goes on."""
    there = world.message(second, north_of(SOUTH, metres), device="box2")
    await world.committer.commit([world.message(second, SOUTH), there])
    await look(world)


async def look(world: World) -> None:
    """As if the five seconds had passed."""
    world.committer._nearby._judged_ms = 0
    await world.committer.refresh()


async def test_two_vehicles_near_each_other_are_one_event_until_they_part(world: World) -> None:
    await two(world)
    await world.add(MEETING)
    await meet(world, 0, 130)
    assert await world.alerts() == []
    await meet(world, 10, 90)
    await meet(world, 20, 60)
    # Farther than the radius, not yet a fifth more.
    await meet(world, 30, 115)
    assert await world.alerts() == [("proximity", "open")]
    # Whoever takes the shard over goes on from there.
    await world.committer.close()
    world.committer = await Committer.open(world.database.dsn("milepost_ingest"))
    await look(world)
    assert await world.alerts() == [("proximity", "open")]
    await acknowledge(world)
    await meet(world, 40, 125)
    assert await world.alerts() == [("proximity", "closed")]
    row = await world.owner.fetchrow(
        "SELECT v.ref, o.ref, round(e.distance_m::numeric), e.ended_at > e.at FROM event AS e"
        " JOIN vehicle AS v ON v.id = e.vehicle_id JOIN vehicle AS o ON o.id = e.other_vehicle_id"
    )
    assert row is not None
    assert tuple(row) == ("V", "W", 90, True)
    await meet(world, 50, 50)
    assert await world.alerts() == [("proximity", "closed"), ("proximity", "open")]


async def test_who_is_not_heard_of_is_near_nobody(world: World) -> None:
    await two(world)
    await world.add(MEETING)
    await meet(world, -400, 10)
    assert await world.alerts() == []
    await meet(world, 0, 10)
    assert await world.alerts() == [("proximity", "open")]


async def test_late_data_change_nothing_of_a_meeting(world: World) -> None:
    await two(world)
    await world.add(MEETING)
    await meet(world, 0, 10)
    await world.drive((-30, INSIDE), (-20, INSIDE))
    assert [kind for kind, *_ in await stood(world)] == ["proximity"]


async def test_a_meeting_in_a_time_made_private_is_withdrawn(world: World) -> None:
    await two(world)
    await world.add(MEETING)
    await meet(world, 0, 10)
    now_s = (datetime.now(UTC) - world.start).total_seconds()
    await declare(world, -5, now_s + 5)
    await look(world)
    assert await stood(world) == []
    assert await world.alerts() == [("proximity", "closed")]


async def test_groups_say_who_may_be_near_to_whom(world: World) -> None:
    await two(world)
    await world.add(MEETING.model_copy(update={"vehicles": ("V",), "near": ("V",)}))
    await meet(world, 0, 10)
    assert await world.alerts() == []
    await world.add(MEETING.model_copy(update={"ref": "m2", "vehicles": ("W",), "near": ("V",)}))
    await meet(world, 10, 10)
    row = await world.owner.fetchrow(
        "SELECT v.ref FROM event AS e JOIN vehicle AS v ON v.id = e.vehicle_id"
    )
    assert row is not None
    assert row["ref"] == "W"


inputs = st.sampled_from([None, PRESSED, OPEN, SHUT, {**SHUT, **PRESSED}])
tracks = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 40).map(lambda n: n * 10), st.integers(1900, 2000)),
        st.sampled_from([SOUTH, SOUTH, INSIDE]),
        inputs,
    ),
    min_size=1,
    max_size=12,
    unique_by=lambda point: point[0],
)
RULES = (
    LOST, SOS, DUMPING,
    NewRule(ref="lost-in", department="D", on=["silent"], silent_s=45, fence="square"),
    NewRule.model_validate(
        {"ref": "long", "department": "D", "on": ["sensor"], "sensor": "bottom_door is open",
         "for_s": 20}
    ),
)  # fmt: skip


async def facts(world: World) -> list[tuple[Any, ...]]:
    rows = await world.owner.fetch(
        "SELECT id, kind, at, ended_at, length_s, fence_id FROM event WHERE status = 'valid'"
        " ORDER BY id"
    )
    return [tuple(row) for row in rows]


async def test_any_order_cut_and_repetition_give_the_sorted_run(world: World) -> None:
    """Silence, buttons and sensors keep the promise of order; their ends are the same, too."""
    await rule_since(world, -86_400, *RULES)
    # All of it is past: where the clock is asked in between it tells of silences that were none.
    world.start -= timedelta(seconds=2_100)
    await _check_orders(world)


async def _check_orders(world: World) -> None:
    @settings(
        max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
    )
    @given(track=tracks, data=st.data())
    def law(track: list[Any], data: st.DataObject) -> None:
        arrivals = data.draw(st.permutations([*track, *track]))
        size = data.draw(st.integers(1, len(arrivals)))
        found.append((sorted(track, key=lambda point: point[0]), arrivals, size))

    found: list[tuple[list[Any], list[Any], int]] = []
    law()
    for track, arrivals, size in found:
        await _check_order(world, track, arrivals, size)


async def _check_order(world: World, track: list[Any], arrivals: list[Any], size: int) -> None:
    await _again(world)
    await world.drive(*track)
    await world.committer.refresh()
    whole = await facts(world)
    await _again(world)
    for at in range(0, len(arrivals), size):
        await world.drive(*arrivals[at : at + size])
        if at % 2:
            await world.committer.refresh()
            await world.committer.reload()
    await world.committer.refresh()
    assert await facts(world) == whole, (track, arrivals, size)


async def test_a_silence_behind_a_fix_that_a_late_one_makes_doubtful_is_told_once(
    world: World,
) -> None:
    await rule_since(world, -86_400, *RULES)
    world.start -= timedelta(seconds=2_100)
    track = [(0, SOUTH), (28, INSIDE), (34, SOUTH), (90, SOUTH)]
    await _check_order(world, track, [track[0], track[2], track[1], track[3]], 2)


async def _again(world: World) -> None:
    await wipe(world.owner)
    await world.committer.reload()


async def test_a_rule_is_made_and_explained_by_the_command(world: World) -> None:
    def milepost(*argv: str, code: int = 0) -> str:
        return said_by(world.database.environment(), "rule", *argv, code=code)

    await world.add(FENCE)
    dumping = ("--on", "sensor", "--sensor", "bottom_door is open", "--fence", "square")
    milepost("add", "dumping", "-d", "D", *dumping, "--outside", "--for-s", "60")
    assert milepost("explain", "D/dumping").splitlines() == [
        "Warning when any vehicle of D reports bottom_door is on (open) for 1 min outside square.",
        "警告：D 的任何車輛回報 bottom_door 為 開，持續 1 分鐘，位於 square 範圍外。",
    ]
    assert "needs `sensor`" in milepost("add", "x", "-d", "D", "--on", "sensor", code=1)


def test_a_rule_that_makes_no_sense_says_why() -> None:
    fence = {"fence": "square"}
    for wrong, said in (
        ({"on": ["silent", "enter"]}, "on that alone"),
        ({"on": ["enter"], "outside": True, **fence}, "only for rules on silent"),
        ({"on": ["silent"], "outside": True}, "outside of what"),
        ({"on": ["duress"], "silent_s": 60}, "only for rules on silent"),
        ({"on": ["sensor"]}, "needs `sensor`"),
        ({"on": ["sensor"], "sensor": "door ajar"}, "no comparison"),
        ({"on": ["sensor"], "sensor": "temp_c > warm"}, "compares with a number"),
        ({"on": ["duress"], "cooldown_s": 60}, "every press is told"),
        ({"on": ["duress"], "for_s": 60}, "only for rules on sensor"),
        ({"on": ["proximity"]}, "needs `radius_m`"),
        ({"on": ["enter"], "near": ["V"]}, "only for rules on proximity"),
    ):
        with pytest.raises(ValueError, match=said):
            NewRule.model_validate({"ref": "x", "department": "D", **wrong})
