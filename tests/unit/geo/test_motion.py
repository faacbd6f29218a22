"""Trips, stops, gaps and distance of one vehicle."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.distance import degree_lengths_m
from geo.motion import MotionFixes, advance, open_segments, reach
from geo.motion_state import State
from geo.segments import Segments

START_MS = 1_764_000_000_000
CENTRAL = (114.16, 22.28)
GAP_MS = 300_000


@dataclass
class Drive:
    """Writes the fixes of a vehicle that does as it is told."""

    at_ms: int = START_MS
    lon: float = CENTRAL[0]
    lat: float = CENTRAL[1]
    rows: list[tuple[int, float, float, int, float, int]] = field(default_factory=list)
    #: Metres of scatter, uniform on each axis.
    scatter_m: float = 0.0
    speaks: bool = True
    ignition: int = 1
    department_id: int = 1
    chance: np.random.Generator = field(default_factory=lambda: np.random.default_rng(5))

    def __post_init__(self) -> None:
        self.east_m, self.north_m = map(float, degree_lengths_m(self.lat))

    def fix(self, speed_mps: float) -> None:
        east, north = self.chance.uniform(-self.scatter_m, self.scatter_m, 2).tolist()
        lon, lat = self.lon + east / self.east_m, self.lat + north / self.north_m
        speed = speed_mps if self.speaks else math.nan
        row = (self.at_ms, lon, lat, self.department_id, speed)
        self.rows.append((*row, self.ignition))

    def stand(self, seconds: int, every_s: int = 10) -> Drive:
        for _ in range(seconds // every_s):
            self.fix(0.0)
            self.at_ms += 1000 * every_s
        return self

    def go(self, metres: float, speed_mps: float = 10.0, every_s: int = 10) -> Drive:
        for _ in range(round(metres / speed_mps / every_s)):
            self.fix(speed_mps)
            step_m = speed_mps * every_s
            self.lon += step_m / self.east_m
            self.at_ms += 1000 * every_s
        return self

    def silence(self, seconds: int) -> Drive:
        self.at_ms += 1000 * seconds
        return self


def columns(rows: list[tuple[int, float, float, int, float, int]]) -> MotionFixes:
    table = [list(column) for column in zip(*rows, strict=True)] or [[]] * 6
    return MotionFixes(
        fixed_ms=np.array(table[0], dtype=np.int64),
        lon=np.array(table[1], dtype=np.float64),
        lat=np.array(table[2], dtype=np.float64),
        department_id=np.array(table[3], dtype=np.int64),
        speed_mps=np.array(table[4], dtype=np.float64),
        ignition=np.array(table[5], dtype=np.int8),
    )


def whole(drive: Drive) -> tuple[State, Segments]:
    state, closed = advance(None, columns(drive.rows), GAP_MS)
    assert state is not None
    return state, closed


def seconds(ms: int | None) -> float:
    assert ms is not None
    return (ms - START_MS) / 1000


def test_a_trip_lies_between_two_stops() -> None:
    drive = Drive().stand(600).go(3000).stand(600)
    state, closed = whole(drive)

    (trip,) = closed.trips
    assert (seconds(trip.started_ms), seconds(trip.ended_ms)) == (590, 900)
    assert trip.sums.distance_m == pytest.approx(3000, abs=0.01)
    assert (trip.ends_by, trip.max_speed_mps) == ("stop", 10.0)
    assert (trip.sums.moving_ms, trip.sums.idling_ms) == (300_000, 10_000)
    (stop,) = closed.stops
    assert (seconds(stop.started_ms), seconds(stop.ended_ms)) == (0, 590)
    assert (stop.begins_by, stop.ends_by) == ("gap", "move")
    assert (stop.lon, stop.lat) == pytest.approx(CENTRAL)
    (standing,) = open_segments(state).stops
    assert (seconds(standing.started_ms), standing.ended_ms, standing.begins_by) == (
        900,
        None,
        "move",
    )


def test_a_short_stand_is_no_stop() -> None:
    state, closed = whole(Drive().go(2000).stand(290).go(2000))
    assert not closed.trips
    assert not closed.stops
    (trip,) = open_segments(state).trips
    assert trip.ends_by == "open"
    assert trip.sums.distance_m == pytest.approx(3900, abs=0.01)


def test_a_move_that_is_short_in_time_and_way_is_no_trip_yet_its_way_counts() -> None:
    state, closed = whole(Drive().stand(400).go(400).stand(400).go(600).stand(400))
    assert [trip.sums.distance_m for trip in closed.trips] == [pytest.approx(600, abs=0.01)]
    assert len(closed.stops) == 2
    chunks = closed.chunks + open_segments(state).chunks
    assert sum(chunk.sums.distance_m for chunk in chunks) == pytest.approx(1000, abs=0.01)


def test_a_slow_move_is_a_trip_by_its_time() -> None:
    _, closed = whole(Drive().stand(400).go(420, speed_mps=1.2).stand(400))
    assert [trip.sums.distance_m for trip in closed.trips] == [pytest.approx(420, abs=0.01)]


@pytest.mark.parametrize("speaks", [True, False])
@pytest.mark.parametrize("every_s", [1, 10])
def test_a_parked_vehicle_goes_nowhere(*, speaks: bool, every_s: int) -> None:
    drive = Drive(scatter_m=5.0, speaks=speaks).stand(8 * 3600, every_s)
    state, closed = whole(drive)
    chunks = closed.chunks + open_segments(state).chunks
    assert sum(chunk.sums.distance_mm for chunk in chunks) == 0
    assert not closed.trips
    assert not closed.stops
    (stop,) = open_segments(state).stops
    assert stop.sums.fixes == len(drive.rows)


def test_stands_at_lights_add_no_way() -> None:
    drive = Drive(scatter_m=5.0)
    for _ in range(20):
        drive.go(500, every_s=1).stand(90, every_s=1)
    state, closed = whole(drive)
    chunks = closed.chunks + open_segments(state).chunks
    assert sum(chunk.sums.distance_m for chunk in chunks) == pytest.approx(20 * 500, rel=0.05)


@pytest.mark.parametrize("every_s", [1, 5, 10])
def test_distance_without_speeds(every_s: int) -> None:
    state, _ = whole(Drive(speaks=False).go(5000, every_s=every_s))
    (trip,) = open_segments(state).trips
    assert trip.sums.distance_m == pytest.approx(5000, abs=110)
    assert trip.max_speed_mps is None


def test_a_gap_ends_a_trip_without_a_stop_and_its_way_is_no_track() -> None:
    drive = Drive().go(2000)
    drive.silence(3600).lon += 0.2
    drive.go(2000)
    state, closed = whole(drive)
    (trip,) = closed.trips
    assert trip.ends_by == "gap"
    assert trip.sums.distance_m == pytest.approx(1900, abs=0.01)
    assert closed.stops == []
    (gap,) = closed.gaps
    assert (seconds(gap.started_ms), seconds(gap.ended_ms)) == (190, 3800)
    chunks = closed.chunks + open_segments(state).chunks
    assert sum(chunk.sums.distance_m for chunk in chunks) == pytest.approx(3800, abs=0.01)


def test_a_gap_while_standing_parts_a_stop() -> None:
    _, closed = whole(Drive().stand(400).silence(3600).stand(400).go(1000))
    assert [(stop.begins_by, stop.ends_by) for stop in closed.stops] == [
        ("gap", "gap"),
        ("gap", "move"),
    ]


def test_a_vehicle_at_rest_may_be_silent_for_longer() -> None:
    rows = Drive().stand(400).silence(400).stand(400).go(2000).silence(400).go(1000).rows
    _, closed = advance(None, columns(rows), GAP_MS, 2 * GAP_MS)
    assert [seconds(gap.started_ms) for gap in closed.gaps] == [1390]
    assert [(stop.begins_by, stop.ends_by) for stop in closed.stops] == [("gap", "move")]
    _, closed = advance(None, columns(rows), GAP_MS)
    assert len(closed.gaps) == 2


def test_another_department_begins_a_stretch() -> None:
    drive = Drive().go(1000)
    drive.department_id = 2
    drive.go(1000)
    _, closed = whole(drive)
    assert [(trip.department_id, trip.ends_by) for trip in closed.trips] == [(1, "department")]
    assert closed.gaps == []


def test_engine_and_idling_only_where_ignition_is_known() -> None:
    for ignition, idling_ms, engine_s in ((1, 590_000, 590.0), (0, 0, 0.0), (-1, 0, None)):
        state, _ = whole(Drive(ignition=ignition).stand(600))
        (chunk,) = open_segments(state).chunks
        assert (chunk.sums.idling_ms, chunk.sums.engine_s) == (idling_ms, engine_s)
        assert chunk.sums.idling_ms + chunk.sums.stopped_ms == 590_000


def test_chunks_hang_together_and_last_half_an_hour_at_most() -> None:
    drive = Drive().go(5000, every_s=60).stand(3000, every_s=240).go(90_000, every_s=299)
    state, closed = whole(drive)
    chunks = closed.chunks + open_segments(state).chunks
    assert all(chunk.ended_ms - chunk.started_ms <= 30 * 60_000 for chunk in chunks)
    assert [chunk.ended_ms for chunk in chunks[:-1]] == [chunk.started_ms for chunk in chunks[1:]]
    assert sum(chunk.sums.fixes for chunk in chunks) == len(drive.rows)


def test_across_the_antimeridian() -> None:
    drive = Drive(lon=179.99, lat=-17.0).stand(400).go(4000, speed_mps=20.0)
    drive.lon = (drive.lon + 180) % 360 - 180
    _, closed = whole(drive.stand(400).go(1000))
    assert closed.trips[0].sums.distance_m == pytest.approx(4000, abs=0.1)
    assert closed.stops[1].lon == pytest.approx(-179.9724, abs=0.001)


def test_fixes_out_of_order_are_refused() -> None:
    rows = Drive().go(500).rows
    state, _ = advance(None, columns(rows))
    with pytest.raises(ValueError, match="later"):
        advance(state, columns(rows[-1:]))


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("stand"), st.integers(20, 900), st.sampled_from([5, 10, 60])),
        st.tuples(st.just("go"), st.integers(30, 3000), st.sampled_from([5, 10, 60])),
        st.tuples(st.just("silence"), st.integers(10, 1200), st.just(0)),
    ),
    min_size=1,
    max_size=8,
)


def driven(steps: list[tuple[str, int, int]], *, speaks: bool, scatter_m: float) -> Drive:
    drive = Drive(speaks=speaks, scatter_m=scatter_m)
    for number, (what, much, every_s) in enumerate(steps):
        drive.ignition = (-1, 0, 1)[number % 3]
        if what == "stand":
            drive.stand(much, every_s)
        elif what == "go":
            drive.go(much, speed_mps=(0.7, 3.0, 12.0)[number % 3], every_s=every_s)
        else:
            drive.silence(much)
    return drive


@settings(max_examples=150, deadline=None)
@given(STEPS, st.booleans(), st.sampled_from([0.0, 5.0, 30.0]), st.data())
def test_any_cutting_gives_the_same(
    steps: list[tuple[str, int, int]],
    speaks: bool,
    scatter_m: float,
    data: st.DataObject,
) -> None:
    rows = driven(steps, speaks=speaks, scatter_m=scatter_m).rows
    expected, segments = advance(None, columns(rows), GAP_MS, 3 * GAP_MS)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(rows)), max_size=6)) | {0, len(rows)})

    state, got = None, Segments()
    for start, end in itertools.pairwise(cuts):
        earliest = reach(state)
        state, closed = advance(state, columns(rows[start:end]), GAP_MS, 3 * GAP_MS)
        assert all(chunk.started_ms >= earliest.chunk_ms for chunk in closed.chunks)
        assert all(trip.started_ms >= earliest.trip_ms for trip in closed.trips)
        assert all(stop.started_ms >= earliest.stop_ms for stop in closed.stops)
        assert all(gap.started_ms >= earliest.gap_ms for gap in closed.gaps)
        if state is not None:
            state = State.from_json(state.to_json())
        for kind in ("chunks", "trips", "stops", "gaps", "checkpoints"):
            getattr(got, kind).extend(getattr(closed, kind))

    assert state == expected
    assert got == segments


@settings(max_examples=60, deadline=None)
@given(STEPS, st.booleans())
def test_from_any_checkpoint_it_goes_on_to_the_same(
    steps: list[tuple[str, int, int]],
    speaks: bool,
) -> None:
    rows = driven(steps, speaks=speaks, scatter_m=5.0).rows
    expected, segments = advance(None, columns(rows), GAP_MS)
    for checkpoint in segments.checkpoints:
        later = [row for row in rows if row[0] > checkpoint.fixed_ms]
        state, closed = advance(checkpoint, columns(later), GAP_MS)
        assert state == expected
        at = reach(checkpoint)
        assert closed.chunks == [c for c in segments.chunks if c.started_ms >= at.chunk_ms]
        assert closed.trips == [t for t in segments.trips if t.started_ms >= at.trip_ms]
        assert closed.stops == [s for s in segments.stops if s.started_ms >= at.stop_ms]
        assert closed.gaps == [g for g in segments.gaps if g.started_ms >= at.gap_ms]


def test_a_state_is_told_from_another() -> None:
    state, _ = whole(Drive().stand(600))
    assert state.standing is not None
    assert state == state.copy()
    assert state != replace(state, way_lon=0.0)
