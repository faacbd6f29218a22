"""Vehicles that wandered for three hours and were silent in between, and the same from /v1."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jsonschema
import numpy as np

from geo.distance import distance_m
from tests.integration.api_world import World
from tests.integration.moving_schemas import SEQUENCE, Schema
from tests.integration.ogc_world import Ogc, stamp

HOME: Final = "/collections/movingfeatures"
ITEM: Final = f"{HOME}/items/A/AMB-1"
#: 170 minutes before this hour on, a fix each 20 s, but for 15 minutes.
NOW: Final = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
BEGAN: Final = NOW - timedelta(minutes=170)
SILENT: Final = (NOW - timedelta(minutes=80), NOW - timedelta(minutes=65))
WHOLE: Final = f"{stamp(BEGAN)}/{stamp(NOW)}"
#: An hour without silence, across a full hour.
MOVING: Final = (NOW - timedelta(minutes=150), NOW - timedelta(minutes=100))
Row = dict[str, Any]


def wander(seed: int, lon: float) -> list[Row]:
    """Fixes of a vehicle; the speed is unknown of each seventh, a compass is heard each third."""
    rng = random.Random(seed)  # noqa: S311  no secret
    lat, found = 22.3, []
    for number in range(510):
        at = BEGAN + timedelta(seconds=20 * number, milliseconds=rng.randint(0, 900))
        lon += rng.uniform(-0.001, 0.002)
        lat += rng.uniform(-0.001, 0.001)
        if not SILENT[0] <= at < SILENT[1]:
            found.append({
                "at": at.isoformat(), "lon": round(lon, 6), "lat": round(lat, 6),
                "speed": None if number % 7 == 0 else round(rng.uniform(0, 20), 2),
                "course": round(rng.uniform(0, 359), 1),
                "heading": round(rng.uniform(0, 359), 1) if number % 3 == 0 else None,
            })  # fmt: skip
    return found


async def store(world: World, vehicle: str, rows: Sequence[Row]) -> None:
    """Fixes as a commit leaves them."""
    department, _, ref = vehicle.partition("/")
    for day in {datetime.fromisoformat(row["at"]).date() for row in rows}:
        async with world.database.transaction("milepost_ingest") as connection:
            await connection.exec_driver_sql("SELECT ensure_fix_partition($1)", (day,))
    await world.sql(
        "INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id,"
        " speed_mps, course_deg, heading_deg) SELECT r.at, r.at,"
        " ST_SetSRID(ST_MakePoint(r.lon, r.lat), 4326), v.id, 1, v.department_id, r.speed,"
        " r.course, r.heading FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (at timestamptz,"
        " lon float8, lat float8, speed real, course real, heading real), vehicle AS v"
        " JOIN department AS d ON d.id = v.department_id WHERE d.ref = :department"
        " AND v.ref = :ref",
        rows=json.dumps(rows),
        department=department,
        ref=ref,
    )


class Plain:
    """The same from /v1, and where it was between two fixes."""

    def __init__(self, feature: Mapping[str, Any]) -> None:
        told = feature["properties"]
        self.times = [datetime.fromisoformat(each) for each in told["times"]]
        self.seconds = np.array([each.timestamp() for each in self.times])
        self.places = np.array(feature["geometry"]["coordinates"])
        self.speed_mps: list[float | None] = told["speed_mps"]
        self.heading_deg: list[float | None] = told["heading_deg"]

    def at(self, when: datetime) -> list[float]:
        """Where it was, on the way between two fixes."""
        return [float(np.interp(when.timestamp(), self.seconds, self.places[:, i])) for i in (0, 1)]

    def length_m(self) -> float:
        """Over ways without silence."""
        (lon, lat), apart_s = self.places.T, np.diff(self.seconds)
        legs = distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
        return float(legs[apart_s <= 300].sum())


async def plain(ogc: Ogc, since: datetime = BEGAN, until: datetime = NOW) -> Plain:
    """The track of A/AMB-1 by /v1, both ends included."""
    query = {"from": stamp(since), "to": stamp(until, milliseconds=1)}
    answer = await ogc.client.get("/v1/vehicles/A/AMB-1/track", params=query)
    return Plain(answer.json())


def valid(told: Any, schema: Schema) -> None:  # noqa: ANN401  any JSON
    """Hold a document to a schema, formats too."""
    jsonschema.validate(told, schema, format_checker=jsonschema.FormatChecker())


def instants(point: Mapping[str, Any]) -> list[datetime]:
    """Its times."""
    return [datetime.fromisoformat(each) for each in point["datetimes"]]


def length_m(points: Sequence[Sequence[float]]) -> float:
    """Metres along places."""
    lon, lat = np.array(points).T
    return float(distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum())


async def sequence(ogc: Ogc, path: str = f"{ITEM}/tgsequence", **query: str) -> list[Any]:
    """All primitive geometries of a query, over all its pages."""
    found: list[Any] = []
    told = await ogc.json(path, **query)
    while True:
        valid(told, SEQUENCE)
        assert told["numberReturned"] == len(told["geometrySequence"])
        found += told["geometrySequence"]
        ways = [each["href"] for each in told["links"] if each["rel"] == "next"]
        if not ways:
            return found
        told = (await ogc.client.get(ways[0])).json()
