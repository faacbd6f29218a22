"""Rule R9, the impossible jump, with the square Z: 114.10-114.11 E, 22.30-22.31 N."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crossing import Event, HeldFix, StepResult, rejudge, step
from geo.distance import distance_m
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.limits import Limits, limits_of
from geo.plausible import Verdict, verdicts

T0_MS = 1_795_406_400_000
IN = (114.105, 22.305)
#: 5 km north of IN.
OFF = (114.105, 22.350)
ELSEWHERE = (114.200, 22.305)

Fixes = Callable[..., FixBatch]
Fence = Callable[..., FenceVersion]


def run(batch: FixBatch, *versions: FenceVersion) -> StepResult:
    return step({}, batch, FenceIndex(versions), {})


def told(events: Sequence[Event]) -> list[str]:
    return [event.kind for event in events]


def seconds(result: StepResult) -> list[float]:
    """Which fixes are not believed, in seconds after t0."""
    return sorted((fixed_ms - T0_MS) / 1000 for _, fixed_ms in result.implausible)


def test_a_jump_and_back_is_nothing_but_a_note(fixes: Fixes, fence: Fence) -> None:
    result = run(fixes((0, *IN), (5, *OFF), (10, *IN)), fence())
    assert told(result.events) == ["present"]
    assert seconds(result) == [5.0]
    assert result.states[1].held is None


def test_a_jump_alone_moves_nothing_and_is_held(fixes: Fixes, fence: Fence) -> None:
    result = run(fixes((0, *IN), (5, *OFF)), fence())
    state = result.states[1]
    assert told(result.events) == ["present"]
    assert (state.lon, state.lat, state.inside) == (*IN, frozenset({1}))
    assert state.held == HeldFix(T0_MS + 5_000, *OFF, 1)
    assert state.newest_ms == T0_MS + 5_000


def test_a_second_fix_there_proves_both_and_tells_a_gap(fixes: Fixes, fence: Fence) -> None:
    index = FenceIndex([fence()])
    first = step({}, fixes((0, *IN), (5, *OFF)), index, {})
    second = step(first.states, fixes((10, *OFF)), index, {})
    assert second.events == [
        Event(
            kind="exit",
            vehicle_id=1,
            fence_id=1,
            fence_version=1,
            time_ms=None,
            not_before_ms=T0_MS,
            not_after_ms=T0_MS + 5_000,
            gap=True,
        )
    ]
    assert second.vindicated == {(1, T0_MS + 5_000)}
    assert second.implausible == frozenset()
    assert second.states[1].held is None


def test_a_fence_on_the_way_of_a_jump_is_not_passed_through(fixes: Fixes, fence: Fence) -> None:
    way = fence({"circle": {"center": [114.105, 22.33], "radius_m": 100}}, fence_id=2)
    batch = fixes((0, *IN), (5, *OFF), (10, *OFF))
    assert [e.fence_id for e in run(batch, fence(), way).events] == [1, 1]


def test_the_last_good_fix_wins_over_the_held_one(fixes: Fixes, fence: Fence) -> None:
    """600 m off in 5 s is out of reach; 20 s later one between is in reach of either."""
    batch = fixes((0, *IN), (5, 114.105, 22.3104), (25, 114.105, 22.308))
    result = run(batch, fence())
    assert seconds(result) == [5.0]
    assert told(result.events) == ["present"]


def test_a_third_place_is_held_instead(fixes: Fixes, fence: Fence) -> None:
    batch = fixes((0, *IN), (5, *OFF), (10, *ELSEWHERE), (15, *ELSEWHERE))
    result = run(batch, fence())
    assert seconds(result) == [5.0]
    (_, left) = result.events
    assert (left.not_before_ms, left.not_after_ms) == (T0_MS, T0_MS + 10_000)


@pytest.mark.parametrize(
    ("vehicle_class", "fast"), [("car", 70), ("barge", 35), ("helicopter", 110)]
)
def test_each_class_has_its_own_limit(fixes: Fixes, vehicle_class: str, fast: float) -> None:
    limits = {1: limits_of(vehicle_class, 10)}
    degree_m = float(distance_m(*IN, IN[0], IN[1] + 1))
    for speed_mps, believed in ((fast * 0.99, True), (fast * 1.01, False)):
        north = IN[1] + speed_mps * 10 / degree_m
        batch = fixes((0, *IN), (10, IN[0], north))
        assert (not step({}, batch, FenceIndex([]), limits).implausible) is believed


def test_scatter_within_a_second_is_no_jump(fixes: Fixes) -> None:
    """30 m in a tenth of a second: 300 m/s by the times, and yet nothing unusual in a street."""
    assert seconds(run(fixes((0, *IN), (0.1, IN[0], IN[1] + 0.00027)))) == []
    assert seconds(run(fixes((0, *IN), (0.1, IN[0], IN[1] + 0.0009)))) == [0.1]


def test_across_the_antimeridian_is_no_jump(fixes: Fixes) -> None:
    assert seconds(run(fixes((0, 179.9999, -17), (10, -179.9999, -17)))) == []
    assert seconds(run(fixes((0, 179.9999, -17), (10, 0.0, -17)))) == [10.0]


def test_a_fence_changed_while_a_fix_is_held_is_judged_at_the_last_good_one(
    fixes: Fixes, fence: Fence
) -> None:
    states = run(fixes((0, *IN), (5, *OFF)), fence()).states
    ended = FenceIndex([fence(until_s=7)])
    anew = rejudge(states, ended, T0_MS + 7_000)
    assert told(anew.events) == ["exit"]
    assert anew.states[1].held == states[1].held
    with pytest.raises(ValueError, match="not newer"):
        step(anew.states, fixes((10, *OFF)), ended, {})


def test_a_fix_older_than_the_held_one_is_late(fixes: Fixes) -> None:
    states = run(fixes((0, *IN), (5, *OFF))).states
    for at_s in (3, 5):
        with pytest.raises(ValueError, match="not newer"):
            step(states, fixes((at_s, *IN), (20, *IN)), FenceIndex([]), {})


Point = tuple[int, float, float]
SCATTERED = st.lists(
    st.tuples(st.integers(0, 60), st.sampled_from([0.0, 0.004, 0.01, 0.05]), st.floats(0, 0.01)),
    min_size=1,
    max_size=20,
    unique_by=lambda point: point[0],
).map(sorted)


def as_read(track: Sequence[Point], limit_mps: float) -> list[Verdict]:
    """The rule, word for word."""

    def in_reach(later: int, earlier: int) -> bool:
        (t0, *a), (t1, *b) = track[earlier], track[later]
        return float(distance_m(*a, *b)) <= limit_mps * (t1 - t0)

    found = [Verdict.BELIEVED]
    good, held = 0, -1
    for each in range(1, len(track)):
        if in_reach(each, good):
            good, held = each, -1
            found.append(Verdict.BELIEVED)
        elif held >= 0 and in_reach(each, held):
            found[held] = Verdict.AGREED
            good, held = each, -1
            found.append(Verdict.BELIEVED)
        else:
            held = each
            found.append(Verdict.IMPLAUSIBLE)
    return found


@given(tracks=st.lists(SCATTERED, max_size=3), limit_mps=st.sampled_from([20.0, 70.0, 300.0]))
@settings(deadline=None)
def test_the_columns_say_what_the_rule_says(tracks: list[list[Point]], limit_mps: float) -> None:
    rows = [(vehicle, *point) for vehicle, track in enumerate(tracks) for point in track]
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    found = verdicts(
        table[:, 0].astype(np.int64),
        (table[:, 1] * 1000).astype(np.int64),
        table[:, 2],
        table[:, 3],
        {vehicle: Limits(max_speed_mps=limit_mps) for vehicle in range(len(tracks))},
    )
    assert found.tolist() == [each for track in tracks for each in as_read(track, limit_mps)]
