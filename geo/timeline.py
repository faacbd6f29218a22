"""States and fixes as one sorted table, each fix with the place where it is judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
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


def fixes_in_order(states: Mapping[int, VehicleState], batch: FixBatch) -> Timeline:
    """Fixes in order, each vehicle's behind its state, and its held fix, if it has them.

    Of fixes of one vehicle at one time the first in the batch is kept. Raises ValueError if a fix
    is not newer than the state it meets, or than the fix held there.
    """
    fixes = _fixes(batch)
    ids = fixes.vehicle_id[np.flatnonzero(np.diff(fixes.vehicle_id, prepend=-1))].tolist()
    seen = {v: states[v] for v in ids if v in states}
    held = {v: state.held for v, state in seen.items() if state.held is not None}
    if held:
        fixes = _joined(_held(held), fixes)
    table = _joined(_states(seen), fixes)
    table = table.take(np.lexsort((table.fixed_ms, ~table.is_state, table.vehicle_id)))
    _refuse_late(table, seen, held)
    return table


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


def _states(states: Mapping[int, VehicleState]) -> Timeline:
    values = list(states.values())
    return Timeline(
        vehicle_id=np.array(list(states), dtype=np.int64),
        is_state=np.ones(len(values), dtype=bool),
        fixed_ms=np.array([s.fixed_ms for s in values], dtype=np.int64),
        lon=np.array([s.lon for s in values], dtype=np.float64),
        lat=np.array([s.lat for s in values], dtype=np.float64),
        department_id=np.array([s.department_id for s in values], dtype=np.int32),
        error_m=np.array([s.error_m for s in values], dtype=np.float64),
        speed_mps=np.full(len(values), np.nan),
        ignition=np.array([s.ignition for s in values], dtype=np.int8),
        inputs=_nothing(len(values)),
    )


def _joined(a: Timeline, b: Timeline) -> Timeline:
    return Timeline(
        **{
            each.name: np.concatenate((getattr(a, each.name), getattr(b, each.name)))
            for each in fields(a)
        }
    )


def _refuse_late(
    table: Timeline, states: Mapping[int, VehicleState], held: Mapping[int, HeldFix]
) -> None:
    first = np.flatnonzero(table.is_state) + 1
    ids, first_ms = table.vehicle_id[first].tolist(), table.fixed_ms[first].tolist()
    for vehicle_id, row, fixed_ms in zip(ids, first.tolist(), first_ms, strict=True):
        state = states[vehicle_id]
        late = fixed_ms <= state.fixed_ms or fixed_ms < state.judged_ms
        if vehicle_id in held:
            late |= fixed_ms != held[vehicle_id].fixed_ms
            late |= row + 1 < len(table) and int(table.fixed_ms[row + 1]) == fixed_ms
        if late:
            raise ValueError(
                f"a fix of vehicle {vehicle_id} is not newer than its state: "
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


def placed(table: Timeline, states: Mapping[int, VehicleState]) -> Judging:
    """Find the place where each row is judged."""
    result = Judging(
        lon=table.lon.copy(),
        lat=table.lat.copy(),
        ms=table.fixed_ms.copy(),
        error_m=table.error_m.copy(),
        used=np.ones(len(table), dtype=bool),
        memories={},
    )
    standing = set(table.vehicle_id[table.standing & ~table.is_state].tolist())
    first = np.flatnonzero(~table.follows)
    for row, vehicle_id in zip(first.tolist(), table.vehicle_id[first].tolist(), strict=True):
        state = states.get(vehicle_id) if table.is_state[row] else None
        if vehicle_id in standing or (state is not None and state.memory.parked is not None):
            _park(table, row, state, result)
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
