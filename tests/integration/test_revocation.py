"""While a grant is revoked: every way of reading at once, and nothing of it after the answer."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import httpx
from websockets.asyncio.client import connect

from tests.integration.api_world import DEADLINE_S, Served, World
from tests.integration.event_world import listening
from tests.integration.grant_world import granted

#: Each shows A/AMB-1 to B while it is granted.
READS: Final = (
    "/v1/vehicles",
    "/v1/vehicles/A/AMB-1",
    "/v1/positions",
    "/v1/positions?format=csv",
    "/v1/positions?format=kml",
    "/v1/near?place=114.105,22.305&k=100",
    "/v1/alerts",
    "/v1/whereabouts?at={at}",
    "/v1/visits?place=114.105,22.305&radius_m=500",
    "/v1/vehicles/A/AMB-1/track",
    *(f"/v1/vehicles/A/AMB-1/track?format={form}" for form in ("gpx", "kml", "csv", "geojson")),
    "/v1/vehicles/A/AMB-1/track?format=geoparquet",
    "/v1/views/track/A/AMB-1",
    "/ogc/collections/vehicles/items",
    "/ogc/collections/alerts/items",
    "/ogc/collections/vehicles/items/A/AMB-1",
    "/ogc/tiles/vehicles/7/104/55.mvt",
    "/ogc/tiles/alerts/7/104/55.mvt",
)
#: Polls of each way that were answered before the grant is revoked, and after it.
POLLED: Final = 2
#: Polls under way: the ways come in turn, so that quick ones do not keep slow ones from an answer.
AT_ONCE: Final = 8
#: Where the vehicle is only after the grant has ended.
AFTER: Final = (114.1171, 22.3171)


@dataclass
class Polls:
    """Answers of one way: whether it showed the vehicle, and when it was asked."""

    path: str
    shown_before: int = 0
    shown_after: list[str] = field(default_factory=list)
    asked_after: int = 0


async def poll(
    client: httpx.AsyncClient, polls: Polls, revoked: asyncio.Event, turn: asyncio.Semaphore
) -> None:
    """Ask again and again. What was asked before the revocation's answer may be as it was then."""
    while polls.asked_after < POLLED:
        async with turn:
            is_over = revoked.is_set()
            answer = await client.get(polls.path)
        assert answer.status_code in (200, 204, 404), (polls.path, answer.text[:300])
        shows = answer.status_code == 200 and b"A/AMB-1" in answer.content
        shows = shows or (answer.status_code == 200 and "/A/AMB-1" in polls.path)
        if is_over:
            polls.asked_after += 1
            if shows:
                polls.shown_after.append(answer.text[:200])
        else:
            polls.shown_before += shows


@dataclass
class Watched:
    """What the live feed said, and the vehicles in its picture."""

    said: list[dict[str, Any]] = field(default_factory=list)
    picture: set[int] = field(default_factory=set)

    def take(self, message: dict[str, Any]) -> None:
        self.said.append(message)
        if message["type"] == "snapshot":
            self.picture.clear()
        self.picture -= set(message.get("removed", []))
        self.picture |= set(message.get("columns", {}).get("id", []))

    def has_said(self, kind: str) -> bool:
        return any(each["type"] == kind for each in self.said)


async def watch_live(api: Served, token: str, own: int, watched: Watched) -> None:
    """The live feed, until it has said that grants changed, and something of B's own vehicle: in
    whichever order, for both may have been read at once."""
    async with connect(
        f"{api.live_url}?format=json", additional_headers={"Authorization": f"Bearer {token}"}
    ) as socket:
        async for message in socket:
            watched.take(json.loads(message))
            if watched.has_said("grants") and own in watched.picture:
                return


async def test_nothing_granted_is_told_after_the_revocation_is_answered(
    world: World, api: Served, as_a: httpx.AsyncClient, as_b: httpx.AsyncClient
) -> None:
    await world.cross_square("A/AMB-1")
    await world.drive("A/AMB-1", (60, 114.105, 22.305))
    grant = await granted(as_a, as_b)
    number = (await as_a.get("/v1/vehicles/A/AMB-1")).json()["id"]
    own = (await as_b.get("/v1/vehicles/B/AMB-1")).json()["id"]
    at = world.started_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    revoked = asyncio.Event()
    polls = [Polls(path.replace("{at}", at)) for path in READS]
    live = Watched()
    events: list[tuple[str, Any]] = []

    async def stream() -> None:
        async with listening(as_b, kinds="alerts,fences,signals,vehicles") as told:
            async for event in told:
                events.append((event.name, event.data))

    watching = asyncio.create_task(watch_live(api, world.tokens["B"], own, live))
    streaming = asyncio.create_task(stream())
    async with asyncio.timeout(DEADLINE_S * 6):
        await until(lambda: number in live.picture and bool(events))
        turn = asyncio.Semaphore(AT_ONCE)
        polling = [asyncio.create_task(poll(as_b, each, revoked, turn)) for each in polls]
        await world.drive("A/AMB-1", (70, 114.1051, 22.3051))
        await until(lambda: any("moved" in name for name, _ in events))
        await until(lambda: all(each.shown_before >= POLLED for each in polls))
        answer = await as_a.post(f"/v1/grants/{grant['id']}/revoke", json={"why": "it is over"})
        assert answer.status_code == 200
        revoked.set()
        await world.drive("A/AMB-1", (80, *AFTER))
        await world.drive("B/AMB-1", (80, 114.2, 22.3))
        await asyncio.gather(*polling, watching, streaming)
    assert [each.path for each in polls if each.shown_after] == []
    name, end = events[-1]
    assert (name, end["reason"]) == ("end", "grant-ended")
    assert end["detail"].keys() == {"en", "zh-Hant"}
    assert str(AFTER[0]) not in json.dumps(events)
    assert str(AFTER[0]) not in json.dumps(live.said)
    assert number not in live.picture


async def until(is_so: Callable[[], bool]) -> None:
    """Wait for a condition, within whatever time the caller gives."""
    while not is_so():  # noqa: ASYNC110  what is waited for happens in other tasks, and has no event
        await asyncio.sleep(0.02)
