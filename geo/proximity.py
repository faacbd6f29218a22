"""Which places of many lie near each other: candidates by a tree of points, proof by geodesics."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from geo.distance import HALF_TURN_DEG, Floats, degree_lengths_m, distance_m
from geo.fences import Ints

#: A degree's length changes by less than this over a radius of 100 km, below 80 degrees north.
SLACK: Final = 1.2
#: A degree of longitude is not taken for shorter than this: at the poles it has no length.
SHORTEST_DEGREE_M: Final = 1_000.0


def near_pairs(lon: Floats, lat: Floats, radius_m: float) -> tuple[Ints, Ints, Floats]:
    """All pairs of places nearer than so many metres: the two places by index, and their distance.

    Each pair once, the smaller index first; across the antimeridian too. Degrees, WGS 84.
    """
    east_m, north_m = degree_lengths_m(lat)
    half_lon = SLACK * radius_m / np.maximum(east_m, SHORTEST_DEGREE_M)
    half_lat = SLACK * radius_m / north_m
    places, of_place = _with_both_sides(lon, lat, float(half_lon.max(initial=0.0)))
    boxes = shapely.box(lon - half_lon, lat - half_lat, lon + half_lon, lat + half_lat)
    first, found = shapely.STRtree(places).query(boxes, predicate="intersects")
    second = of_place[found]
    once = first < second
    pairs = np.unique(np.column_stack((first[once], second[once])), axis=0)
    a, b = pairs[:, 0].astype(np.int64), pairs[:, 1].astype(np.int64)
    metres = distance_m(lon[a], lat[a], lon[b], lat[b])
    near = metres < radius_m
    return a[near], b[near], metres[near]


def _with_both_sides(
    lon: Floats, lat: Floats, reach_deg: float
) -> tuple[npt.NDArray[np.object_], Ints]:
    """The places as points, those near the antimeridian on its other side too; whose each is."""
    at = np.arange(len(lon), dtype=np.int64)
    west = at[lon < -HALF_TURN_DEG + reach_deg]
    east = at[lon > HALF_TURN_DEG - reach_deg]
    of_place = np.concatenate((at, west, east))
    turned = np.concatenate((lon, lon[west] + 2 * HALF_TURN_DEG, lon[east] - 2 * HALF_TURN_DEG))
    return np.asarray(shapely.points(turned, lat[of_place])), of_place
