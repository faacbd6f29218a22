"""The event stream of what other departments grant: as much as each level tells, until it ends."""

from __future__ import annotations

import json
from dataclasses import replace

import httpx
import pytest

from tests.integration.api_world import World
from tests.integration.event_world import Event, listening, until
from tests.integration.grant_world import granted
from tracker.stream import Cursor

KINDS = "alerts,fences,signals,vehicles"
#: What a stream of B has told when it has told this: nothing of A may come behind it.
SENTINEL = "B/AMB-2"
MOVED = "milepost.vehicle.moved.v1"


async def told_until_sentinel(client: httpx.AsyncClient, last: str) -> list[Event]:
    """All that is told behind an id, up to the move of the sentinel."""
    told = []
    async with listening(client, last, kinds=KINDS) as events:
        while True:
            event = await until(events, "milepost")
            if event.data["subject"] != SENTINEL:
                told.append(event)
            elif event.name == MOVED:
                return told


async def here(client: httpx.AsyncClient) -> str:
    """An id to come back to."""
    async with listening(client, kinds=KINDS) as events:
        return (await until(events, "hello")).id


def kinds_of(told: list[Event]) -> list[str]:
    return sorted(event.name.removeprefix("milepost.").removesuffix(".v1") for event in told)


async def test_positions_crossings_and_what_became_of_their_alerts_are_told(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await granted(as_a, as_b)
    last = await here(as_b)
    await world.cross_square("A/AMB-1")
    await world.cross_square("A/AMB-2")
    alerts = (await as_a.get("/v1/alerts")).json()["alerts"]
    first = next(each for each in alerts if each["vehicle"] == "A/AMB-1")
    for what, said in (
        ("note", {"note": "a secret word"}),
        ("assign", {"to": "a secret name"}),
        ("acknowledge", {"note": "another secret word"}),
    ):
        done = await as_a.post(f"/v1/alerts/{first['id']}/{what}", json=said)
        assert done.status_code == 200, done.text
    await world.drive(SENTINEL, (70, 114.2, 22.35))
    told = await told_until_sentinel(as_b, last)
    assert kinds_of(told) == [
        *("alert.acknowledged", "alert.closed", "fence.enter", "fence.exit", "vehicle.moved"),
    ]
    assert {(event.data["source"], event.data["subject"]) for event in told} == {
        ("/departments/A", "A/AMB-1")
    }
    assert "secret" not in json.dumps([event.data for event in told])
    moved = next(event for event in told if event.name == MOVED)
    assert moved.data["data"]["granted"] == "position"
    assert (moved.data["data"]["lon"], moved.data["data"]["lat"]) == (114.105, 22.315)
    change = next(event for event in told if "acknowledged" in event.name).data["data"]
    assert change["change"] == {"what": "acknowledged", "alert": first["id"]}
    assert change["alerts"][0]["state"] == "acknowledged"
    again = await told_until_sentinel(as_b, told[1].id)
    assert [event.id for event in again] == [event.id for event in told[2:]], "it goes on behind"


async def test_presence_is_told_in_and_out_and_no_place(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await granted(as_a, as_b, level="presence")
    last = await here(as_b)
    await world.cross_square("A/AMB-1")
    await world.drive(SENTINEL, (70, 114.2, 22.35))
    told = await told_until_sentinel(as_b, last)
    assert kinds_of(told) == ["fence.enter", "fence.exit"]
    assert not any("114." in json.dumps(event.data) for event in told)


async def test_a_blurred_vehicle_is_told_once_its_ten_minutes_are_over(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.drive("A/AMB-1", (-1200, 114.2041, 22.3052), (0, 114.21, 22.31), speed_mps=9.0)
    await granted(as_a, as_b, level="blurred", fences=[])
    now = Cursor.read(await here(as_b))
    before = str(replace(now, vehicles={**now.vehicles, -1: (-1, 0)}))
    await world.sql("DELETE FROM fix WHERE fixed_at > now() - interval '15 minutes'")
    await world.sql("UPDATE fix SET received_at = fixed_at")
    await world.drive(SENTINEL, (70, 114.2, 22.35))
    (moved,) = await told_until_sentinel(as_b, before)
    assert moved.data["data"]["granted"] == "blurred"
    shown = next(
        each["geometry"]["coordinates"]
        for each in (await as_b.get("/v1/positions")).json()["features"]
        if each["properties"]["vehicle"] == "A/AMB-1"
    )
    place = (moved.data["data"]["lon"], moved.data["data"]["lat"])
    assert place == pytest.approx(tuple(shown), abs=1e-6)
    assert moved.data["data"]["speed_mps"] is None
    assert moved.data["time"].endswith("0:00+00:00"), "the beginning of ten minutes"
    assert await told_until_sentinel(as_b, moved.id) == []
    assert await told_until_sentinel(as_b, str(now)) == [], "those that had been over before"


async def test_a_grant_that_ends_takes_no_event_of_ones_own_with_it(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    """What is read together with the end of a grant is not sent: so it is told the next time."""
    grant = await granted(as_a, as_b)
    last = await here(as_b)
    got: list[Event] = []
    async with listening(as_b, last) as events:
        await until(events, "hello")
        await world.cross_square("B/AMB-1")
        await as_a.post(f"/v1/grants/{grant['id']}/revoke")
        while not got or got[-1].name != "end":
            got.append(await until(events, ""))
    end = got.pop()
    assert end.data["reason"] == "grant-ended"
    await world.cross_square("A/AMB-1")
    async with listening(as_b, end.id) as events:
        while len(got) < 2:
            got.append(await until(events, "milepost"))
    assert [event.data["subject"] for event in got] == ["B/AMB-1"] * 2
    assert kinds_of(got) == ["fence.enter", "fence.exit"]


async def test_what_a_stream_tells_of_others_stands_in_the_audit_of_both(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await granted(as_a, as_b)
    await here(as_b)
    for client in (as_a, as_b):
        (row,) = (await client.get("/v1/audit?what=events.watch")).json()["rows"]
        assert row["label"] == "B"
