"""From a table to the legs on which fixes are reached, and what the index tells of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from typing import Literal, NamedTuple

import numpy as np

from geo.borders import WIDEST_BAND_M
from geo.contact import Contacts, Ways, contacts
from geo.course import Leg, Row
from geo.fences import Ints, Mask
from geo.memory import Memory, Seen
from geo.table import Table
from geo.waiting import Moments

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


class Met(NamedTuple):
    """What the index tells of a table."""

    #: By row: the legs that are no sure way, as far as there is anything to say of them.
    legs: Mapping[int, list[Leg]]
    #: The rows of the ways, those of vehicles without doubt first, and how many these are.
    rows: Ints
    sure: int
    #: The ways of the others.
    asked: Sequence[_Asked]
    contacts: Contacts
    moments: Moments


def met(table: Table) -> Met:
    """Ask the index of all the ways and places of a table."""
    asked = [*_doubtful_legs(table)]
    rows, way, gap, transfer = table.sure_ways()
    for row in rows[~way[rows]].tolist():
        before = table.seen_at(int(table.before[row])) if table.before[row] >= 0 else None
        why: Why = "transfer" if transfer[row] else "gap" if gap[row] else "first"
        asked.append(_Asked(row, why, before, 0.0, inf))
    sure = rows[way[rows]]
    doubtful = [each for each in asked if each.why == "way"]
    ways = _ways(table, sure, doubtful)
    return Met(
        legs=_arrivals(table, [each for each in asked if each.why != "way"]),
        rows=np.concatenate((sure, np.array([each.row for each in doubtful], dtype=np.int64))),
        sure=len(sure),
        asked=doubtful,
        contacts=contacts(table.world.fences, ways),
        moments=table.moments(),
    )


def _doubtful_legs(table: Table) -> Iterator[_Asked]:
    """The legs of vehicles with fixes that are too far off for some fences."""
    for number in np.flatnonzero(table.doubtful).tolist():
        yield from _legs_of(table, int(table.vehicle_id[number]), number)


def _legs_of(table: Table, vehicle_id: int, number: int) -> Iterator[_Asked]:
    past: list[_Past] = []
    state, part = table.states.get(vehicle_id), 0
    if state is not None:
        trail = state.memory.trail or (state.seen,)
        jumped_ms = state.memory.jumped_ms or 0
        past = [_Past(each, state.department_id, -(each.ms < jumped_ms)) for each in trail]
    for row in range(int(table.first[number]), int(table.last[number]) + 1):
        part += bool(table.jumped[row])
        if table.table.is_state[row] or not table.at.used[row]:
            continue
        here = _Past(table.seen_at(row), int(table.table.department_id[row]), part)
        yield from _to(row, here, past, table.gap_ms(vehicle_id))
        while past and _doubt_m(past[-1].seen) >= _doubt_m(here.seen):
            past.pop()
        past.append(here)
    sure = len(past) == 1 and not _doubt_m(past[0].seen)
    table.trails[vehicle_id] = () if sure else tuple(each.seen for each in past)


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


def rows_of(table: Table, met: Met, told: Mask) -> Iterator[tuple[int, Memory, list[Row]]]:
    """The vehicles to be gone through, with what they remember beside visits, and their rows.

    Those that are told of already are left out.
    """
    slow = (_concerned(table, met) | table.doubtful | table.due) & ~told
    legs = _legs(table, met, slow)
    fixes = np.flatnonzero(slow[table.vehicle] & ~table.table.is_state)
    rows = _rows(table, fixes, legs, met.moments)
    numbers = np.flatnonzero(slow)
    counts = np.bincount(table.vehicle[fixes], minlength=len(slow))[numbers]
    for vehicle_id, count in zip(table.vehicle_id[numbers].tolist(), counts.tolist(), strict=True):
        yield vehicle_id, table.memory(vehicle_id), [*islice(rows, count)]


def _concerned(table: Table, met: Met) -> Mask:
    """By vehicle: whether there is anything to say of a leg or a moment of it."""
    concerned = np.zeros(len(table.first), dtype=bool)
    concerned[table.vehicle[met.rows[met.contacts.way]]] = True
    concerned[table.vehicle[list(met.legs)]] = True
    for row, found in met.moments.items():
        number = table.vehicle[row]
        state = table.states.get(int(table.vehicle_id[number]))
        if any(fences for _, fences in found) or (state is not None and state.memory.visits):
            concerned[number] = True
    return concerned


def _rows(
    table: Table, fixes: Ints, legs: Mapping[int, list[Leg]], moments: Moments
) -> Iterator[Row]:
    source = table.table
    speeds = source.speed_mps[fixes]
    columns = zip(
        fixes.tolist(),
        source.fixed_ms[fixes].tolist(),
        source.department_id[fixes].tolist(),
        source.ignition[fixes].tolist(),
        np.where(np.isnan(speeds), None, speeds).tolist(),  # type: ignore[call-overload]  # None among numbers
        table.at.used[fixes].tolist(),
        table.seen(fixes),
        source.inputs[fixes].tolist(),
        strict=True,
    )
    for row, ms, owner, ignition, speed, used, seen, inputs in columns:
        yield Row(
            ms,
            owner,
            ignition,
            speed,
            seen if used else None,
            legs.get(row, ()),
            moments.get(row, ()),
            inputs,
        )


def _legs(table: Table, met: Met, slow: Mask) -> Mapping[int, list[Leg]]:
    """By row: the legs of these vehicles of which there is anything to say."""
    legs = defaultdict(list, met.legs)
    pairs = np.flatnonzero(slow[table.vehicle[met.rows[met.contacts.way]]])
    ways = met.contacts.way[pairs]
    first = np.flatnonzero(np.diff(ways, prepend=-1))
    ways, counts = ways[first], np.diff(np.append(first, len(pairs))).tolist()
    rows = met.rows[ways]
    each = met.contacts.of(table.world.fences, pairs)
    columns = zip(ways.tolist(), rows.tolist(), counts, table.seen(table.before[rows]), strict=True)
    for way, row, count, before in columns:
        its = [*islice(each, count)]
        if way < met.sure:
            leg = Leg("way", before, contacts=its)
        else:
            said = met.asked[way - met.sure]
            leg = Leg("way", said.before, said.least_m, said.too_much_m, contacts=its)
        legs[row].append(leg)
    return legs


def _arrivals(table: Table, asked: Sequence[_Asked]) -> dict[int, list[Leg]]:
    inside = table.world.fences.inside(table.places([each.row for each in asked]))
    found: dict[int, list[Leg]] = {}
    for each, fence_ids in zip(asked, inside, strict=True):
        # A fence that was made over a vehicle in doubt is visited before a fix is good for it.
        if fence_ids or each.why != "first" or table.doubtful[table.vehicle[each.row]]:
            found.setdefault(each.row, []).append(
                Leg(each.why, each.before, each.least_m, each.too_much_m, fence_ids)
            )
    return found


def _ways(table: Table, sure: Ints, asked: Sequence[_Asked]) -> Ways:
    at, before = table.at, table.before[sure]
    rows = np.concatenate((sure, np.array([each.row for each in asked], dtype=np.int64)))
    doubts = [each.before for each in asked if each.before is not None]
    count = len(sure)
    return Ways(
        lon=np.concatenate((at.lon[before], [each.lon for each in doubts])),
        lat=np.concatenate((at.lat[before], [each.lat for each in doubts])),
        to=table.places(rows),
        error_m=np.concatenate((at.error_m[before], [each.error_m for each in doubts])),
        to_error_m=at.error_m[rows],
        least_m=np.concatenate((np.zeros(count), [each.least_m for each in asked])),
        too_much_m=np.concatenate((np.full(count, inf), [each.too_much_m for each in asked])),
    )
