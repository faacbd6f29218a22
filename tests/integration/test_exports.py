"""Tracks as files: over HTTP and by the command, whole or visibly not."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import geopandas
import gpxpy
import httpx
import numpy as np
import pytest
from fastkml.validator import get_schema_parser
from lxml import etree

from geo.hk1980 import to_grid
from tests.conftest import Database, run_as_superuser
from tests.integration.api_world import World, world_in
from tests.integration.service import verb
from tracker.reads import tracks

CONTROL = (832_591.320, 820_351.389)
LON, LAT = 114.141187917, 22.322172084
TRACK = "/v1/vehicles/A/AMB-1/track"
FORMATS = ("gpx", "kml", "csv", "geojson", "geoparquet", "mfjson")
#: 㗎咗埗邨涌, and a name that would like to be more.
NAME = {"en": "=cmd() <script>]]>\"'", "zh-Hant": "㗎咗埗邨涌"}


@pytest.fixture
async def world(database: Database) -> AsyncIterator[World]:
    async with world_in(database) as made:
        await made.sql(
            "UPDATE vehicle SET name = CAST(:name AS jsonb) WHERE ref = 'AMB-1'",
            name=json.dumps(NAME),
        )
        await made.drive("A/AMB-1", (0, LON, LAT), (10, LON, LAT + 1e-4), speed_mps=3.1)
        yield made


def first_place(name: str, made: bytes) -> tuple[float, float]:
    """(lon, lat) of the first fix, as somebody else reads it."""
    if name == "gpx":
        point = gpxpy.parse(made.decode()).tracks[0].segments[0].points[0]
        return point.longitude, point.latitude
    if name == "kml":
        coord = etree.fromstring(made).findtext(".//{http://www.google.com/kml/ext/2.2}coord") or ""
        lon, lat, _ = coord.split()
        return float(lon), float(lat)
    if name == "csv":
        row = next(csv.DictReader(io.StringIO(made.decode(), newline="")))
        return float(row["lon"]), float(row["lat"])
    if name == "geoparquet":
        point = geopandas.read_parquet(io.BytesIO(made)).geometry[0]
        return point.x, point.y
    feature = json.loads(made)["features"][0]
    if name == "mfjson":
        lon, lat = feature["temporalGeometry"]["coordinates"][0]
    else:
        lon, lat = feature["geometry"]["coordinates"][:2]
    return lon, lat


def is_control_point(lon_lat: tuple[float, float]) -> bool:
    return bool(np.hypot(*np.subtract(to_grid(*lon_lat), CONTROL)) < 0.01)


@pytest.mark.parametrize("name", FORMATS)
async def test_the_control_point_comes_out_of_every_format(
    world: World, as_a: httpx.AsyncClient, name: str
) -> None:
    answer = await as_a.get(TRACK, params={"format": name})
    assert answer.status_code == 200, answer.text
    assert is_control_point(first_place(name, answer.content))
    said = answer.headers["content-disposition"]
    assert said.startswith('attachment; filename="A_AMB-1_')
    assert answer.headers["transfer-encoding"] == "chunked"
    gone = await as_a.get("/v1/vehicles/B/AMB-1/track", params={"format": name})
    assert gone.status_code == 404


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/gpx+xml", "application/gpx+xml"),
        ("text/csv;q=0.9, application/gpx+xml;q=0.1", "text/csv; charset=utf-8"),
        ("application/vnd.google-earth.kml+xml", "application/vnd.google-earth.kml+xml"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
        ("*/*", "application/geo+json"),
        ("application/json", "application/geo+json"),
        ("image/png, */*;q=0.1", "application/geo+json"),
        ("text/csv;q=nonsense, application/geo+json", "application/geo+json"),
    ],
)
async def test_a_format_is_negotiated(
    as_a: httpx.AsyncClient, accept: str, media_type: str
) -> None:
    answer = await as_a.get(TRACK, headers={"Accept": accept})
    assert answer.status_code == 200
    assert answer.headers["content-type"] == media_type


async def test_what_cannot_be_answered_is_a_problem(as_a: httpx.AsyncClient) -> None:
    unknown = await as_a.get(TRACK, headers={"Accept": "image/png"})
    assert unknown.status_code == 406
    assert "application/gpx+xml" in unknown.json()["detail"]
    assert (await as_a.get(TRACK, params={"format": "shp"})).status_code == 422
    grid = await as_a.get(TRACK, params={"format": "gpx", "crs": "EPSG:2326"})
    assert grid.status_code == 422
    assert "CSV" in grid.json()["detail"]


async def long_track(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five pages of fixes."""
    monkeypatch.setattr(tracks, "PAGE", 400)
    await world.sql(
        "INSERT INTO fix (fixed_at, received_at, geom, vehicle_id, device_id, department_id)"
        " SELECT CAST(:at AS timestamptz) - n * interval '1 second', milepost_now(),"
        " ST_SetSRID(ST_MakePoint(114.1 + n * 1e-5, 22.3), 4326), f.vehicle_id, f.device_id,"
        " f.department_id FROM generate_series(1, 1998) AS n CROSS JOIN"
        " (SELECT vehicle_id, device_id, department_id FROM fix LIMIT 1) AS f",
        at=world.started_at,
    )


