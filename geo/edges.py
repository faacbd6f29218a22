"""The edges of areas as columns: which are near, and by them what is inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from geo.areas import Area
from geo.distance import FULL_TURN_DEG, Floats
from geo.grid import Grid, Ints, Strips, ranges

Mask = npt.NDArray[np.bool_]

#: An area has no more slabs than let each of its edges lie in so many, one with another.
SLABS_AN_EDGE: Final = 3


class Columns(NamedTuple):
    """Edges from (lon, lat) to (to_lon, to_lat), degrees; areas one behind another."""

    #: int64, ascending: the area of each.
    area: Ints
    lon: Floats
    lat: Floats
    to_lon: Floats
    to_lat: Floats


class Nearby(NamedTuple):
    """Pairs of a strip and an edge, in order of strip, then area: columns of one length."""

    row: Ints
    area: Ints
    #: Degrees from where the strip begins to where the edge does,
    lon: Floats
    lat: Floats
    #: and how far the edge leads from there.
    east: Floats
    north: Floats


class Edges:
    """The edges of the areas numbered from `first` on; never changed."""

    def __init__(self, columns: Columns, first: int, count: int) -> None:
        """Index edges; each of the `count` areas has some."""
        self.columns = columns
        self.first, self.count = first, count
        low_lon = np.minimum(columns.lon, columns.to_lon)
        high_lon = np.maximum(columns.lon, columns.to_lon)
        low_lat = np.minimum(columns.lat, columns.to_lat)
        high_lat = np.maximum(columns.lat, columns.to_lat)
        self._grid = Grid(low_lon, low_lat, high_lon, high_lat)
        begins = np.searchsorted(columns.area, np.arange(first, first + count))
        self._edges_of = np.diff(np.append(begins, len(columns.area)))
        self._west = np.minimum.reduceat(low_lon, begins)
        self._south = np.minimum.reduceat(low_lat, begins)
        east, north = np.maximum.reduceat(high_lon, begins), np.maximum.reduceat(high_lat, begins)
        self._areas = Grid(self._west, self._south, east, north)
        self._cut_into_slabs(begins, low_lat, high_lat, north - self._south)

    def _cut_into_slabs(self, begins: Ints, low: Floats, high: Floats, height: Floats) -> None:
        """Lay the edges of each area out by slabs of latitude: few edges tell of a place there."""
        climbed = np.add.reduceat(high - low, begins)
        most = (SLABS_AN_EDGE - 1) * self._edges_of * height / climbed
        self._slabs = np.clip(np.minimum(most, self._edges_of), 1, None).astype(np.int64)
        self._per_deg = self._slabs / height
        self._slab_first = np.cumsum(self._slabs) - self._slabs
        local = self.columns.area - self.first
        bottom, top = self._slab(local, low), self._slab(local, high)
        edge, slab = ranges(bottom, top - bottom + 1)
        order = np.argsort(slab, kind="stable")
        self._slab_edge = edge[order].astype(np.int32)
        bounds = np.arange(int(self._slabs.sum()) + 1)
        self._slab_edges = np.searchsorted(slab[order], bounds).astype(np.int32)

    def _slab(self, local: Ints, lat: Floats) -> Ints:
        """In which slab of its area a latitude is, of those of all areas; the next one above.

        Rounding may put a latitude off, but never before one that is further south.
        """
        nth = np.floor((lat - self._south[local]) * self._per_deg[local])
        nth = np.clip(nth, 0, self._slabs[local] - 1)
        return self._slab_first[local] + nth.astype(np.int64)

    @classmethod
    def of(cls, areas: Sequence[Area], first: int) -> Edges:
        """The edges of areas numbered from `first` on."""
        parts, area = shapely.get_parts(np.array(areas, dtype=object), return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        edge = np.flatnonzero(ring[1:] == ring[:-1])
        start, end = points[edge], points[edge + 1]
        columns = (start[:, 0], start[:, 1], end[:, 0], end[:, 1])
        owner = area[part[ring[edge]]].astype(np.int64) + first
        return cls(Columns(owner, *(np.ascontiguousarray(c) for c in columns)), first, len(areas))

    @classmethod
    def joined(cls, a: Edges, b: Edges) -> Edges:
        """The edges of two lots of areas that follow on each other, as one."""
        columns = Columns(
            *(np.concatenate(pair) for pair in zip(a.columns, b.columns, strict=True))
        )
        return cls(columns, a.first, a.count + b.count)

    def __len__(self) -> int:
        """How many edges there are."""
        return len(self.columns.area)

    def near(self, strips: Strips) -> Nearby:
        """The edges whose boxes meet the boxes of strips."""
        row, edge = self._grid.along(strips)
        columns = self.columns
        lat = columns.lat[edge] - strips.lat[row]
        north = columns.to_lat[edge] - columns.lat[edge]
        met = np.flatnonzero(_meet(lat, north, strips.north[row], strips.reach_lat[row]))
        row, edge, lat, north = row[met], edge[met], lat[met], north[met]
        lon = columns.lon[edge] - strips.lon[row]
        east, way_east = columns.to_lon[edge] - columns.lon[edge], strips.east[row]
        # By their middles, as neither is longer than half a turn.
        lon -= FULL_TURN_DEG * np.rint((lon + (east - way_east) / 2.0) / FULL_TURN_DEG)
        met = np.flatnonzero(_meet(lon, east, way_east, strips.reach_lon[row]))
        area = columns.area[edge[met]]
        return Nearby(row[met], area, lon[met], lat[met], east[met], north[met])

    def candidates(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, area) that `hold` must be asked of to know which areas hold places."""
        none = np.zeros(len(lon))
        strips = Strips(lon=lon, lat=lat, east=none, north=none, reach_lon=none, reach_lat=none)
        row, local = self._areas.along(strips)
        return row, local + self.first

    def hold(self, area: Ints, lon: Floats, lat: Floats) -> Mask:
        """For each place whether the area paired with it holds it; border points either way.

        Even-odd by a ray to the east (Shimrat, CACM 5(8), 1962, Algorithm 112) through the edges of
        one slab; an edge is taken to hold its lower end and not its upper one.
        """
        local = area - self.first
        lon = lon + FULL_TURN_DEG * np.ceil((self._west[local] - lon) / FULL_TURN_DEG)
        slab = self._slab(local, lat)
        first = self._slab_edges[slab]
        row, at = ranges(first, self._slab_edges[slab + 1] - first)
        edge, columns = self._slab_edge[at], self.columns
        low, high = columns.lat[edge], columns.to_lat[edge]
        spans = np.flatnonzero((low <= lat[row]) != (high <= lat[row]))
        row, edge, low, high = row[spans], edge[spans], low[spans], high[spans]
        x, to_x = columns.lon[edge], columns.to_lon[edge]
        climb = high - low
        aside = (to_x - x) * (lat[row] - low) - climb * (lon[row] - x)
        crossed = np.bincount(row[(aside > 0.0) == (climb > 0.0)], minlength=len(area))
        return np.asarray(crossed & 1 == 1)


def _meet(ahead: Floats, edge: Floats, way: Floats, reach: Floats) -> Mask:
    """Whether what leads from `ahead` on comes as near as that to what leads from 0 on."""
    low, high = np.minimum(way, 0.0) - reach, np.maximum(way, 0.0) + reach
    return np.asarray(
        (ahead + np.minimum(edge, 0.0) <= high) & (ahead + np.maximum(edge, 0.0) >= low)
    )
