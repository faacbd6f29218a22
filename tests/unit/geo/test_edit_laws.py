"""A fence edited between fixes leaves the states that an index made with the edit leaves."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geo.crossing import Event, StepResult, VehicleState, rejudge, step
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.limits import Limits

T0_MS = 1_795_406_400_000
LIMITS = dict.fromkeys((1, 2), Limits(max_speed_mps=math.inf))
#: (vehicle, seconds, metres north of the southern border, metres off it may be)
Row = tuple[int, int, float, float]
#: Deep on both sides and within the bands of both borders: who passes through into the band of the
#: other border leaves a last change in the visit.
STEPS_M = (-600.0, -30.0, -1.0, 0.0, 1.0, 600.0, 1106.0, 1109.0, 1140.0)
ROWS = st.lists(
    st.tuples(
        st.sampled_from((1, 2)),
        st.integers(0, 30).map(lambda tens: tens * 10),
        st.sampled_from(STEPS_M),
        st.sampled_from((5.0, 15.0, 60.0)),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda row: row[:2],
).map(lambda rows: sorted(rows, key=lambda row: (row[1], row[0])))
CIRCLE = {"circle": {"center": [114.105, 22.302], "radius_m": 250}}
NORTH = {"corridor": {"line": [[114.0, 22.31], [114.2, 22.31]], "each_side_m": 40}}
#: What becomes of the square: the same, another shape, elsewhere, nothing.
SHAPES = st.sampled_from(("same", CIRCLE, NORTH, None))


def batch_of(rows: list[Row]) -> FixBatch:
    table = np.array(rows, dtype=np.float64).reshape(-1, 4)
    return FixBatch(
        vehicle_id=table[:, 0].astype(np.int32),
        department_id=np.ones(len(table), dtype=np.int32),
        fixed_ms=T0_MS + table[:, 1].astype(np.int64) * 1000,
        lon=np.full(len(table), 114.105),
        lat=22.3 + table[:, 2] / 110_750.0,
        error_m=table[:, 3],
    )


class Told:
    """What one way of going on left."""

    def __init__(self) -> None:
        self.states: dict[int, VehicleState] = {}
        self.events: dict[object, Event] = {}

    def step(self, rows: list[Row], index: FenceIndex) -> None:
        self._adopt(step(self.states, batch_of(rows), index, LIMITS))

    def rejudge(self, at_s: int, index: FenceIndex) -> None:
        self._adopt(rejudge(self.states, index, T0_MS + at_s * 1000, LIMITS))

    def _adopt(self, result: StepResult) -> None:
        self.states |= result.states
        self.events |= {event.key: event for event in (*result.events, *result.restated)}
        for event in result.withdrawn:
            del self.events[event.key]


@given(rows=ROWS, edited_s=st.integers(0, 60).map(lambda fives: fives * 5), shape=SHAPES)
@example(  # Through the square into the northern band, and back: no change is the last any more.
    rows=[(1, 0, -30.0, 5.0), (1, 100, 1109.0, 5.0), (1, 110, 600.0, 5.0)],
    edited_s=0,
    shape="same",
)
@example(  # It ended without a fix: the next one lets go of the visit.
    rows=[(1, 0, 30.0, 5.0), (1, 60, 1106.0, 5.0), (1, 70, 600.0, 5.0)], edited_s=35, shape=None
)
@settings(deadline=None)
def test_an_edit_in_the_middle_leaves_the_states_of_an_index_built_from_scratch(
    fence: Callable[..., FenceVersion],
    rows: list[Row],
    edited_s: int,
    shape: str | dict[str, object] | None,
) -> None:
    """Whatever a visit remembers of its last change, too."""
    beside = fence(CIRCLE, fence_id=2)
    ended = fence(until_s=edited_s)
    new = [] if shape is None else [fence(None if shape == "same" else shape, since_s=edited_s)]
    new = [replace(each, version=2) for each in new]
    before, after = ([r for r in rows if r[1] <= edited_s], [r for r in rows if r[1] > edited_s])
    built = FenceIndex([ended, *new, beside])
    live, scratch, whole = Told(), Told(), Told()
    index = FenceIndex([replace(ended, until_ms=None), beside])
    for row in before:
        live.step([row], index)
    index = index.edited([ended, *new])
    live.rejudge(edited_s, index)
    for row in after:
        live.step([row], index)
    scratch.step(before, built)
    scratch.rejudge(edited_s, built)
    scratch.step(after, built)
    assert live.states == scratch.states
    assert live.events == scratch.events
    whole.step(rows, built)
    assume({row[0] for row in before} <= {row[0] for row in after})
    assert live.states == whole.states
    assert live.events == whole.events
