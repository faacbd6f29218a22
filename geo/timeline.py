"""States and fixes as one sorted table, each fix with the place where it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from math import inf
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import Floats
from geo.fences import Ints, Mask
from geo.fix import DEFAULT_ERROR_M, FixBatch
from geo.memory import NOTHING, HeldFix, Memory, Seen
from geo.parking import PARKED_MPS, is_parked, park


class VehicleState(NamedTuple):
    """Where a vehicle stands with the fences of its department: all that the next fix needs.

    A tuple, for each fix makes one.
    """

    #: Time of its last fix that is believed, milliseconds since 1970-01-01T00:00Z.
    fixed_ms: int
    #: What was due before this time has been dealt with: `fixed_ms` after a fix, later once a
    #: fence changed or a clock ran out without one.
    judged_ms: int
    #: WGS 84 degrees of its last fix.
    lon: float
    #: WGS 84 degrees of its last fix.
    lat: float
    #: Owner at its last fix.
    department_id: int
    #: Ids of the fences it is inside of.
    inside: frozenset[int]
    #: A newer fix that is not believed yet; it moves nothing.
    held: HeldFix | None = None
    #: Of its last fix, as in `FixBatch`.
    error_m: float = DEFAULT_ERROR_M
    ignition: int = -1
    memory: Memory = NOTHING

    @property
    def newest_ms(self) -> int:
        """Time of its newest fix, believed or held."""
        return self.fixed_ms if self.held is None else self.held.fixed_ms

    @property
    def seen(self) -> Seen:
        """Where and when it was judged last."""
        parked = self.memory.parked
        if parked is None:
            return Seen(self.fixed_ms, self.lon, self.lat, self.error_m)
        if parked.stray is not None:
            return parked.stray
        return Seen(self.fixed_ms, parked.lon, parked.lat, self.error_m)

    def is_settled(self, gap_ms: int) -> bool:
        """Whether all that is told of what comes next will have happened after its last fix.

        So no way may lead from an older fix, which some fences still use, to the next one: none
        does over a silence of more than `gap_ms`.
        """
        *older, _ = self.memory.trail or (self.seen,)
        return (
            self.held is None
            and self.judged_ms == self.fixed_ms == self.seen.ms
            and all(self.fixed_ms - seen.ms >= gap_ms for seen in older)
            and not self.memory.signals
            and not any(
                visit.crossing
                or visit.owed
                or visit.told
                or visit.episodes
                or visit.changed_ms > self.fixed_ms
                for visit in self.memory.visits.values()
            )
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Rows sorted by vehicle, then time, a vehicle's state first; columns of one length."""

    vehicle_id: Ints
    is_state: Mask
    fixed_ms: Ints
    #: As it was said.
    lon: Floats
    lat: Floats
    department_id: npt.NDArray[np.int32]
    error_m: Floats
    #: NaN where it is not known.
    speed_mps: Floats
    ignition: npt.NDArray[np.int8]
    #: None where there are none, and of a state.
    inputs: npt.NDArray[np.object_]

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.vehicle_id)

    def take(self, rows: Mask | Ints) -> Timeline:
        """Some of the rows."""
        return Timeline(**{each.name: getattr(self, each.name)[rows] for each in fields(self)})

    @property
    def follows(self) -> Mask:
        """Rows whose predecessor is of the same vehicle."""
        same = self.vehicle_id[1:] == self.vehicle_id[:-1]
        return np.concatenate((np.zeros(min(1, len(self)), dtype=bool), same))

    @property
    def last(self) -> Ints:
        """The last row of each vehicle."""
        same = self.follows
        return np.flatnonzero(~np.append(same[1:], np.zeros(min(1, len(self)), dtype=bool)))

    @property
    def standing(self) -> Mask:
        """Fixes that say that their vehicle stands."""
        with np.errstate(invalid="ignore"):
            return np.asarray((self.ignition == 0) | (self.speed_mps < PARKED_MPS))


