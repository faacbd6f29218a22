"""The borders of many areas, edge by edge in a tree, and how large the areas are inside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.areas import Area, turned
from geo.distance import HALF_TURN_DEG, Floats, degree_lengths_m

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: Within this distance of a border a place is on it, hence inside. Metres.
ON_BORDER_M: Final = 0.001
#: No band is wider (rule R5), metres.
WIDEST_BAND_M: Final = 50.0
#: How far beyond the antimeridian areas are laid out once more: more than the widest band there.
MARGIN_DEG: Final = 0.01
#: How exact an inradius is, as a part of the area's extent.
INRADIUS_PRECISION: Final = 1e-4


class Borders:
    """Areas as they lie on the map -180..180, each known by its place in the list they came in.

    An area that reaches across the antimeridian is laid out twice, a turn apart.
    """

    def __init__(self, areas: Sequence[Area]) -> None:
        """Index areas and edges."""
        copies = [
            (index, turned(area, turns))
            for index, area in enumerate(areas)
            for turns in (-1, 0, 1)
            if _reaches_the_map(area, turns)
        ]
        self._given = areas
        self._area = np.array([area for _, area in copies], dtype=object)
        self._owner = np.array([index for index, _ in copies], dtype=np.int64)
        #: Where the copies of each area begin, and behind the last one where they end.
        self._first = np.searchsorted(self._owner, np.arange(len(areas) + 1))
        shapely.prepare(self._area)
        self._tree = shapely.STRtree(self._area)
        self._index_edges()
        self._inradius_m = self._at_least_m()
        self._exact = np.zeros(len(areas), dtype=bool)

    def _index_edges(self) -> None:
        parts, area = shapely.get_parts(self._area, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        joined = ring[1:] == ring[:-1]
        self.edge_start: Floats = points[:-1][joined]
        self.edge_step: Floats = points[1:][joined] - self.edge_start
        self.edge_owner: Ints = self._owner[area[part[ring[:-1][joined]]]]
        end = points[1:][joined]
        low, high = np.minimum(self.edge_start, end), np.maximum(self.edge_start, end)
        self._edge_tree = shapely.STRtree(shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1]))

    def edges_in(self, low: Floats, high: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, edge): the edges whose boxes meet the boxes from `low` to `high`, (n, 2)."""
        boxes = shapely.box(low[:, 0], low[:, 1], high[:, 0], high[:, 1])
        row, edge = self._edge_tree.query(boxes)
        return row, edge

    def covering(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, area): areas that hold the place; border points either way."""
        row, copy = self._tree.query(shapely.points(lon, lat))
        held = shapely.intersects_xy(self._area[copy], lon[row], lat[row])
        return row[held], self._owner[copy[held]]

    def on_border(self, lon: Floats, lat: Floats) -> tuple[Ints, Ints]:
        """Pairs (row, area): areas whose border is within ON_BORDER_M of the place."""
        lon_m, lat_m = degree_lengths_m(lat)
        reach = ON_BORDER_M / np.column_stack((np.maximum(lon_m, 1.0), lat_m))
        place = np.column_stack((lon, lat))
        row, edge = self.edges_in(place - reach, place + reach)
        scale = np.column_stack((lon_m, lat_m))[row]
        to_start = (self.edge_start[edge] - place[row]) * scale
        near = distance_to_edge(to_start, self.edge_step[edge] * scale) <= ON_BORDER_M
        return row[near], self.edge_owner[edge[near]]

    def hold(self, area: Ints, lon: Floats, lat: Floats) -> Mask:
        """For each place whether the area paired with it holds it; border points either way."""
        first, count = self._first[area], np.diff(self._first)[area]
        held = np.zeros(len(area), dtype=bool)
        for nth in range(int(count.max(initial=0))):
            rows = np.flatnonzero(count > nth)
            copy = self._area[first[rows] + nth]
            held[rows] |= shapely.intersects_xy(copy, lon[rows], lat[rows])
        return held

    def half_inradius_m(self, area: Ints, beyond_m: Floats) -> Floats:
        """Half of each area's inradius in metres, or some value over `beyond_m` if it is more."""
        half = self._inradius_m[area] / 2.0
        unsure = ~self._exact[area] & (half <= beyond_m)
        for index in np.unique(area[unsure]).tolist():
            self._inradius_m[index] = _inradius_m(self._given[index])
            self._exact[index] = True
        return np.asarray(self._inradius_m[area] / 2.0)

    def _at_least_m(self) -> Floats:
        """What the inradius of each area is at least: from its centre to its border."""
        flat = _in_metres(np.array(self._given, dtype=object))
        centre = shapely.centroid(flat)
        inner = shapely.distance(centre, shapely.boundary(flat))
        return np.where(shapely.intersects(flat, centre), inner, 0.0)


def distance_to_edge(to_start: Floats, step: Floats) -> Floats:
    """Distance of the origin to segments given by the way to their starts and their extents."""
    length2 = np.maximum((step * step).sum(axis=1), np.finfo(np.float64).tiny)
    along = np.clip(-(to_start * step).sum(axis=1) / length2, 0.0, 1.0)
    nearest = to_start + step * along[:, None]
    return np.asarray(np.hypot(nearest[:, 0], nearest[:, 1]))


def _reaches_the_map(area: Area, turns: int) -> bool:
    """Whether an area moved by whole turns meets -180 <= lon <= 180, the range of the places."""
    west, _, east, _ = area.bounds
    edge, shift = HALF_TURN_DEG + MARGIN_DEG, turns * 2.0 * HALF_TURN_DEG
    return bool(east + shift >= -edge and west + shift <= edge)


def _in_metres(areas: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Each area in metres on a plane of its own, true at the middle of its latitudes."""
    if not len(areas):
        return areas
    _, south, _, north = shapely.bounds(areas).T
    scale = np.column_stack(degree_lengths_m((south + north) / 2.0))
    points, owner = _coordinates(areas)
    return shapely.set_coordinates(areas.copy(), points * scale[owner])


def _coordinates(areas: npt.NDArray[np.object_]) -> tuple[Floats, Ints]:
    points, owner = shapely.get_coordinates(areas, return_index=True)
    return points, owner


def _inradius_m(area: Area) -> float:
    (flat,) = _in_metres(np.array([area], dtype=object))
    west, south, east, north = flat.bounds
    tolerance = INRADIUS_PRECISION * min(east - west, north - south)
    return float(shapely.length(shapely.maximum_inscribed_circle(flat, tolerance)))
