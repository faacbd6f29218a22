"""How large areas are inside: the radius of the largest circle that fits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.areas import Area
from geo.distance import Floats, degree_lengths_m
from geo.grid import Ints

#: How exact an inradius is, as a part of the area's extent.
INRADIUS_PRECISION: Final = 1e-4


class Inradii:
    """Of areas, by their places in a list; looked for exactly once it matters."""

    def __init__(self, areas: Sequence[Area]) -> None:
        """Find what each is at least."""
        self._areas = list(areas)
        self._metres = _at_least_m(areas)
        self._exact = np.zeros(len(areas), dtype=bool)

    def with_more(self, areas: Sequence[Area]) -> Inradii:
        """These and those of more areas behind."""
        more = object.__new__(Inradii)
        more._areas = [*self._areas, *areas]
        more._metres = np.concatenate((self._metres, _at_least_m(areas)))
        more._exact = np.concatenate((self._exact, np.zeros(len(areas), dtype=bool)))
        return more

    def half_m(self, area: Ints, beyond_m: Floats) -> Floats:
        """Half of each area's inradius in metres, or some value over `beyond_m` if it is more."""
        unsure = ~self._exact[area] & (self._metres[area] / 2.0 <= beyond_m)
        for index in np.unique(area[unsure]).tolist():
            self._metres[index] = _inradius_m(self._areas[index])
            self._exact[index] = True
        return np.asarray(self._metres[area] / 2.0)


def _at_least_m(areas: Sequence[Area]) -> Floats:
    """What each inradius is at least: from the centre to the border."""
    flat = _in_metres(np.array(areas, dtype=object))
    centre = shapely.centroid(flat)
    inner = shapely.distance(centre, shapely.boundary(flat))
    return np.where(shapely.intersects(flat, centre), inner, 0.0)


def _in_metres(areas: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    """Each area in metres on a plane of its own, true at the middle of its latitudes."""
    if not len(areas):
        return areas
    _, south, _, north = shapely.bounds(areas).T
    scale = np.column_stack(degree_lengths_m((south + north) / 2.0))
    points, owner = shapely.get_coordinates(areas, return_index=True)
    return shapely.set_coordinates(areas.copy(), points * scale[owner])


def _inradius_m(area: Area) -> float:
    (flat,) = _in_metres(np.array([area], dtype=object))
    west, south, east, north = flat.bounds
    tolerance = INRADIUS_PRECISION * min(east - west, north - south)
    return float(shapely.length(shapely.maximum_inscribed_circle(flat, tolerance)))
