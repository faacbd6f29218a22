"""Rules R37 and R40 at full size, in the pure step: 100,000 fixes, cut anyhow, are one run."""

from __future__ import annotations

import json

import numpy as np
import pytest

from geo import crossing
from geo.crossing import VehicleState
from geo.event import Event, Key
from geo.fences import FenceIndex, FenceVersion
from geo.fix import FixBatch
from geo.memory import from_json, to_json
from geo.shapes import build_shape
from geo.watch import Watch, Watches

VEHICLES, FIXES = 500, 200
START_MS = 1_795_406_400_000
STEPS_M = np.array([-60.0, -30.0, -7.0, -3.0, 0.0, 3.0, 7.0, 30.0, 60.0, 2000.0])
#: Of fences that share a stretch of border the south and the north: ways cross some of them twice.
SPANS = [(22.3, 22.31), (22.3, 22.3002), (22.29995, 22.30025), (22.2996, 22.3004)]


def fence(number: int, south: float, north: float) -> FenceVersion:
    ring = [[114.10, south], [114.11, south], [114.11, north], [114.10, north], [114.10, south]]
    return FenceVersion(
        fence_id=number,
        ref=f"D/{number}",
        department_id=1,
        version=1,
        geometry=build_shape({"geometry": {"type": "Polygon", "coordinates": [ring]}}),
        from_ms=0,
        until_ms=None,
    )


INDEX = FenceIndex([fence(1, *SPANS[0])])
MANY = FenceIndex([fence(number, *span) for number, span in enumerate(SPANS, 1)])


def everybody(vehicle_id: int, at_ms: int) -> bool:
    return True


#: A dwell shorter than the time between two fixes is due before the fix that shows the visit.
WATCHES = Watches(
    [
        Watch(1, 1, "dwell", None, everybody, dwell_ms=3_000),
        Watch(2, 1, "dwell", None, everybody, dwell_ms=60_000),
        Watch(3, 1, "speed", None, everybody, limit_kmh=40.0),
    ]
)


def fixes(seed: int) -> FixBatch:
    """Of each vehicle a track at the border; sorted by time, each fix twice."""
    chance = np.random.default_rng(seed)
    shape = (VEHICLES, FIXES)
    apart_ms = chance.choice([2_000, 10_000, 10_000, 30_000, 700_000], shape)
    fixed_ms = START_MS + np.cumsum(apart_ms, axis=1)
    lat = 22.3 + chance.choice(STEPS_M, shape) / 110_750.0
    order = np.repeat(np.argsort(fixed_ms, axis=None, kind="stable"), 2)
    return FixBatch(
        vehicle_id=np.repeat(np.arange(1, VEHICLES + 1), FIXES)[order].astype(np.int32),
        department_id=np.ones(len(order), dtype=np.int32),
        fixed_ms=fixed_ms.ravel()[order],
        lon=np.full(len(order), 114.105),
        lat=lat.ravel()[order],
        error_m=chance.choice([3.0, 5.0, 15.0, 40.0, 700.0], shape).ravel()[order],
        speed_mps=chance.choice([np.nan, 0.5, 10.0, 15.0], shape).ravel()[order],
        ignition=chance.choice([-1, 0, 1], shape).ravel()[order].astype(np.int8),
    )


def part(batch: FixBatch, rows: np.ndarray) -> FixBatch:
    columns = {name: getattr(batch, name) for name in FixBatch.__dataclass_fields__}
    return FixBatch(**{name: known[rows] for name, known in columns.items() if known is not None})


def stored(state: VehicleState) -> VehicleState:
    """The state as it comes back from where it was stored."""
    memory = from_json(json.loads(json.dumps(to_json(state.memory))))
    return crossing.renewed(state._replace(memory=memory), WATCHES)


def told(
    states: dict[int, VehicleState], batches: list[FixBatch], index: FenceIndex = INDEX
) -> set[Event]:
    """What stands after the batches, as it was told last."""
    events: dict[Key, Event] = {}
    for batch in batches:
        stepped = crossing.step(states, batch, index, {}, WATCHES)
        states.update({v: stored(state) for v, state in stepped.states.items()})
        events |= {event.key: event for event in (*stepped.events, *stepped.restated)}
        for event in stepped.withdrawn:
            events.pop(event.key, None)
    return set(events.values())


@pytest.mark.parametrize("cuts", [3, 40])
def test_any_cut_in_time_gives_the_events_of_the_whole(cuts: int) -> None:
    batch = fixes(cuts)
    whole = told({}, [batch])
    chance = np.random.default_rng(cuts)
    # Between the doubles of a fix nothing is cut: a double of a stored fix never reaches the step.
    ends = np.sort(chance.integers(0, len(batch) // 2, cuts)) * 2
    parts = [part(batch, rows) for rows in np.split(np.arange(len(batch)), ends) if len(rows)]
    assert len(whole) > 10_000
    assert told({}, parts) == whole


def test_one_fix_a_batch_and_four_shares_are_one_run() -> None:
    batch = fixes(7)
    few = part(batch, np.flatnonzero(batch.vehicle_id <= 20))
    single = [part(few, np.array([row])) for row in range(0, len(few), 2)]
    assert told({}, single, MANY) == told({}, [few], MANY)
    shares = [part(batch, np.flatnonzero(batch.vehicle_id % 4 == share)) for share in range(4)]
    apart = set().union(*(told({}, [share]) for share in shares))
    assert apart == told({}, [batch])


def test_no_way_leads_past_a_jump_to_a_fix_that_is_not_used() -> None:
    """Parked inside, then two fixes 2 km off that agree: the first is no use (R8), the jump is."""
    rows = [(0, -60.0, 10.0, 1), (10, 60.0, 0.0, 0), (11, 2000.0, 0.5, 1), (21, 2000.0, 10.0, 1)]
    seconds, north_m, speed_mps, ignition = (np.array(column) for column in zip(*rows, strict=True))
    track = FixBatch(
        vehicle_id=np.ones(4, dtype=np.int32),
        department_id=np.ones(4, dtype=np.int32),
        fixed_ms=START_MS + seconds * 1000,
        lon=np.full(4, 114.105),
        lat=22.3 + north_m / 110_750.0,
        error_m=np.full(4, 5.0),
        speed_mps=speed_mps,
        ignition=ignition.astype(np.int8),
    )
    exits = [event for event in told({}, [track]) if event.kind == "exit"]
    assert [(event.gap, event.not_after_ms - START_MS) for event in exits] == [(True, 21_000)]


def test_a_dwell_shorter_than_the_time_between_two_fixes_is_told() -> None:
    """It is due before the fix that shows the visit, one fix a batch as in one."""
    track = part(fixes(1), np.array([0]))
    tracks = [
        FixBatch(
            **{
                **{name: getattr(track, name) for name in FixBatch.__dataclass_fields__},
                "fixed_ms": np.array([START_MS + second * 1000]),
                "lat": np.array([22.3 + north_m / 110_750.0]),
                "error_m": np.array([5.0]),
                "speed_mps": np.array([10.0]),
            }
        )
        for second, north_m in ((0, -60.0), (20, 60.0))
    ]
    kinds = sorted(event.kind for event in told({}, tracks))
    assert kinds == ["dwell", "enter"]
