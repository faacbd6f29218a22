"""Distances, directions and longitudes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geo.distance import (
    bearing_deg,
    degree_lengths_m,
    destination,
    distance_m,
    unwrap_lon,
    wrap_lon,
)

LONGITUDES = st.floats(-180.0, 180.0)


def test_a_known_geodesic() -> None:
    """Flinders Peak to Buninyong, the worked example of the Australian GDA manual (WGS 84 = GRS 80
    within a millimetre at this length)."""
    flinders = (144 + 25 / 60 + 29.52440 / 3600, -(37 + 57 / 60 + 3.72030 / 3600))
    buninyong = (143 + 55 / 60 + 35.38390 / 3600, -(37 + 39 / 60 + 10.15610 / 3600))
    assert distance_m(*flinders, *buninyong) == pytest.approx(54_972.271, abs=0.002)
    assert bearing_deg(*flinders, *buninyong) == pytest.approx(306.86816, abs=1e-4)


def test_columns_go_in_and_come_out_and_are_left_alone() -> None:
    lon, lat = np.array([114.0, 114.1]), np.array([22.3, 22.3])
    metres = distance_m(lon, lat, 114.0, 22.3)
    assert metres.shape == (2,)
    assert metres[0] == 0.0
    assert lon.tolist() == [114.0, 114.1]


@given(LONGITUDES, st.floats(-85.0, 85.0), st.floats(0.0, 359.999), st.floats(1.0, 1e6))
def test_a_destination_lies_as_far_and_in_the_direction_that_was_asked(
    lon: float, lat: float, bearing: float, metres: float
) -> None:
    to_lon, to_lat = destination(lon, lat, bearing, metres)
    assert distance_m(lon, lat, to_lon, to_lat) == pytest.approx(metres, abs=1e-6)
    turned = float(bearing_deg(lon, lat, to_lon, to_lat)) - bearing
    assert math.remainder(turned, 360.0) == pytest.approx(0.0, abs=1e-4)


@given(LONGITUDES, st.floats(-89.0, 89.0), LONGITUDES, st.floats(-89.0, 89.0))
def test_bearings_are_within_a_turn(lon: float, lat: float, to_lon: float, to_lat: float) -> None:
    assert 0.0 <= bearing_deg(lon, lat, to_lon, to_lat) < 360.0


@pytest.mark.parametrize("lat", [0.0, 22.3, -60.0, 85.0])
def test_a_degree_is_as_long_as_the_geodesic_says(lat: float) -> None:
    lon_m, lat_m = degree_lengths_m(lat)
    small = 1e-4
    assert lon_m * small == pytest.approx(float(distance_m(0.0, lat, small, lat)), rel=1e-7)
    north = float(distance_m(0.0, lat - small / 2, 0.0, lat + small / 2))
    assert lat_m * small == pytest.approx(north, rel=1e-7)


@given(LONGITUDES, LONGITUDES)
def test_the_nearer_way_round_is_taken(lon: float, near: float) -> None:
    unwrapped = float(unwrap_lon(lon, near))
    assert abs(unwrapped - near) <= 180.0 + 1e-9
    assert math.remainder(unwrapped - lon, 360.0) == pytest.approx(0.0, abs=1e-9)
    if abs(lon - near) <= 180.0:
        assert unwrapped == lon


@given(st.floats(-540.0, 540.0))
def test_wrapped_longitudes_keep_their_meridian(lon: float) -> None:
    wrapped = float(wrap_lon(lon))
    assert -180.0 <= wrapped <= 180.0
    assert math.remainder(wrapped - lon, 360.0) == pytest.approx(0.0, abs=1e-9)
    if -180.0 <= lon < 180.0:
        assert wrapped == lon
