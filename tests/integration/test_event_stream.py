"""The event stream: nothing is lost and nothing comes twice, however often it is cut off."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from cloudevents.core.v1.event import CloudEvent

from geo.fix import Fix
from tests.integration.api_world import Served, World
from tests.integration.event_world import Event, listening, until
from tests.integration.grant_world import granted
from tracker import shards
from tracker.commit import Committer
from tracker.message import Message, Reading
from tracker.secrets import Secret

CUTS = 100
KINDS = "alerts,fences,vehicles"
STEPS = [timedelta(seconds=20 * step) for step in range(3)]
SOUTH, INSIDE, NORTH = 22.295, 22.305, 22.315


async def write(
    committer: Committer, started_at: datetime, department: str, enough: asyncio.Event
) -> int:
    """In and out of the square in one commit, so that two events have its number; how many laps."""
    laps = 0
    while not enough.is_set():
        at = started_at + timedelta(seconds=laps * 60)
        messages = [
            Message(
                source="mqtt",
                department_ref=department,
                device_ref=f"{department}-BOX-AMB-1",
                received_at=datetime.now(UTC),
                readings=[Reading(fix=Fix(fixed_at=at + after, lon=114.105, lat=lat), raw=b"x")],
            )
            for after, lat in zip(STEPS, (SOUTH, INSIDE, NORTH), strict=True)
        ]
        await committer.commit(messages)
        laps += 1
    return laps


async def edit(client: httpx.AsyncClient, enough: asyncio.Event) -> None:
    """A person notes something at what is open, meanwhile."""
    while not enough.is_set():
        for alert in (await client.get("/v1/alerts?state=open&limit=1")).json()["alerts"]:
            await client.post(f"/v1/alerts/{alert['id']}/note", json={"note": "seen"})


async def test_a_hundred_cuts_lose_nothing_and_double_nothing(
    world: World, api: Served, as_both: httpx.AsyncClient
) -> None:
    """Two shards commit, and a person edits, while the reader is cut off at random."""
    url = world.database.dsn("milepost_ingest")
    async with world.database.transaction() as owner:
        await shards.move(owner, "B", 2)
    await world.committer.close()
    started_at = world.started_at - timedelta(hours=20)
    async with opened(url, 1) as one, opened(url, 2) as two:
        enough = asyncio.Event()
        async with listening(as_both, kinds=KINDS) as events:
            last = (await until(events, "hello")).id
        writing = asyncio.gather(
            write(one, started_at, "A", enough),
            write(two, started_at, "B", enough),
            edit(as_both, enough),
        )
        got = await cut_off_again_and_again(as_both, last)
        enough.set()
        laps, *_ = await writing
    expected = await world.sql(
        "SELECT array_agg(type || ' ' || event_id || ' ' || revision) FROM outbox"
        " WHERE feed IS NOT NULL"
    )
    async with listening(as_both, got[-1].id, kinds=KINDS) as events:
        while sum(not is_moved(event) for event in got) < len(expected):
            got.append(await until(events, "milepost"))
    ids = [event.data["id"] for event in got]
    assert len(ids) == len(set(ids)), "doubled"
    found = [
        f"{event.name} {event.data['data']['event']} {event.data['data']['revision']}"
        for event in got
        if not is_moved(event)
    ]
    assert sorted(found) == sorted(expected)
    assert {name.rsplit(".", 2)[0] for name in found} >= {"milepost.fence", "milepost.alert"}
    assert laps > 10


async def cut_off_again_and_again(client: httpx.AsyncClient, last: str) -> list[Event]:
    dice = random.Random(7)  # noqa: S311  no secret
    got: list[Event] = []
    for _ in range(CUTS):
        async with listening(client, last, kinds=KINDS) as events:
            hello = await anext(events)
            assert hello.name == "hello"
            last = hello.id
            for _ in range(dice.randint(0, 9)):
                got.append(await until(events, ""))
                last = got[-1].id
    return got


@asynccontextmanager
async def opened(url: str, shard: int) -> AsyncIterator[Committer]:
    committer = await Committer.open(url, shard=shard)
    yield committer
    await committer.close()


def is_moved(event: Event) -> bool:
    return event.name.startswith("milepost.vehicle.")


async def test_events_are_cloud_events_of_the_scope_alone(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    async with listening(as_a, kinds="fences,vehicles") as events:
        assert (await anext(events)).name == "hello"
        await world.cross_square("B/AMB-1")
        await world.cross_square("A/AMB-1")
        crossed = [await until(events, "milepost.fence") for _ in range(2)]
        moved = await until(events, "milepost.vehicle.moved.v1")
    assert [event.name for event in crossed] == [
        *("milepost.fence.enter.v1", "milepost.fence.exit.v1"),
    ]
    for event in (*crossed, moved):
        attributes = {k: v for k, v in event.data.items() if k != "data"}
        assert attributes["source"] == "/departments/A"
        assert attributes["subject"] == "A/AMB-1"
        assert attributes["type"] == event.name
        assert CloudEvent(_parsed(attributes), event.data["data"])
    assert crossed[0].data["data"]["fence"] == "A/A-SQUARE"
    assert moved.data["data"]["lon"] == 114.105


def _parsed(attributes: dict[str, Any]) -> dict[str, Any]:
    return {**attributes, "time": datetime.fromisoformat(attributes["time"])}


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("UPDATE api_key SET revoked_at = milepost_now() WHERE hash = :hash", "signed-out"),
        (
            "INSERT INTO role_assignment (key_id, role, department_id, during)"
            " SELECT id, 'dispatcher', 2, tstzrange(milepost_now(), NULL) FROM api_key"
            " WHERE hash = :hash",
            "scope-changed",
        ),
    ],
)
async def test_a_changed_scope_is_said_and_ends_it(
    world: World, api: Served, as_a: httpx.AsyncClient, statement: str, reason: str
) -> None:
    async with listening(as_a) as events:
        await until(events, "hello")
        await world.sql(statement, hash=Secret(world.tokens["A"]).digest)
        end = await until(events, "end")
        assert end.data["reason"] == reason
        assert set(end.data["detail"]) == {"en", "zh-Hant"}
        assert [event async for event in events] == []
    if reason == "scope-changed":
        await world.cross_square("B/AMB-1")
        async with listening(as_a, end.id) as events:
            assert (await until(events, "milepost.fence.enter")).data["subject"] == "B/AMB-1"


async def test_grants_that_change_are_said_and_end_it(
    world: World, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    async with listening(as_b) as events:
        await until(events, "hello")
        grant = await granted(as_a, as_b)
        assert (await until(events, "end")).data["reason"] == "grants-changed"
    async with listening(as_b) as events:
        await until(events, "hello")
        await as_a.post(f"/v1/grants/{grant['id']}/revoke")
        end = await until(events, "end")
        assert end.data["reason"] == "grant-ended"
        assert [event async for event in events] == []
    await world.cross_square("B/AMB-1")
    async with listening(as_b, end.id) as events:
        assert (await until(events, "milepost.fence.enter")).data["subject"] == "B/AMB-1"


async def test_a_cursor_that_holds_no_more_is_said(
    world: World, api: Served, as_a: httpx.AsyncClient
) -> None:
    async with listening(as_a) as events:
        last = (await until(events, "hello")).id
    await world.sql("UPDATE installation SET feed_epoch = gen_random_uuid()")
    async with listening(as_a, last) as events:
        assert (await until(events, "reset")).data == {}
        await world.cross_square("A/AMB-1")
        await until(events, "milepost.fence.enter")
    for query in ("kinds=nonsense", "after=nonsense", "after=e30"):
        refused = await as_a.get(f"/v1/events?{query}")
        assert (refused.status_code, refused.json()["type"]) == (422, "/problems/invalid-request")
