"""What vehicles did at fences: states and fixes in, new states and events out. Pure.

The state after a fix depends on that fix and the versions in force alone, so a track may be cut
anywhere, and begun again at any fix with `states_at`, and gives the same events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from geo.distance import Floats, unwrap_lon
from geo.event import Cause, Event
from geo.fences import FenceIndex, FenceVersion, Ints
from geo.fix import FixBatch
from geo.judged import Judged
from geo.limits import DEFAULT_GAP_MS, DEFAULT_LIMITS, Limits
from geo.plausible import Verdict, Verdicts, verdicts
from geo.timeline import (
    HeldFix,
    Mask,
    RowKind,
    Timeline,
    VehicleState,
    fixes_in_order,
    waiting,
    with_moments,
)
from geo.walk import Changes, Sides, Ways, changes_of_side

__all__ = [
    "Event",
    "FixKey",
    "HeldFix",
    "StepResult",
    "VehicleState",
    "rejudge",
    "states_at",
    "step",
]

#: A vehicle's id and the time of a fix, milliseconds since 1970-01-01T00:00Z.
FixKey: TypeAlias = tuple[int, int]


class StepResult(NamedTuple):
    """What came of a step."""

    #: New states, of the vehicles whose state changed only.
    states: dict[int, VehicleState]
    #: In order of time; see `Event.order`.
    events: list[Event]
    #: Fixes that are not believed (rule R9), those that the states held and still hold among them.
    implausible: frozenset[FixKey] = frozenset()
    #: Fixes that the states held and that are believed now.
    vindicated: frozenset[FixKey] = frozenset()


def step(
    states: Mapping[int, VehicleState],
    batch: FixBatch,
    fences: FenceIndex,
    limits: Mapping[int, Limits],
) -> StepResult:
    """Go on from the states of vehicles (by id) with fixes in any order.

    A vehicle without a state is seen for the first time. Of doubles of a vehicle and time the first
    in the batch counts. `limits` are by vehicle id, DEFAULT_LIMITS for a vehicle not in it.
    `fences` must hold every version in force since the oldest state was judged. Fixes must be
    finite and on the earth.

    Raises ValueError if a fix is not newer than its vehicle's state or the fix held there, or if
    the state was judged anew after the held fix (then go back to an earlier fix with `states_at`),
    UnknownFenceError if a state names a fence that the index does not hold.
    """
    table = fixes_in_order(states, batch)
    places = table.places
    verdict = verdicts(table.vehicle_id, table.fixed_ms, places.lon, places.lat, limits)
    believed = verdict != Verdict.IMPLAUSIBLE
    kept = replace(table, jumped=verdict == Verdict.AGREED)
    if not believed.all():
        kept = kept.take(believed)
    judged = Judged(with_moments(kept, fences.moments_ms), states, fences)
    agreed = _keys(table, verdict == Verdict.AGREED)
    return StepResult(
        states=_holding(judged.states(judged.table.last), _held(table, verdict)),
        events=_events(judged, limits),
        implausible=_keys(table, ~believed),
        vindicated=agreed & {(v, states[v].newest_ms) for v, _ in agreed if v in states},
    )


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
    told = sorted({event.vehicle_id for event in events})
    last = np.searchsorted(judged.table.vehicle_id, np.array(told, dtype=np.int64), "right") - 1
    held = {v: fix for v in told if (fix := states[v].held) is not None}
    return StepResult(_holding(judged.states(last), held), events)


def states_at(batch: FixBatch, fences: FenceIndex) -> dict[int, VehicleState]:
    """The states that fixes alone leave behind, by vehicle id; the newest counts of each vehicle.

    What `step` would have left there, whatever came before, if it believed that fix at once.
    """
    table = with_moments(fixes_in_order({}, batch), fences.moments_ms)
    judged = Judged(table, {}, fences)
    return judged.states(judged.table.last)


def _keys(table: Timeline, rows: Mask) -> frozenset[FixKey]:
    return frozenset(
        zip(table.vehicle_id[rows].tolist(), table.fixed_ms[rows].tolist(), strict=True)
    )


def _held(table: Timeline, verdict: Verdicts) -> dict[int, HeldFix]:
    """What each vehicle's last row leaves undecided."""
    last = table.take(table.last[verdict[table.last] == Verdict.IMPLAUSIBLE])
    fixes = zip(
        last.fixed_ms.tolist(),
        last.places.lon.tolist(),
        last.places.lat.tolist(),
        last.places.department_id.tolist(),
        strict=True,
    )
    return {
        vehicle_id: HeldFix(*fix)
        for vehicle_id, fix in zip(last.vehicle_id.tolist(), fixes, strict=True)
    }


def _holding(
    states: dict[int, VehicleState], held: Mapping[int, HeldFix]
) -> dict[int, VehicleState]:
    return states | {v: states[v]._replace(held=fix) for v, fix in held.items()}


def _events(judged: Judged, limits: Mapping[int, Limits]) -> list[Event]:
    """All events of a timeline, in order."""
    table = judged.table
    fix, follows = table.kind == RowKind.FIX, table.follows
    transferred, gap = _is_transfer(table), _is_gap(table, limits)
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


def _is_gap(table: Timeline, limits: Mapping[int, Limits]) -> Mask:
    """Fixes of which nothing is said how the vehicle came there: after a silence, or a jump."""
    silence_ms = table.fixed_ms - np.roll(table.fixed_ms, 1)
    gap = table.jumped.copy()
    for row in np.flatnonzero(table.follows & (silence_ms > DEFAULT_GAP_MS)).tolist():
        gap_ms = limits.get(int(table.vehicle_id[row]), DEFAULT_LIMITS).gap_ms
        gap[row] |= silence_ms[row] > gap_ms
    return gap


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
