"""A vehicle's line as it is drawn: thinned, cut at gaps, and coloured by classes of speed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.fix import unix_ms
from geo.simplify import simplify, within_budget
from geo.units import kmh_to_mps
from maps.views.data import Gap, Line
from maps.views.drawing import Points, Stroke

#: Points of one line: more show nothing more on a screen, and cost 18 bytes each.
MOST_POINTS: Final = 2000
#: Below the error of a receiver in a street.
TOLERANCE_M: Final = 5.0
#: From these speeds on the next class begins: Hong Kong's usual limits.
CLASS_KMH: Final = (30, 50, 70)
_UNKNOWN: Final = len(CLASS_KMH) + 1

Indexes = npt.NDArray[np.intp]


class Way(NamedTuple):
    """How a line is drawn."""

    strokes: Sequence[Stroke]
    #: Points that are drawn.
    points: int
    #: No fix that is left out is farther than this from what is drawn; 0 when none is left out,
    #: infinite where nothing is known of it.
    tolerance_m: float
    #: Classes of speed that occur, by their looks.
    looks: Sequence[str]


def way(line: Line, gaps: Sequence[Gap], moments: Sequence[datetime]) -> Way:
    """The strokes of a line. The fixes around the moments, and around gaps, are never left out."""
    if not len(line.time_ms):
        return Way((), 0, 0.0, ())
    cuts = _cuts(line, gaps)
    kept, tolerance_m = _thinned(line, _kept(line, cuts, moments))
    places = np.column_stack([line.lon, line.lat])[kept]
    after_gap = np.isin(kept[1:], cuts)
    classes = np.where(after_gap, -1, _classes(line, kept))
    strokes = [Stroke("casing", _runs(places, np.where(after_gap, -1, 0), 0))]
    looks = []
    for number in range(_UNKNOWN + 1):
        if lines := _runs(places, classes, number):
            looks.append(look(number))
            strokes.append(Stroke(looks[-1], lines))
    if lines := _runs(places, classes, -1):
        strokes.append(Stroke("gap", lines))
    if len(kept) == 1:
        strokes = [Stroke("casing", [places]), Stroke(look(_UNKNOWN), [places])]
    return Way(strokes, len(kept), tolerance_m, looks)


def look(number: int) -> str:
    """The name of a class of speed."""
    return "speed-unknown" if number == _UNKNOWN else f"speed-{number}"


def place_at(line: Line, when: datetime) -> tuple[float, float] | None:
    """Where on the line it was then, straight on between two fixes; None before and after it."""
    time_ms = unix_ms(when)
    if not len(line.time_ms) or not line.time_ms[0] <= time_ms <= line.time_ms[-1]:
        return None
    at = np.array([time_ms], dtype=np.float64)
    times = line.time_ms.astype(np.float64)
    return float(np.interp(at, times, line.lon)[0]), float(np.interp(at, times, line.lat)[0])


def _cuts(line: Line, gaps: Sequence[Gap]) -> Indexes:
    """The indexes of the first fixes after a gap."""
    ends = np.array([unix_ms(gap.until) for gap in gaps], dtype=np.int64)
    begins = np.array([unix_ms(gap.since) for gap in gaps], dtype=np.int64)
    at = np.searchsorted(line.time_ms, begins, side="right")
    real = (at > 0) & (at < len(line.time_ms)) & (begins < ends)
    return np.unique(at[real])


def _kept(line: Line, cuts: Indexes, moments: Sequence[datetime]) -> npt.NDArray[np.bool_]:
    keep = np.zeros(len(line.time_ms), dtype=bool)
    times = np.array([unix_ms(moment) for moment in moments], dtype=np.int64)
    at = np.searchsorted(line.time_ms, times)
    around = np.concatenate([cuts - 1, cuts, at - 1, at])
    keep[around[(around >= 0) & (around < len(keep))]] = True
    return keep


def _thinned(line: Line, keep: npt.NDArray[np.bool_]) -> tuple[Indexes, float]:
    kept = simplify(line.lon, line.lat, tolerance_m=TOLERANCE_M, keep=keep)
    if len(kept) <= MOST_POINTS:
        return kept, TOLERANCE_M if len(kept) < len(keep) else 0.0
    kept, tolerance_m = within_budget(line.lon, line.lat, points=MOST_POINTS, keep=keep)
    if len(kept) <= MOST_POINTS + np.count_nonzero(keep):
        return kept, tolerance_m
    # A way that turns at every fix, always as far, leaves nothing to choose by.
    even = np.zeros(len(keep), dtype=bool)
    even[kept[np.linspace(0, len(kept) - 1, MOST_POINTS).astype(np.intp)]] = True
    return np.flatnonzero(even | keep), math.inf


def _classes(line: Line, kept: Indexes) -> npt.NDArray[np.intp]:
    """The class of each drawn piece: of the mean speed that its fixes report."""
    known = ~np.isnan(line.speed_mps)
    sums = np.concatenate([[0.0], np.cumsum(np.where(known, line.speed_mps, 0.0))])
    counts = np.concatenate([[0], np.cumsum(known)])
    # A piece's fixes are those after its first one: how it got here.
    total = sums[kept[1:] + 1] - sums[kept[:-1] + 1]
    number = counts[kept[1:] + 1] - counts[kept[:-1] + 1]
    mean = np.divide(total, number, out=np.full(len(total), np.nan), where=number > 0)
    limits = [kmh_to_mps(kmh) for kmh in CLASS_KMH]
    return np.where(np.isnan(mean), _UNKNOWN, np.searchsorted(limits, mean, side="right"))


def _runs(places: Points, classes: npt.NDArray[np.intp], number: int) -> list[Points]:
    """The lines made of pieces of one class that follow each other."""
    hit = np.concatenate([[False], classes == number, [False]])
    edges = np.flatnonzero(np.diff(hit.astype(np.int8)))
    return [places[a : b + 1] for a, b in zip(edges[::2], edges[1::2], strict=True)]
