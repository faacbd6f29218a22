"""What vehicles did at fences: states and fixes in, new states and events out. Pure.

The state after a fix depends on that fix and the versions in force alone, so a track may be cut
anywhere, and begun again at any fix with `states_at`, and gives the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from geo.distance import Floats, unwrap_lon
from geo.event import Cause, Event
from geo.fences import FenceIndex, FenceVersion, Ints
from geo.fix import FixBatch
from geo.judged import Judged
from geo.timeline import Mask, RowKind, Timeline, VehicleState, timeline, waiting
from geo.walk import Changes, Sides, Ways, changes_of_side

__all__ = [
    "DEFAULT_GAP_MS",
    "Event",
    "StepResult",
    "VehicleState",
    "gap_limit_ms",
    "rejudge",
    "states_at",
    "step",
]

#: A gap is never shorter, milliseconds.
DEFAULT_GAP_MS: Final = 300_000


class StepResult(NamedTuple):
    """What came of a step."""

    #: New states, of the vehicles whose state changed only.
    states: dict[int, VehicleState]
    #: In order of time; see `Event.order`.
    events: list[Event]


def gap_limit_ms(interval_s: float) -> int:
    """Over so many milliseconds between two fixes nothing is said of the way between them."""
    return max(round(3000.0 * interval_s), DEFAULT_GAP_MS)


def step(
    states: Mapping[int, VehicleState],
    batch: FixBatch,
    fences: FenceIndex,
    gap_ms: Mapping[int, int],
) -> StepResult:
    """Go on from the states of vehicles (by id) with fixes in any order.

    A vehicle without a state is seen for the first time. Of doubles of a vehicle and time the first
    in the batch counts. `gap_ms` gives the limits of `gap_limit_ms` by vehicle id, DEFAULT_GAP_MS
    for a vehicle not in it. `fences` must hold every version in force since the oldest state was
    judged. Fixes must be finite and on the earth.

    Raises ValueError if a fix is not newer than its vehicle's state (then go back to an earlier fix
    with `states_at`), UnknownFenceError if a state names a fence that the index does not hold.
    """
    judged = Judged(timeline(states, batch, fences.moments_ms), states, fences)
    return StepResult(judged.states(judged.table.last), _events(judged, gap_ms))


def rejudge(states: Mapping[int, VehicleState], fences: FenceIndex, at_ms: int) -> StepResult:
    """Deal with the versions that began or ended up to a time, at the vehicles' last fixes.

    Call it when a fence was changed (`at_ms` its time) and with the states that `step` returned
    (`at_ms` the clock, as a fix may arrive after a change that is later than it). Nothing comes
    twice: what was dealt with stands in the state, and `step` deals with the rest by itself. A
    state whose fix is newer than `at_ms` is left alone; for that vehicle the change lies in the
    past, and it must be stepped again from a fix before it.
    """
    judged = Judged(waiting(states, at_ms, fences.moments_ms), states, fences)
    events = _events(judged, {})
    told = np.array(sorted({event.vehicle_id for event in events}), dtype=np.int64)
    last = np.searchsorted(judged.table.vehicle_id, told, side="right") - 1
    return StepResult(judged.states(last), events)


def states_at(batch: FixBatch, fences: FenceIndex) -> dict[int, VehicleState]:
    """The states that fixes alone leave behind, by vehicle id; the newest counts of each vehicle.

    What `step` would have left there, whatever came before.
    """
    judged = Judged(timeline({}, batch, fences.moments_ms), {}, fences)
    return judged.states(judged.table.last)


def _events(judged: Judged, gap_ms: Mapping[int, int]) -> list[Event]:
    """All events of a timeline, in order."""
    table = judged.table
    fix, follows = table.kind == RowKind.FIX, table.follows
    transferred, gap = _is_transfer(table), _is_gap(table, gap_ms)
    moved = fix & follows & ~transferred & ~gap
    changed = judged.changed
    row = changed // judged.width
    tellers: tuple[tuple[Mask, Callable[[Judged, int], Event]], ...] = (
        (table.kind == RowKind.MOMENT, _rejudged),
        (fix & ~follows, _first_seen),
        (transferred, _transferred),
        (gap & ~transferred, _after_gap),
    )
    events = [tell(judged, key) for mask, tell in tellers for key in changed[mask[row]].tolist()]
    events.extend(_along_ways(judged, np.flatnonzero(moved), changed[moved[row]]))
    return sorted(events, key=lambda event: event.order)


def _is_gap(table: Timeline, gap_ms: Mapping[int, int]) -> Mask:
    vehicles, back = np.unique(table.vehicle_id, return_inverse=True)
    limits = [gap_ms.get(vehicle_id, DEFAULT_GAP_MS) for vehicle_id in vehicles.tolist()]
    silence_ms = table.fixed_ms - np.roll(table.fixed_ms, 1)
    return np.asarray(table.follows & (silence_ms > np.array(limits, dtype=np.int64)[back]))


def _is_transfer(table: Timeline) -> Mask:
    """Fixes at which a vehicle turns up in another department than it was in."""
    department_id = table.places.department_id
    return np.asarray(table.follows & (department_id != np.roll(department_id, 1)))


def _first_seen(judged: Judged, key: int) -> Event:
    fixed_ms = judged.fixed_ms(key)
    return Event(
        kind="present",
        vehicle_id=judged.vehicle_id(key),
        fence_id=judged.fence_id(key),
        fence_version=judged.version(key),
        time_ms=fixed_ms,
        not_before_ms=None,
        not_after_ms=fixed_ms,
        cause="first_fix",
    )


def _rejudged(judged: Judged, key: int) -> Event:
    """A version began or ended: the vehicle is judged by side where it was seen last."""
    row, slot = divmod(key, judged.width)
    just_after_ms = int(judged.table.places.judged_ms[row])
    either = np.array((just_after_ms - 1, just_after_ms))
    ended, begun = judged.fences.in_force(np.array((slot, slot)), either).tolist()
    cause: Cause = "fence_edit"
    if ended < 0:
        cause = "fence_created"
    elif begun < 0:
        cause = "fence_deleted"
    # Later than the fix, which may have opened the visit that this ends.
    time_ms = max(just_after_ms - 1, judged.fixed_ms(key) + 1)
    return Event(
        kind="present" if judged.opens(key) else "exit",
        vehicle_id=judged.vehicle_id(key),
        fence_id=judged.fence_id(key),
        fence_version=judged.version(key),
        time_ms=time_ms,
        not_before_ms=time_ms,
        not_after_ms=time_ms,
        cause=cause,
    )


def _transferred(judged: Judged, key: int) -> Event:
    """The fences of one department let go of a vehicle, those of another find it."""
    fixed_ms = judged.fixed_ms(key)
    return Event(
        kind="present" if judged.opens(key) else "exit",
        vehicle_id=judged.vehicle_id(key),
        fence_id=judged.fence_id(key),
        fence_version=judged.version(key),
        time_ms=fixed_ms,
        not_before_ms=judged.fixed_ms(key - judged.width),
        not_after_ms=fixed_ms,
        cause="scope",
    )


def _after_gap(judged: Judged, key: int) -> Event:
    return Event(
        kind="enter" if judged.opens(key) else "exit",
        vehicle_id=judged.vehicle_id(key),
        fence_id=judged.fence_id(key),
        fence_version=judged.version(key),
        time_ms=None,
        not_before_ms=judged.fixed_ms(key - judged.width),
        not_after_ms=judged.fixed_ms(key),
        gap=True,
    )


def _along_ways(judged: Judged, rows: Ints, changed: Ints) -> Iterator[Event]:
    """Events of rows that vehicles came to along a straight way from the row before."""
    table, fences, places = judged.table, judged.fences, judged.table.places
    cuts = fences.cuts(places.lon[rows - 1], places.lat[rows - 1], places[rows])
    cut_key = rows[cuts.row] * judged.width + fences.slot[cuts.version]
    keys = np.union1d(changed, cut_key)
    row, version = keys // judged.width, judged.versions(keys)
    start = np.column_stack((places.lon[row - 1], places.lat[row - 1]))
    end = np.column_stack((unwrap_lon(places.lon[row], start[:, 0]), places.lat[row]))

    def side_at(way: Ints, fraction: Floats) -> Sides:
        at = start[way] + (end[way] - start[way]) * fraction[:, None]
        return fences.sides(version[way], at[:, 0], at[:, 1])

    start_ms, from_ms = table.fixed_ms[row - 1], fences.from_ms[version]
    ways = Ways(
        starts_inside=np.isin(keys, judged.before),
        ends_inside=np.isin(keys, judged.inside),
        start_ms=start_ms,
        end_ms=table.fixed_ms[row],
        # After the fix before, and after what was judged anew when the version began; of a version
        # that began with that fix this has its own millisecond.
        not_before_ms=np.maximum(start_ms, from_ms) + 1 + (start_ms == from_ms),
    )
    changes = changes_of_side(ways, np.searchsorted(keys, cut_key), cuts.fraction, side_at)
    vehicle_id = table.vehicle_id[row]
    return _crossings(changes, ways, vehicle_id, [fences.versions[v] for v in version.tolist()])


def _crossings(
    changes: Changes, ways: Ways, vehicle_id: Ints, versions: Sequence[FenceVersion]
) -> Iterator[Event]:
    """Changes as events, given the vehicle and the version of each way."""
    several = np.bincount(changes.way, minlength=len(versions))[changes.way] > 1
    way = changes.way
    columns = (
        way,
        vehicle_id[way],
        changes.inward,
        changes.time_ms,
        ways.start_ms[way],
        ways.end_ms[way],
        several,
    )
    for i, vehicle, inward, time_ms, start_ms, end_ms, interpolated in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        yield Event(
            kind="enter" if inward else "exit",
            vehicle_id=vehicle,
            fence_id=versions[i].fence_id,
            fence_version=versions[i].version,
            time_ms=time_ms,
            not_before_ms=start_ms,
            not_after_ms=end_ms,
            interpolated=interpolated,
        )