class Known:
    """The states that a timeline goes on from, in the order of their vehicles, as columns."""

    def __init__(self, vehicle_ids: Sequence[int], states: Mapping[int, VehicleState]) -> None:
        """Take the states of those of the vehicles that have one."""
        ids = [v for v in vehicle_ids if v in states]
        self.vehicle_id = np.array(ids, dtype=np.int64)
        self.states = [states[v] for v in ids]
        # One column after the other: a state has ten, a memory eight.
        columns = list(zip(*self.states, strict=True)) or [()] * len(VehicleState._fields)
        self.fixed_ms = np.array(columns[0], dtype=np.int64)
        self.judged_ms = np.array(columns[1], dtype=np.int64)
        self.lon = np.array(columns[2], dtype=np.float64)
        self.lat = np.array(columns[3], dtype=np.float64)
        self.department_id = np.array(columns[4], dtype=np.int32)
        self.inside: Sequence[frozenset[int]] = columns[5]
        self.held = {v: held for v, held in zip(ids, columns[6], strict=True) if held is not None}
        self.error_m = np.array(columns[7], dtype=np.float64)
        self.ignition = np.array(columns[8], dtype=np.int8)
        self.memories: Sequence[Memory] = columns[9]
        self._remember(len(ids))

    def _remember(self, count: int) -> None:
        """Most remember nothing."""
        some = [nth for nth, memory in enumerate(self.memories) if memory is not NOTHING]
        memories = [self.memories[nth] for nth in some]
        parts = list(zip(*memories, strict=True)) or [()] * len(Memory._fields)
        flags = [np.zeros(count, dtype=bool) for _ in range(5)]
        for flag, field in zip(flags, (0, 1, 2, 3, 6), strict=True):
            flag[some] = [bool(each) for each in parts[field]]
        self.parked, self.trails, self.visiting, self.signalling, self.busy = flags
        #: Of those that remember a jump, by their number here.
        self.jumped_ms = {nth: ms for nth, ms in zip(some, parts[4], strict=True) if ms is not None}
        self.due_ms, self.fast_mps = np.full((2, count), inf)
        self.due_ms[some], self.fast_mps[some] = parts[5], parts[7]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.states)


def fixes_in_order(states: Mapping[int, VehicleState], batch: FixBatch) -> tuple[Timeline, Known]:
    """Fixes in order, each vehicle's behind its state, and its held fix, if it has them.

    Of fixes of one vehicle at one time the first in the batch is kept. Raises ValueError if a fix
    is not newer than the state it meets, or than the fix held there.
    """
    fixes = _fixes(batch)
    new = np.flatnonzero(np.diff(fixes.vehicle_id, prepend=-1))
    known = Known(fixes.vehicle_id[new].tolist(), states)
    if known.held:
        fixes = _joined(_held(known.held), fixes)
    if not len(known):
        return fixes, known
    table = _joined(_states(known), fixes)
    # Sorted already but for the states, which go before the fixes of their vehicles.
    order = np.argsort(table.vehicle_id, kind="stable")
    if known.held:
        order = np.lexsort((table.fixed_ms, ~table.is_state, table.vehicle_id))
    table = table.take(order)
    _refuse_late(table, known)
    return table, known


