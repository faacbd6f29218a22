"""Plain fixes: of vehicles of which no more than crossings is in doubt. Columns nearly all the way.

The rules of doubt (geo.course) say the same of them, at a multiple of the cost; nearly all that
cross borders, or end within a band, are plain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Final, NamedTuple

import numpy as np

from geo.columns import tuples
from geo.distance import Floats
from geo.event import Event, Kind
from geo.fences import Ints, Mask
from geo.legs import Met
from geo.limits import DEFAULT_GAP_MS
from geo.memory import NO_DOUBT, NOTHING_PENDING, Change, Crossing, Memory, Visit
from geo.table import Table
from geo.telling import Telling
from geo.visit import OUTSIDE
from geo.walks import NONE_MS, Flips, Sides, Times, walk

#: By whether a vehicle enters.
KINDS: Final[tuple[Kind, Kind]] = ("exit", "enter")
#: Behind `interpolated`: what an event is made without that is no more than a crossing.
NOTHING_ELSE: Final = tuple(Event._field_defaults.values())[1:]


class Plain(NamedTuple):
    """What is said of vehicles that need not be gone through fix by fix."""

    #: By vehicle: whether all is said of it.
    told: Mask
    #: By number, of those of whom it changes: all that the next fix needs to know of the past.
    memories: dict[int, Memory]


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
    flips, restated = walk(sides, met.contacts, pairs.pair, times)
    flipped = np.zeros(len(pairs.pair), dtype=bool)
    flipped[flips.pair] = True
    interpolated = np.zeros(len(pairs.pair), dtype=bool)
    interpolated[flips.pair] = flips.interpolated
    due_ms = _due_ms(table, pairs, sides, flipped)
    told[pairs.number] = True
    # A rule was due before the fix that shows the visit.
    told[pairs.number[due_ms < times.seen_ms]] = False
    _tell(table, pairs, flips, told, telling)
    _restate(table, pairs, restated[told[pairs.number[restated]]], telling)
    changed = (flipped | was_in_doubt | sides.in_doubt) & told[pairs.number]
    looked_for = due_ms if table.world.watches else None
    after = _Visits(pairs, sides, flipped, interpolated, looked_for)
    return Plain(told, _memories(table, pairs, after, np.flatnonzero(changed)))


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
        if visit.last is not None:
            _, sides.last_after_ms[nth], sides.last_until_ms[nth] = visit.last.crossing
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
    said = (kinds, *(column[order].tolist() for column in columns))
    telling.tell_all(tuples(Event, *said, *map(repeat, NOTHING_ELSE)))


def _restate(table: Table, pairs: _Pairs, restated: Ints, telling: Telling) -> None:
    """What was told last of these pairs is interpolated after all."""
    vehicles = table.vehicle_id[pairs.number[restated]].tolist()
    fences = pairs.fence_id[restated].tolist()
    for nth, vehicle_id, fence_id in zip(restated.tolist(), vehicles, fences, strict=True):
        visit = pairs.visits[nth]
        if visit is not None and visit.last is not None and not visit.last.interpolated:
            kind, version, (at_ms, after_ms, until_ms), _ = visit.last
            which, around = (kind, vehicle_id, fence_id, version), (after_ms, until_ms)
            telling.restate(Event(*which, at_ms, *around, interpolated=True))


def _due_ms(table: Table, pairs: _Pairs, sides: Sides, flipped: Mask) -> Floats:
    """When visits that begin have something due first; infinity for all others."""
    due_ms = np.full(len(flipped), np.inf)
    opened = np.flatnonzero(flipped & sides.inside)
    owner = table.table.department_id[pairs.row[opened]]
    which = (owner, pairs.fence_id[opened], sides.changed_ms[opened])
    due_ms[opened] = table.world.watches.openings_due_ms(*which)
    return due_ms


@dataclass(frozen=True, slots=True)
class _Visits:
    """Of pairs the visits as the fixes at the ends of the ways leave them."""

    pairs: _Pairs
    sides: Sides
    flipped: Mask
    interpolated: Mask
    #: None: there is no rule to look for.
    due_ms: Floats | None

    def of(self, rows: Ints) -> list[Visit | None]:
        """Those of some pairs; None where there is none."""
        visits: list[Visit | None] = [None] * len(rows)
        sides, new = self.sides[rows], self.flipped[rows]
        begun = np.flatnonzero(sides.inside & new & ~sides.in_doubt)
        changed_ms = sides.changed_ms[begun].tolist()
        due_ms = repeat(None) if self.due_ms is None else self.due_ms[rows[begun]].tolist()
        opened = (repeat(True), changed_ms, changed_ms)
        made = tuples(Visit, *opened, *map(repeat, (*NO_DOUBT, None, *NOTHING_PENDING)), due_ms)
        for nth, visit in zip(begun.tolist(), made, strict=True):
            visits[nth] = visit
        for nth in np.flatnonzero(sides.inside & ~new & ~sides.in_doubt).tolist():
            before = self.pairs.visits[rows[nth]] or OUTSIDE
            visits[nth] = before._replace(crossing=None, row_ms=None, last=None)
        for nth in np.flatnonzero(sides.in_doubt).tolist():
            visits[nth] = self._in_doubt(int(rows[nth]))
        return visits

    def _in_doubt(self, nth: int) -> Visit:
        sides, visit = self.sides, self.pairs.visits[nth] or OUTSIDE
        columns = (sides.at_ms, sides.after_ms, sides.until_ms, sides.row_ms)
        *crossing, row_ms = (int(column[nth]) for column in columns)
        visit = visit._replace(crossing=Crossing(*crossing), row_ms=row_ms)
        if not self.flipped[nth]:
            return visit
        inside, changed_ms = bool(sides.inside[nth]), int(sides.changed_ms[nth])
        around = int(sides.last_after_ms[nth]), int(sides.last_until_ms[nth])
        last = Change(
            KINDS[inside],
            int(self.pairs.version[nth]),
            Crossing(changed_ms, *around),
            bool(self.interpolated[nth]),
        )
        return Visit(
            inside,
            changed_ms,
            changed_ms,
            visit.crossing,
            row_ms,
            last,
            due_ms=None if self.due_ms is None else float(self.due_ms[nth]),
        )


def _memories(table: Table, pairs: _Pairs, after: _Visits, rows: Ints) -> dict[int, Memory]:
    """By number: what vehicles remember behind their fixes."""
    memories, visits_of = table.memories, dict[int, dict[int, Visit]]()
    numbers, fences = pairs.number[rows].tolist(), pairs.fence_id[rows].tolist()
    for number, fence_id, visit in zip(numbers, fences, after.of(rows), strict=True):
        visits = visits_of.get(number)
        if visits is None:
            visits = visits_of[number] = dict(memories[number].visits)
        if visit is None:
            visits.pop(fence_id, None)
        else:
            visits[fence_id] = visit
    owners = table.table.department_id[table.last].tolist()
    times = table.table.fixed_ms[table.last].tolist()
    remembering = table.world.watches.remembering
    return {
        number: remembering(memories[number], visits, owners[number], times[number])
        for number, visits in visits_of.items()
    }
