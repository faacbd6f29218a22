"""Plain fixes: of vehicles of which no more than crossings is in doubt. Columns nearly all the way.

The rules of doubt (geo.course) say the same of them, at a multiple of the cost; nearly all that
cross borders, or end within a band, are plain.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from geo.event import Event, Kind
from geo.fences import Ints, Mask
from geo.legs import Met
from geo.limits import DEFAULT_GAP_MS
from geo.memory import Crossing, Visit
from geo.table import Table
from geo.telling import Telling
from geo.visit import OUTSIDE
from geo.walks import NONE_MS, Flips, Sides, Times, walk

#: By whether a vehicle enters.
KINDS: Final[tuple[Kind, Kind]] = ("exit", "enter")
#: By vehicle id, then fence id: the visit as it stands now; None: there is none.
Changes = dict[int, dict[int, Visit | None]]


class Plain(NamedTuple):
    """What is said of vehicles that need not be gone through fix by fix."""

    #: By vehicle: whether all is said of it.
    told: Mask
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pairs:
    """Ways of plain vehicles with fences, as columns of one length."""

    #: The pair in the contacts,
    pair: Ints
    #: the number of the vehicle, and its row,
    number: Ints
    row: Ints
    #: the fence and its version.
    fence_id: Ints
    version: Ints
    from_ms: Ints
    #: The visit that it was on.
    visits: Sequence[Visit | None]


def plain(table: Table, met: Met, telling: Telling) -> Plain:
    """Find the plain ones, and tell what they do.

    A vehicle of which the index says nothing may be among the others.
    """
    told = np.zeros(len(table.first), dtype=bool)
    pairs = _pairs(table, met)
    if not len(pairs.pair):
        return Plain(told, {})
    sides, times = _sides(pairs.visits), _times(table, pairs)
    was_in_doubt = sides.in_doubt
    flips = walk(sides, met.contacts, pairs.pair, times)
    flipped = np.zeros(len(pairs.pair), dtype=bool)
    flipped[flips.pair] = True
    opened = np.flatnonzero(flipped & sides.inside)
    owner = table.table.department_id[pairs.row[opened]]
    visits = (owner, pairs.fence_id[opened], sides.changed_ms[opened])
    due_ms = table.world.watches.openings_due_ms(*visits)
    told[pairs.number] = True
    # What was told and is in doubt again may be restated by the next fix.
    told[pairs.number[flipped & sides.in_doubt]] = False
    # A rule was due before the fix that shows the visit.
    told[pairs.number[opened[due_ms < times.seen_ms[opened]]]] = False
    _tell(table, pairs, flips, told, telling)
    changed = flipped | was_in_doubt | sides.in_doubt
    due: dict[int, float | None] = dict.fromkeys(opened.tolist())
    if table.world.watches:
        due = dict(zip(opened.tolist(), due_ms.tolist(), strict=True))
    rows = np.flatnonzero(changed & told[pairs.number])
    return Plain(told, _changes(table, pairs, sides, rows, due))


def _pairs(table: Table, met: Met) -> _Pairs:
    sure = np.flatnonzero(met.contacts.way < met.sure)
    number = table.vehicle[met.rows[met.contacts.way[sure]]]
    simple = _simple(table, met)[number]
    pair, number = sure[simple], number[simple]
    fences, version = table.world.fences, met.contacts.version[pair]
    fence_id = fences.fence_id[version]
    memories = table.known.memories
    known = np.searchsorted(table.knows, number).tolist()
    each = zip(known, fence_id.tolist(), strict=True)
    return _Pairs(
        pair=pair,
        number=number,
        row=table.last[number],
        fence_id=fence_id,
        version=fences.version[version],
        from_ms=fences.from_ms[version],
        visits=[memories[nth].visits.get(fence) for nth, fence in each],
    )


def _simple(table: Table, met: Met) -> Mask:
    """By vehicle: whether it has one fix, and that changes no more than sides."""
    known, rows = table.known, table.table
    simple = np.zeros(len(table.first), dtype=bool)
    simple[table.knows] = ~(known.busy | known.trails)
    simple &= (table.last - table.first == 1) & ~table.doubtful & ~table.due
    simple[table.vehicle[list(met.moments)]] = False
    watches = table.world.watches
    if watches:
        with np.errstate(invalid="ignore"):
            simple &= ~(rows.speed_mps[table.last] > watches.fast_mps)
        simple &= rows.fixed_ms[table.last] - rows.fixed_ms[table.first] <= DEFAULT_GAP_MS
    return simple


def _sides(visits: Sequence[Visit | None]) -> Sides:
    sides = Sides.outside(len(visits))
    known = [(nth, visit) for nth, visit in enumerate(visits) if visit is not None]
    at = [nth for nth, _ in known]
    sides.inside[at] = [visit.inside for _, visit in known]
    sides.changed_ms[at] = [visit.changed_ms for _, visit in known]
    for nth, visit in known:
        if visit.crossing is not None:
            sides.at_ms[nth], sides.after_ms[nth], sides.until_ms[nth] = visit.crossing
            sides.row_ms[nth] = NONE_MS if visit.row_ms is None else visit.row_ms
    return sides


def _times(table: Table, pairs: _Pairs) -> Times:
    at = table.at.ms
    return Times(at[table.before[pairs.row]], at[pairs.row], pairs.from_ms)


def _tell(table: Table, pairs: _Pairs, flips: Flips, told: Mask, telling: Telling) -> None:
    """The changes of side of those of whom all is told."""
    vehicle_id = table.vehicle_id[pairs.number[flips.pair]]
    fence_id = pairs.fence_id[flips.pair]
    order = np.lexsort((vehicle_id, fence_id, flips.entering, flips.at_ms))
    order = order[told[pairs.number[flips.pair[order]]]]
    columns = (
        *(vehicle_id, fence_id, pairs.version[flips.pair]),
        *(flips.at_ms, flips.after_ms, flips.until_ms, flips.interpolated),
    )
    kinds = [KINDS[entering] for entering in flips.entering[order].tolist()]
    telling.tell_all(map(Event, kinds, *(column[order].tolist() for column in columns)))


def _changes(
    table: Table, pairs: _Pairs, sides: Sides, rows: Ints, due: Mapping[int, float | None]
) -> Changes:
    """Visits as they stand behind the fixes."""
    changes: Changes = {}
    its = sides[rows]
    columns = (
        *(table.vehicle_id[pairs.number[rows]], pairs.fence_id[rows], its.inside, its.changed_ms),
        *(its.at_ms, its.after_ms, its.until_ms, its.row_ms),
    )
    each = zip(rows.tolist(), *(column.tolist() for column in columns), strict=True)
    for nth, vehicle_id, fence_id, inside, changed_ms, *doubt, row_ms in each:
        visit = None
        if nth in due:
            visit = Visit(True, changed_ms, changed_ms, due_ms=due[nth])
        elif doubt[0] != NONE_MS:
            visit = _with_doubt(pairs.visits[nth] or OUTSIDE, Crossing(*doubt), row_ms)
        elif inside:
            visit = _with_doubt(pairs.visits[nth] or OUTSIDE, None, None)
        if vehicle_id in changes:
            changes[vehicle_id][fence_id] = visit
        else:
            changes[vehicle_id] = {fence_id: visit}
    return changes


def _with_doubt(visit: Visit, crossing: Crossing | None, row_ms: int | None) -> Visit:
    """A visit of which nothing else is remembered; `_replace` costs twice as much."""
    inside, opened_ms, changed_ms, *_ = visit
    return Visit(inside, opened_ms, changed_ms, crossing, row_ms, due_ms=visit.due_ms)
