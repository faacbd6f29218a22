"""Silence, buttons and sensors: what the engine tells, and that no cut of batches changes it."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import time
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geo.crossing import StepResult, VehicleState, next_due_ms, rejudge, renewed, step
from geo.event import Event
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.limits import Limits
from geo.memory import from_json, to_json
from geo.signals import Comparison, Signal, Signals, Value
from geo.timeline import objects
from geo.watch import Watches
from geo.windows import Calendar, Window
from tests.unit.geo.conftest import T0_MS

Row = tuple[int, str, Mapping[str, Value] | None]
#: In and out of the square Z; FAR is an impossible jump from either within a minute.
PLACES = {"in": (114.105, 22.305), "out": (114.105, 22.295), "far": (114.6, 22.3)}
PRESSED, OPEN, SHUT = {"duress": True}, {"door": True}, {"door": False}
DOOR = Comparison("door", "is", True)


def everybody(vehicle_id: int, at_ms: int) -> bool:
    return True


def signal(kind: Any, **more: Any) -> Signal:  # noqa: ANN401  fields of a signal
    return Signal(1, 1, kind, everybody, **more)


def batch(rows: Sequence[Row], ignition: int = -1) -> FixBatch:
    places = [PLACES[place] for _, place, _ in rows]
    return FixBatch(
        vehicle_id=np.ones(len(rows), dtype=np.int32),
        department_id=np.ones(len(rows), dtype=np.int32),
        fixed_ms=T0_MS + np.array([s for s, *_ in rows], dtype=np.int64) * 1000,
        lon=np.array([lon for lon, _ in places], dtype=np.float64),
        lat=np.array([lat for _, lat in places], dtype=np.float64),
        ignition=np.full(len(rows), ignition, dtype=np.int8),
        inputs=objects([inputs for *_, inputs in rows]),
    )


def stood(*results: StepResult) -> list[Event]:
    """Signals' events of steps one after the other, as they stand at the end."""
    told: dict[object, Event] = {}
    for result in results:
        told |= {event.key: event for event in (*result.events, *result.restated)}
        for event in result.withdrawn:
            told.pop(event.key, None)
    return sorted((e for e in told.values() if e.rule_id), key=lambda e: (e.at_ms, e.rule_id or 0))


def said(event: Event) -> tuple[Any, ...]:
    """Kind, begin and end in seconds, length; what may depend on the arrival left out."""
    end = None if event.ended_ms is None else (event.ended_ms - T0_MS) / 1000
    return event.kind, (event.at_ms - T0_MS) / 1000, end, event.length_s


class Track:
    """A vehicle under rules, heard bit by bit."""

    def __init__(self, fences: FenceIndex, *signals: Signal, limits: Limits | None = None) -> None:
        self.world = (fences, {} if limits is None else {1: limits})
        self.watches = Watches((), Signals(signals))
        self.states: dict[int, VehicleState] = {}
        self.results: list[StepResult] = []

    def go(self, *rows: Row, ignition: int = -1) -> Track:
        self._add(step(self.states, batch(rows, ignition), *self.world, self.watches))
        return self

    def clock(self, second: int) -> Track:
        at_ms = T0_MS + second * 1000
        self._add(rejudge(self.states, self.world[0], at_ms, self.world[1], self.watches))
        return self

    def restart(self) -> Track:
        for vehicle_id, state in self.states.items():
            kept = json.loads(json.dumps(to_json(state.memory)))
            read = state._replace(memory=from_json(kept))
            self.states[vehicle_id] = renewed(read, self.watches)
        return self

    def due(self) -> float | None:
        fences, limits = self.world
        due_ms = next_due_ms(self.states[1], 1, limits, self.watches, fences)
        return None if due_ms is None else (due_ms - T0_MS) / 1000

    def events(self) -> list[tuple[Any, ...]]:
        return [said(each) for each in stood(*self.results)]

    def _add(self, result: StepResult) -> None:
        self.results.append(result)
        self.states |= result.states


@pytest.fixture(scope="module")
def square(fence: Callable[..., FenceVersion]) -> FenceIndex:
    return FenceIndex([fence()])


def test_silence_is_told_by_the_clock_once_and_ends_when_it_is_heard(square: FenceIndex) -> None:
    track = Track(square, signal("silent")).go((0, "out", None))
    assert track.due() == 300
    assert track.clock(299).events() == []
    assert track.clock(300).events() == [("silent", 300, None, 300)]
    assert track.due() is None
    assert track.restart().clock(10_000).events() == [("silent", 300, None, 300)]
    assert track.go((20_000, "out", None)).events() == [("silent", 300, 20_000, 20_000)]
    assert track.clock(20_301).events()[1:] == [("silent", 20_300, None, 300)]