async def test_a_track_of_many_pages_is_whole(
    world: World, as_a: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await long_track(world, monkeypatch)
    answer = await as_a.get(TRACK, params={"format": "csv"})
    times = [row["fixed_at"] for row in csv.DictReader(io.StringIO(answer.text, newline=""))]
    assert len(times) == 2000
    assert times == sorted(times)
    assert len(set(times)) == 2000


@pytest.mark.parametrize("name", FORMATS)
async def test_a_fault_in_the_middle_breaks_the_answer_off(
    world: World, as_a: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    await long_track(world, monkeypatch)
    monkeypatch.setattr(tracks, "track", going_away(world.database, at_page=3))
    try:
        with pytest.raises(httpx.RemoteProtocolError, match="incomplete"):
            await as_a.get(TRACK, params={"format": name})
    finally:
        await give_back(world.database)


def going_away(database: Database, at_page: int) -> Callable[..., Awaitable[tracks.Track]]:
    """The reading of a page, before one of which the database ends and refuses all sessions."""
    read, count = tracks.track, 0

    async def reading(*given: Any, **named: Any) -> tracks.Track:  # noqa: ANN401  passed on
        nonlocal count
        count += 1
        if count == at_page:
            await take_away(database)
        return await read(*given, **named)

    return reading


async def take_away(database: Database) -> None:
    await run_as_superuser(
        database.postgres, f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS false"
    )
    await run_as_superuser(
        database.postgres,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'milepost_api'",
    )


async def give_back(database: Database) -> None:
    await run_as_superuser(
        database.postgres, f"ALTER DATABASE {database.name} WITH ALLOW_CONNECTIONS true"
    )


async def test_a_fault_before_the_first_page_is_a_problem(
    world: World, as_a: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tracks, "track", going_away(world.database, at_page=1))
    try:
        answer = await as_a.get(TRACK, params={"format": "gpx"})
    finally:
        await give_back(world.database)
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"


async def test_positions_are_a_table_and_a_map(world: World, as_a: httpx.AsyncClient) -> None:
    made = (await as_a.get("/v1/positions", params={"format": "csv"})).content
    (row,) = csv.DictReader(io.StringIO(made.decode(), newline=""))
    assert (row["vehicle"], row["name_en"], row["name_zh_hant"]) == (
        "A/AMB-1",
        f"'{NAME['en']}",
        NAME["zh-Hant"],
    )
    metres = (float(row["easting_m"]), float(row["northing_m"]))
    assert np.hypot(*np.subtract(metres, np.ravel(to_grid(LON, LAT + 1e-4)))) < 0.01
    kml = etree.fromstring((await as_a.get("/v1/positions", params={"format": "kml"})).content)
    get_schema_parser().assertValid(kml)
    assert kml.findtext(".//{*}Placemark/{*}name") == f"A/AMB-1 · {NAME['en']} · {NAME['zh-Hant']}"
    grid = {"format": "kml", "crs": "EPSG:2326"}
    assert (await as_a.get("/v1/positions", params=grid)).status_code == 422


@pytest.mark.parametrize("name", FORMATS)
async def test_the_command_writes_a_whole_file(world: World, tmp_path: Path, name: str) -> None:
    file = tmp_path / "track"
    day = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
    asked = ("export", "A/AMB-1", "--from", day, "--format", name, "-o", str(file))
    done = verb(world.database.environment(), *asked)
    assert done.returncode == 0, done.stderr
    assert "2 fixes as" in done.stderr
    assert is_control_point(first_place(name, file.read_bytes()))
    assert names_in(tmp_path) == ["track"]


async def test_the_command_leaves_nothing_half(world: World, tmp_path: Path) -> None:
    environment = world.database.environment()
    file = tmp_path / "track.gpx"
    unknown = verb(environment, "export", "A/NONE", "--from", "2026-11-01", "-o", str(file))
    assert unknown.returncode == 1
    nowhere = tmp_path / "none" / "track.gpx"
    lost = verb(environment, "export", "A/AMB-1", "--from", "2026-11-01", "-o", str(nowhere))
    assert lost.returncode == 2
    turned = ("--from", "2026-11-02", "--to", "2026-11-01")
    assert verb(environment, "export", "A/AMB-1", *turned, "-o", str(file)).returncode == 1
    assert not names_in(tmp_path)
    out = verb(environment, "export", "A/AMB-1", "--from", "2026-11-01", "-o", "-")
    assert "A/AMB-1 · =cmd()" in (gpxpy.parse(out.stdout).tracks[0].name or "")


def names_in(folder: Path) -> list[str]:
    return [each.name for each in folder.iterdir()]
