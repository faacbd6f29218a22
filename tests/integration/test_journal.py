"""Trips, stops, gaps, days and odometers, asked over HTTP."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.conftest import Database
from tests.integration.api_world import Served, World, world_in

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
PATH = "/v1/vehicles/A/AMB-1"

FILL = """
WITH v AS (SELECT id, department_id, application_id FROM vehicle WHERE ref = 'AMB-1'),
trips AS (
    INSERT INTO trip
    SELECT id, t, t + interval '20 min', department_id, application_id, 114.1, 22.3, 114.2, 22.4,
           15000 + n, 1100, 100, 20, 120, CASE n WHEN 4 THEN 'open' ELSE 'stop' END
    FROM v, generate_series(0, 4) AS n, LATERAL (SELECT :noon + n * interval '1 hour' AS t) AS t
), stops AS (
    INSERT INTO stop
    SELECT id, t, CASE n WHEN 3 THEN NULL ELSE t + interval '40 min' END, department_id, 114.2,
           22.4, 60, 40, 'move', CASE n WHEN 3 THEN 'open' ELSE 'move' END
    FROM v, generate_series(0, 3) AS n,
         LATERAL (SELECT :noon + interval '20 min' + n * interval '1 hour' AS t) AS t
), gaps AS (
    INSERT INTO gap
    SELECT id, :noon - interval '2 hours', :noon - interval '1 hour', department_id FROM v
), odometers AS (
    INSERT INTO odometer SELECT id, department_id, 75010.5, 6000, :noon + interval '5 hours' FROM v
)
INSERT INTO vehicle_day
SELECT v.id, CAST('2026-11-18' AS date) + n, v.department_id, v.application_id, 1000.5 * (n + 1), 2,
       3, 600, 60, 7200, CASE v.ref WHEN 'AMB-1' THEN 660 END, 500, 10 + n
