"""Laws of the engine with rules on (R24, R25, R30, R37, R40): whatever the cut, the same events.

Tracks at borders, with accuracies, engines, speeds and silences, under dwells, speed limits and
windows; cut into batches, stored and read again, and judged by the clock between two fixes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Sequence
from datetime import time
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from geo.crossing import Event, StepResult, VehicleState, rejudge, renewed, step
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.memory import from_json, to_json
from geo.watch import Watch, Watches
from geo.windows import Calendar, Window

T0_MS: Final = 1_795_406_400_000  # 2026-11-23T04:00:00Z, noon in Hong Kong
END_S: Final = 20_000
#: In metres from the southern border of the square, to the north.
STEPS_M: Final = (-400.0, -60.0, -30.0, -12.0, -7.0, -3.0, 0.0, 3.0, 7.0, 12.0, 30.0, 60.0, 400.0)
#: Seconds, place in STEPS_M, error, ignition, speed.
Point = tuple[int, int, float, int, float]

points = st.tuples(
    st.integers(0, 500) | st.integers(1900, 2300) | st.integers(4100, 4500),
    st.integers(0, len(STEPS_M) - 1),
    st.sampled_from([3.0, 10.0, 40.0, 60.0, 700.0]),
    st.sampled_from([-1, 0, 1]),
    st.sampled_from([np.nan, 0.5, 10.0, 15.0]),
)
tracks = st.lists(points, min_size=1, max_size=20, unique_by=lambda point: point[0]).map(sorted)


def everybody(vehicle_id: int, at_ms: int) -> bool:
    return True


@pytest.fixture(scope="module")
def index(fence: Callable[..., FenceVersion]) -> FenceIndex:
    """The square in two versions, and a circle on its border that is there for a time."""
    circle = {"circle": {"center": [114.105, 22.3], "radius_m": 100}}
    return FenceIndex(
        [
            fence(until_s=2000),
            fence(version=2, since_s=2000),
            fence(circle, fence_id=2, since_s=130, until_s=4200),
        ]
    )


@pytest.fixture(scope="module")
def watches() -> Watches:
    """A short and a long dwell, a speed limit, and a window that opens within the tracks."""
    calendar = Calendar(ZoneInfo("Asia/Hong_Kong"), {2026: frozenset()})
    noon = Window(days=frozenset({"working"}), from_=time(12, 3), to=time(13), calendar=calendar)
    return Watches(
        [
            Watch(1, 1, "dwell", None, everybody, dwell_ms=60_000),
            Watch(2, 1, "dwell", frozenset({1}), everybody, dwell_ms=330_000),
            Watch(3, 1, "speed", None, everybody, limit_kmh=40.0),
            Watch(4, 1, "inside", None, everybody, window=noon),
        ]
    )


def batch_of(track: Sequence[Point]) -> FixBatch:
    table = np.array(track, dtype=np.float64).reshape(-1, 5)
    steps = np.array(STEPS_M)[table[:, 1].astype(np.int64)]
    return FixBatch(
        vehicle_id=np.ones(len(table), dtype=np.int32),
        department_id=np.ones(len(table), dtype=np.int32),
        fixed_ms=T0_MS + table[:, 0].astype(np.int64) * 1000,
        lon=np.full(len(table), 114.105),
        lat=22.3 + steps / 110_750.0,
        error_m=table[:, 2],
        ignition=table[:, 3].astype(np.int8),
        speed_mps=table[:, 4],
    )


class Run:
    """A vehicle that is gone on with."""

    def __init__(self, index: FenceIndex, watches: Watches) -> None:
        self.index, self.watches = index, watches
        self.states: dict[int, VehicleState] = {}
        self.told: dict[object, Event] = {}

    def take(self, track: Sequence[Point]) -> None:
        """Fixes come."""
        self._adopt(step(self.states, batch_of(track), self.index, {}, self.watches))

    def wait(self, until_s: int) -> None:
        """The clock goes on without a fix."""
        at_ms = T0_MS + until_s * 1000
        self._adopt(rejudge(self.states, self.index, at_ms, {}, self.watches))

    def restart(self) -> None:
        """The state is stored and read again."""
        for vehicle_id, state in self.states.items():
            kept = json.loads(json.dumps(to_json(state.memory)))
            read = renewed(state._replace(memory=from_json(kept)), self.watches)
            assert read == state
            self.states[vehicle_id] = read

    def _adopt(self, result: StepResult) -> None:
        self.states |= result.states
        self.told |= {event.key: event for event in (*result.events, *result.restated)}
        for event in result.withdrawn:
            del self.told[event.key]

    @property
    def events(self) -> list[Event]:
        """As they stand."""
        return sorted(self.told.values(), key=lambda event: (event.order, str(event.key)))


@given(track=tracks, cuts=st.lists(st.integers(0, 4500), max_size=4), restarts=st.booleans())
@example(
    # A dwell is over before the fix that shows the visit's beginning.
    track=[(0, 0, 10.0, -1, np.nan), (1900, 0, 10.0, -1, np.nan), (2021, 12, 10.0, -1, np.nan)],
    cuts=[1950],
    restarts=False,
)
@example(
    # A fence is made over a vehicle whose fixes are too far off for it; the next is good.
    track=[(0, 6, 60.0, -1, np.nan), (25, 11, 700.0, 1, 10.0), (1901, 0, 3.0, 0, np.nan)],
    cuts=[10],
    restarts=False,
)
@settings(deadline=None, max_examples=300)
def test_any_cut_gives_the_same(
    index: FenceIndex, watches: Watches, track: list[Point], cuts: list[int], restarts: bool
) -> None:
    whole, cut = Run(index, watches), Run(index, watches)
    whole.take(track)
    for low, high in itertools.pairwise([-1, *sorted(cuts), END_S]):
        cut.take([point for point in track if low < point[0] <= high])
        if restarts:
            cut.restart()
    assert cut.events == whole.events
    assert cut.states == whole.states
    whole.wait(END_S)
    cut.wait(END_S)
    assert cut.events == whole.events


@given(track=tracks, clocks=st.lists(st.integers(0, 6000), max_size=4))
@settings(deadline=None, max_examples=300)
def test_a_clock_between_the_fixes_changes_nothing(
    index: FenceIndex, watches: Watches, track: list[Point], clocks: list[int]
) -> None:
    whole, waited = Run(index, watches), Run(index, watches)
    whole.take(track)
    whole.wait(END_S)
    for low, high in itertools.pairwise([-1, *sorted(clocks), END_S]):
        waited.take([point for point in track if low < point[0] <= high])
        waited.wait(high)
        # A held fix older than that is gone back to, as a late one is.
        assume(
            all(s.held is None or s.held.fixed_ms >= s.judged_ms for s in waited.states.values())
        )
    assert waited.events == whole.events
