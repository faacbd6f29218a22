"""Laws of the fence engine on random tracks: cutting, shuffling, alternation (R37, R39, R40)."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from geo.crossing import Event, FixKey, StepResult, VehicleState, rejudge, renewed, step
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.limits import DEFAULT_LIMITS, Limits
from geo.memory import from_json, to_json
from geo.watch import NO_WATCHES

Fence = Callable[..., FenceVersion]
Row = tuple[float, ...]
T0_MS = 1_795_406_400_000
END_MS = T0_MS + 1_000_000
VEHICLES, DEPARTMENT = (1, 2), 1
#: At most 70 m/s: in places every other fix of these tracks is a jump. Or as fast as they come.
CAREFUL = dict.fromkeys(VEHICLES, DEFAULT_LIMITS)
FAST = dict.fromkeys(VEHICLES, Limits(max_speed_mps=math.inf))
BOTH = pytest.mark.parametrize("limits", [CAREFUL, FAST], ids=["careful", "fast"])


@pytest.fixture(scope="module")
def index(fence: Fence) -> FenceIndex:
    """Fences that overlap, touch, have a hole, and change at the times of fixes and between."""
    west = [[114.09, 22.3], [114.1, 22.3], [114.1, 22.31], [114.09, 22.31], [114.09, 22.3]]
    hole = [[114.102, 22.302], [114.108, 22.302], [114.105, 22.308], [114.102, 22.302]]
    square = [[114.1, 22.3], [114.11, 22.3], [114.11, 22.31], [114.1, 22.31], [114.1, 22.3]]
    circle = {"circle": {"center": [114.105, 22.305], "radius_m": 400}}
    return FenceIndex(
        [
            fence(until_s=100),
            fence(circle, version=2, since_s=100, until_s=155),
            fence(version=3, since_s=155),
            fence({"geometry": {"type": "Polygon", "coordinates": [west]}}, fence_id=2),
            fence({"geometry": {"type": "Polygon", "coordinates": [square, hole]}}, fence_id=3),
            fence(circle, fence_id=4, since_s=40.5, until_s=41),
            fence({"corridor": {"line": [[114.0, 22.3], [114.2, 22.31]], "each_side_m": 50}},
                  fence_id=5, since_s=77),
            fence(circle, fence_id=6, department_id=2),
        ]
    )  # fmt: skip


#: Places on and off a grid that shares corners and edges with the fences.
PLACES = st.tuples(
    st.sampled_from([114.085, 114.09, 114.095, 114.1, 114.102, 114.105, 114.11, 114.12]),
    st.sampled_from([22.295, 22.3, 22.302, 22.305, 22.308, 22.31, 22.315]),
) | st.tuples(st.floats(114.08, 114.12), st.floats(22.29, 22.32))
TRACKS = st.lists(
    st.tuples(
        st.sampled_from(VEHICLES),
        st.integers(0, 20).map(lambda i: i * 10_000) | st.sampled_from([500_000, 900_000]),
        PLACES,
        st.just(DEPARTMENT) | st.sampled_from([1, 2]),
    ),
    min_size=1,
    max_size=24,
    unique_by=lambda row: (row[0], row[1]),
).map(lambda rows: [(v, at_ms, *place, d) for v, at_ms, place, d in rows])


def batch_of(rows: Sequence[Row]) -> FixBatch:
    table = np.array(rows, dtype=np.float64).reshape(-1, 5)
    return FixBatch(
        vehicle_id=table[:, 0].astype(np.int32),
        department_id=table[:, 4].astype(np.int32),
        fixed_ms=T0_MS + table[:, 1].astype(np.int64),
        lon=table[:, 2],
        lat=table[:, 3],
    )


def in_order(events: Sequence[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.order)


def told_by(*results: StepResult) -> list[Event]:
    """The events of steps one after the other, as they stand at the end."""
    told: dict[object, Event] = {}
    for result in results:
        told |= {event.key: event for event in (*result.events, *result.restated)}
        for event in result.withdrawn:
            del told[event.key]
    return in_order(list(told.values()))


def run(rows: Sequence[Row], fences: FenceIndex, limits: Mapping[int, Limits]) -> StepResult:
    return step({}, batch_of(rows), fences, limits)


@BOTH
@given(rows=TRACKS, data=st.data())
@settings(deadline=None)
def test_any_order_within_a_batch_gives_the_same(
    index: FenceIndex, limits: Mapping[int, Limits], rows: list[Row], data: st.DataObject
) -> None:
    shuffled = data.draw(st.permutations(rows))
    doubled = [*shuffled, *data.draw(st.lists(st.sampled_from(rows)))]
    assert run(doubled, index, limits) == run(rows, index, limits)


@BOTH
@given(rows=TRACKS, cuts=st.lists(st.integers(0, 1_000_000), max_size=3))
@settings(deadline=None)
def test_any_cut_into_batches_gives_the_same(
    index: FenceIndex, limits: Mapping[int, Limits], rows: list[Row], cuts: list[int]
) -> None:
    states: dict[int, VehicleState] = {}
    results: list[StepResult] = []
    marked: set[FixKey] = set()
    bounds = [-1, *sorted(cuts), 2_000_000]
    for low, high in itertools.pairwise(bounds):
        result = step(states, batch_of([r for r in rows if low < r[1] <= high]), index, limits)
        states |= result.states
        results.append(result)
        marked = (marked | result.implausible) - result.vindicated
    whole = run(rows, index, limits)
    assert told_by(*results) == whole.events
    assert states == whole.states
    assert marked == whole.implausible


@BOTH
@given(rows=TRACKS, data=st.data())
@settings(deadline=None)
def test_a_state_that_was_stored_goes_on_as_it_did(
    index: FenceIndex, limits: Mapping[int, Limits], rows: list[Row], data: st.DataObject
) -> None:
    begin = data.draw(st.sampled_from(rows))
    before = run([r for r in rows if r[1] <= begin[1]], index, limits)
    stored = {v: json.dumps(to_json(state.memory)) for v, state in before.states.items()}
    read = {
        v: renewed(state._replace(memory=from_json(json.loads(stored[v]))), NO_WATCHES)
        for v, state in before.states.items()
    }
    assert read == before.states
    rest = step(read, batch_of([r for r in rows if r[1] > begin[1]]), index, limits)
    whole = run(rows, index, limits)
    assert told_by(before, rest) == whole.events
    assert before.states | rest.states == whole.states


@BOTH
@given(rows=TRACKS, clock_s=st.integers(0, 210))
@settings(deadline=None)
def test_judging_anew_at_any_time_changes_no_history(
    index: FenceIndex, limits: Mapping[int, Limits], rows: list[Row], clock_s: int
) -> None:
    at_ms = clock_s * 1000
    before = run([r for r in rows if r[1] <= at_ms], index, limits)
    anew = rejudge(before.states, index, T0_MS + at_ms)
    # A held fix older than that is gone back to, as a late one is.
    assume(all(s.held is None or s.held.fixed_ms >= s.judged_ms for s in anew.states.values()))
    after = step(
        before.states | anew.states, batch_of([r for r in rows if r[1] > at_ms]), index, limits
    )
    assert rejudge(before.states | anew.states, index, T0_MS + at_ms).events == []
    end = rejudge(before.states | anew.states | after.states, index, END_MS)
    whole = run(rows, index, limits)
    in_one = told_by(whole, rejudge(whole.states, index, END_MS))
    assert told_by(before, anew, after, end) == in_one


@BOTH
@given(rows=TRACKS)
@settings(deadline=None)
def test_openings_and_exits_alternate_and_end_as_the_state_says(
    index: FenceIndex, limits: Mapping[int, Limits], rows: list[Row]
) -> None:
    result = run(rows, index, limits)
    inside: dict[tuple[int, int | None], int] = {}
    for event in result.events:
        key = event.vehicle_id, event.fence_id
        assert (event.kind == "exit") == (key in inside)
        if event.kind == "exit":
            opened_ms = inside.pop(key)
            assert event.order[0] > opened_ms
        else:
            inside[key] = event.order[0]
    told = {(v, f) for v, state in result.states.items() for f in state.inside}
    assert set(inside) == told


@BOTH
@given(rows=TRACKS)
@settings(deadline=None)
def test_a_crossing_lies_on_a_border_between_its_fixes(
    index: FenceIndex, limits: Mapping[int, Limits], rows: list[Row]
) -> None:
    seen = {(int(r[0]), T0_MS + int(r[1])): np.array(r[2:4]) for r in rows}
    version_of: dict[tuple[int | None, int | None], FenceVersion] = {
        (v.fence_id, v.version): v for v in index.versions
    }
    for event in run(rows, index, limits).events:
        if event.cause is not None or event.gap:
            continue
        assert event.time_ms is not None
        assert event.not_before_ms is not None
        assert event.not_before_ms < event.time_ms <= event.not_after_ms
        version = version_of[event.fence_id, event.fence_version]
        if event.not_before_ms <= version.from_ms:
            continue  # The time is that of the edit where the border was crossed before it.
        start = seen[event.vehicle_id, event.not_before_ms]
        end = seen[event.vehicle_id, event.not_after_ms]
        length_ms = event.not_after_ms - event.not_before_ms
        at = start + (end - start) * ((event.time_ms - event.not_before_ms) / length_ms)
        reach = float(np.hypot(*(end - start))) * 1.5 / length_ms + 2e-8
        assert version.geometry.boundary.distance(shapely.Point(*at)) <= reach