@pytest.mark.parametrize(
    ("ignition", "own_s", "second"), [(0, None, 7200), (1, None, 300), (0, 30, 30), (-1, 900, 900)]
)
def test_how_long_is_too_long(
    square: FenceIndex, ignition: int, own_s: int | None, second: int
) -> None:
    own_ms = None if own_s is None else own_s * 1000
    track = Track(square, signal("silent", silent_ms=own_ms))
    assert track.go((0, "out", None), ignition=ignition).due() == second
    assert [at for _, at, *_ in track.clock(second).events()] == [second]


def test_a_silence_that_no_clock_told_is_told_late_by_the_next_fix(square: FenceIndex) -> None:
    track = Track(square, signal("silent")).go((0, "out", None)).go((301, "out", None))
    [event] = stood(*track.results)
    assert (said(event), event.late, event.cause) == (("silent", 300, 301, 301), True, "fix")
    assert Track(square, signal("silent")).go((0, "out", None), (300, "out", None)).events() == []


@pytest.mark.parametrize(
    ("outside", "place", "told"),
    [(False, "in", 1), (False, "out", 0), (True, "in", 0), (True, "out", 1)],
)
def test_silence_only_where_the_rule_says(
    square: FenceIndex, outside: bool, place: str, told: int
) -> None:
    watched = signal("silent", fence_ids=frozenset({1}), outside=outside)
    track = Track(square, watched).go((0, place, None)).clock(400)
    assert len(track.events()) == told
    assert [e.fence_id for e in stood(*track.results)] == ([1] if told and not outside else [])[
        :told
    ] + ([None] if told and outside else [])


def test_silence_is_told_when_the_window_opens(square: FenceIndex) -> None:
    """T0 is noon in Hong Kong."""
    calendar = Calendar(ZoneInfo("Asia/Hong_Kong"), {})
    days = frozenset(("mon", "tue", "wed", "thu", "fri", "sat", "sun"))
    window = Window(days=days, from_=time(13), to=time(14), calendar=calendar)
    track = Track(square, signal("silent", window=window)).go((0, "out", None))
    assert track.clock(3599).events() == []
    assert track.clock(3600).events() == [("silent", 3600, None, 3600)]


def test_a_press_is_told_at_once_and_once(square: FenceIndex) -> None:
    track = Track(square, signal("duress", test=Comparison("duress", "is", True)))
    track.go((0, "out", None)).go((10, "out", PRESSED))
    assert track.events() == [("duress", 10, None, 0)]
    assert track.go((20, "out", PRESSED)).restart().events() == [("duress", 10, None, 10)]
    assert track.go((30, "out", None)).events() == [("duress", 10, 20, 10)]
    assert track.go((40, "out", PRESSED)).events()[1:] == [("duress", 40, None, 0)]


def test_a_press_at_a_place_that_nobody_believes_is_told_all_the_same(square: FenceIndex) -> None:
    press = Comparison("duress", "is", True)
    track = Track(square, signal("duress", test=press)).go((0, "out", None))
    assert track.go((5, "far", PRESSED)).events() == [("duress", 5, None, 0)]
    assert track.states[1].held is not None
    # The next fix proves that it was elsewhere, and is not pressed any more.
    assert track.restart().go((10, "out", None)).events() == [("duress", 5, 5, 0)]
    # In a zone it waits until the place is believed.
    zoned = Track(square, signal("duress", test=press, fence_ids=frozenset({1}), outside=True))
    assert zoned.go((0, "out", None)).go((5, "far", PRESSED)).events() == []
    assert zoned.go((10, "far", PRESSED)).events() == [("duress", 5, None, 5)]


def test_a_door_open_outside_a_dumping_ground(square: FenceIndex) -> None:
    watched = signal("sensor", test=DOOR, fence_ids=frozenset({1}), outside=True)
    track = Track(square, watched).go((0, "in", OPEN), (60, "in", SHUT), (120, "out", SHUT))
    assert track.events() == []
    assert track.go((180, "out", OPEN)).events() == [("sensor", 180, None, 0)]
    # What says nothing of the door changes nothing.
    assert track.go((240, "out", {"draught_m": 4.2})).events() == [("sensor", 180, None, 0)]
    assert track.go((300, "in", OPEN)).events() == [("sensor", 180, 180, 0)]


