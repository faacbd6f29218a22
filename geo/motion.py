"""How a vehicle moved: what its fixes make of trips, stops, gaps and distance.

`advance` takes a vehicle's plausible fixes in the order of time, however they are cut into batches,
and gives back what can change no more; `open_segments` tells what goes on. Exactly:

* A **gap** is between two fixes further apart in time than the limit of the vehicle: three of its
  intervals, moving or at rest, but 5 to 15 minutes. A **stretch** is a run of fixes without a gap
  and of one department.
* A fix is **moving** from MOVING_MPS on; of one without a speed, its being counted says so. From a
  fix to the next, the vehicle is *moving*, *idling* (not moving, ignition known to be on) or
  *stopped*, as the earlier one says.
* **Distance** is the way from counted fix to counted fix, geodesics of WGS 84. Counted is the first
  fix of a stretch, and one so far from the last counted that scatter does not explain it: see
  `_counts_from_m`. Within a proved stop nothing counts, nor across a gap.
* A **stop** begins at the earliest fix, not moving, from which on all fixes for STOP_MS lie within
  STOP_RADIUS_M of it. It lasts while they do, and ends at the last of them that is not moving.
* A **trip** is what lies between two stops, or a stop and the end of the stretch, if it is TRIP_M
  long, or takes TRIP_MS and leaves the radius of a stop.
* A **chunk** is the fixes of a stretch in one CELL_MS of the clock, and the one before them. So
  each cell's sums say what happened in it, and a change of the past moves no other cell's borders.
  A single fix that begins a stretch goes with the next cell.

Distances are whole millimetres inside: sums are the same in any order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import Floats, degree_lengths_m, distance_m
from geo.fences import Ints
from geo.limits import DEFAULT_GAP_MS
from geo.motion_state import Counts, Mark, Standing, State, higher, metres_apart
from geo.segments import Broken, Chunk, Gap, Reach, Segments, Stop, StopEnd, Trip, TripEnd

#: From this speed on a vehicle moves; receivers at rest report less.
MOVING_MPS: Final = 1.0
#: A vehicle that stays within so far of a place has not left it.
STOP_RADIUS_M: Final = 50.0
#: So long it must stay for a stop.
STOP_MS: Final = 300_000
#: A movement so long, in time or in distance, is a trip.
TRIP_MS: Final = 300_000
TRIP_M: Final = 500.0
#: Chunks end with these parts of the clock, which divide every time zone's days.
CELL_MS: Final = 900_000
#: However seldom a vehicle reports, a longer silence is a gap: so no chunk lasts over 30 minutes.
LONGEST_GAP_MS: Final = CELL_MS
#: A checkpoint is made behind the last fix of so many cells.
CHECKPOINT_CELLS: Final = 4
#: How far a receiver's errors drive apart two fixes of one place: while it says that it moves (they
#: change slowly), where it says nothing, and where it says that it stands.
SCATTER_MOVING_M: Final = 10.0
SCATTER_M: Final = 25.0
SCATTER_STANDING_M: Final = STOP_RADIUS_M


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionFixes:
    """Plausible fixes of one vehicle in the order of time, as columns of one length."""

    #: Milliseconds since 1970-01-01T00:00Z, rising.
    fixed_ms: Ints
    #: WGS 84 degrees.
    lon: Floats
    #: WGS 84 degrees.
    lat: Floats
    department_id: Ints
    #: NaN: not known.
    speed_mps: Floats
    #: 1 on, 0 off, -1 not known.
    ignition: npt.NDArray[np.int8]

    def __len__(self) -> int:
        """How many fixes there are."""
        return len(self.fixed_ms)

    def part(self, start: int, end: int) -> MotionFixes:
        """Those from one index up to another."""
        rows = slice(start, end)
        return MotionFixes(
            fixed_ms=self.fixed_ms[rows],
            lon=self.lon[rows],
            lat=self.lat[rows],
            department_id=self.department_id[rows],
            speed_mps=self.speed_mps[rows],
            ignition=self.ignition[rows],
        )


def advance(
    state: State | None,
    fixes: MotionFixes,
    gap_ms: int = DEFAULT_GAP_MS,
    rest_gap_ms: int | None = None,
) -> tuple[State | None, Segments]:
    """The state after more fixes, all later than those before, and what was closed by them.

    A silence is a gap if it lasts longer than `gap_ms`; behind a fix that is not moving,
    `rest_gap_ms` (by default the same), for vehicles at rest report more seldom.

    Any cutting of a vehicle's fixes into calls gives the same states and segments. Raises
    ValueError where a fix is not later than the one before it.
    """
    before_ms = [] if state is None else [state.fixed_ms]
    times = np.concatenate((np.array(before_ms, dtype=np.int64), fixes.fixed_ms))
    if (np.diff(times) <= 0).any():
        raise ValueError("fixes must be later one than the other: go on from a checkpoint")
    walk = _Walk(state, gap_ms, gap_ms if rest_gap_ms is None else rest_gap_ms)
    for row in zip(*_columns(state, fixes), strict=True):
        walk.take(_Seen._make(row))
    return walk.state.copy() if walk.state else None, walk.closed


def open_segments(state: State) -> Segments:
    """What has begun and goes on, as far as it is known: a chunk, and a trip or a stop."""
    now = state.mark
    begun = Segments(chunks=[_chunk(state)])
    if state.standing is not None:
        begun.stops.append(_stop(state, state.standing, None, now.counts, "open"))
    elif state.trip is not None:
        begun.trips += _trip(state.trip, now, state.department_id, state.trip_top_mps, "open")
    return begun


def reach(state: State | None) -> Reach:
    """From when on segments may be other ones than those that were told up to this state."""
    if state is None:
        return Reach(*[np.iinfo(np.int64).min] * 4)
    standing, last_ms = state.standing, state.fixed_ms
    if standing is not None:
        trip_ms, stop_ms = standing.still.fixed_ms, standing.start.fixed_ms
    else:
        trip_ms = state.trip.fixed_ms if state.trip else last_ms
        stop_ms = state.pending[0].fixed_ms if state.pending else last_ms
    return Reach(state.chunk.fixed_ms, trip_ms, stop_ms, last_ms)


class _Seen(NamedTuple):
    """A fix on its way through the walk."""

    fixed_ms: int
    lon: float
    lat: float
    department_id: int
    speed_mps: float | None
    ignition: int
    #: From the fix before it.
    step_m: float
    #: Metres of a degree here.
    east_m: float
    north_m: float


def _columns(state: State | None, fixes: MotionFixes) -> list[list[object]]:
    """Columns of `_Seen`, as lists: numpy is slow to hand out single numbers."""
    lon, lat = fixes.lon, fixes.lat
    before_lon, before_lat = np.roll(lon, 1), np.roll(lat, 1)
    if state is not None:
        before_lon[:1], before_lat[:1] = state.lon, state.lat
    east_m, north_m = degree_lengths_m(lat)
    unknown = np.isnan(fixes.speed_mps)
    speeds = [
        None if missing else speed
        for missing, speed in zip(unknown.tolist(), fixes.speed_mps.tolist(), strict=True)
    ]
    return [
        fixes.fixed_ms.tolist(),
        lon.tolist(),
        lat.tolist(),
        fixes.department_id.tolist(),
        speeds,
        fixes.ignition.tolist(),
        distance_m(before_lon, before_lat, lon, lat).tolist(),
        east_m.tolist(),
        north_m.tolist(),
    ]


class _Walk:
    """Goes from fix to fix, and keeps what they close."""

    def __init__(self, state: State | None, gap_ms: int, rest_gap_ms: int) -> None:
        self.state = state.copy() if state else None
        self.closed = Segments()
        #: By whether the vehicle moves.
        self._gap_ms = {
            True: min(gap_ms, LONGEST_GAP_MS),
            False: min(rest_gap_ms, LONGEST_GAP_MS),
        }

    def take(self, fix: _Seen) -> None:
        state = self.state
        if state is None:
            self.state = _begun(fix)
            return
        silent = fix.fixed_ms - state.fixed_ms > self._gap_ms[state.moving]
        if _cell(fix.fixed_ms) // CHECKPOINT_CELLS != _cell(state.fixed_ms) // CHECKPOINT_CELLS:
            self.closed.checkpoints.append(state.copy())
        if silent or fix.department_id != state.department_id:
            self._end_stretch(state, "gap" if silent else "department")
            if silent:
                gap = Gap(state.fixed_ms, fix.fixed_ms, state.department_id)
                self.closed.gaps.append(gap)
            self.state = _begun(fix)
            return
        alone = state.chunk.fixed_ms == state.fixed_ms
        if _cell(fix.fixed_ms) != _cell(state.fixed_ms) and not alone:
            self.closed.chunks.append(_chunk(state))
            state.chunk, state.chunk_top_mps = state.mark, None
        self._step(state, fix)

    def _end_stretch(self, state: State, by: Broken) -> None:
        now = state.mark
        self.closed.chunks.append(_chunk(state))
        if state.standing is not None:
            stop = _stop(state, state.standing, now.fixed_ms, now.counts, by)
            self.closed.stops.append(stop)
        elif state.trip is not None:
            self._close_trip(state, state.trip, now, state.trip_top_mps, by)

    def _step(self, state: State, fix: _Seen) -> None:
        standing = state.standing
        stays = standing is not None and _near(fix, standing.start)
        counted_mm = 0 if stays else _counted_mm(state, fix)
        moving = counted_mm > 0 if fix.speed_mps is None else fix.speed_mps >= MOVING_MPS
        state.add(fix.fixed_ms - state.fixed_ms, counted_mm)
        if counted_mm:
            state.way_lon, state.way_lat = fix.lon, fix.lat
        state.way_is_last = counted_mm > 0
        state.fixed_ms, state.lon, state.lat = fix.fixed_ms, fix.lon, fix.lat
        state.speed_mps, state.moving, state.ignition = fix.speed_mps, moving, fix.ignition
        state.see_speed(fix.speed_mps)
        if standing is None:
            self._look_for_stop(state, fix)
        elif stays:
            standing.stay(state.mark)
        else:
            still = standing.still
            self.closed.stops.append(_stop(state, standing, still.fixed_ms, still.counts, "move"))
            state.trip, state.standing = still, None
            state.trip_top_mps = higher(standing.top_mps, fix.speed_mps)
            self._look_for_stop(state, fix)

    def _look_for_stop(self, state: State, fix: _Seen) -> None:
        pending = state.pending
        if pending and not _near(fix, pending[0]):
            del pending[: _first_near(pending, fix)]
        if pending or not state.moving:
            pending.append(state.mark)
        if pending and fix.fixed_ms - pending[0].fixed_ms >= STOP_MS:
            first = pending[0]
            if state.trip is not None:
                self._close_trip(state, state.trip, first, first.top_mps, "stop")
            state.standing = Standing.of(pending, begins_stretch=first.fixed_ms == state.stretch_ms)
            state.trip, state.trip_top_mps, state.pending = None, None, []

    def _close_trip(
        self, state: State, start: Mark, end: Mark, top_mps: float | None, by: TripEnd
    ) -> None:
        self.closed.trips += _trip(start, end, state.department_id, top_mps, by)


def _begun(fix: _Seen) -> State:
    """The state at the first fix of a stretch."""
    moving = fix.speed_mps is not None and fix.speed_mps >= MOVING_MPS
    start = Mark(
        fixed_ms=fix.fixed_ms,
        lon=fix.lon,
        lat=fix.lat,
        speed_mps=fix.speed_mps,
        moving=moving,
        counts=Counts(fixes=1),
        top_mps=fix.speed_mps,
    )
    state = State(
        fixed_ms=fix.fixed_ms,
        lon=fix.lon,
        lat=fix.lat,
        department_id=fix.department_id,
        speed_mps=fix.speed_mps,
        moving=moving,
        ignition=fix.ignition,
        stretch_ms=fix.fixed_ms,
        way_lon=fix.lon,
        way_lat=fix.lat,
        counts=Counts(fixes=1),
        chunk=start._replace(counts=Counts()),
        chunk_top_mps=fix.speed_mps,
        trip=start,
        trip_top_mps=fix.speed_mps,
    )
    if not moving:
        state.pending.append(state.mark)
    return state


def _counted_mm(state: State, fix: _Seen) -> int:
    """Millimetres from the last counted fix, 0 if they may be scatter."""
    if state.way_is_last:
        far_m = fix.step_m
    else:
        far_m = float(distance_m(state.way_lon, state.way_lat, fix.lon, fix.lat))
    return round(1000 * far_m) if far_m >= _counts_from_m(state, fix) else 0


def _counts_from_m(state: State, fix: _Seen) -> float:
    """Within this distance of the last counted fix, scatter may explain where a fix lies.

    The first fix at rest counts like a moving one, for the way ends there.
    """
    if fix.speed_mps is None:
        return SCATTER_M
    if fix.speed_mps >= MOVING_MPS or state.moving:
        return SCATTER_MOVING_M
    return SCATTER_STANDING_M


def _first_near(pending: list[Mark], fix: _Seen) -> int:
    """Index of the earliest mark at rest that it and all after it are near to, or their number."""
    for i, mark in enumerate(pending):
        if not mark.moving and _near(fix, mark):
            rest = pending[i + 1 :]
            if all(_apart_m(fix, each, mark) <= STOP_RADIUS_M for each in rest):
                return i
    return len(pending)


def _near(fix: _Seen, mark: Mark) -> bool:
    return _apart_m(fix, fix, mark) <= STOP_RADIUS_M


def _apart_m(at: _Seen, a: _Seen | Mark, b: Mark) -> float:
    return metres_apart(a.lon - b.lon, a.lat - b.lat, at.east_m, at.north_m)


def _cell(fixed_ms: int) -> int:
    return fixed_ms // CELL_MS


def _chunk(state: State) -> Chunk:
    return Chunk(
        state.chunk.fixed_ms,
        state.fixed_ms,
        state.department_id,
        state.counts.since(state.chunk.counts),
        state.chunk_top_mps,
    )


def _trip(
    start: Mark, end: Mark, department_id: int, top_mps: float | None, by: TripEnd
) -> list[Trip]:
    """The trip between two fixes, if it is one."""
    sums = end.counts.since(start.counts)
    sums = sums._replace(fixes=sums.fixes + 1)
    lasts_ms = end.fixed_ms - start.fixed_ms
    if sums.distance_m >= TRIP_M or (lasts_ms >= TRIP_MS and sums.distance_m >= STOP_RADIUS_M):
        span = (start.fixed_ms, end.fixed_ms, department_id)
        return [Trip(*span, start.lon, start.lat, end.lon, end.lat, sums, top_mps, by)]
    return []


def _stop(
    state: State, standing: Standing, ended_ms: int | None, counts: Counts, by: StopEnd
) -> Stop:
    lon, lat = standing.middle
    sums = counts.since(standing.start.counts)
    return Stop(
        standing.start.fixed_ms,
        ended_ms,
        state.department_id,
        lon,
        lat,
        sums._replace(fixes=sums.fixes + 1),
        "gap" if standing.begins_stretch else "move",
        by,
    )
