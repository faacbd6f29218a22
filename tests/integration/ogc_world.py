"""A world with features of every layer, many and scattered, and the same facts in plain Python."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import Any

import httpx
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from tests.conftest import Database
from tests.integration.api_world import Served, World, world_in
from tracker import registry

Feature = dict[str, Any]
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
#: The properties that say when a feature is.
TIMES = {
    "vehicles": ("fixed_at", "fixed_at"),
    "fences": ("in_force_from", "in_force_until"),
    "alerts": ("time", "time"),
    "tracks": ("started_at", "ended_at"),
}
LAYERS = ("vehicles", "fences", "alerts", "tracks")
VEHICLES = 60
TRACKS = 40
#: The Lands Department's control point: longitude and latitude, then northing and easting.
CONTROL = (114.141187917, 22.322172084)
CONTROL_GRID = (820351.389, 832591.320)
#: A vehicle at the North Pole, where some systems end.
POLE = "V-059"
#: Of a fence that only B has.
FAR = {"center": [18.42, -33.9], "radius_m": 100}
EVIL = "<script>alert(1)</script>&\"'\x0b"

_SCATTER = """
UPDATE latest SET
    lon = 113.9 + 0.5 * (abs(hashtext(v.ref || 'x')) % 1000) / 1000.0,
    lat = 22.2 + 0.3 * (abs(hashtext(v.ref || 'y')) % 1000) / 1000.0,
    speed_mps = CASE WHEN v.id % 5 = 0 THEN NULL ELSE (v.id % 7) * 1.55 END,
    ignition = CASE v.id % 3 WHEN 0 THEN true WHEN 1 THEN false END,
    altitude_m = -3.5 + v.id % 11,
    fixed_at = timestamptz '2026-11-20 08:00:00Z' + v.id % 90 * interval '1 minute'
FROM vehicle AS v WHERE v.id = latest.vehicle_id
"""
_MOVE = """
UPDATE latest SET lon = :lon, lat = :lat FROM vehicle AS v WHERE v.id = vehicle_id AND v.ref = :ref
"""
_LATEST = """
INSERT INTO latest (vehicle_id, department_id, device_id, fixed_at, received_at, lon, lat, feed, n)
SELECT v.id, v.department_id, 1, milepost_now(), milepost_now(), 114, 22, 1, 1 FROM vehicle AS v
ON CONFLICT DO NOTHING
"""
_TRACKS = """
INSERT INTO track_chunk (vehicle_id, started_at, ended_at, department_id, path, fixes, length_m,
    moving_s, idling_s, stopped_s)
SELECT v.id, timestamptz '2026-11-20 08:00:00.125Z' + k * interval '30 minutes',
    timestamptz '2026-11-20 08:00:00.125Z' + k * interval '30 minutes' + k * interval '40 seconds',
    v.department_id,
    CASE WHEN k = 0 THEN ST_SetSRID(ST_MakePointM(114.1, 22.3, 0), 4326) ELSE
        ST_SetSRID(ST_MakeLine(ST_MakePointM(114.0 + 0.01 * k, 22.3, 0),
                               ST_MakePointM(114.02 + 0.01 * k, 22.3 + 0.003 * v.id, 1)), 4326) END,
    k + 1, 100.5 * k, 60 * k, k, 0
