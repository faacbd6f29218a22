"""What goes on with time: where a vehicle was, and what it said on the way. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from shapely import affinity
from shapely.geometry.base import BaseGeometry

from geo.distance import FULL_TURN_DEG, Floats, distance_m, unwrap_line, wrap_lon
from geo.fix import unix_ms

Interpolation = Literal["Linear", "Step", "Discrete"]
Ints = npt.NDArray[np.int64]

HOUR_MS: Final = 3_600_000
#: Columns of a track that are told along it.
VALUES: Final[Mapping[str, Interpolation]] = {
    "speed_mps": "Linear",
    # Between 359 and 1 degrees a line would go through 180.
    "course_deg": "Discrete",
    "heading_deg": "Discrete",
}


@dataclass(frozen=True, slots=True)
class Curve:
    """Values at instants, and how it is between them (MF-JSON, OGC 19-045r3, 7.2.3).

    `ms` are unix milliseconds, growing; `values` has a row for each, of one number or of (lon, lat)
    whose longitudes go on beyond 180 rather than jump.
    """

    ms: Ints
    values: Floats
    interpolation: Interpolation

    def at(self, instants: Ints) -> Curve:
        """Its values at those of the instants at which there are any."""
        within = instants[(instants >= self.ms[0]) & (instants <= self.ms[-1])]
        before = np.searchsorted(self.ms, within, side="right") - 1
        if self.interpolation == "Discrete":
            exact = self.ms[before] == within
            within, before = within[exact], before[exact]
        values = self.values[before]
        if self.interpolation == "Linear" and len(self.ms) > 1:
            start = np.minimum(before, len(self.ms) - 2)
            share = (within - self.ms[start]) / (self.ms[start + 1] - self.ms[start])
            wide = share.reshape(-1, *(1,) * (self.values.ndim - 1))
            values = self.values[start] * (1 - wide) + self.values[start + 1] * wide
        return Curve(within, values, "Discrete")

    def between(self, since_ms: int, until_ms: int) -> Curve:
        """The part from one time to another, both included; perhaps with nothing in it."""
        ends = np.clip([since_ms, until_ms], self.ms[0], self.ms[-1])
        inner = self.ms[(self.ms >= since_ms) & (self.ms <= until_ms)]
        if since_ms > self.ms[-1] or until_ms < self.ms[0]:
            inner = ends = inner[:0]
        if self.interpolation != "Discrete":
            inner = np.union1d(inner, ends)
        return replace(self.at(inner), interpolation=self.interpolation)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch without a gap, cut at each full hour: it ends with the first fix behind that."""

    path: Curve
    #: By name of column: at the fixes at which it is known; without those never known.
    known: Mapping[str, Curve]

    @property
    def began_ms(self) -> int:
        """By which it is named: a late fix may make it begin earlier."""
        return int(self.path.ms[0])

    def meets(self, since_ms: int, until_ms: int) -> bool:
        """Whether any of it is in the window, both ends included."""
        return self.began_ms <= until_ms and since_ms <= int(self.path.ms[-1])

    def crosses(self, area: BaseGeometry) -> bool:
        """Whether its way shares a point with an area in degrees."""
        places = self.path.values
        way = shapely.LineString(places) if len(places) > 1 else shapely.Point(places[0])
        turns = (-FULL_TURN_DEG, 0.0, FULL_TURN_DEG)
        return any(way.intersects(affinity.translate(area, turn)) for turn in turns)


def pieces_of(columns: Mapping[str, Sequence[Any]], gap_ms: int) -> list[Piece]:
    """The pieces of the columns of `tracker.reads.track`."""
    if not columns["fixed_at"]:
        return []
    ms, places, told = _arrays(columns)
    goes_on = np.diff(ms) <= gap_ms
    cut = ~goes_on | (np.diff(ms // HOUR_MS) != 0)
    starts = [0, *(np.flatnonzero(cut) + 1).tolist()]
    found = []
    for start, end in zip(starts, [*starts[1:], len(ms)], strict=True):
        # To the first fix of the next hour, so that no way between two fixes is in no piece.
        stop = end + 1 if end < len(ms) and goes_on[end - 1] else end
        known = {name: _known(name, ms[start:stop], told[name][start:stop]) for name in told}
        path = Curve(ms[start:stop], places[start:stop], "Linear")
        found.append(Piece(path, {name: each for name, each in known.items() if len(each.ms)}))
    return found


def joined(pieces: Sequence[Curve]) -> list[Curve]:
    """Paths of one reading that begin where the one before ends, as one."""
    found: list[Curve] = []
    for each in pieces:
        if found and found[-1].ms[-1] == each.ms[0]:
            last = found.pop()
            ms = np.concatenate([last.ms, each.ms[1:]])
            places = np.concatenate([last.values, each.values[1:]])
            found.append(Curve(ms, places, each.interpolation))
        else:
            found.append(each)
    return found


def degrees_of(path: Curve) -> Floats:
    """Its places as (lon, lat), lon within -180..180."""
    return np.column_stack([wrap_lon(path.values[:, 0]), path.values[:, 1]])


def distance(path: Curve) -> Curve:
    """Metres from its beginning, along geodesics from fix to fix."""
    return Curve(path.ms, np.concatenate([[0.0], np.cumsum(_legs_m(path))]), "Linear")


def velocity(path: Curve) -> Curve:
    """Metres a second from each fix to the next; at the last one as before it."""
    legs = _speeds(path)
    return Curve(path.ms, np.append(legs, legs[-1:] if len(legs) else 0.0), "Step")


def acceleration(path: Curve) -> Curve:
    """Metres a second squared at each fix: the change of velocity there, over the time from the
    middle of one way to that of the next; at both ends as beside them, of a single way 0."""
    legs = _speeds(path)
    if len(legs) < 2:  # noqa: PLR2004  one way changes nothing
        return Curve(path.ms, np.zeros(len(path.ms)), "Linear")
    apart_s = (path.ms[2:] - path.ms[:-2]) / 2_000.0
    inner = np.diff(legs) / apart_s
    return Curve(path.ms, np.concatenate([inner[:1], inner, inner[-1:]]), "Linear")


def _legs_m(path: Curve) -> Floats:
    lon, lat = path.values[:, 0], path.values[:, 1]
    return distance_m(lon[:-1], lat[:-1], lon[1:], lat[1:])


def _speeds(path: Curve) -> Floats:
    speeds: Floats = _legs_m(path) / (np.diff(path.ms) / 1_000.0)
    return speeds


def _known(name: str, ms: Ints, values: Floats) -> Curve:
    is_known = ~np.isnan(values)
    return Curve(ms[is_known], values[is_known], VALUES[name])


def _arrays(columns: Mapping[str, Sequence[Any]]) -> tuple[Ints, Floats, dict[str, Floats]]:
    ms = np.array([unix_ms(each) for each in columns["fixed_at"]], dtype=np.int64)
    # Of two fixes in a millisecond the first: a curve has one value at an instant.
    kept = np.concatenate([[True], np.diff(ms) > 0])
    lon, lat = (np.array(columns[name], dtype=np.float64)[kept] for name in ("lon", "lat"))
    told = {name: np.array(columns[name], dtype=np.float64)[kept] for name in VALUES}
    return ms[kept], np.column_stack([unwrap_line(lon), lat]), told
