"""Moments at which fences or scopes change, and which fences then hold which vehicle."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from geo.fences import FenceIndex, Ints, Places
from geo.timeline import VehicleState

#: By row, or vehicle: times at which fences change, with those that hold the place just after.
Moments = dict[int, list[tuple[int, list[int]]]]


def moments_between(fences: FenceIndex, places: Places, until_ms: Ints, owner: Ints) -> Moments:
    """The moments from each place's `judged_ms` to a time that is not included, by its owner."""
    first = np.searchsorted(fences.moments_ms, places.judged_ms)
    count = np.maximum(np.searchsorted(fences.moments_ms, until_ms) - first, 0)
    if not count.any():
        return {}
    row = np.repeat(np.arange(len(first)), count)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    at_ms = fences.moments_ms[first[row] + nth]
    there = Places(
        lon=places.lon[row],
        lat=places.lat[row],
        # A version that begins at a moment is in force just after it.
        judged_ms=at_ms + 1,
        department_id=places.department_id[row],
        vehicle_id=places.vehicle_id[row],
    )
    found: Moments = {}
    rows = zip(owner[row].tolist(), at_ms.tolist(), fences.inside(there), strict=True)
    for who, when, fence_ids in rows:
        found.setdefault(who, []).append((when, fence_ids))
    return found


def moments_of(states: Mapping[int, VehicleState], fences: FenceIndex, at_ms: int) -> Moments:
    """The moments that states wait for up to a time, that one included, by vehicle id."""
    newest_ms = int(fences.moments_ms[-1]) if len(fences.moments_ms) else 0
    waiting = {v: s for v, s in states.items() if s.judged_ms <= newest_ms}
    if not waiting:
        return {}
    ids, values = np.array(list(waiting), dtype=np.int64), list(waiting.values())
    places = Places(
        lon=np.array([s.seen.lon for s in values], dtype=np.float64),
        lat=np.array([s.seen.lat for s in values], dtype=np.float64),
        judged_ms=np.array([s.judged_ms for s in values], dtype=np.int64),
        department_id=np.array([s.department_id for s in values], dtype=np.int32),
        vehicle_id=ids,
    )
    found = moments_between(fences, places, np.full(len(ids), at_ms + 1), ids)
    return {v: m for v, m in found.items() if waiting[v].memory.visits or any(f for _, f in m)}