FROM vehicle AS v CROSS JOIN generate_series(0, :last) AS k WHERE v.ref IN ('AMB-1', 'AMB-2')
"""


def more_vehicles(department: str) -> list[registry.NewVehicle]:
    """Vehicles with names that want quoting."""
    names = ("O'Brien", 'Fire "One"', "50% off_road", "<script>alert(1)</script>", "Ärger", "a\\b")
    return [
        registry.NewVehicle(
            department=department,
            ref=f"V-{number:03}",
            name_en=names[number % len(names)],
            name_zh_hant=f"消防車{number}",
            plate=f"{department} {number}" if number % 4 else None,
            application=f"{department}-USE" if number % 2 else None,
            vehicle_class=random.Random(number).choice(["ambulance", "truck", "launch"]),  # noqa: S311  no secret
        )
        for number in range(VEHICLES)
    ]


@asynccontextmanager
async def ogc_world(database: Database) -> AsyncIterator[World]:
    """Departments A and B, each with vehicles, fences, alerts and tracks."""
    async with world_in(database) as world:
        await world.add(*more_vehicles("A"), *more_vehicles("B"))
        for department in "AB":
            for lap in range(3):
                await world.cross_square(f"{department}/AMB-1", start_s=lap * 80.0)
        await world.sql(_LATEST)
        await world.sql(_SCATTER)
        await world.sql(_MOVE, ref="AMB-1", lon=CONTROL[0], lat=CONTROL[1])
        await world.sql(_MOVE, ref=POLE, lon=10.0, lat=90.0)
        await world.sql("UPDATE vehicle SET plate = :evil WHERE ref = 'AMB-2'", evil=EVIL)
        await world.sql(
            "UPDATE fence_version SET in_force = tstzrange('2026-11-01 00:00:00Z', NULL) "
            "WHERE geom && ST_MakeEnvelope(114.19, 22.3, 114.21, 22.4, 4326)"
        )
        await world.add(
            registry.NewFence(department="B", ref="B-FAR", definition={"circle": FAR}),
        )
        await world.sql(_TRACKS, last=TRACKS // 2 - 1)
        yield world


@dataclass(frozen=True)
class Service:
    """A running API on such a world."""

    world: World
    api: Served

    @asynccontextmanager
    async def caller(self, name: str, **headers: str) -> AsyncIterator[Ogc]:
        """Somebody with the token of that name."""
        async with self.api.client(self.world.tokens[name], **headers) as client:
            yield Ogc(client)


@dataclass(frozen=True)
class Ogc:
    """A caller of `/ogc`."""

    client: httpx.AsyncClient

    async def get(self, path: str, **query: str) -> httpx.Response:
        """An answer, whatever it is; `bbox_crs` is `bbox-crs`."""
        dashed = {"bbox_crs", "filter_crs", "filter_lang"} & {*query}
        named = {**query, **{name.replace("_", "-"): query[name] for name in dashed}}
        for name in dashed:
            del named[name]
        return await self.client.get(f"/ogc{path}", params=named or None)

    async def json(self, path: str, **query: str) -> Any:  # noqa: ANN401  any JSON
        """An answer that must be good."""
        answer = await self.get(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def features(self, layer: str, **query: str) -> list[Feature]:
        """All features of a query, which fit a page."""
        found = await self.json(f"/collections/{layer}/items", limit="10000", **query)
        assert not [link for link in found["links"] if link["rel"] == "next"]
        assert found["numberReturned"] == found["numberMatched"] == len(found["features"])
        features: list[Feature] = found["features"]
        return features

    async def ids(self, layer: str, **query: str) -> set[str]:
        """The ids of all features of a query."""
        return {each["id"] for each in await self.features(layer, **query)}

    async def equal(
        self, layer: str, holds: Callable[[Feature], bool | None], **query: str
    ) -> set[str]:
        """Ask, and judge every feature in Python: the same ids, and neither none nor all."""
        everything = await self.features(layer)
        wanted = {each["id"] for each in everything if holds(each)}
        assert await self.ids(layer, **query) == wanted, query
        assert 0 < len(wanted) < len(everything), (query, len(wanted), len(everything))
        return wanted


def place(feature: Feature) -> BaseGeometry:
    """Its geometry."""
    return shape(feature["geometry"])


def span(feature: Feature, begins: str, ends: str) -> tuple[datetime, datetime]:
    """From when until when it is; for ever where it has no end."""
    last = datetime.max.replace(tzinfo=UTC)
    said = feature["properties"]
    return moment(said[begins]), moment(said[ends]) if said[ends] else last


def moment(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text)


def stamp(at: datetime, **after: float) -> str:
    """An instant as a query has it."""
    return (at + timedelta(**after)).astimezone(UTC).isoformat().replace("+00:00", "Z")


class Anchors(HTMLParser):
    """What a page links to, by element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[dict[str, str | None]] = []
        self.hrefs: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep those of links and anchors."""
        named = dict(attrs)
        if tag == "link":
            self.links.append(named)
        if tag == "a":
            self.hrefs.append(str(named["href"]))


def links_in(value: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401  any JSON
    """All links of a document, at any depth."""
    if isinstance(value, dict):
        if isinstance(value.get("href"), str):
            yield value
        for each in value.values():
            yield from links_in(each)
    if isinstance(value, list):
        for each in value:
            yield from links_in(each)
