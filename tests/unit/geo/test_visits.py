"""Who came near a place, against a brute force that walks every way in small steps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.between import place_between
from geo.distance import distance_m
from geo.visits import Place, Visits, Ways, visits

GAP_MS = 300_000
START_MS = 1_700_000_000_000
#: Of a way, in the brute force.
STEPS = 2001
HERE = (114.17, 22.30)


def ways(*tracks: list[tuple[float, float, float]]) -> Ways:
    """Vehicles 1, 2, … at (seconds, metres-like degrees east and north of HERE)."""
    rows = [
        (number, START_MS + round(1000 * s), HERE[0] + x, HERE[1] + y)
        for number, track in enumerate(tracks, 1)
        for s, x, y in track
    ]
    columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
    return Ways(
        np.array(columns[0], dtype=np.int32),
        np.zeros(len(rows), dtype=np.int64),
        np.array(columns[1], dtype=np.int64),
        np.array(columns[2], dtype=np.float64),
        np.array(columns[3], dtype=np.float64),
        np.full(len(rows), GAP_MS, dtype=np.int64),
    )


def asked(
    of: Ways, radius_m: float, *, since_s: float = 0, until_s: float = 1e6, lon: float = HERE[0]
) -> Visits:
    window = (START_MS + round(1000 * since_s), START_MS + round(1000 * until_s))
    return visits(of, Place(lon, HERE[1], radius_m, *window))


def brute(of: Ways, radius_m: float) -> dict[int, tuple[float, float]]:
    """By vehicle how near it came, metres, and how long it was within, seconds."""
    found: dict[int, tuple[float, float]] = {}
    for at in range(len(of.lon)):
        then = at + 1
        goes_on = (
            then < len(of.lon)
            and of.vehicle_id[then] == of.vehicle_id[at]
            and of.fixed_ms[then] - of.fixed_ms[at] <= GAP_MS
        )
        end = then if goes_on else at
        lon, lat = place_between(
            np.linspace(0, 1, STEPS), of.lon[at], of.lat[at], of.lon[end], of.lat[end]
        )
        away = distance_m(lon, lat, *HERE)
        within_s = float((away <= radius_m).mean() * (of.fixed_ms[end] - of.fixed_ms[at])) / 1000
        vehicle = int(of.vehicle_id[at])
        nearest, so_far_s = found.get(vehicle, (np.inf, 0.0))
        found[vehicle] = (min(nearest, float(away.min())), so_far_s + within_s)
    return found


DEGREES = st.floats(-0.03, 0.03)
TRACKS = st.lists(
    st.lists(st.tuples(st.floats(1.0, 400.0), DEGREES, DEGREES), min_size=1, max_size=8),
    min_size=1,
    max_size=5,
)


@settings(max_examples=80, deadline=None)
@given(TRACKS, st.sampled_from([50.0, 300.0, 2000.0]))
def test_it_finds_whom_a_brute_force_finds(
    steps: list[list[tuple[float, float, float]]], radius_m: float
) -> None:
    tracks = []
    for each in steps:
        seconds = np.cumsum([step for step, _, _ in each]).tolist()
        tracks.append([(s, x, y) for s, (_, x, y) in zip(seconds, each, strict=True)])
    of = ways(*tracks)
    found, truth = asked(of, radius_m), brute(of, radius_m)
    told = dict(zip(found.vehicle_id.tolist(), found.nearest_m.tolist(), strict=True))
    assert told.keys() >= {v for v, (near, _) in truth.items() if near <= radius_m * 0.99}
    assert told.keys() <= {v for v, (near, _) in truth.items() if near <= radius_m * 1.01 + 2}
    for vehicle, near, within_s in zip(
        found.vehicle_id.tolist(), found.nearest_m.tolist(), found.within_s.tolist(), strict=True
    ):
        assert near == pytest.approx(truth[vehicle][0], rel=0.01, abs=3.0)
        assert within_s == pytest.approx(truth[vehicle][1], rel=0.02, abs=2.0)


def test_whoever_drives_through_between_two_fixes_counts() -> None:
    found = asked(ways([(0, -0.01, 0), (100, 0.01, 0)]), 50.0)
    assert found.vehicle_id.tolist() == [1]
    assert found.nearest_m[0] == pytest.approx(0.0, abs=0.01)
    assert found.nearest_ms[0] == pytest.approx(START_MS + 50_000, abs=1)
    assert found.last_ms[0] - found.first_ms[0] == pytest.approx(found.within_s[0] * 1000)
    width_s = 100.0 / float(distance_m(HERE[0] - 0.01, HERE[1], HERE[0] + 0.01, HERE[1])) * 100.0
    assert found.within_s[0] == pytest.approx(width_s, rel=1e-3)


def test_nothing_is_said_across_a_gap() -> None:
    assert not len(asked(ways([(0, -0.01, 0), (301, 0.01, 0)]), 50.0).vehicle_id)
    assert not len(asked(ways([(0, -0.01, 0)], [(100, 0.01, 0)]), 50.0).vehicle_id)


def test_nothing_is_drawn_from_one_stretch_to_the_next() -> None:
    way = ways([(0, -0.01, 0), (100, 0.01, 0)])
    assert not len(asked(way._replace(stretch=np.array([1, 2])), 50.0).vehicle_id)


def test_it_says_where_a_vehicle_was_nearest() -> None:
    found = asked(ways([(0, -0.01, 0.001), (100, 0.01, 0.001)]), 200.0)
    assert (found.lon[0], found.lat[0]) == pytest.approx((HERE[0], HERE[1] + 0.001))


def test_a_window_cuts_a_way() -> None:
    way = ways([(0, -0.01, 0), (100, 0.01, 0)])
    assert len(asked(way, 50.0, until_s=47).vehicle_id) == 0
    assert len(asked(way, 50.0, since_s=53).vehicle_id) == 0
    half = asked(way, 50.0, since_s=50)
    assert half.first_ms[0] == START_MS + 50_000
    assert half.within_s[0] == pytest.approx(asked(way, 50.0).within_s[0] / 2, rel=1e-3)


def test_a_vehicle_at_rest_counts_for_as_long_as_it_is_seen() -> None:
    found = asked(ways([(0, 0, 0), (60, 0, 0), (1000, 0, 0)]), 5.0)
    assert found.within_s.tolist() == [60.0]
    assert (found.first_ms[0], found.last_ms[0]) == (START_MS, START_MS + 1_000_000)


def test_the_antimeridian_is_no_border() -> None:
    way = ways([(0, 0, 0), (60, 0, 0)])._replace(lon=np.array([179.99, -179.99]))
    found = asked(way, 10.0, lon=-180.0)
    assert found.nearest_m.tolist() == pytest.approx([0.0], abs=0.01)
    assert len(asked(way, 10.0, lon=179.995).vehicle_id) == 1


def test_between_two_fixes_a_vehicle_goes_straight_on() -> None:
    lon, lat = place_between([0.0, 0.25, 1.0], 179.9, 10.0, -179.9, 20.0)
    assert lon.tolist() == pytest.approx([179.9, 179.95, -179.9])
    assert lat.tolist() == [10.0, 12.5, 20.0]
