"""A timeline of believed fixes as a table: where each is judged, and how it is reached."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import repeat
from typing import Final, TypeVar

import numpy as np

from geo.borders import WIDEST_BAND_M
from geo.columns import tuples
from geo.course import World
from geo.errors import UnknownFenceError
from geo.fences import Ints, Mask, Places
from geo.limits import DEFAULT_GAP_MS, DEFAULT_LIMITS
from geo.memory import NOTHING, Memory, Seen
from geo.signals import Signals
from geo.timeline import Known, Timeline, VehicleState, placed
from geo.waiting import Moments, moments_between

NOWHERE: Final[frozenset[int]] = frozenset()
_T = TypeVar("_T")


class Table:
    """The rows of a timeline, each with the place where it is judged."""

    def __init__(
        self,
        table: Timeline,
        jumped: Mask,
        states: Mapping[int, VehicleState],
        known: Known,
        world: World,
        overheard: Collection[int] = (),
    ) -> None:
        self.table = table
        self.states = states
        self.world = world
        #: Ids of vehicles with a fix beside these rows that says something of inputs.
        self.overheard = overheard
        self.at = placed(table, known)
        #: By vehicle, in order: its first row, its last, its id.
        self.first = np.flatnonzero(~table.follows)
        self.last = table.last
        self.vehicle_id = table.vehicle_id[self.last]
        #: By row: the number of its vehicle in this order.
        self.vehicle = np.cumsum(~table.follows) - 1
        self.known = known
        #: Of each known state the number of its vehicle.
        self.knows = np.flatnonzero(table.is_state[self.first])
        #: By row: whether a jump that was believed parts it from what is before it.
        self.jumped = self._parted(jumped)
        #: When each vehicle that jumped did so last, by its number.
        self.jumped_ms = self._jumps(jumped)
        #: By vehicle: it has a fix that is not good for every fence (rule R7).
        self.doubtful = self._any(self.at.error_m > WIDEST_BAND_M)
        self.doubtful[self.knows] |= known.trails
        #: By row: the used row before it of the same vehicle, or -1.
        self.before = self._used_before()
        #: What the fixes of doubtful vehicles leave behind, by vehicle id.
        self.trails: dict[int, tuple[Seen, ...]] = {}

    def _any(self, rows: Mask) -> Mask:
        """By vehicle: whether it holds of any of its rows."""
        return np.bincount(self.vehicle[rows], minlength=len(self.first)) > 0

    @cached_property
    def memories(self) -> list[Memory]:
        """By vehicle: what it remembers after its last row, if nothing happened on the way."""
        memories = self._of_known(self.known.memories, NOTHING)
        if self.at.memories:
            numbers = np.searchsorted(self.vehicle_id, list(self.at.memories)).tolist()
            for nth, memory in zip(numbers, self.at.memories.values(), strict=True):
                memories[nth] = memory
        for nth in self.jumped_ms:
            memories[nth] = self._with_jump(nth, memories[nth])
        return memories

    def after(self, changed: Mapping[int, Memory]) -> dict[int, VehicleState]:
        """The state of each vehicle after its last row, if no more happened on the way than that
        these, by their numbers, remember this."""
        table, last = self.table, self.last
        inside = self._of_known(self.known.inside, NOWHERE)
        unknown = NOWHERE.union(*filter(None, inside)) - self.world.fences.ids
        if unknown:
            raise UnknownFenceError(f"fence id {min(unknown)}")
        memories = [*self.memories]
        for nth, memory in changed.items():
            memories[nth], inside[nth] = memory, memory.inside
        fixed_ms = table.fixed_ms[last].tolist()
        places = (table.lon[last].tolist(), table.lat[last].tolist())
        owners = table.department_id[last].tolist()
        more = (table.error_m[last].tolist(), table.ignition[last].tolist(), memories)
        columns = (fixed_ms, fixed_ms, *places, owners, inside, repeat(None), *more)
        return dict(zip(self.vehicle_id.tolist(), tuples(VehicleState, *columns), strict=True))

    def _of_known(self, values: Sequence[_T], otherwise: _T) -> list[_T]:
        """By vehicle: what those with a state have, and the others."""
        every = [otherwise] * len(self.first)
        for nth, value in zip(self.knows.tolist(), values, strict=True):
            every[nth] = value
        return every

    def memory(self, vehicle_id: int) -> Memory:
        """How a vehicle is parked, and its trail, after its last row."""
        memory = self.at.memories.get(vehicle_id)
        if memory is None:
            state = self.states.get(vehicle_id)
            memory = NOTHING if state is None else state.memory
        memory = memory._replace(trail=self.trails.get(vehicle_id, ()))
        number = int(np.searchsorted(self.vehicle_id, vehicle_id))
        return self._with_jump(number, memory) if number in self.jumped_ms else memory

    def _parted(self, jumped: Mask) -> Mask:
        """The jumps, and the first fixes after states that were seen before their last jump."""
        parted = jumped.copy()
        for nth, jumped_ms in self.known.jumped_ms.items():
            state_row = int(self.first[self.knows[nth]])
            if self.at.ms[state_row] < jumped_ms and state_row < self.last[self.knows[nth]]:
                parted[state_row + 1] = True
        return parted

    def _jumps(self, jumped: Mask) -> dict[int, int]:
        last_ms = {int(self.knows[nth]): ms for nth, ms in self.known.jumped_ms.items()}
        rows = np.flatnonzero(jumped)
        return last_ms | dict(
            zip(self.vehicle[rows].tolist(), self.table.fixed_ms[rows].tolist(), strict=True)
        )

    def _with_jump(self, number: int, memory: Memory) -> Memory:
        """The memory of a vehicle that jumped: the jump is in it while a way could lead past it."""
        jumped_ms = self.jumped_ms[number]
        rows = np.arange(self.first[number], self.last[number] + 1)
        seen = memory.trail or [self.seen_at(int(rows[self.at.used[rows]][-1]))]
        return memory._replace(jumped_ms=jumped_ms if seen[0].ms < jumped_ms else None)

    def _used_before(self) -> Ints:
        """For each used row the used row before it of the same vehicle, or -1."""
        before = np.full(len(self.table), -1, dtype=np.int64)
        used = np.flatnonzero(self.at.used)
        same = self.table.vehicle_id[used[1:]] == self.table.vehicle_id[used[:-1]]
        before[used[1:][same]] = used[:-1][same]
        return before

    def seen(self, rows: Ints) -> Iterator[Seen]:
        """Where the vehicles of rows are judged."""
        at = self.at
        columns = (at.ms[rows], at.lon[rows], at.lat[rows], at.error_m[rows])
        return map(Seen._make, zip(*(column.tolist() for column in columns), strict=True))

    def seen_at(self, row: int) -> Seen:
        """Where the vehicle of a row is judged."""
        return next(self.seen(np.array([row])))

    def sure_ways(self) -> tuple[Ints, Mask, Mask, Mask]:
        """Fixes of vehicles without doubt, and of all rows which are a way, a gap, a transfer."""
        table, before = self.table, self.before
        fix = self.at.used & ~table.is_state & ~self.doubtful[self.vehicle]
        follows = before >= 0
        transfer = follows & (table.department_id[before] != table.department_id)
        # A jump to a fix that is not used (rule R8) parts what is on both sides of it as well.
        jumps = np.cumsum(self.jumped)
        gap = follows & ((jumps != jumps[before]) | self._silent(before)) & ~transfer
        return np.flatnonzero(fix), follows & ~gap & ~transfer, gap, transfer

    def _silent(self, before: Ints) -> Mask:
        silence_ms = self.table.fixed_ms - self.at.ms[before]
        silent = np.zeros(len(self.table), dtype=bool)
        for row in np.flatnonzero((before >= 0) & (silence_ms > DEFAULT_GAP_MS)).tolist():
            silent[row] = silence_ms[row] > self.gap_ms(int(self.table.vehicle_id[row]))
        return silent

    def gap_ms(self, vehicle_id: int) -> int:
        return self.world.limits.get(vehicle_id, DEFAULT_LIMITS).gap_ms

    def places(self, rows: Ints | Sequence[int]) -> Places:
        """Where rows are judged, by the versions of their own time."""
        index = np.asarray(rows, dtype=np.int64)
        return Places(
            lon=self.at.lon[index],
            lat=self.at.lat[index],
            judged_ms=self.table.fixed_ms[index],
            department_id=self.table.department_id[index],
            vehicle_id=self.table.vehicle_id[index],
        )

    def moments(self) -> Moments:
        """By row: the moments between it and the row before."""
        table, moments_ms = self.table, self.world.fences.moments_ms
        judged_ms = table.fixed_ms.copy()
        judged_ms[table.is_state] = self.known.judged_ms
        begins, ends = np.searchsorted(moments_ms, (judged_ms[:-1], table.fixed_ms[1:]))
        rows = np.flatnonzero(table.follows[1:] & (begins < ends)) + 1
        if not len(rows):
            return {}
        seen_at = np.maximum.accumulate(np.where(self.at.used, np.arange(len(table)), 0))[rows - 1]
        places = self.places(seen_at)
        places = Places(
            lon=places.lon,
            lat=places.lat,
            judged_ms=judged_ms[rows - 1],
            department_id=table.department_id[rows - 1],
            vehicle_id=places.vehicle_id,
        )
        return moments_between(self.world.fences, places, table.fixed_ms[rows], rows)

    @cached_property
    def due(self) -> Mask:
        """By vehicle: whether a rule has something to say before or at its rows."""
        table, known = self.table, self.known
        fast_mps = np.full(len(self.first), np.inf)
        fast_mps[self.knows] = known.fast_mps
        silence_ms = np.diff(table.fixed_ms, prepend=0)
        with np.errstate(invalid="ignore"):
            fast = table.speed_mps > fast_mps[self.vehicle]
        some = self._any(fast | (table.follows & (silence_ms > DEFAULT_GAP_MS)))
        some[self.knows] |= known.busy | (known.due_ms < table.fixed_ms[self.last[self.knows]])
        lasting = np.zeros(len(self.first), dtype=bool)
        lasting[self.knows] = known.visiting | known.signalling
        return (some & lasting) | self._signalled()

    def _signalled(self) -> Mask:
        """By vehicle: whether it says something, beside where it is, that concerns a rule."""
        signals, said = self.world.watches.signals, np.zeros(len(self.first), dtype=bool)
        if not signals:
            return said
        said[self.vehicle[_signals(self.table, signals)]] = True
        return said | np.isin(self.vehicle_id, list(self.overheard))


def _signals(table: Timeline, signals: Signals) -> list[int]:
    """Rows whose inputs concern a rule, or that follow a silence that does."""
    silence_ms = np.where(table.follows, np.diff(table.fixed_ms, prepend=0), 0)
    asked = silence_ms > signals.shortest_ms
    if signals.of_inputs:
        asked |= table.inputs.astype(bool)
    rows = np.flatnonzero(asked)
    columns = (table.department_id[rows], silence_ms[rows], table.inputs[rows])
    each = zip(rows.tolist(), *(column.tolist() for column in columns), strict=True)
    return [
        row
        for row, department_id, silent_ms, inputs in each
        if signals.concern(department_id, silence_ms=silent_ms, inputs=inputs)
    ]
