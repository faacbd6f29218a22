"""What vehicles did at fences: states and fixes in, new states and events out. Pure.

Most fixes change nothing, and of those only columns are made. A vehicle of which the index says
more, or for which a rule is due, is gone through fix by fix (geo.course).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

import numpy as np

from geo.course import Course, Heard, Row, World
from geo.event import Event
from geo.fences import FenceIndex
from geo.fix import FixBatch
from geo.legs import met, rows_of
from geo.limits import DEFAULT_GAP_MS, Limits
from geo.memory import HeldFix, Memory, Visit
from geo.plain import plain
from geo.plausible import Verdict, Verdicts, verdicts
from geo.table import Table
from geo.telling import Telling
from geo.timeline import Timeline, VehicleState, fixes_in_order
from geo.waiting import moments_of
from geo.watch import NO_WATCHES, Watches

__all__ = [
    "Event",
    "FixKey",
    "HeldFix",
    "StepResult",
    "VehicleState",
    "next_due_ms",
    "rejudge",
    "renewed",
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
    #: Events of earlier steps that stand, as they are now.
    restated: tuple[Event, ...] = ()
    #: Events of earlier steps that did not happen.
    withdrawn: tuple[Event, ...] = ()

    def by_vehicle(self) -> dict[int, StepResult]:
        """What came of it for each vehicle alone."""
        parts: dict[int, _Part] = defaultdict(_Part)
        for vehicle_id, state in self.states.items():
            parts[vehicle_id].states[vehicle_id] = state
        for name in ("events", "restated", "withdrawn"):
            for event in getattr(self, name):
                getattr(parts[event.vehicle_id], name).append(event)
        for name in ("implausible", "vindicated"):
            for key in getattr(self, name):
                getattr(parts[key[0]], name).append(key)
        return {vehicle_id: part.whole() for vehicle_id, part in parts.items()}


@dataclass(slots=True)
class _Part:
    states: dict[int, VehicleState] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    implausible: list[FixKey] = field(default_factory=list)
    vindicated: list[FixKey] = field(default_factory=list)
    restated: list[Event] = field(default_factory=list)
    withdrawn: list[Event] = field(default_factory=list)

    def whole(self) -> StepResult:
        marks = frozenset(self.implausible), frozenset(self.vindicated)
        told_before = tuple(self.restated), tuple(self.withdrawn)
        return StepResult(self.states, self.events, *marks, *told_before)


def step(
    states: Mapping[int, VehicleState],
    batch: FixBatch,
    fences: FenceIndex,
    limits: Mapping[int, Limits],
    watches: Watches = NO_WATCHES,
) -> StepResult:
    """Go on from the states of vehicles (by id) with fixes in any order.

    A vehicle without a state is seen for the first time. Of doubles of a vehicle and time the first
    in the batch counts. `limits` are by vehicle id, DEFAULT_LIMITS for a vehicle not in it.
    `fences` must hold every version in force since the oldest state was judged. Fixes must be
    finite and on the earth.

    Raises ValueError if a fix is not newer than its vehicle's state or the fix held there, or if
    the state was judged anew after the held fix (then go back to an earlier state), and
    UnknownFenceError if a state names a fence that the index does not hold.
    """
    world, telling = World(fences, watches, limits), Telling()
    table, known = fixes_in_order(states, batch)
    verdict = verdicts(table.vehicle_id, table.fixed_ms, table.lon, table.lat, limits)
    believed = verdict != Verdict.IMPLAUSIBLE
    agreed = verdict[believed] == Verdict.AGREED
    overheard = _overheard(table.take(~believed), watches)
    rows = Table(table.take(believed), agreed, states, known, world, overheard)
    found = met(rows)
    told = plain(rows, found, telling)
    after = rows.after(told.memories)
    for vehicle_id, memory, judged in rows_of(rows, found, told.told):
        course = Course(vehicle_id, states.get(vehicle_id), world, telling)
        _go(course, judged, overheard.get(vehicle_id, ()))
        after[vehicle_id] = _after(after[vehicle_id], course, world, memory)
    proved = _keys(table, verdict == Verdict.AGREED)
    return StepResult(
        states=_holding(after, _held(table, verdict)),
        events=telling.events,
        implausible=_keys(table, ~believed),
        vindicated=proved & {(v, states[v].newest_ms) for v, _ in proved if v in states},
        restated=tuple(telling.restated),
        withdrawn=tuple(telling.withdrawn),
    )


def _overheard(disbelieved: Timeline, watches: Watches) -> dict[int, list[Heard]]:
    """By vehicle the inputs of fixes whose place is not believed: a button counts all the same."""
    if not watches.signals.of_inputs:
        return {}
    heard: dict[int, list[Heard]] = defaultdict(list)
    columns = (disbelieved.vehicle_id, disbelieved.fixed_ms, disbelieved.department_id)
    rows = zip(*(column.tolist() for column in columns), disbelieved.inputs, strict=True)
    for vehicle_id, fixed_ms, department_id, inputs in rows:
        heard[vehicle_id].append(Heard(fixed_ms, department_id, inputs or {}))
    return heard


def _go(course: Course, rows: Sequence[Row], overheard: Sequence[Heard]) -> None:
    """Through what a vehicle sent, in the order of its time."""
    beside = list(overheard)
    for row in rows:
        while beside and beside[0].fixed_ms < row.fixed_ms:
            course.overhear(beside.pop(0))
        course.take(row)
    for each in beside:
        course.overhear(each)


def rejudge(
    states: Mapping[int, VehicleState],
    fences: FenceIndex,
    at_ms: int,
    limits: Mapping[int, Limits] | None = None,
    watches: Watches = NO_WATCHES,
) -> StepResult:
    """Deal with what is due up to a time without a fix: changed fences, and timers of rules.

    Call it when a fence was changed (`at_ms` its time), when a timer ran out, and with the states
    that `step` returned (`at_ms` the clock, as a fix may arrive after a change that is later than
    it). Nothing comes twice: what was dealt with stands in the state, and `step` deals with the
    rest by itself. A state whose fix is newer than `at_ms` is left alone; for that vehicle the
    change lies in the past, and it must be stepped again from a fix before it.
    """
    world, telling = World(fences, watches, limits or {}), Telling()
    current = {v: state for v, state in states.items() if state.fixed_ms <= at_ms}
    waiting, after = moments_of(current, fences, at_ms), {}
    for vehicle_id, state in current.items():
        if vehicle_id not in waiting and not _is_due(state, at_ms, watches):
            continue
        course = Course(vehicle_id, state, world, telling)
        visits, signals = dict(course.visits), course.listener.running
        course.pass_time(at_ms + 1, waiting.get(vehicle_id, ()))
        if (course.visits, course.listener.running) != (visits, signals):
            after[vehicle_id] = _after(state, course, world, state.memory)
    return StepResult(
        after, telling.events, restated=tuple(telling.restated), withdrawn=tuple(telling.withdrawn)
    )


def _is_due(state: VehicleState, at_ms: int, watches: Watches) -> bool:
    """Whether a timer of the vehicle may have run out."""
    silence_ms = at_ms - state.fixed_ms
    if silence_ms >= watches.signals.least_silence_ms(state.department_id):
        return True
    if not watches or not state.inside:
        return False
    return state.memory.due_ms <= at_ms or silence_ms >= DEFAULT_GAP_MS


def next_due_ms(
    state: VehicleState,
    vehicle_id: int,
    limits: Mapping[int, Limits],
    watches: Watches,
    fences: FenceIndex,
) -> int | None:
    """When the next timer of a vehicle runs out, silence among them; None: no timer runs."""
    if not state.inside and not watches.signals.silences_of(state.department_id):
        return None
    return Course(vehicle_id, state, World(fences, watches, limits), Telling()).due_ms()


def states_at(batch: FixBatch, fences: FenceIndex) -> dict[int, VehicleState]:
    """The states that the newest fix of each vehicle leaves behind if it is its first."""
    newest, _ = fixes_in_order({}, batch)
    newest = newest.take(newest.last)
    first = FixBatch(
        vehicle_id=newest.vehicle_id.astype(np.int32),
        department_id=newest.department_id,
        fixed_ms=newest.fixed_ms,
        lon=newest.lon,
        lat=newest.lat,
        error_m=newest.error_m,
        speed_mps=newest.speed_mps,
        ignition=newest.ignition,
    )
    return step({}, first, fences, {}).states


def renewed(state: VehicleState, watches: Watches) -> VehicleState:
    """The state with what rules make of it: once it was stored, or they changed."""
    visits = {f: visit._replace(due_ms=None) for f, visit in state.memory.visits.items()}
    return _with_visits(state, visits, state.memory, watches)


def _after(state: VehicleState, course: Course, world: World, memory: Memory) -> VehicleState:
    state = state._replace(judged_ms=course.judged_ms)
    memory = memory._replace(signals=course.listener.running)
    return _with_visits(state, course.visits, memory, world.watches)


def _with_visits(
    state: VehicleState, visits: Mapping[int, Visit], memory: Memory, watches: Watches
) -> VehicleState:
    memory = watches.remembering(memory, visits, state.department_id, state.judged_ms)
    return VehicleState(*state[:5], memory.inside, *state[6:9], memory)


def _keys(table: Timeline, rows: np.ndarray) -> frozenset[FixKey]:
    return frozenset(
        zip(table.vehicle_id[rows].tolist(), table.fixed_ms[rows].tolist(), strict=True)
    )


def _held(table: Timeline, verdict: Verdicts) -> dict[int, HeldFix]:
    """What each vehicle's last row leaves undecided."""
    last = table.last
    return dict(_held_rows(table.take(last[verdict[last] == Verdict.IMPLAUSIBLE])))


def _held_rows(last: Timeline) -> Iterator[tuple[int, HeldFix]]:
    columns = (
        last.vehicle_id,
        last.fixed_ms,
        last.lon,
        last.lat,
        last.department_id,
        last.error_m,
        last.speed_mps,
        last.ignition,
        last.inputs,
    )
    for vehicle_id, ms, lon, lat, owner, error_m, speed, ignition, inputs in zip(
        *(column.tolist() for column in columns), strict=True
    ):
        known = None if np.isnan(speed) else speed
        yield vehicle_id, HeldFix(ms, lon, lat, owner, error_m, known, ignition, inputs)


def _holding(
    states: dict[int, VehicleState], held: Mapping[int, HeldFix]
) -> dict[int, VehicleState]:
    return states | {v: states[v]._replace(held=fix) for v, fix in held.items()}
