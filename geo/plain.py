"""Plain crossings: one fix that leaves no doubt, after a state that has none. Columns all the way.

The rules of doubt (geo.course) say the same of them, at a multiple of the cost; most crossings are
plain.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import numpy as np

from geo.event import Event, Kind
from geo.fences import Ints, Mask
from geo.legs import Met
from geo.limits import DEFAULT_GAP_MS
from geo.memory import Visit
from geo.table import Table
from geo.telling import Telling
from geo.timeline import VehicleState
from geo.watch import Watches

ENTER: Final[Kind] = "enter"
EXIT: Final[Kind] = "exit"
#: So many stretches has a way that crosses a border once.
CROSSING: Final = 2


class Crossed(NamedTuple):
    """A plain crossing."""

    vehicle_id: int
    fence_id: int
    version: int
    department_id: int
    entering: bool
    at_ms: int
    #: The fixes before it and after.
    after_ms: int
    until_ms: int


def plain_crossings(table: Table, met: Met) -> tuple[Mask, list[Crossed]]:
    """Which vehicles do nothing but stay, or cross borders plainly; and these crossings.

    Crossings come by vehicle; a vehicle of which the index says nothing may be among the others.
    """
    sure = np.flatnonzero(met.contacts.way < met.sure)
    number = table.vehicle[met.rows[met.contacts.way[sure]]]
    simple = _simple(table, met)[number]
    pair, number = sure[simple], number[simple]
    first, count = met.contacts.first[pair], np.diff(met.contacts.first)[pair]
    begins, ends = met.contacts.inside[first], met.contacts.ends_inside[pair]
    stays = (count == 1) & (ends == begins)
    leaves = (count == CROSSING) & (ends != begins) & met.contacts.ends_deep[pair]
    leaves &= met.contacts.inside[first + count - 1] != begins
    plain = (stays | leaves) & (begins == _was_inside(table, met, pair, number))
    told = np.zeros(len(table.first), dtype=bool)
    told[number] = True
    told[number[~plain]] = False
    leaving = np.flatnonzero(leaves & told[number])
    crossed = [*_crossed(table, met, pair[leaving], number[leaving])]
    early = _overtaken(crossed, table.world.watches)
    if early:
        told[np.isin(table.vehicle_id, list(early))] = False
    return told, [each for each in crossed if each.vehicle_id not in early]


def _overtaken(crossed: Iterable[Crossed], watches: Watches) -> set[int]:
    """The vehicles with a visit that began so long before the fix that a rule was due already."""
    if not watches:
        return set()
    return {
        each.vehicle_id
        for each in crossed
        if each.entering
        and each.until_ms
        > watches.visit_due_ms(
            each.department_id,
            each.fence_id,
            Visit(True, each.at_ms, each.at_ms),
            each.at_ms + 1,
        )
    }


def _simple(table: Table, met: Met) -> Mask:
    """By vehicle: whether nothing is remembered, and nothing due, that its one fix could change."""
    known, rows = table.known, table.table
    simple = np.zeros(len(table.first), dtype=bool)
    simple[table.knows] = ~(known.busy | known.parked | known.trails)
    simple &= (table.last - table.first == 1) & ~table.doubtful & ~table.due
    simple[table.vehicle[list(met.moments)]] = False
    watches = table.world.watches
    if watches:
        with np.errstate(invalid="ignore"):
            simple &= ~(rows.speed_mps[table.last] > watches.fast_mps)
        simple &= rows.fixed_ms[table.last] - rows.fixed_ms[table.first] <= DEFAULT_GAP_MS
    return simple


def _was_inside(table: Table, met: Met, pair: Ints, number: Ints) -> Mask:
    """Whether each vehicle's state is inside of the fence it meets."""
    known = np.searchsorted(table.knows, number).tolist()
    fences = table.world.fences.fence_id[met.contacts.version[pair]].tolist()
    memories = table.known.memories
    each = (fence in memories[nth].visits for nth, fence in zip(known, fences, strict=True))
    return np.fromiter(each, dtype=bool, count=len(pair))


def _crossed(table: Table, met: Met, pair: Ints, number: Ints) -> Iterator[Crossed]:
    """The crossings, each later than the fix before it and than the beginning of the version."""
    fences, told = table.world.fences, met.contacts
    version, second = told.version[pair], told.first[pair] + 1
    row = table.last[number]
    after_ms, until_ms = table.at.ms[table.before[row]], table.at.ms[row]
    from_ms = fences.from_ms[version]
    at_ms = after_ms + np.rint((until_ms - after_ms) * told.at[second]).astype(np.int64)
    earliest_ms = np.maximum(after_ms, from_ms) + 1 + (after_ms == from_ms)
    at_ms = np.minimum(np.maximum(at_ms, earliest_ms), until_ms)
    names = (table.vehicle_id[number], fences.fence_id[version], fences.version[version])
    sides = (table.table.department_id[row], told.inside[second])
    columns = (*names, *sides, at_ms, after_ms, until_ms)
    return map(Crossed._make, zip(*(column.tolist() for column in columns), strict=True))


def visits_after(
    states: Mapping[int, VehicleState], crossed: Iterable[Crossed], telling: Telling
) -> dict[int, dict[int, Visit]]:
    """By vehicle: the visits after its plain crossings, which are told."""
    after: dict[int, dict[int, Visit]] = {}
    for vehicle_id, fence_id, version, _, _, at_ms, after_ms, until_ms in crossed:
        visits = after.get(vehicle_id)
        if visits is None:
            visits = after[vehicle_id] = dict(states[vehicle_id].memory.visits)
        visit = visits.pop(fence_id, None)
        if visit is None:
            visits[fence_id] = Visit(True, at_ms, at_ms)
            kind, told_ms = ENTER, at_ms
        else:
            kind, told_ms = EXIT, min(max(at_ms, visit.changed_ms + 1), until_ms)
        telling.tell(Event(kind, vehicle_id, fence_id, version, told_ms, after_ms, until_ms))
    return after
