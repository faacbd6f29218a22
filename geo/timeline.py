"""States, fixes and the moments between them at which fences change, as one sorted table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.fences import Ints, Places
from geo.fix import FixBatch

Mask = npt.NDArray[np.bool_]


class HeldFix(NamedTuple):
    """A fix out of reach of the last good one, until the next fix decides (rule R9)."""

    #: Milliseconds since 1970-01-01T00:00Z.
    fixed_ms: int
    #: WGS 84 degrees.
    lon: float
    #: WGS 84 degrees.
    lat: float
    #: Owner at that time.
    department_id: int


class VehicleState(NamedTuple):
    """Where a vehicle stands with the fences of its department: all that the next fix needs.

    A tuple, for each fix makes one.
    """

    #: Time of its last fix that is believed, milliseconds since 1970-01-01T00:00Z.
    fixed_ms: int
    #: Versions that began or ended before this time have been dealt with: `fixed_ms` after a fix,
    #: later once the vehicle was judged anew without one.
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

    @property
    def newest_ms(self) -> int:
        """Time of its newest fix, believed or held."""
        return self.fixed_ms if self.held is None else self.held.fixed_ms


class RowKind(IntEnum):
    """What a row of the timeline is; at equal times rows come in this order."""

    STATE = 0
    #: A version begins or ends; the vehicle is judged anew where it was seen last.
    MOMENT = 1
    FIX = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """Rows sorted by vehicle, then time; columns of one length."""

    vehicle_id: Ints
    kind: npt.NDArray[np.int8]
    #: Where the vehicle was seen last, and the versions by which that is judged.
    places: Places
    #: When it was seen there.
    fixed_ms: Ints
    #: Fixes that no way leads to from the row before: too far for the time.
    jumped: Mask

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.vehicle_id)

    def take(self, rows: Mask | Ints) -> Timeline:
        """Some of the rows."""
        return Timeline(
            vehicle_id=self.vehicle_id[rows],
            kind=self.kind[rows],
            places=self.places[rows],
            fixed_ms=self.fixed_ms[rows],
            jumped=self.jumped[rows],
        )

    @property
    def follows(self) -> Mask:
        """Rows whose predecessor is of the same vehicle."""
        same = self.vehicle_id[1:] == self.vehicle_id[:-1]
        return np.concatenate((np.zeros(min(1, len(self)), dtype=bool), same))

    @property
    def last(self) -> Ints:
        """The last row of each vehicle."""
        return np.flatnonzero(~self.leads)

    @property
    def leads(self) -> Mask:
        """Rows whose successor is of the same vehicle."""
        return np.append(self.follows[1:], np.zeros(min(1, len(self)), dtype=bool))


def fixes_in_order(states: Mapping[int, VehicleState], batch: FixBatch) -> Timeline:
    """Fixes in order, each vehicle's behind its state, and its held fix, if it has them.

    Of fixes of one vehicle at one time the first in the batch is kept. Raises ValueError if a fix
    is not newer than the state it meets, or than the fix held there.
    """
    fixes = _fixes(batch)
    seen = {int(v): states[v] for v in np.unique(fixes.vehicle_id).tolist() if v in states}
    held = {v: state.held for v, state in seen.items() if state.held is not None}
    if held:
        fixes = _joined(_held(held), fixes)
    table = _sorted(_joined(_states(seen), fixes))
    _refuse_late(table, held)
    return table


def with_moments(table: Timeline, moments_ms: Ints) -> Timeline:
    """A table of states and fixes with the moments between its rows at which fences change."""
    until_ms = np.where(
        table.leads,
        np.roll(table.places.judged_ms, -1),
        table.places.judged_ms,
    )
    return _with_moments(table, until_ms, moments_ms)


def waiting(states: Mapping[int, VehicleState], at_ms: int, moments_ms: Ints) -> Timeline:
    """States with the moments that come after them up to a time, that one included."""
    table = _sorted(_states({v: s for v, s in states.items() if s.fixed_ms <= at_ms}))
    return _with_moments(table, np.full(len(table), at_ms + 1), moments_ms)


def _fixes(batch: FixBatch) -> Timeline:
    order = np.lexsort((batch.fixed_ms, batch.vehicle_id))
    vehicle_id, fixed_ms = batch.vehicle_id[order], batch.fixed_ms[order]
    new = np.ones(len(order), dtype=bool)
    new[1:] = (vehicle_id[1:] != vehicle_id[:-1]) | (fixed_ms[1:] != fixed_ms[:-1])
    order = order[new]
    return Timeline(
        vehicle_id=batch.vehicle_id[order].astype(np.int64),
        kind=np.full(len(order), RowKind.FIX, dtype=np.int8),
        places=Places(
            lon=batch.lon[order],
            lat=batch.lat[order],
            judged_ms=batch.fixed_ms[order],
            department_id=batch.department_id[order],
        ),
        fixed_ms=batch.fixed_ms[order],
        jumped=np.zeros(len(order), dtype=bool),
    )


def _held(held: Mapping[int, HeldFix]) -> Timeline:
    values = list(held.values())
    return _fixes(
        FixBatch(
            vehicle_id=np.array(list(held), dtype=np.int32),
            department_id=np.array([each.department_id for each in values], dtype=np.int32),
            fixed_ms=np.array([each.fixed_ms for each in values], dtype=np.int64),
            lon=np.array([each.lon for each in values], dtype=np.float64),
            lat=np.array([each.lat for each in values], dtype=np.float64),
        )
    )


def _states(states: Mapping[int, VehicleState]) -> Timeline:
    values = list(states.values())
    return Timeline(
        vehicle_id=np.array(list(states), dtype=np.int64),
        kind=np.full(len(values), RowKind.STATE, dtype=np.int8),
        places=Places(
            lon=np.array([s.lon for s in values], dtype=np.float64),
            lat=np.array([s.lat for s in values], dtype=np.float64),
            judged_ms=np.array([s.judged_ms for s in values], dtype=np.int64),
            department_id=np.array([s.department_id for s in values], dtype=np.int32),
        ),
        fixed_ms=np.array([s.fixed_ms for s in values], dtype=np.int64),
        jumped=np.zeros(len(values), dtype=bool),
    )


def _joined(a: Timeline, b: Timeline) -> Timeline:
    return Timeline(
        vehicle_id=np.concatenate((a.vehicle_id, b.vehicle_id)),
        kind=np.concatenate((a.kind, b.kind)),
        places=Places(
            lon=np.concatenate((a.places.lon, b.places.lon)),
            lat=np.concatenate((a.places.lat, b.places.lat)),
            judged_ms=np.concatenate((a.places.judged_ms, b.places.judged_ms)),
            department_id=np.concatenate((a.places.department_id, b.places.department_id)),
        ),
        fixed_ms=np.concatenate((a.fixed_ms, b.fixed_ms)),
        jumped=np.concatenate((a.jumped, b.jumped)),
    )


def _sorted(table: Timeline) -> Timeline:
    return table.take(np.lexsort((table.kind, table.places.judged_ms, table.vehicle_id)))


def _refuse_late(table: Timeline, held: Mapping[int, HeldFix]) -> None:
    """Sorting has put a fix older than its state's judging before that state, thus first.

    And a fix not newer than the held one before that one, so that it is not the second row.
    """
    after = table.follows
    state = table.kind == RowKind.STATE
    behind = after & (np.roll(table.fixed_ms, 1) >= table.fixed_ms)
    late = (state & after) | (behind & ~state)
    for vehicle_id, fix in held.items():
        second = int(np.searchsorted(table.vehicle_id, vehicle_id)) + 1
        late[second] |= table.fixed_ms[second] != fix.fixed_ms
    if late.any():
        raise ValueError(
            f"a fix of vehicle {table.vehicle_id[late][0]} is not newer than its state: "
            "go back to a state before the fix and step again from there"
        )


def _with_moments(table: Timeline, until_ms: Ints, moments_ms: Ints) -> Timeline:
    """The table and, behind each row, one row for each moment from its judging to a time.

    `until_ms` is not included.
    """
    first = np.searchsorted(moments_ms, table.places.judged_ms)
    count = np.maximum(np.searchsorted(moments_ms, until_ms) - first, 0)
    if not count.any():
        return table
    row = np.repeat(np.arange(len(table)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    seen = table.take(row)
    moments = Timeline(
        vehicle_id=seen.vehicle_id,
        kind=np.full(len(row), RowKind.MOMENT, dtype=np.int8),
        places=Places(
            lon=seen.places.lon,
            lat=seen.places.lat,
            # A version that begins at a moment is in force just after it.
            judged_ms=moments_ms[first[row] + nth] + 1,
            department_id=seen.places.department_id,
        ),
        fixed_ms=seen.fixed_ms,
        jumped=np.zeros(len(row), dtype=bool),
    )
    return _sorted(_joined(table, moments))