def test_an_episode_has_its_length_and_extremes_and_ends_as_it_began(square: FenceIndex) -> None:
    watched = signal("sensor", test=Comparison("temp_c", ">", 8), for_ms=20_000)
    track = Track(square, watched)
    warm = [9.0, 12.0, 10.0, 7.0, 9.5, 6.0, 5.0]
    track.go(*((10 * n, "out", {"temp_c": temp_c}) for n, temp_c in enumerate(warm)))
    assert track.events() == [("sensor", 0, None, 40)]
    [event] = stood(*track.results)
    assert (event.lowest, event.highest) == (9.0, 12.0)
    assert track.go((70, "out", {"temp_c": 4.0})).events() == [("sensor", 0, 40, 40)]


def test_a_row_too_short_is_nothing_and_a_gap_ends_what_went_on(square: FenceIndex) -> None:
    watched = signal("sensor", test=DOOR, for_ms=30_000)
    track = Track(square, watched).go((0, "out", OPEN), (20, "out", OPEN), (29, "out", SHUT))
    assert track.events() == []
    track.go((100, "out", OPEN), (130, "out", OPEN)).go((1000, "out", OPEN))
    assert track.events() == [("sensor", 100, 130, 30)]


@pytest.mark.parametrize(
    ("said", "op", "value", "holds"),
    [
        (True, "is", True, True),
        (False, "is", True, False),
        ("open", "is", True, True),
        ("Closed", "is", True, False),
        ("ajar", "is", True, None),
        (0.0, "is_not", True, True),
        (8.0, ">", 8.0, False),
        (8.1, ">", 8.0, True),
        (True, ">=", 1.0, True),
        ("8.1", ">", 8.0, None),
        ("raised", "is", "Raised", True),
        (3.0, "is", 3.0, True),
        (3.0, "is", "three", None),
    ],
)
def test_comparisons(said: Value, op: Any, value: Value, holds: bool | None) -> None:  # noqa: ANN401  an operator
    assert Comparison("x", op, value).holds(said) is holds


def test_a_vehicle_without_such_rules_or_inputs_is_not_gone_through(
    square: FenceIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was gone through")

    track = Track(square, signal("silent"), signal("sensor", test=DOOR)._replace(rule_id=2))
    track.go((0, "out", SHUT))
    monkeypatch.setattr("geo.course.Course.take", never)
    assert track.go((10, "out", SHUT)).go((20, "out", None)).events() == []


INPUTS = st.sampled_from([None, PRESSED, OPEN, SHUT, {**OPEN, **PRESSED}])
TRACKS = st.lists(
    st.tuples(
        st.integers(0, 30).map(lambda i: i * 10) | st.sampled_from([900, 910, 1900]),
        st.sampled_from(["in", "out", "out", "far"]),
        INPUTS,
    ),
    min_size=1,
    max_size=16,
    unique_by=lambda row: row[0],
).map(lambda rows: sorted(rows, key=lambda row: row[0]))
ALL = (
    signal("silent"),
    signal("silent", fence_ids=frozenset({1}), silent_ms=45_000)._replace(rule_id=2),
    signal("duress", test=Comparison("duress", "is", True))._replace(rule_id=3),
    signal("sensor", test=DOOR, for_ms=20_000)._replace(rule_id=4),
    signal("sensor", test=DOOR, fence_ids=frozenset({1}), outside=True)._replace(rule_id=5),
    signal("sensor", test=DOOR, fence_ids=frozenset({1}))._replace(rule_id=6),
)


@given(rows=TRACKS, cuts=st.lists(st.integers(0, 2000), max_size=4), clocks=st.booleans())
@settings(deadline=None)
def test_no_cut_no_restart_and_no_clock_changes_what_was(
    square: FenceIndex, rows: list[Row], cuts: list[int], clocks: bool
) -> None:
    whole = Track(square, *ALL).go(*rows).clock(5000)
    parts = Track(square, *ALL)
    for low, high in itertools.pairwise([-1, *sorted(cuts), 3000]):
        some = [row for row in rows if low < row[0] <= high]
        later = [row[0] for row in rows if row[0] > high]
        parts.go(*some).restart()
        held = any(state.held for state in parts.states.values())
        if clocks and not held:
            # Up to the next fix: one that is older than what the clock told is gone back to.
            parts.clock(min([high, *(second - 1 for second in later)]))
    assert parts.clock(5000).events() == whole.events()
    assert [(s.memory.signals, s.held) for s in parts.states.values()] == [
        (s.memory.signals, s.held) for s in whole.states.values()
    ]