def _fixes(batch: FixBatch) -> Timeline:
    order = np.lexsort((batch.fixed_ms, batch.vehicle_id))
    vehicle_id, fixed_ms = batch.vehicle_id[order], batch.fixed_ms[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (vehicle_id[1:] != vehicle_id[:-1]) | (fixed_ms[1:] != fixed_ms[:-1])
    order = order[new]
    count = len(order)
    error_m, speed_mps, ignition = batch.error_m, batch.speed_mps, batch.ignition
    inputs = _nothing(count) if batch.inputs is None else batch.inputs[order]
    return Timeline(
        vehicle_id=batch.vehicle_id[order].astype(np.int64),
        is_state=np.zeros(count, dtype=bool),
        fixed_ms=batch.fixed_ms[order],
        lon=batch.lon[order],
        lat=batch.lat[order],
        department_id=batch.department_id[order],
        error_m=np.full(count, DEFAULT_ERROR_M) if error_m is None else error_m[order],
        speed_mps=np.full(count, np.nan) if speed_mps is None else speed_mps[order],
        ignition=np.full(count, -1, dtype=np.int8) if ignition is None else ignition[order],
        inputs=inputs,
    )


def _nothing(count: int) -> npt.NDArray[np.object_]:
    return np.full(count, None, dtype=object)


def _held(held: Mapping[int, HeldFix]) -> Timeline:
    values = list(held.values())
    speeds = [np.nan if each.speed_mps is None else each.speed_mps for each in values]
    return _fixes(
        FixBatch(
            vehicle_id=np.array(list(held), dtype=np.int32),
            department_id=np.array([each.department_id for each in values], dtype=np.int32),
            fixed_ms=np.array([each.fixed_ms for each in values], dtype=np.int64),
            lon=np.array([each.lon for each in values], dtype=np.float64),
            lat=np.array([each.lat for each in values], dtype=np.float64),
            error_m=np.array([each.error_m for each in values], dtype=np.float64),
            speed_mps=np.array(speeds, dtype=np.float64),
            ignition=np.array([each.ignition for each in values], dtype=np.int8),
            inputs=objects([each.inputs for each in values]),
        )
    )


def objects(values: Sequence[object]) -> npt.NDArray[np.object_]:
    """A column of objects: numpy would look into them."""
    column = _nothing(len(values))
    column[:] = values
    return column


def _states(known: Known) -> Timeline:
    return Timeline(
        vehicle_id=known.vehicle_id,
        is_state=np.ones(len(known), dtype=bool),
        fixed_ms=known.fixed_ms,
        lon=known.lon,
        lat=known.lat,
        department_id=known.department_id,
        error_m=known.error_m,
        speed_mps=np.full(len(known), np.nan),
        ignition=known.ignition,
        inputs=_nothing(len(known)),
    )


def _joined(a: Timeline, b: Timeline) -> Timeline:
    return Timeline(
        **{
            each.name: np.concatenate((getattr(a, each.name), getattr(b, each.name)))
            for each in fields(a)
        }
    )


def _refuse_late(table: Timeline, known: Known) -> None:
    first = np.flatnonzero(table.is_state) + 1
    fixed_ms = table.fixed_ms[first]
    late = (fixed_ms <= known.fixed_ms) | (fixed_ms < known.judged_ms)
    for nth in np.flatnonzero(np.isin(known.vehicle_id, list(known.held))).tolist():
        row, held = int(first[nth]), known.held[int(known.vehicle_id[nth])]
        late[nth] |= fixed_ms[nth] != held.fixed_ms
        late[nth] |= row + 1 < len(table) and table.fixed_ms[row + 1] == fixed_ms[nth]
    if late.any():
        raise ValueError(
            f"a fix of vehicle {known.vehicle_id[late][0]} is not newer than its state: "
            "go back to a state before the fix and step again from there"
        )


@dataclass(slots=True, kw_only=True)
class Judging:
    """Where each row of a timeline is judged."""

    lon: Floats
    lat: Floats
    #: When it was there: of a state, whose last fix may be one that was not used.
    ms: Ints
    error_m: Floats
    #: Single parked fixes far off are not used (rule R8).
    used: Mask
    #: How the vehicles that were or are parked are after their last row.
    memories: dict[int, Memory]


def placed(table: Timeline, known: Known) -> Judging:
    """Find the place where each row is judged."""
    result = Judging(
        lon=table.lon.copy(),
        lat=table.lat.copy(),
        ms=table.fixed_ms.copy(),
        error_m=table.error_m.copy(),
        used=np.ones(len(table), dtype=bool),
        memories={},
    )
    states = dict(zip(np.flatnonzero(table.is_state).tolist(), known.states, strict=True))
    first = np.flatnonzero(~table.follows)
    standing = table.standing & ~table.is_state
    concerned = np.zeros(len(table), dtype=bool)
    concerned[first] = np.logical_or.reduceat(standing, first) if len(first) else False
    concerned[np.flatnonzero(table.is_state)[known.parked]] = True
    for row in np.flatnonzero(concerned).tolist():
        _park(table, row, states.get(row), result)
    return result


def _park(table: Timeline, row: int, state: VehicleState | None, result: Judging) -> None:
    """Go through the rows of one vehicle."""
    vehicle_id = int(table.vehicle_id[row])
    parked = None if state is None else state.memory.parked
    last = None if state is None else state.seen
    if last is not None:
        result.ms[row], result.lon[row], result.lat[row], result.error_m[row] = last
        row += 1
    while row < len(table) and table.vehicle_id[row] == vehicle_id:
        fix = Seen(
            int(table.fixed_ms[row]),
            float(table.lon[row]),
            float(table.lat[row]),
            float(table.error_m[row]),
        )
        speed = float(table.speed_mps[row])
        standing = is_parked(None if np.isnan(speed) else speed, int(table.ignition[row]))
        parked, seen = park(parked, last, fix, standing)
        if seen is None:
            result.used[row] = False
        else:
            last = seen
            result.lon[row], result.lat[row] = seen.lon, seen.lat
        row += 1
    memory = NOTHING if state is None else state.memory
    result.memories[vehicle_id] = memory._replace(parked=parked)
