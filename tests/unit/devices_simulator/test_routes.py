"""Nobody drives on water, and no vessel runs ashore."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import shapely
from shapely.geometry import shape

import devices
import maps
from devices.simulator import VirtualVehicle
from devices.simulator.routes import Route, Way, load_routes
from geo.distance import degree_lengths_m, distance_m

DEMO = Path(devices.__file__).parent / "demo"
#: Farther than a receiver's position wanders.
CLEARANCE_M = 10.0


@pytest.fixture(scope="module")
def land() -> shapely.Geometry:
    path = Path(maps.__file__).parent / "basemap" / "land.geojson"
    area = shape(json.loads(path.read_text(encoding="utf-8"))["geometry"])
    shapely.prepare(area)
    return area


@pytest.fixture(scope="module")
def routes() -> Mapping[str, Route]:
    return load_routes(DEMO / "routes.geojson")


def test_there_are_roads_sea_lanes_and_tracks_enough(routes: Mapping[str, Route]) -> None:
    modes = [route.mode for route in routes.values()]
    assert modes.count("road") >= 40
    assert modes.count("sea") >= 12
    assert modes.count("track") >= 8


def test_every_way_keeps_to_its_element(
    land: shapely.Geometry, routes: Mapping[str, Route]
) -> None:
    metres_a_degree = min(degree_lengths_m(22.5))
    for route in routes.values():
        way = Way(route)
        points = shapely.points(way.nodes)
        on_land = shapely.contains(land, points)
        wrong = on_land if route.mode == "sea" else ~on_land
        assert not wrong.any(), f"{route.code} at {way.nodes[wrong][0]}"
        clearance_m = shapely.distance(shapely.boundary(land), points).min() * metres_a_degree
        assert clearance_m > CLEARANCE_M, route.code


def test_nobody_is_ever_where_it_cannot_be(
    land: shapely.Geometry, fleet: list[VirtualVehicle]
) -> None:
    for drive in fleet:
        moments = [drive.started_at + timedelta(seconds=311.7 * n) for n in range(12)]
        places = [(fix.lon, fix.lat) for fix in map(drive.fix_at, moments)]
        on_land = shapely.contains_xy(land, np.asarray(places))
        assert on_land.all() != (drive.vehicle.route.mode == "sea"), drive.vehicle.full_ref
        assert on_land.any() != (drive.vehicle.route.mode == "sea"), drive.vehicle.full_ref


def test_a_way_there_and_back_ends_where_it_began(routes: Mapping[str, Route]) -> None:
    way = Way(routes["kl-nathan"])
    home, far = way.place(0.0), way.place(float(way.metres[-1]) / 2)

    assert way.far_end is not None
    assert np.array_equal(way.nodes[0], way.nodes[-1])
    assert far[:2] == pytest.approx(tuple(routes["kl-nathan"].line[-1]))
    assert distance_m(home.lon, home.lat, far.lon, far.lat) > 4_000


def test_a_closed_way_goes_round_and_never_turns(routes: Mapping[str, Route]) -> None:
    way = Way(routes["nt-tsing-yi"])
    turns = np.abs((np.diff(way.course_deg) + 180) % 360 - 180)

    assert way.far_end is None
    assert np.array_equal(way.nodes[0], way.nodes[-1])
    assert turns.max() < 90
