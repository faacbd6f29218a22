"""Pairs of places near each other are those that a comparison of all with all finds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.distance import destination, distance_m
from geo.proximity import near_pairs

PLACES = st.lists(
    st.tuples(
        st.floats(114.0, 114.01) | st.floats(179.995, 180.0) | st.floats(-180.0, -179.995),
        st.floats(22.3, 22.31) | st.floats(-0.005, 0.005) | st.floats(69.99, 70.0),
    ),
    max_size=20,
)


@given(places=PLACES, radius_m=st.sampled_from([1.0, 50.0, 300.0, 1_000.0]))
@settings(deadline=None)
def test_all_pairs_and_no_other(places: list[tuple[float, float]], radius_m: float) -> None:
    lon = np.array([each[0] for each in places], dtype=np.float64)
    lat = np.array([each[1] for each in places], dtype=np.float64)
    a, b, metres = near_pairs(lon, lat, radius_m)
    far = {
        (i, j): float(distance_m(lon[i], lat[i], lon[j], lat[j]))
        for i, j in itertools.combinations(range(len(places)), 2)
    }
    found = dict(zip(zip(a.tolist(), b.tolist(), strict=True), metres.tolist(), strict=True))
    assert found == pytest.approx({pair: m for pair, m in far.items() if m < radius_m})


@pytest.mark.parametrize("lat", [0.0, 22.3, 60.0])
def test_metres_are_metres_in_every_direction(lat: float) -> None:
    for bearing_deg in range(0, 360, 45):
        for reach_m, near in ((99.0, 1), (101.0, 0)):
            there = destination(114.0, lat, bearing_deg, reach_m)
            lon, lats = np.array([114.0, float(there[0])]), np.array([lat, float(there[1])])
            assert len(near_pairs(lon, lats, 100.0)[0]) == near