FROM vehicle AS v, generate_series(0, 2) AS n
"""


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        await made.sql("UPDATE vehicle SET application_id = NULL WHERE ref = 'AMB-2'")
        await made.sql(FILL.replace(":noon", "CAST(:noon AS timestamptz)"), noon=NOON)
        yield made


@pytest.fixture
async def client(world: World, api: Served) -> AsyncIterator[httpx.AsyncClient]:
    async with api.client(world.tokens["both"]) as made:
        yield made


async def got(client: httpx.AsyncClient, path: str, **query: Any) -> Any:  # noqa: ANN401  any JSON
    answer = await client.get(path, params=query or None)
    assert answer.status_code == 200, answer.text
    return answer.json()


def window(from_h: float, to_h: float) -> dict[str, str]:
    return {
        "from": (NOON + timedelta(hours=from_h)).isoformat(),
        "to": (NOON + timedelta(hours=to_h)).isoformat(),
    }


async def test_trips_of_a_window_are_those_that_meet_it(client: httpx.AsyncClient) -> None:
    whole = (await got(client, f"{PATH}/trips", **window(-9, 9)))["features"]
    assert [each["properties"]["distance_m"] for each in whole] == [15000 + n for n in range(5)]
    first, last = whole[0], whole[-1]["properties"]
    assert first["geometry"] == {
        "type": "MultiPoint", "coordinates": [[114.1, 22.3], [114.2, 22.4]],
    }  # fmt: skip
    assert first["properties"]["application"] == "A-USE"
    assert (first["properties"]["ends_by"], last["ends_by"]) == ("stop", "open")
    reaching = (await got(client, f"{PATH}/trips", **window(1.1, 2.5)))["features"]
    assert [each["properties"]["distance_m"] for each in reaching] == [15001, 15002]
    assert (await got(client, f"{PATH}/trips", **window(1.4, 1.9)))["features"] == []


async def test_trips_and_stops_come_by_pages(client: httpx.AsyncClient) -> None:
    for kind in ("trips", "stops"):
        whole = await got(client, f"{PATH}/{kind}", **window(0.1, 9))
        page = await got(client, f"{PATH}/{kind}", limit=2, **window(0.1, 9))
        paged = page["features"]
        while page["next"] is not None:
            page = await got(client, page["next"])
            paged += page["features"]
        assert paged == whole["features"]
        assert whole["next"] is None


async def test_a_stop_may_last_and_a_gap_has_no_place(client: httpx.AsyncClient) -> None:
    stops = (await got(client, f"{PATH}/stops", **window(8, 9)))["features"]
    (lasting,) = stops
    assert lasting["geometry"] == {"type": "Point", "coordinates": [114.2, 22.4]}
    assert (lasting["properties"]["ended_at"], lasting["properties"]["ends_by"]) == (None, "open")
    (gap,) = (await got(client, f"{PATH}/gaps", **window(-9, 9)))["gaps"]
    span = datetime.fromisoformat(gap["ended_at"]) - datetime.fromisoformat(gap["started_at"])
    assert span == timedelta(hours=1)
    grid = (await got(client, f"{PATH}/stops", crs="EPSG:2326", **window(8, 9)))["features"]
    assert grid[0]["geometry"]["coordinates"] == pytest.approx([838_900, 829_000], abs=500)


async def test_an_odometer_tells_all_that_was_driven(client: httpx.AsyncClient) -> None:
    told = await got(client, f"{PATH}/odometer")
    assert (told["vehicle"], told["distance_m"], told["engine_s"]) == ("A/AMB-1", 75010.5, 6000)
    assert (await got(client, "/v1/vehicles/A/AMB-2/odometer"))["at"] is None


DAYS = {"from": "2026-11-18", "to": "2026-11-20"}


async def test_days_are_added_up_as_asked(client: httpx.AsyncClient) -> None:
    alone = (await got(client, "/v1/days", **DAYS))["days"]
    assert len(alone) == 12
    assert [each["ref"] for each in alone[:4]] == ["A/AMB-1", "A/AMB-2", "B/AMB-1", "B/AMB-2"]
    assert alone[0] == {
        "day": "2026-11-18", "ref": "A/AMB-1", "vehicles": 1, "distance_m": 1000.5, "trips": 2,
        "stops": 3, "moving_s": 600, "idling_s": 60, "stopped_s": 7200, "engine_s": 660,
        "fixes": 500, "max_speed_mps": 10, "odometer_m": 75010.5,
    }  # fmt: skip
    assert (alone[1]["engine_s"], alone[1]["odometer_m"]) == (None, None)
    departments = await got(client, "/v1/days", by="department", **DAYS)
    assert departments["time_zone"] == "Asia/Hong_Kong"
    assert [(each["day"], each["ref"]) for each in departments["days"][:3]] == [
        ("2026-11-18", "A"), ("2026-11-18", "B"), ("2026-11-19", "A"),
    ]  # fmt: skip
    first = departments["days"][0]
    assert (first["vehicles"], first["distance_m"], first["engine_s"]) == (2, 2001.0, 660)
    uses = (await got(client, "/v1/days", by="application", **DAYS))["days"]
    assert [each["ref"] for each in uses[:3]] == ["", "A-USE", "B-USE"]
    assert uses[0]["vehicles"] == 2


async def test_days_are_chosen_and_paged(client: httpx.AsyncClient) -> None:
    of_one = (await got(client, "/v1/days", vehicle="A/AMB-1", **DAYS))["days"]
    assert [each["distance_m"] for each in of_one] == [1000.5, 2001.0, 3001.5]
    of_use = (await got(client, "/v1/days", application="B-USE", **DAYS))["days"]
    assert {each["ref"] for each in of_use} == {"B/AMB-1"}
    of_b = (await got(client, "/v1/days", department="B", by="department", **DAYS))["days"]
    assert {each["ref"] for each in of_b} == {"B"}
    for by in ("vehicle", "application", "department"):
        whole = (await got(client, "/v1/days", by=by, **DAYS))["days"]
        page = await got(client, "/v1/days", by=by, limit=2, **DAYS)
        paged = page["days"]
        while page["next"] is not None:
            page = await got(client, page["next"])
            paged += page["days"]
        assert paged == whole


async def test_days_are_also_a_table(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/days", params={"format": "csv", **DAYS})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert len(rows) == 12
    assert (rows[0]["day"], rows[0]["ref"], rows[0]["distance_m"]) == (
        "2026-11-18", "A/AMB-1", "1000.5",
    )  # fmt: skip
    cut = await client.get("/v1/days", params={"format": "csv", "limit": 5, **DAYS})
    assert cut.status_code == 422


async def test_the_last_week_is_meant_without_days(world: World, client: httpx.AsyncClient) -> None:
    """The day is that of the installation's time zone."""
    await world.sql("UPDATE vehicle_day SET day = day - 100")
    here: date = await world.sql("SELECT date(timezone('Asia/Hong_Kong', milepost_now()))")
    for days_ago in (0, 6, 7):
        await world.sql(
            "UPDATE vehicle_day SET day = :day WHERE ctid = (SELECT min(ctid) FROM vehicle_day"
            " WHERE day < '2026-09-01')",
            day=here - timedelta(days=days_ago),
        )
    found = (await got(client, "/v1/days"))["days"]
    assert [each["day"] for each in found] == [str(here - timedelta(days=6)), str(here)]


@pytest.mark.parametrize(
    "query",
    [
        {"from": "2026-11-20", "to": "2026-11-19"},
        {"from": "2025-11-18", "to": "2026-11-20"},
        {"to": "0001-01-01"},
        {"by": "colour"},
        {"after": "yesterday,A"},
        {"after": "2026-13-01,A"},
        {"format": "xlsx"},
    ],
)
async def test_days_without_sense_are_refused(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    answer = await client.get("/v1/days", params=query)
    assert answer.status_code == 422, answer.text
