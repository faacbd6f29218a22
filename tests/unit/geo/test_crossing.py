"""The rules of the fence engine, each with the square Z: 114.10-114.11 E, 22.30-22.31 N."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

import pytest

from geo.crossing import Event, StepResult, VehicleState, rejudge, states_at, step
from geo.errors import OverlappingVersionsError, UnknownFenceError
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.limits import Limits, limits_of
from geo.memory import Memory, Visit
from geo.watch import Watch, Watches

T0_MS = 1_795_406_400_000
IN = (114.105, 22.305)
OUT_S = (114.105, 22.295)
OUT_N = (114.105, 22.315)
#: For tests of other rules, whose vehicles may go as fast as they like.
FAST = {1: Limits(max_speed_mps=inf)}
FAR_GEOMETRY = [[114.1, 22.4], [114.11, 22.4], [114.11, 22.41], [114.1, 22.41], [114.1, 22.4]]
FAR = {"geometry": {"type": "Polygon", "coordinates": [FAR_GEOMETRY]}}

Fixes = Callable[..., FixBatch]
Fence = Callable[..., FenceVersion]


def told(events: list[Event]) -> list[tuple[str, float | None]]:
    """Kind and seconds after t0 of each event."""
    return [(e.kind, None if e.time_ms is None else (e.time_ms - T0_MS) / 1000) for e in events]


def run(batch: FixBatch, *versions: FenceVersion, gap_s: float = 300.0) -> list[Event]:
    """What is told of fixes that may lie as far apart as the test likes."""
    limits = Limits(gap_ms=round(gap_s * 1000), max_speed_mps=inf)
    every = dict.fromkeys(batch.vehicle_id.tolist(), limits)
    return step({}, batch, FenceIndex(versions), every).events


def test_r24_a_dwell_that_ran_out_before_the_fix_that_showed_the_enter_is_told(
    fence: Fence, fixes: Fixes
) -> None:
    index = FenceIndex([fence()])
    watches = Watches([Watch(1, 1, "dwell", None, lambda vehicle, at_ms: True, dwell_ms=60_000)])
    rows = [(0, 114.105, 22.2997), (170, *IN)]
    states = step({}, fixes(rows[0]), index, {}, watches).states
    [enter, dwell] = step(states, fixes(rows[1]), index, {}, watches).events
    assert (enter.kind, dwell.kind) == ("enter", "dwell")
    assert dwell.at_ms == enter.at_ms + 60_000
    assert step({}, fixes(*rows), index, {}, watches).events == [enter, dwell]


def test_r5_one_fix_inside_within_the_band_of_the_border_tells_nothing_until_one_is_deep(
    fence: Fence, fixes: Fixes
) -> None:
    index = FenceIndex([fence()])
    rows = [(0, 114.105, 22.2999), (10, 114.105, 22.300018), (20, 114.105, 22.3003)]
    states = step({}, fixes(rows[0]), index, {}).states
    shallow = step(states, fixes(rows[1]), index, {})
    assert shallow.events == []
    [enter] = step(shallow.states, fixes(rows[2]), index, {}).events
    assert enter.kind == "enter"
    assert enter.not_after_ms == T0_MS + 10_000
    assert step({}, fixes(*rows), index, {}).events == [enter]


def test_r1_a_first_fix_inside_is_present_and_no_enter(fixes: Fixes, fence: Fence) -> None:
    (event,) = run(fixes((0, *IN), (10, *IN)), fence())
    assert told([event]) == [("present", 0.0)]
    assert event.cause == "first_fix"
    assert event.not_before_ms is None


def test_r2_late_fixes_are_refused_and_a_rerun_tells_the_history(
    fixes: Fixes, fence: Fence
) -> None:
    index = FenceIndex([fence()])
    live = step({}, fixes((60, *IN)), index, {})
    assert told(live.events) == [("present", 60.0)]
    with pytest.raises(ValueError, match="not newer"):
        step(live.states, fixes((30, *OUT_S)), index, {})
    with pytest.raises(ValueError, match="not newer"):
        step(live.states, fixes((60, *OUT_S)), index, {})
    rerun = step({}, fixes((60, *IN), (30, *OUT_S)), index, {})
    assert told(rerun.events) == [("enter", 45.0)]
    assert rerun.states[1].inside == live.states[1].inside


def test_r3_passing_through_between_two_fixes_is_both(fixes: Fixes, fence: Fence) -> None:
    events = run(fixes((0, *OUT_S), (100, *OUT_N)), fence())
    assert told(events) == [("enter", 25.0), ("exit", 75.0)]
    assert all(e.interpolated for e in events)


def test_r4_a_crossing_names_the_fixes_around_it(fixes: Fixes, fence: Fence) -> None:
    (event,) = run(fixes((0, *OUT_S), (40, *IN)), fence())
    assert event == Event(
        kind="enter",
        vehicle_id=1,
        fence_id=1,
        fence_version=1,
        time_ms=T0_MS + 20_000,
        not_before_ms=T0_MS,
        not_after_ms=T0_MS + 40_000,
    )


def test_r10_no_line_is_drawn_across_a_gap(fixes: Fixes, fence: Fence) -> None:
    on_the_way = fence({"circle": {"center": [114.105, 22.313], "radius_m": 100}}, fence_id=2)
    _, event = run(fixes((0, *IN), (7200, *OUT_N)), fence(), on_the_way)
    assert event == Event(
        kind="exit",
        vehicle_id=1,
        fence_id=1,
        fence_version=1,
        time_ms=None,
        not_before_ms=T0_MS,
        not_after_ms=T0_MS + 7_200_000,
        gap=True,
    )


def test_r10_a_gap_begins_over_three_intervals_or_five_minutes(fixes: Fixes, fence: Fence) -> None:
    assert limits_of("vehicle", 10).gap_ms == 300_000
    assert limits_of("vehicle", 200).gap_ms == 600_000
    index = FenceIndex([fence()])
    for seconds, gap in ((300, False), (300.001, True)):
        (event,) = step({}, fixes((0, *OUT_S), (seconds, *IN)), index, {}).events
        assert event.gap is gap


def test_r10_a_gap_that_ends_where_it_began_is_nothing(fixes: Fixes, fence: Fence) -> None:
    assert told(run(fixes((0, *IN), (7200, *IN)), fence())) == [("present", 0.0)]


def test_r12_a_fence_moved_away_lets_go_at_once(fixes: Fixes, fence: Fence) -> None:
    old, new = fence(until_s=20), fence(FAR, version=2, since_s=20)
    before = step({}, fixes((0, *IN)), FenceIndex([replace(old, until_ms=None)]), {})
    index = FenceIndex([old, new])
    edited = rejudge(before.states, index, T0_MS + 20_000)
    assert edited.events == [
        Event(
            kind="exit",
            vehicle_id=1,
            fence_id=1,
            fence_version=2,
            time_ms=T0_MS + 20_000,
            not_before_ms=T0_MS + 20_000,
            not_after_ms=T0_MS + 20_000,
            cause="fence_edit",
        )
    ]
    assert rejudge(edited.states, index, T0_MS + 30_000).events == []
    assert step(edited.states, fixes((40, *IN)), index, {}).events == []
    assert run(fixes((0, *IN), (40, *IN)), old, new) == before.events + edited.events


def test_r12_a_fence_moved_onto_a_vehicle_finds_it(fixes: Fixes, fence: Fence) -> None:
    events = run(fixes((0, *IN), (40, *IN)), fence(FAR, until_s=20), fence(version=2, since_s=20))
    assert told(events) == [("present", 20.0)]
    assert (events[0].cause, events[0].fence_version) == ("fence_edit", 2)


def test_r12_an_edit_round_a_vehicle_inside_is_nothing(fixes: Fixes, fence: Fence) -> None:
    wider = {"circle": {"center": list(IN), "radius_m": 2_000}}
    events = run(fixes((0, *IN), (40, *IN)), fence(until_s=20), fence(wider, version=2, since_s=20))
    assert told(events) == [("present", 0.0)]


def test_r12_a_way_across_an_edit_is_judged_by_the_new_shape(fixes: Fixes, fence: Fence) -> None:
    versions = fence(until_s=30), fence(FAR, version=2, since_s=30)
    assert told(run(fixes((0, *OUT_S), (40, *IN)), *versions)) == []
    back = fence(FAR, until_s=30), fence(version=2, since_s=30)
    events = run(fixes((0, *OUT_S), (40, *IN)), *back)
    assert told(events) == [("enter", 30.001)], "not before the shape was in force"


def test_r13_a_fence_made_over_a_vehicle_finds_it_present(fixes: Fixes, fence: Fence) -> None:
    index = FenceIndex([fence(since_s=5)])
    states = step({}, fixes((0, *IN)), FenceIndex([]), {}).states
    made = rejudge(states, index, T0_MS + 5_000)
    assert told(made.events) == [("present", 5.0)]
    assert made.events[0].cause == "fence_created"
    after = step(states | made.states, fixes((10, *IN), (20, *OUT_S)), index, FAST)
    assert told(after.events) == [("exit", 15.0)]


@pytest.mark.parametrize("told_live", [True, False])
def test_r14_a_fence_deleted_closes_the_visit(fixes: Fixes, fence: Fence, told_live: bool) -> None:
    index = FenceIndex([fence(until_s=5)])
    states = step({}, fixes((0, *IN)), index, {}).states
    events = []
    if told_live:
        deleted = rejudge(states, index, T0_MS + 5_000)
        states, events = deleted.states, deleted.events
    events += step(states, fixes((10, *IN), (20, *OUT_S)), index, FAST).events
    assert told(events) == [("exit", 5.0)]
    assert (events[0].cause, events[0].fence_version) == ("fence_deleted", 1)


def test_a_fix_before_an_edit_that_was_dealt_with_is_late(fixes: Fixes, fence: Fence) -> None:
    index = FenceIndex([fence(until_s=20)])
    states = rejudge(states_at(fixes((0, *IN)), index), index, T0_MS + 20_000).states
    with pytest.raises(ValueError, match="not newer"):
        step(states, fixes((20, *OUT_S)), index, FAST)
    rerun = step(states_at(fixes((0, *IN)), index), fixes((20, *OUT_S)), index, FAST)
    assert told(rerun.events) == [("exit", 10.0)]
    assert rejudge(rerun.states, index, T0_MS + 20_000).events == []


def test_an_edit_at_the_time_of_a_fix_comes_after_it(fixes: Fixes, fence: Fence) -> None:
    index = FenceIndex([fence(until_s=0), fence(FAR, version=2, since_s=0)])
    events = step({}, fixes((0, *IN), (10, *IN)), index, {}).events
    assert told(events) == [("present", 0.0), ("exit", 0.001)]


def test_a_visit_that_an_edit_opened_ends_after_it(fixes: Fixes, fence: Fence) -> None:
    events = run(fixes((0, 114.105, 22.3), (10, *OUT_S)), fence(since_s=0))
    assert told(events) == [("present", 0.001), ("exit", 0.002)]


def test_a_state_ahead_of_an_edit_is_left_to_a_rerun(fixes: Fixes, fence: Fence) -> None:
    index = FenceIndex([fence(until_s=20)])
    states = states_at(fixes((30, *OUT_S)), index)
    assert rejudge(states, index, T0_MS + 20_000).events == []


def test_r15_across_the_antimeridian(fixes: Fixes, fence: Fence) -> None:
    ring = [[179.9, -17.0], [-179.9, -17.0], [-179.9, -16.8], [179.9, -16.8], [179.9, -17.0]]
    island = fence({"geometry": {"type": "Polygon", "coordinates": [ring]}})
    for split in ([-180.0], [180.0], [179.95, -179.95], []):
        lons = [179.85, *split, -179.85]
        step_s = 600.0 / (len(lons) - 1)
        rows = [(i * step_s, lon, -16.9) for i, lon in enumerate(lons)]
        assert told(run(fixes(*rows), island, gap_s=600)) == [("enter", 100.0), ("exit", 500.0)]
        westward = [(600 - at_s, lon, lat) for at_s, lon, lat in rows]
        assert told(run(fixes(*westward), island, gap_s=600)) == [("enter", 100.0), ("exit", 500.0)]
    for lon, inside in ((179.95, 1), (-179.95, 1), (180.0, 1), (-180.0, 1), (0.0, 0)):
        assert len(run(fixes((0, lon, -16.9)), island)) == inside


def test_r15_the_step_of_the_rule(fixes: Fixes, fence: Fence) -> None:
    ring = [[179.9, -17.0], [-179.9, -17.0], [-179.9, -16.8], [179.9, -16.8], [179.9, -17.0]]
    island = fence({"geometry": {"type": "Polygon", "coordinates": [ring]}})
    batch = fixes((0, 179.85, -16.9), (500, -179.85, -16.9))
    events = run(batch, island, gap_s=600)
    assert [(kind, round(at_s or 0, 1)) for kind, at_s in told(events)] == [
        ("enter", 83.3),
        ("exit", 416.7),
    ]


@pytest.mark.parametrize("turned", [False, True])
def test_r16_the_border_is_inside(fixes: Fixes, fence: Fence, turned: bool) -> None:
    square = [[114.1, 22.3], [114.11, 22.3], [114.11, 22.31], [114.1, 22.31], [114.1, 22.3]]
    ring = square[::-1] if turned else square
    z = fence({"geometry": {"type": "Polygon", "coordinates": [ring]}})
    west, mid_lon, east, south, mid_lat, north = 114.1, 114.105, 114.11, 22.3, 22.305, 22.31
    border = [
        (west, south), (mid_lon, south), (east, south), (east, mid_lat),
        (east, north), (mid_lon, north), (west, north), (west, mid_lat),
    ]  # fmt: skip
    rows = [(0, *place, vehicle) for vehicle, place in enumerate(border)]
    assert sorted(e.vehicle_id for e in run(fixes(*rows), z)) == list(range(8))


def test_r16_within_a_millimetre_is_on_the_border(fixes: Fixes, fence: Fence) -> None:
    """A millimetre at 22.3 N is 9.0e-9 degrees of latitude and 9.7e-9 of longitude."""
    rows = [
        (0, 114.105, 22.3 - 8e-9, 1),
        (0, 114.105, 22.3 - 10e-9, 2),
        (0, 114.1 - 9e-9, 22.305, 3),
        (0, 114.1 - 11e-9, 22.305, 4),
    ]
    assert [e.vehicle_id for e in run(fixes(*rows), fence())] == [1, 3]


@pytest.mark.parametrize(
    "way",
    [
        ((114.09, 22.30), (114.10, 22.29)),
        ((114.09, 22.31), (114.11, 22.29)),
        ((114.095, 22.30), (114.115, 22.30)),
        ((114.1, 22.29), (114.1, 22.32)),
    ],
    ids=["beside", "over a corner", "along an edge", "along another"],
)
def test_a_way_that_only_touches_is_nothing(
    fixes: Fixes, fence: Fence, way: tuple[tuple[float, float], tuple[float, float]]
) -> None:
    assert run(fixes((0, *way[0]), (10, *way[1])), fence()) == []


def test_a_way_through_two_corners_is_told_once(fixes: Fixes, fence: Fence) -> None:
    events = run(fixes((0, 114.095, 22.295), (40, 114.115, 22.315)), fence())
    assert told(events) == [("enter", 10.0), ("exit", 30.0)]


def test_an_edit_of_one_fence_moves_no_crossing_of_another(fixes: Fixes, fence: Fence) -> None:
    other = fence(fence_id=2, since_s=30, until_s=35)
    assert told(run(fixes((0, *OUT_S), (40, *IN)), fence(), other)) == [("enter", 20.0)]


def test_one_fix_on_the_border_proves_nothing(fixes: Fixes, fence: Fence) -> None:
    assert run(fixes((0, *OUT_S), (10, 114.105, 22.3), (20, *OUT_S)), fence()) == []


def test_r17_a_hole_is_outside(fixes: Fixes, fence: Fence) -> None:
    rings = [
        [[114.1, 22.3], [114.11, 22.3], [114.11, 22.31], [114.1, 22.31], [114.1, 22.3]],
        [[114.104, 22.304], [114.104, 22.306], [114.106, 22.306], [114.106, 22.304]],
    ]
    rings[1].append(rings[1][0])
    ring = fence({"geometry": {"type": "Polygon", "coordinates": rings}})
    rows = [(0, 114.09, 22.305), (60, 114.102, 22.305), (90, *IN), (120, 114.108, 22.305)]
    assert told(run(fixes(*rows), ring)) == [("enter", 50.0), ("exit", 80.0), ("enter", 100.0)]


def test_r18_a_multipolygon_is_one_fence(fixes: Fixes, fence: Fence) -> None:
    def two(gap_deg: float) -> FenceVersion:
        parts = [
            [[[w, 22.3], [w + 0.01, 22.3], [w + 0.01, 22.31], [w, 22.31], [w, 22.3]]]
            for w in (114.1, 114.11 + gap_deg)
        ]
        return fence({"geometry": {"type": "MultiPolygon", "coordinates": parts}})

    def from_a_to(lon: float) -> FixBatch:
        return fixes((0, *IN), (40, lon, 22.305))

    assert told(run(from_a_to(114.125), two(0.01))) == [
        ("present", 0.0),
        ("exit", 10.0),
        ("enter", 30.0),
    ]
    assert told(run(from_a_to(114.115), two(0.0))) == [("present", 0.0)]


def test_a_fence_watches_its_own_department_only(fixes: Fixes, fence: Fence) -> None:
    ours, theirs = fence(), fence(fence_id=2, department_id=2)
    events = run(fixes((0, *OUT_S, 1, 1), (40, *IN, 1, 1), (0, *IN, 2, 2)), ours, theirs)
    assert [(e.vehicle_id, e.fence_id) for e in events] == [(2, 2), (1, 1)]


def test_a_vehicle_that_changes_department_changes_fences(fixes: Fixes, fence: Fence) -> None:
    events = run(
        fixes((0, *IN, 1, 1), (10, *IN, 1, 2)), fence(), fence(fence_id=2, department_id=2)
    )
    assert [(e.kind, e.fence_id, e.cause) for e in events] == [
        ("present", 1, "first_fix"),
        ("exit", 1, "scope"),
        ("present", 2, "scope"),
    ]


def test_r39_exits_come_before_enters_at_one_instant(fixes: Fixes, fence: Fence) -> None:
    ring = [[114.1, 22.29], [114.11, 22.29], [114.11, 22.3], [114.1, 22.3], [114.1, 22.29]]
    south = fence({"geometry": {"type": "Polygon", "coordinates": [ring]}}, fence_id=9)
    events = run(fixes((0, *OUT_S), (40, *IN)), fence(), south)
    assert [(e.kind, e.fence_id) for e in events] == [("present", 9), ("exit", 9), ("enter", 1)]
    assert events[1].time_ms == events[2].time_ms


def test_of_doubles_the_first_counts(fixes: Fixes, fence: Fence) -> None:
    assert told(run(fixes((0, *IN), (0, *OUT_S), (10, *IN)), fence())) == [("present", 0.0)]


def test_a_state_holds_the_last_fix_and_the_fences_round_it(fixes: Fixes, fence: Fence) -> None:
    index = FenceIndex([fence(fence_id=7)])
    (state,) = step({}, fixes((0, *OUT_S, 4), (20, *IN, 4)), index, {}).states.values()
    assert state == VehicleState(
        fixed_ms=T0_MS + 20_000,
        judged_ms=T0_MS + 20_000,
        lon=IN[0],
        lat=IN[1],
        department_id=1,
        inside=frozenset({7}),
        memory=Memory(visits={7: Visit(True, T0_MS + 10_000, T0_MS + 10_000)}),
    )


def test_two_versions_at_one_time_are_refused(fence: Fence) -> None:
    with pytest.raises(OverlappingVersionsError, match="D/1, versions 1 and 2"):
        FenceIndex([fence(until_s=21), fence(FAR, version=2, since_s=20)])


def test_a_state_inside_a_fence_that_the_index_lacks_is_refused(fixes: Fixes, fence: Fence) -> None:
    states = states_at(fixes((0, *IN)), FenceIndex([fence()]))
    with pytest.raises(UnknownFenceError, match="fence id 1"):
        step(states, fixes((10, *IN)), FenceIndex([]), {})


def test_nothing_comes_of_nothing(fixes: Fixes, fence: Fence) -> None:
    assert step({}, fixes(), FenceIndex([fence()]), {}) == StepResult({}, [])
    assert rejudge({}, FenceIndex([]), T0_MS) == StepResult({}, [])
