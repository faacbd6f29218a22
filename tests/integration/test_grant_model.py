"""What one department sees of another: every way of reading against a model by brute force."""

from __future__ import annotations

import asyncio
import csv
import io
import random
from datetime import datetime, timedelta

import httpx
from websockets.asyncio.client import connect

from tests.integration.api_world import DEADLINE_S, Served, World
from tests.integration.grant_world import (
    VEHICLES,
    Model,
    alike,
    as_track,
    coarse,
    drive_about,
    grant_anything,
    next_of,
    utc_now,
)

ROUNDS = 4
GRANTS = 7


async def test_every_read_shows_what_the_model_says_and_no_more(
    world: World, api: Served, as_b: httpx.AsyncClient
) -> None:
    rng = random.Random(20261127)  # noqa: S311  the same each time
    now = utc_now()
    model = await drive_about(world, rng, now)
    seen = 0
    for _ in range(ROUNDS):
        await world.sql("DELETE FROM location_grant")
        model.grants = [await grant_anything(world, rng, now) for _ in range(GRANTS)]
        seen += await _compare_all(model, as_b, api, world)
    assert seen > 20, "a model that shows nothing proves nothing"
    await world.sql("DELETE FROM location_grant")
    model.grants = []
    assert await _compare_all(model, as_b, api, world) == 0


async def _compare_all(model: Model, as_b: httpx.AsyncClient, api: Served, world: World) -> int:
    """Every read against the model; how many places were to be seen. Once more if the ten minutes
    of blurred ones went over meanwhile."""
    while True:
        now = utc_now()
        try:
            return await _compare(model, as_b, api, world, now)
        except AssertionError:
            if coarse(utc_now()) == coarse(now):
                raise


async def _compare(
    model: Model, as_b: httpx.AsyncClient, api: Served, world: World, now: datetime
) -> int:
    listed = {ref: model.listed(ref) for ref in VEHICLES}
    places = {f"A/{ref}": model.latest(ref, now) for ref in VEHICLES}
    latest = {ref: place for ref, place in places.items() if place is not None}
    tracks = {ref: model.track(ref, now) for ref in VEHICLES}

    vehicles = (await as_b.get("/v1/vehicles")).json()["vehicles"]
    theirs = [each for each in vehicles if each["department"] == "A"]
    assert {each["vehicle"]: each["granted"] for each in theirs} == {
        f"A/{ref}": level for ref, level in listed.items() if level
    }
    assert all(each["plate"] is None or each["granted"] == "position" for each in theirs)
    numbers = {each["id"]: each["vehicle"] for each in theirs}

    await _compare_latest(as_b, latest)
    assert {numbers[n]: place for n, place in (await _snapshot(api, world)).items()
            if n in numbers}.keys() == latest.keys()  # fmt: skip
    for ref in VEHICLES:
        await _compare_track(as_b, ref, tracks[ref], listed[ref])
    await _compare_instants(as_b, model, now)
    return len(latest) + sum(map(len, tracks.values()))


async def _compare_latest(as_b: httpx.AsyncClient, latest: dict[str, tuple[float, float]]) -> None:
    for path in (
        "/v1/positions",
        "/v1/near?place=114.15,22.3&k=100",
        "/ogc/collections/vehicles/items?limit=100",
    ):
        answer = await as_b.get(path)
        assert answer.status_code == 200, answer.text
        places = {
            each["properties"]["vehicle"]: each["geometry"]["coordinates"]
            for each in answer.json()["features"]
            if each["properties"]["vehicle"].startswith("A/")
        }
        assert places.keys() == latest.keys(), path
        assert alike((places[ref] for ref in sorted(latest)), (latest[r] for r in sorted(latest)))
    table = csv.DictReader(io.StringIO((await as_b.get("/v1/positions?format=csv")).text))
    assert {row["vehicle"] for row in table if row["vehicle"].startswith("A/")} == latest.keys()
    tile = await as_b.get("/ogc/tiles/vehicles/0/0/0.mvt")
    assert {ref for ref in (f"A/{each}" for each in VEHICLES) if ref.encode() in tile.content} == (
        latest.keys()
    )


async def _snapshot(api: Served, world: World) -> dict[int, tuple[float, float]]:
    headers = {"Authorization": f"Bearer {world.tokens['B']}"}
    async with (
        connect(f"{api.live_url}?format=json", additional_headers=headers) as socket,
        asyncio.timeout(DEADLINE_S),
    ):
        columns = (await next_of(socket, "snapshot"))["columns"]
    places = zip(columns["lon"], columns["lat"], strict=True)
    return dict(zip(columns["id"], places, strict=True))


async def _compare_track(
    as_b: httpx.AsyncClient,
    ref: str,
    expected: dict[datetime, tuple[float, float]],
    level: str | None,
) -> None:
    window = {"from": (utc_now() - timedelta(hours=5)).isoformat(), "to": utc_now().isoformat()}
    address = f"/v1/vehicles/A/{ref}/track"
    answer = await as_b.get(address, params=window)
    if level is None:
        assert answer.status_code == 404
        assert (await as_b.get(f"/v1/views/track/A/{ref}", params=window)).status_code == 404
        return
    told = as_track(answer.json())
    assert told.keys() == expected.keys()
    assert alike((told[at] for at in sorted(told)), (expected[at] for at in sorted(told)))
    file = await as_b.get(address, params={**window, "format": "csv"})
    rows = [row for row in csv.reader(io.StringIO(file.text)) if row and row[0][:1].isdigit()]
    assert len(rows) == len(expected)
    journal = await as_b.get(f"/v1/vehicles/A/{ref}/trips", params=window)
    assert journal.status_code == 404, "no grant tells of trips"


async def _compare_instants(as_b: httpx.AsyncClient, model: Model, now: datetime) -> None:
    """At the very time of what is told it is told, and of nothing else."""
    for ref in VEHICLES:
        for fix in model.fixes[ref][::25]:
            answer = await as_b.get(
                "/v1/whereabouts", params={"at": fix.at.isoformat(), "vehicle": f"A/{ref}"}
            )
            exact = model.level(fix) == "position"
            if model.listed(ref) is None:
                assert answer.status_code == 404
                continue
            place = answer.json()["features"][0]
            is_exact = place["properties"]["known_by"] == "fix"
            assert is_exact == (exact or fix.at in model.track(ref, now))
            assert not exact or alike([place["geometry"]["coordinates"]], [(fix.lon, fix.lat)])
