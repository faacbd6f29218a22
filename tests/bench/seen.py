"""scripts/bench seen: how long from a cause to the line of the event stream that tells of it.

A vehicle stands still and says so; a fence is made over it, moved away, moved back and deleted, and
a window opens, in a running service whose `GET /v1/events` is watched. Of the window the cause is
the moment at which it opens, by the database's clock; of the rest the request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from tests.integration.service import Service, running_service
from tests.integration.signed_in import box, position
from tracker.registry import NewDepartment, NewDevice, NewRule, NewVehicle

CAUSES: Final = ("created", "moved away", "moved back", "deleted", "window opened")
WITHIN_S: Final = 60.0
THINGS: Final = (
    NewDepartment(ref="FSD"),
    NewVehicle(ref="AMB-1", department="FSD"),
    NewDevice(ref="box", department="FSD", vehicle="AMB-1"),
    NewRule(ref="any", department="FSD", on=["present", "exit"]),
)
ZONE: Final = ZoneInfo("Asia/Hong_Kong")
ANY_REVISION: Final = {"If-Match": "*"}
CLOCK: Final = (
    "CREATE OR REPLACE FUNCTION milepost_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS "
    "$$SELECT clock_timestamp() + interval '{:.6f} s'$$"
)


def seen(rounds: int) -> Mapping[str, list[float]]:
    """Seconds from each cause to its line, so many times."""
    with running_service(*THINGS) as service:
        token = service.milepost("key", "add", "--role", "administrator@FSD").strip()
        with box(service.data.ports()["mqtt"]) as device:
            device.client.publish("gov/1/FSD/box/nmea", f"#boot,1\n{position()}", qos=1)
            return asyncio.run(_watched(service, token, rounds))


async def _watched(service: Service, token: str, rounds: int) -> Mapping[str, list[float]]:
    headers = {"Authorization": f"Bearer {token}"}
    took: dict[str, list[float]] = defaultdict(list)
    async with httpx.AsyncClient(base_url=service.web_url, headers=headers, timeout=60) as client:
        await _until(lambda: _has_position(client))
        query = {"kinds": "fences,alerts"}
        async with client.stream("GET", "/v1/events", params=query) as answer:
            lines = answer.aiter_lines()
            for turn in range(rounds):
                for cause, act, kind in _acts(client, f"fence-{turn}"):
                    begun = time.monotonic()
                    await act()
                    took[cause].append(await _line(lines, kind) - begun)
            for turn in range(rounds):
                opens_s = await _window(service, client, f"fence-{turn}", f"night-{turn}")
                took[CAUSES[-1]].append(await _line(lines, "inside") - opens_s)
    return took


def _acts(
    client: httpx.AsyncClient, ref: str
) -> list[tuple[str, Callable[[], Awaitable[object]], str]]:
    """Each cause, what brings it about, and the kind of event that tells of it."""
    path = f"/v1/fences/FSD/{ref}"

    def put(lon: float) -> Awaitable[httpx.Response]:
        return _done(client.put(path, json=_fence(ref, lon), headers=ANY_REVISION))

    return [
        ("created", lambda: _done(client.post("/v1/fences", json=_fence(ref, 114.17))), "present"),
        ("moved away", lambda: put(114.27), "exit"),
        ("moved back", lambda: put(114.17), "present"),
        ("deleted", lambda: _done(client.delete(path, headers=ANY_REVISION)), "exit"),
    ]


def _fence(ref: str, lon: float) -> dict[str, Any]:
    circle = {"center": [lon, 22.3], "radius_m": 500}
    properties = {"department": "FSD", "ref": ref, "circle": circle}
    return {"type": "Feature", "geometry": None, "properties": properties}


async def _window(service: Service, client: httpx.AsyncClient, fence: str, rule: str) -> float:
    """A rule whose window is about to open; when it does (monotonic)."""
    ref = f"{fence}-w"
    await _done(client.post("/v1/fences", json=_fence(ref, 114.17)))
    owner = await asyncpg.connect(service.dsn("milepost_owner"))
    try:
        now: datetime = await owner.fetchval("SELECT milepost_now()")
        opens = (now + timedelta(seconds=62)).replace(second=0, microsecond=0)
        said = opens.astimezone(ZONE)
        window = {"from": f"{said:%H:%M}", "to": f"{said + timedelta(hours=1):%H:%M}"}
        body = {"department": "FSD", "ref": rule, "on": ["inside"], "fence": ref, "window": window}
        await _done(client.post("/v1/rules", json=body))
        # The clock goes on to a second before it.
        ahead = opens - timedelta(seconds=1) - datetime.now(UTC)
        await owner.execute(CLOCK.format(ahead.total_seconds()))
        return time.monotonic() + 1.0
    finally:
        await owner.close()


async def _line(lines: AsyncIterator[str], kind: str) -> float:
    """When the stream tells of an event of that kind, with its alert (monotonic)."""
    async with asyncio.timeout(WITHIN_S):
        async for line in lines:
            if line.startswith("data: "):
                said = json.loads(line.removeprefix("data: ")).get("data") or {}
                if said.get("kind") == kind and said.get("alerts"):
                    return time.monotonic()
    raise AssertionError(f"nothing tells of {kind}")


async def _done(answer: Awaitable[httpx.Response]) -> httpx.Response:
    found = await answer
    assert found.is_success, found.text
    return found


async def _has_position(client: httpx.AsyncClient) -> bool:
    return bool((await client.get("/v1/positions")).json()["features"])


async def _until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await condition():  # noqa: ASYNC110  another process tells nobody
            await asyncio.sleep(0.1)  # asked again


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench seen", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    took = seen(parser.parse_args().rounds)
    figures: dict[str, float] = {}
    for cause, seconds in took.items():
        name = cause.replace(" ", "_")
        figures |= {f"{name}_p50_s": round(statistics.median(seconds), 2)}
        figures |= {f"{name}_worst_s": round(max(seconds), 2)}
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
