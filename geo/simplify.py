"""Fewer fixes for the same way: which fixes of a track to keep, numpy columns in, indexes out.

The way between two fixes is straight in (lon, lat), as everywhere here. A dropped fix lies no
farther from the simplified way than the tolerance, in metres on the WGS 84 ellipsoid: distances
are taken in the plane that touches the ellipsoid at the dropped fix. For tolerances up to
MAX_TOLERANCE_M and latitudes up to 70 degrees that is true to one part in 400.

Farthest point first (Ramer 1972, doi:10.1016/S0146-664X(72)80017-0; Douglas and Peucker 1973,
doi:10.3138/FM57-6770-U75U-7727), all parts of the way at once. With times the distance is to where
the simplified way is at the dropped fix's own time (top-down time ratio: Meratnia and de By 2004,
doi:10.1007/978-3-540-24741-8_44), so that at no time it is farther off than the tolerance.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import Floats, degree_lengths_m, unwrap_line

#: Metres; beyond it the plane at a fix is no good measure, and a track says nothing any more.
MAX_TOLERANCE_M: Final = 10_000.0
#: Ways that still do not end after so many rounds are split in the middle: no input costs more than
#: n times this.
MOST_ROUNDS: Final = 64

Indexes = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]


class _Line(NamedTuple):
    """The way and the scale of the plane at each fix."""

    lon: Floats
    lat: Floats
    #: Metres of a degree there.
    lon_m: Floats
    lat_m: Floats
    #: When; None: it does not matter.
    time: Floats | None


def simplify(
    lon: Floats, lat: Floats, *, tolerance_m: float, keep: Mask, time: Floats | None = None
) -> Indexes:
    """Indexes of the fixes to keep, ascending: the ends, `keep`, and what the tolerance needs.

    lon, lat (degrees), keep (bool) and time (any unit, rising between two fixes that are kept) have
    one length; between one vehicle's last fix and another's first, both in `keep`, anything may
    lie. tolerance_m is 0 to MAX_TOLERANCE_M, else ValueError.
    """
    if not 0.0 <= tolerance_m <= MAX_TOLERANCE_M:
        raise ValueError(f"the tolerance is 0 to {MAX_TOLERANCE_M:.0f} m")
    weights = significance_m(lon, lat, keep=keep, least_m=tolerance_m, time=time)
    return np.flatnonzero(weights > tolerance_m)


def within_budget(lon: Floats, lat: Floats, *, points: int, keep: Mask) -> tuple[Indexes, float]:
    """The indexes of at most `points` fixes to keep, and the tolerance in metres that they keep to.

    The ends and `keep` are kept even where they are more than `points`.
    """
    weights = significance_m(lon, lat, keep=keep)
    free = max(points - int(np.count_nonzero(np.isinf(weights))), 0)
    others = np.sort(weights[np.isfinite(weights)])[::-1]
    if len(others) <= free:
        return np.arange(len(weights)), 0.0
    # Of equally significant ones all go: one may hang on another.
    tolerance_m = float(others[free])
    return np.flatnonzero(weights > tolerance_m), tolerance_m


def significance_m(
    lon: Floats, lat: Floats, *, keep: Mask, least_m: float = 0.0, time: Floats | None = None
) -> Floats:
    """For each fix the tolerance, in metres, from which on it may go; infinite: never.

    The ends and `keep` never go. What is left above a number makes a way that is good to that
    number. Fixes that may go at `least_m` already are 0.
    """
    line = _line(lon, lat, time)
    weights = np.zeros(len(line.lon))
    fixed = np.flatnonzero(keep | _ends(len(line.lon)))
    weights[fixed] = np.inf
    between = np.flatnonzero(weights == 0.0)
    place = np.searchsorted(fixed, between)
    parts = _Parts(between, fixed[place - 1], fixed[place], np.full(len(between), np.inf))
    rounds = 0
    while len(parts.at):
        parts = _split(line, parts, weights, least_m, halve=rounds >= MOST_ROUNDS)
        rounds += 1
    return weights


class _Parts(NamedTuple):
    """Fixes not decided yet, ascending, with the ends of the part of the way that each lies in."""

    at: Indexes
    first: Indexes
    last: Indexes
    #: The significance of what made the part: no fix in it is more significant.
    bound_m: Floats


def _split(line: _Line, parts: _Parts, weights: Floats, least_m: float, *, halve: bool) -> _Parts:
    """Split each part at its farthest fix, set its weight, and give the parts that are left."""
    away = _away_m(line, parts)
    starts = np.flatnonzero(np.r_[True, parts.first[1:] != parts.first[:-1]])
    counts = np.diff(np.r_[starts, len(away)])
    farthest = np.maximum.reduceat(away, starts)
    if halve:
        chosen = starts + counts // 2
        weight = np.full(len(starts), np.inf)
        bound = parts.bound_m[starts]
    else:
        hits = np.flatnonzero(away == np.repeat(farthest, counts))
        chosen = hits[np.searchsorted(hits, starts)]
        weight = bound = np.minimum(farthest, parts.bound_m[starts])
    on = farthest > least_m
    weights[parts.at[chosen[on]]] = weight[on]
    at_split = np.repeat(parts.at[chosen], counts)
    left = np.repeat(on, counts) & (parts.at != at_split)
    before = parts.at < at_split
    return _Parts(
        parts.at[left],
        np.where(before, parts.first, at_split)[left],
        np.where(before, at_split, parts.last)[left],
        np.repeat(bound, counts)[left],
    )


def _away_m(line: _Line, parts: _Parts) -> Floats:
    """Metres from each fix to its part's straight way, or to where on it one is at the fix's time,
    in the plane at the fix."""
    at, first, last = parts.at, parts.first, parts.last
    x = (line.lon[first] - line.lon[at]) * line.lon_m[at]
    y = (line.lat[first] - line.lat[at]) * line.lat_m[at]
    along_x = (line.lon[last] - line.lon[first]) * line.lon_m[at]
    along_y = (line.lat[last] - line.lat[first]) * line.lat_m[at]
    if line.time is None:
        part, whole = -(x * along_x + y * along_y), along_x * along_x + along_y * along_y
    else:
        part, whole = line.time[at] - line.time[first], line.time[last] - line.time[first]
    share = np.divide(part, whole, out=np.zeros(len(at)), where=whole > 0.0)
    share = np.clip(share, 0.0, 1.0)
    return np.hypot(x + share * along_x, y + share * along_y)


def _line(lon: Floats, lat: Floats, time: Floats | None) -> _Line:
    lon_m, lat_m = degree_lengths_m(lat)
    return _Line(unwrap_line(lon) if len(lon) else lon, lat, lon_m, lat_m, time)


def _ends(count: int) -> Mask:
    ends = np.zeros(count, dtype=bool)
    ends[:1] = ends[-1:] = True
    return ends
