"""scripts/bench seen: how long from a cause to the line of the event stream that tells of it.

A vehicle stands still and says so; a fence is made over it, moved away, moved back and deleted, a
window opens, on a day that was made a holiday, and the next one, of working days, once the holiday
is taken back, in a running service whose `GET /v1/events` is watched. Of a window the cause is the
moment at which it opens, by the database's clock; of the rest the request.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from zoneinfo import ZoneInfo

import asyncpg
import httpx

from devices.simulator.nmea import sentences
from geo.fix import Fix
from geo.windows import WEEKDAYS
from tests.integration.service import Service, running_service
from tests.integration.signed_in import DIALECT, box
from tracker.registry import NewDepartment, NewDevice, NewRule, NewVehicle

CAUSES: Final = (
    *("created", "moved away", "moved back", "deleted"),
    *("window opened", "holiday taken back"),
)
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


@dataclass(frozen=True, slots=True)
class Line:
    """What the stream told of a cause."""

    cause: str
    took_s: float
    #: Ids.
    alerts: Sequence[str]


def seen(rounds: int) -> Mapping[str, list[float]]:
    """Seconds from each cause to its line, so many times."""
    with running_service(*THINGS) as service:
        begin_on_a_working_day(service)
        token = service.key("administrator@FSD")
        took: dict[str, list[float]] = defaultdict(list)
        lines_of_causes(service, token, rounds, lambda line: took[line.cause].append(line.took_s))
        return took


def begin_on_a_working_day(service: Service) -> None:
    """Set the database's clock on to ten in the morning of one, before anything happens by it."""
    [[now]] = service.fetch("SELECT milepost_now()")
    ten = now.astimezone(ZONE).replace(hour=10, minute=0, second=0, microsecond=0)
    while ten <= now or WEEKDAYS[ten.weekday()] in ("sat", "sun"):
        ten += timedelta(days=1)
    service.fetch(CLOCK.format((ten - now).total_seconds()))


def lines_of_causes(
    service: Service, token: str, rounds: int, told: Callable[[Line], None]
) -> None:
    """Bring each cause about, and tell what the stream told of it before the next one."""
    [[now]] = service.fetch("SELECT milepost_now()")
    ahead, numbers = now - datetime.now(UTC), count(1)
    with box(service.data.ports()["mqtt"]) as device:

        def report() -> None:
            """Until it is taken: ingest learns at its first commit that the clock was set on."""
            fix = Fix(fixed_at=datetime.now(UTC) + ahead, lon=114.17, lat=22.3)
            said = "\n".join((f"#boot,{next(numbers)}", *sentences(fix, DIALECT)))
            device.client.publish("gov/1/FSD/box/nmea", said, qos=1)

        asyncio.run(_watched(service, token, rounds, report, told))


async def _watched(
    service: Service,
    token: str,
    rounds: int,
    report: Callable[[], None],
    told: Callable[[Line], None],
) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=service.web_url, headers=headers, timeout=60) as client:
        await _until(lambda: _has_position(client, report))
        query = {"kinds": "fences,alerts"}
        async with client.stream("GET", "/v1/events", params=query) as answer:
            lines, known = answer.aiter_lines(), set[str]()
            for turn in range(rounds):
                for cause, act, kind in _acts(client, f"fence-{turn}"):
                    begun = time.monotonic()
                    await act()
                    at, alerts = await _line(lines, kind, known)
                    told(Line(cause, at - begun, alerts))
            # Once: the clock goes on by minutes, and behind five the vehicle says nothing any more.
            for cause, rules, is_holiday in (
                (CAUSES[-2], {"night": [*WEEKDAYS], "quiet": ["working"]}, True),
                (CAUSES[-1], {"work": ["working"]}, False),
            ):
                opens_s = await _opening(service, client, rules, is_holiday=is_holiday)
                at, alerts = await _line(lines, "inside", known)
                told(Line(cause, at - opens_s, alerts))


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


async def _opening(
    service: Service, client: httpx.AsyncClient, rules: Mapping[str, list[str]], *, is_holiday: bool
) -> float:
    """Rules by their days whose windows are about to open, over the vehicle; when they do
    (monotonic). Until just before, today is a holiday where it then is none, and the other way."""
    owner = await asyncpg.connect(service.dsn("milepost_owner"))
    try:
        await _list(owner, is_holiday=not is_holiday)
        now: datetime = await owner.fetchval("SELECT milepost_now()")
        opens = (now + timedelta(seconds=62)).replace(second=0, microsecond=0)
        said, ref = opens.astimezone(ZONE), f"{next(iter(rules))}-fence"
        hours = {"from": f"{said:%H:%M}", "to": f"{said + timedelta(hours=1):%H:%M}"}
        await _done(client.post("/v1/fences", json=_fence(ref, 114.17)))
        for rule, days in rules.items():
            body = {"department": "FSD", "ref": rule, "on": ["inside"], "fence": ref}
            await _done(client.post("/v1/rules", json=body | {"window": {"days": days, **hours}}))
        await _list(owner, is_holiday=is_holiday)
        # The clock goes on to a second before it.
        ahead = opens - timedelta(seconds=1) - datetime.now(UTC)
        await owner.execute(CLOCK.format(ahead.total_seconds()))
        return time.monotonic() + 1.0
    finally:
        await owner.close()


async def _list(owner: asyncpg.Connection, *, is_holiday: bool) -> None:
    """The installation's own list of public holidays, with today in it or not."""
    now: datetime = await owner.fetchval("SELECT milepost_now()")
    today = now.astimezone(ZONE).date()
    days = [f"{today.year}-01-01", *([today.isoformat()] if is_holiday else [])]
    await owner.execute("UPDATE installation SET holidays = $1", json.dumps({today.year: days}))


async def _line(lines: AsyncIterator[str], kind: str, known: set[str]) -> tuple[float, list[str]]:
    """When the stream tells of an event of that kind with new alerts (monotonic), and their ids;
    not that one told before is closed or told again."""
    async with asyncio.timeout(WITHIN_S):
        async for line in lines:
            if line.startswith("data: "):
                said = json.loads(line.removeprefix("data: ")).get("data") or {}
                found = said.get("alerts", ())
                alerts = [each["id"] for each in found if each["state"] == "open"]
                if said.get("kind") == kind and (
                    new := [each for each in alerts if each not in known]
                ):
                    known.update(new)
                    return time.monotonic(), new
    raise AssertionError(f"nothing tells of {kind}")


async def _done(answer: Awaitable[httpx.Response]) -> httpx.Response:
    found = await answer
    assert found.is_success, found.text
    return found


async def _has_position(client: httpx.AsyncClient, report: Callable[[], None]) -> bool:
    report()
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
