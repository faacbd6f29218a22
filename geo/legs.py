"""From a timeline to the rows of those vehicles that must be gone through one by one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from math import inf
from typing import Final, Literal, NamedTuple

import numpy as np

from geo.borders import WIDEST_BAND_M
from geo.contact import Ways, contacts
from geo.course import Leg, Row, World
from geo.errors import UnknownFenceError
from geo.fences import Ints, Mask, Places
from geo.limits import DEFAULT_GAP_MS, DEFAULT_LIMITS
from geo.memory import NOTHING, Memory, Seen
from geo.signals import Signals
from geo.timeline import Timeline, VehicleState, placed
from geo.waiting import Moments, moments_between

NOWHERE: Final[frozenset[int]] = frozenset()
Why = Literal["first", "transfer", "gap", "way"]


class _Asked(NamedTuple):
    """A leg before the index is asked."""

    row: int
    why: Why
    before: Seen | None
    least_m: float
    too_much_m: float


class _Past(NamedTuple):
    """A fix that a later one may be reached from."""

    seen: Seen
    department_id: int
    #: Grows with each jump: no way leads from one to the next.
    part: int


class Table:
    """A timeline of believed fixes, each with the place where it is judged."""

    def __init__(
        self, table: Timeline, jumped: Mask, states: Mapping[int, VehicleState], world: World
    ) -> None:
        self.table = table
        self.states = states
        self.world = world
        self.at = placed(table, states)
        self.jumped = jumped
        self._last = table.last
        self._first = np.flatnonzero(~table.follows)
        self._vehicles = table.vehicle_id[self._last].tolist()
        self._doubtful = self._in_doubt()
        self._signalled = signalled(table, world.watches.signals)
        self._trails: dict[int, tuple[Seen, ...]] = {}
        self._before = self._used_before()

    def quiet_states(self) -> dict[int, VehicleState]:
        """The state of each vehicle after its last row, if nothing happened on the way."""
        table, last = self.table, self._last
        columns = (table.fixed_ms, table.lon, table.lat, table.department_id)
        more = (table.error_m, table.ignition)
        rows = zip(
            self._vehicles,
            *(c[last].tolist() for c in (*columns, *more)),
            strict=True,
        )
        states, memories, quiet = self.states, self.at.memories, {}
        known = self.world.fences.ids
        for v, fixed_ms, lon, lat, department_id, error_m, ignition in rows:
            state = states.get(v)
            memory = memories.get(v)
            if memory is None:
                memory = NOTHING if state is None else state.memory
            inside = NOWHERE if state is None else state.inside
            if not inside <= known:
                raise UnknownFenceError(f"fence id {min(inside - known)}")
            quiet[v] = VehicleState(
                *(fixed_ms, fixed_ms, lon, lat, department_id, inside),
                None,
                error_m,
                ignition,
                memory,
            )
        return quiet

    def memory(self, vehicle_id: int) -> Memory:
        """How a vehicle is parked, and its trail, after its last row."""
        memory = self.at.memories.get(vehicle_id)
        if memory is None:
            state = self.states.get(vehicle_id)
            memory = NOTHING if state is None else state.memory
        return memory._replace(trail=self._trails.get(vehicle_id, ()))

    def _in_doubt(self) -> set[int]:
        """Vehicles with a fix that is not good for every fence (rule R7)."""
        doubtful = set(self.table.vehicle_id[self.at.error_m > WIDEST_BAND_M].tolist())
        return doubtful | {
            v for v in self._vehicles if (s := self.states.get(v)) is not None and s.memory.trail
        }

    def _used_before(self) -> Ints:
        """For each used row the used row before it of the same vehicle, or -1."""
        before = np.full(len(self.table), -1, dtype=np.int64)
        used = np.flatnonzero(self.at.used)
        same = self.table.vehicle_id[used[1:]] == self.table.vehicle_id[used[:-1]]
        before[used[1:][same]] = used[:-1][same]
        return before

    def seen(self, row: int) -> Seen:
        """Where the vehicle of a row is judged."""
        at = self.at
        return Seen(int(at.ms[row]), float(at.lon[row]), float(at.lat[row]), float(at.error_m[row]))

    def sure_ways(self) -> tuple[Ints, Mask, Mask, Mask]:
        """Fixes of vehicles without doubt, and of all rows which are a way, a gap, a transfer."""
        table, before = self.table, self._before
        fix = self.at.used & ~table.is_state
        if self._doubtful:
            fix &= ~np.isin(table.vehicle_id, list(self._doubtful))
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
            silent[row] = silence_ms[row] > self._gap_ms(int(self.table.vehicle_id[row]))
        return silent

    def _gap_ms(self, vehicle_id: int) -> int:
        return self.world.limits.get(vehicle_id, DEFAULT_LIMITS).gap_ms

    def doubtful_legs(self) -> Iterator[_Asked]:
        """The legs of vehicles with fixes that are too far off for some fences."""
        starts = dict(zip(self._vehicles, self._first.tolist(), strict=True))
        ends = dict(zip(self._vehicles, (self._last + 1).tolist(), strict=True))
        for vehicle_id in sorted(self._doubtful):
            yield from self._legs_of(vehicle_id, starts[vehicle_id], ends[vehicle_id])

    def _legs_of(self, vehicle_id: int, first: int, end: int) -> Iterator[_Asked]:
        past: list[_Past] = []
        state, part = self.states.get(vehicle_id), 0
        if state is not None:
            seen = state.memory.trail or (state.seen,)
            past = [_Past(each, state.department_id, part) for each in seen]
        for row in range(first, end):
            part += bool(self.jumped[row])
            if self.table.is_state[row] or not self.at.used[row]:
                continue
            here = _Past(self.seen(row), int(self.table.department_id[row]), part)
            yield from _to(row, here, past, self._gap_ms(vehicle_id))
            while past and _doubt_m(past[-1].seen) >= _doubt_m(here.seen):
                past.pop()
            past.append(here)
        sure = len(past) == 1 and not _doubt_m(past[0].seen)
        self._trails[vehicle_id] = () if sure else tuple(each.seen for each in past)

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
        table = self.table
        rows = np.flatnonzero(table.follows)
        if not len(rows) or not len(self.world.fences.moments_ms):
            return {}
        seen_at = np.maximum.accumulate(np.where(self.at.used, np.arange(len(table)), 0))[rows - 1]
        places = self.places(seen_at)
        judged_ms = table.fixed_ms[rows - 1].copy()
        for i in np.flatnonzero(table.is_state[rows - 1]).tolist():
            judged_ms[i] = self.states[int(table.vehicle_id[rows[i]])].judged_ms
        places = Places(
            lon=places.lon,
            lat=places.lat,
            judged_ms=judged_ms,
            department_id=table.department_id[rows - 1],
            vehicle_id=places.vehicle_id,
        )
        return moments_between(self.world.fences, places, table.fixed_ms[rows], rows)

    def is_due(self, vehicle_id: int, first: int, last: int) -> bool:
        """Whether a rule has something to say of a vehicle before or at its rows."""
        table, state = self.table, self.states.get(vehicle_id)
        if vehicle_id in self._signalled:
            return True
        if state is None or not (state.memory.visits or state.memory.signals):
            return False
        memory = state.memory
        if memory.busy or memory.due_ms < table.fixed_ms[last]:
            return True
        rows = slice(first, last + 1)
        if memory.fast_mps < inf and bool((table.speed_mps[rows] > memory.fast_mps).any()):
            return True
        return bool((np.diff(table.fixed_ms[rows]) > DEFAULT_GAP_MS).any())


def signalled(table: Timeline, signals: Signals) -> set[int]:
    """Vehicles with a fix whose inputs concern a rule, or after a silence that does."""
    if not signals:
        return set()
    silence_ms = np.diff(table.fixed_ms, prepend=0)
    silent = table.follows & (silence_ms > signals.shortest_ms)
    said = table.inputs.astype(bool) if signals.of_inputs else np.zeros(len(table), dtype=bool)
    return {
        int(table.vehicle_id[row])
        for row in np.flatnonzero(silent | said).tolist()
        if signals.concern(
            int(table.department_id[row]),
            silence_ms=float(silence_ms[row]) if silent[row] else 0.0,
            inputs=table.inputs[row],
        )
    }


def _doubt_m(seen: Seen) -> float:
    return seen.error_m if seen.error_m > WIDEST_BAND_M else 0.0


def _to(row: int, here: _Past, past: Sequence[_Past], gap_ms: int) -> Iterator[_Asked]:
    """The legs that lead to a fix: for each size of fence from the last fix good enough for it."""
    doubt_m, too_much_m = _doubt_m(here.seen), inf
    for before in reversed(past):
        least_m = max(doubt_m, _doubt_m(before.seen))
        if least_m < too_much_m:
            why: Why = "way"
            if before.department_id != here.department_id:
                why = "transfer"
            elif here.seen.ms - before.seen.ms > gap_ms or before.part != here.part:
                why = "gap"
            yield _Asked(row, why, before.seen, least_m, too_much_m)
        too_much_m = min(too_much_m, _doubt_m(before.seen))
    if doubt_m < too_much_m and (too_much_m > 0.0):
        yield _Asked(row, "first", None, doubt_m, too_much_m)


def rows_of(table: Table, wanted: Collection[int]) -> Iterator[tuple[int, Memory, list[Row]]]:
    """The vehicles to be gone through, with what they remember beside visits, and their rows;
    those wanted (by id) among them."""
    legs = _legs(table)
    moments = table.moments()
    vehicle_of = table.table.vehicle_id
    slow = set(vehicle_of[list(legs)].tolist()) | table._doubtful
    for row, found in moments.items():
        vehicle_id = int(vehicle_of[row])
        state = table.states.get(vehicle_id)
        if any(fences for _, fences in found) or (state is not None and state.memory.visits):
            slow.add(vehicle_id)
    bounds = zip(table._vehicles, table._first.tolist(), table._last.tolist(), strict=True)
    for vehicle_id, first, last in bounds:
        if vehicle_id in slow or vehicle_id in wanted or table.is_due(vehicle_id, first, last):
            begin = first + int(table.table.is_state[first])
            judged = [_row(table, row, legs, moments) for row in range(begin, last + 1)]
            yield vehicle_id, table.memory(vehicle_id), judged


def _row(table: Table, row: int, legs: Mapping[int, list[Leg]], moments: Moments) -> Row:
    source = table.table
    speed = float(source.speed_mps[row])
    return Row(
        fixed_ms=int(source.fixed_ms[row]),
        department_id=int(source.department_id[row]),
        ignition=int(source.ignition[row]),
        speed_mps=None if speed != speed else speed,  # noqa: PLR0124  NaN is not itself
        seen=table.seen(row) if table.at.used[row] else None,
        legs=legs.get(row, ()),
        moments=moments.get(row, ()),
        inputs=source.inputs[row],
    )


def _legs(table: Table) -> dict[int, list[Leg]]:
    """By row: the legs of which there is anything to say."""
    asked = list(table.doubtful_legs())
    rows, way, gap, transfer = table.sure_ways()
    found: dict[int, list[Leg]] = {}
    arriving = rows[~way[rows]]
    for row in arriving.tolist():
        before = table.seen(int(table._before[row])) if table._before[row] >= 0 else None
        why: Why = "transfer" if transfer[row] else "gap" if gap[row] else "first"
        asked.append(_Asked(row, why, before, 0.0, inf))
    _arrivals(table, [each for each in asked if each.why != "way"], found)
    _ways(table, rows[way[rows]], [each for each in asked if each.why == "way"], found)
    return found


def _arrivals(table: Table, asked: Sequence[_Asked], found: dict[int, list[Leg]]) -> None:
    inside = table.world.fences.inside(table.places([each.row for each in asked]))
    for each, fence_ids in zip(asked, inside, strict=True):
        vehicle_id = int(table.table.vehicle_id[each.row])
        # A fence that was made over a vehicle in doubt is visited before a fix is good for it.
        if fence_ids or each.why != "first" or vehicle_id in table._doubtful:
            found.setdefault(each.row, []).append(
                Leg(each.why, each.before, each.least_m, each.too_much_m, fence_ids)
            )


def _ways(table: Table, sure: Ints, asked: Sequence[_Asked], found: dict[int, list[Leg]]) -> None:
    at, before = table.at, table._before[sure]
    rows = np.concatenate((sure, np.array([each.row for each in asked], dtype=np.int64)))
    doubts = [each.before for each in asked if each.before is not None]
    count = len(sure)
    ways = Ways(
        lon=np.concatenate((at.lon[before], [each.lon for each in doubts])),
        lat=np.concatenate((at.lat[before], [each.lat for each in doubts])),
        to=table.places(rows),
        error_m=np.concatenate((at.error_m[before], [each.error_m for each in doubts])),
        to_error_m=at.error_m[rows],
        least_m=np.concatenate((np.zeros(count), [each.least_m for each in asked])),
        too_much_m=np.concatenate((np.full(count, inf), [each.too_much_m for each in asked])),
    )
    for way, met in contacts(table.world.fences, ways).items():
        row = int(rows[way])
        if way < count:
            leg = Leg("way", table.seen(int(before[way])), contacts=met)
        else:
            said = asked[way - count]
            leg = Leg("way", said.before, said.least_m, said.too_much_m, contacts=met)
        found.setdefault(row, []).append(leg)
