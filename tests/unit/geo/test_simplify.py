"""The laws of simplification: nothing dropped is farther than told, nothing wanted is dropped."""

from __future__ import annotations

import time
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.distance import Floats, distance_m, unwrap_line
from geo.simplify import MAX_TOLERANCE_M, Indexes, simplify, within_budget

#: How true the plane at a fix is, with room.
PRECISION = 1.0025
STEPS = 4001


def none_of(count: int) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    return np.zeros(count, dtype=bool)


def farthest_dropped_m(lon: Floats, lat: Floats, kept: Indexes) -> float:
    """By brute force on the ellipsoid: each dropped fix to its own part of the simplified way."""
    lon, share = unwrap_line(lon), np.linspace(0.0, 1.0, STEPS)
    worst = 0.0
    for first, last in pairwise(kept.tolist()):
        way_lon = lon[first] + share * (lon[last] - lon[first])
        way_lat = lat[first] + share * (lat[last] - lat[first])
        for at in range(first + 1, last):
            worst = max(worst, float(distance_m(lon[at], lat[at], way_lon, way_lat).min()))
    return worst


@st.composite
def tracks(draw: st.DrawFn) -> tuple[Floats, Floats]:
    """Walks anywhere up to 70 degrees, at rest at times, across the antimeridian at times."""
    count = draw(st.integers(1, 30))
    step = draw(st.sampled_from([1e-5, 1e-3, 2e-2]))
    moves = draw(
        st.lists(
            st.tuples(st.integers(-20, 20), st.integers(-20, 20)), min_size=count, max_size=count
        )
    )
    lon = draw(st.sampled_from([114.17, 179.99, -179.99])) + np.cumsum([m[0] for m in moves]) * step
    lat = draw(st.sampled_from([22.3, -33.0, 58.0])) + np.cumsum([m[1] for m in moves]) * step
    return (lon + 180.0) % 360.0 - 180.0, lat


@settings(max_examples=60, deadline=None)
@given(tracks(), st.sampled_from([0.0, 2.0, 50.0, 3000.0]), st.data())
def test_no_dropped_fix_is_farther_than_the_tolerance(
    track: tuple[Floats, Floats], tolerance_m: float, data: st.DataObject
) -> None:
    lon, lat = track
    wanted = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(lon), max_size=len(lon))), dtype=bool
    )
    kept = simplify(lon, lat, tolerance_m=tolerance_m, keep=wanted)
    assert {0, len(lon) - 1, *np.flatnonzero(wanted)} <= set(kept.tolist())
    assert np.all(np.diff(kept) > 0)
    assert farthest_dropped_m(lon, lat, kept) <= tolerance_m * PRECISION + 0.01


@settings(max_examples=60, deadline=None)
@given(tracks(), st.integers(2, 30))
def test_a_budget_is_kept_and_its_tolerance_is_told(
    track: tuple[Floats, Floats], points: int
) -> None:
    lon, lat = track
    kept, tolerance_m = within_budget(lon, lat, points=points, keep=none_of(len(lon)))
    assert len(kept) <= max(points, 2)
    if len(kept) < len(lon) and tolerance_m <= MAX_TOLERANCE_M:
        assert farthest_dropped_m(lon, lat, kept) <= tolerance_m * PRECISION + 0.01
        same = simplify(lon, lat, tolerance_m=tolerance_m, keep=none_of(len(lon)))
        assert kept.tolist() == same.tolist()


def test_what_must_stay_stays_beyond_the_budget() -> None:
    lon, lat = np.linspace(114.0, 114.1, 50), np.full(50, 22.3)
    wanted = none_of(50)
    wanted[10:20] = True
    kept, _ = within_budget(lon, lat, points=3, keep=wanted)
    assert kept.tolist() == [0, *range(10, 20), 49]
    assert simplify(lon, lat, tolerance_m=1.0, keep=none_of(50)).tolist() == [0, 49]


@pytest.mark.parametrize("count", [0, 1, 2])
def test_a_track_of_few_fixes_stays(count: int) -> None:
    lon = np.linspace(1.0, 2.0, count)
    assert simplify(lon, lon, tolerance_m=9.0, keep=none_of(count)).tolist() == list(range(count))
    assert len(within_budget(lon, lon, points=2, keep=none_of(count))[0]) == count


def test_a_tolerance_out_of_reach_is_refused() -> None:
    one = np.array([1.0])
    for tolerance_m in (-1.0, MAX_TOLERANCE_M + 1, float("nan")):
        with pytest.raises(ValueError, match="tolerance"):
            simplify(one, one, tolerance_m=tolerance_m, keep=none_of(1))


def shaped(shape: str, count: int) -> Floats:
    """Lon and lat of a way of some shape."""
    random, turn = np.random.default_rng(5), np.linspace(0, 40 * np.pi, count)
    if shape == "drive":
        return random.normal(0, 1e-4, (2, count)).cumsum(axis=1)
    if shape == "at rest":
        return random.normal(0, 1e-5, (2, count))
    if shape == "saw":
        return np.stack([np.linspace(0, 1, count), np.arange(count) % 2 * 1e-3])
    return np.array([np.exp(-turn / 10) * np.cos(turn), np.exp(-turn / 10) * np.sin(turn)])


@pytest.mark.parametrize("shape", ["drive", "spiral", "at rest", "saw"])
def test_a_hundred_thousand_fixes_take_well_under_a_second(shape: str) -> None:
    """Splitting at the farthest fix alone would take thousands of rounds for some of these."""
    count = 100_000
    lon, lat = shaped(shape, count)
    for run in (
        lambda: simplify(lon, lat, tolerance_m=10.0, keep=none_of(count)),
        lambda: within_budget(lon, lat, points=500, keep=none_of(count)),
    ):
        started_s = time.process_time()
        run()
        assert time.process_time() - started_s < 0.9


@settings(max_examples=60, deadline=None)
@given(tracks(), st.sampled_from([2.0, 50.0, 3000.0]), st.data())
def test_with_times_it_is_at_no_time_farther_off_than_the_tolerance(
    track: tuple[Floats, Floats], tolerance_m: float, data: st.DataObject
) -> None:
    """Both ways are straight and even between fixes, so a fix is where they differ most."""
    lon, lat = track
    count = len(lon)
    steps = data.draw(st.lists(st.integers(1, 600), min_size=count, max_size=count))
    time = np.cumsum(np.array(steps, dtype=float))
    kept = simplify(lon, lat, tolerance_m=tolerance_m, keep=none_of(count), time=time)
    straight = unwrap_line(lon)
    at_lon = np.interp(time, time[kept], straight[kept])
    at_lat = np.interp(time, time[kept], lat[kept])
    assert float(distance_m(lon, lat, at_lon, at_lat).max()) <= tolerance_m * PRECISION + 1e-6


def test_who_waits_on_a_straight_way_is_not_thinned_away() -> None:
    """By its line alone nothing bends; by the clock it stood for ten minutes."""
    lon, lat = np.array([114.10, 114.11, 114.11, 114.12]), np.full(4, 22.3)
    time = np.array([0.0, 60.0, 660.0, 720.0])
    assert len(simplify(lon, lat, tolerance_m=10.0, keep=none_of(4))) == 2
    assert len(simplify(lon, lat, tolerance_m=10.0, keep=none_of(4), time=time)) == 4
