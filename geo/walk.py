"""From cuts along a way to changes of side at whole milliseconds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.distance import Floats
from geo.fences import INSIDE, ON_BORDER, OUTSIDE, Ints

Sides = npt.NDArray[np.int8]
Mask = npt.NDArray[np.bool_]

#: A stretch between two cuts lies on one side; it is asked for at these parts of its length, in
#: this order, until an answer is not "on the border".
SAMPLES = (0.5, 0.2, 0.8)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """Pairs of a way between two fixes and a fence, as columns of one length."""

    #: Is the start inside the fence?
    starts_inside: Mask
    #: Is the end?
    ends_inside: Mask
    #: When the way begins and ends, int64 milliseconds.
    start_ms: Ints
    end_ms: Ints
    #: The earliest time a change may have, unless the way ends before it.
    not_before_ms: Ints


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of side as columns of one length, by way, then time."""

    #: Row of `Ways`.
    way: Ints
    time_ms: Ints
    #: True for into the fence, False for out of it.
    inward: Mask


def changes_of_side(
    ways: Ways, cut_way: Ints, fraction: Floats, side_at: Callable[[Ints, Floats], Sides]
) -> Changes:
    """Where along each way the side changes, given the cuts (way, 0..1) with the border.

    `side_at(way, fraction)` answers for places along ways. What lies between two cuts is asked in
    its middle, so a cut too many does no harm: a touch of a border or corner changes nothing, nor
    does a stretch along a border. Two changes that fall in one millisecond cancel each other.
    """
    count = len(ways.start_ms)
    way, at = _stops(count, cut_way, fraction)
    follows = np.concatenate((np.zeros(min(1, len(way)), dtype=bool), way[1:] == way[:-1]))
    leads = np.append(follows[1:], np.zeros(min(1, len(way)), dtype=bool))
    start = np.where(ways.starts_inside, INSIDE, OUTSIDE)
    after = np.where(ways.ends_inside, INSIDE, OUTSIDE)[way]
    after[leads] = _stretch_sides(way[leads], at[leads], at[follows], side_at)
    held = np.where(~follows & (after == ON_BORDER), start[way], after)
    after = held[np.maximum.accumulate(np.where(held != ON_BORDER, np.arange(len(held)), 0))]
    before = np.where(follows, np.roll(after, 1), start[way])
    changed = after != before
    way, at, inward = way[changed], at[changed], after[changed] == INSIDE
    return _uncancelled(Changes(way, _times_ms(ways, way, at), inward))


def _stops(count: int, cut_way: Ints, fraction: Floats) -> tuple[Ints, Floats]:
    """Start, cuts and end of each way in order, none twice."""
    every = np.arange(count)
    way = np.concatenate((every, cut_way, every))
    at = np.concatenate((np.zeros(count), fraction, np.ones(count)))
    order = np.lexsort((at, way))
    way, at = way[order], at[order]
    new = np.ones(len(way), dtype=bool)
    new[1:] = (way[1:] != way[:-1]) | (at[1:] != at[:-1])
    return way[new], at[new]


def _stretch_sides(
    way: Ints, begin: Floats, end: Floats, side_at: Callable[[Ints, Floats], Sides]
) -> Sides:
    side = np.full(len(way), ON_BORDER)
    for part in SAMPLES:
        unsure = np.flatnonzero(side == ON_BORDER)
        at = begin[unsure] + (end[unsure] - begin[unsure]) * part
        side[unsure] = side_at(way[unsure], at)
    return side


def _times_ms(ways: Ways, way: Ints, at: Floats) -> Ints:
    start_ms, end_ms = ways.start_ms[way], ways.end_ms[way]
    time_ms = start_ms + np.rint((end_ms - start_ms) * at).astype(np.int64)
    return np.minimum(np.maximum(time_ms, ways.not_before_ms[way]), end_ms)


def _uncancelled(changes: Changes) -> Changes:
    """Sides alternate along a way, so of changes at one time the last stays if they are odd."""
    way, time_ms = changes.way, changes.time_ms
    new = np.ones(len(way), dtype=bool)
    new[1:] = (way[1:] != way[:-1]) | (time_ms[1:] != time_ms[:-1])
    first = np.flatnonzero(new)
    size = np.diff(np.append(first, len(way)))
    kept = (first + size - 1)[size % 2 == 1]
    return Changes(way[kept], time_ms[kept], changes.inward[kept])
