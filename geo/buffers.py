"""Circles and corridors as polygons whose borders lie where the ellipsoid says."""

from __future__ import annotations

import itertools
import math
from typing import cast

import numpy as np
import numpy.typing as npt
import shapely
from shapely import MultiPoint, Polygon

from geo.areas import Area, joined
from geo.distance import (
    FULL_TURN_DEG,
    Floats,
    degree_lengths_m,
    destination,
    distance_m,
    unwrap_line,
    unwrap_lon,
)
from geo.errors import RoundAPoleError

#: How far a border may lie from the true one, metres, while MAX_CIRCLE_VERTICES suffice.
BORDER_ERROR_M = 0.05
MIN_CIRCLE_VERTICES = 32
MAX_CIRCLE_VERTICES = 720
#: A corridor's edge is taken in pieces of at most this length, so that the width of a degree of
#: longitude, which changes with the latitude, is right all along it.
CORRIDOR_PIECE_M = 10_000.0


def circle(lon: float, lat: float, radius_m: float) -> Polygon:
    """All places within a geodesic distance (metres) of a centre.

    Vertices lie on the circle, so the border is at most BORDER_ERROR_M inside the true one; from
    a radius of about 5 km on, where the vertices are at their limit, at most 0.00001 of the radius.
    """
    return Polygon(_circle_ring(lon, lat, radius_m))


def corridor(line: npt.ArrayLike, each_side_m: float) -> Area:
    """All places within a distance (metres) of a line (n, 2) straight in (lon, lat) between points.

    Each piece of the line is the convex hull of the circles round its two ends, so that the caps
    are round and the width is measured on the ellipsoid at any latitude.
    """
    lon, lat = np.asarray(line, dtype=np.float64).T
    points = _pieces(np.column_stack((unwrap_line(lon), lat)))
    rings = [_circle_ring(lon, lat, each_side_m) for lon, lat in points.tolist()]
    return joined([_hull(pair) for pair in itertools.pairwise(rings)])


def _hull(rings: tuple[Floats, Floats]) -> Polygon:
    return cast(Polygon, shapely.convex_hull(MultiPoint(np.vstack(rings))))


def _circle_ring(lon: float, lat: float, radius_m: float) -> Floats:
    """The ring (n + 1, 2), closed, its longitudes unwrapped round the centre."""
    if radius_m >= distance_m(lon, lat, lon, math.copysign(90.0, lat)):
        raise RoundAPoleError("a circle", (lon, lat))
    # The sagitta of an arc of a turn / n is r (1 - cos(pi / n)), nearly r pi² / 2n².
    wanted = math.ceil(math.pi * math.sqrt(radius_m / (2.0 * BORDER_ERROR_M)))
    count = min(max(wanted, MIN_CIRCLE_VERTICES), MAX_CIRCLE_VERTICES)
    bearings = -np.arange(count) * (FULL_TURN_DEG / count)
    ring_lon, ring_lat = destination(lon, lat, bearings, radius_m)
    ring = np.column_stack((unwrap_lon(ring_lon, lon), ring_lat))
    return np.vstack((ring, ring[:1]))


def _pieces(line: Floats) -> Floats:
    """The line with points added so that none of its edges is longer than CORRIDOR_PIECE_M."""
    start, step = line[:-1], np.diff(line, axis=0)
    lon_m, lat_m = degree_lengths_m(np.minimum(np.abs(start[:, 1]), np.abs(line[1:, 1])))
    length_m = np.hypot(step[:, 0] * lon_m, step[:, 1] * lat_m)
    counts = np.maximum(np.ceil(length_m / CORRIDOR_PIECE_M).astype(int), 1)
    parts = [
        start[i] + step[i] * (np.arange(count)[:, None] / count) for i, count in enumerate(counts)
    ]
    return np.vstack((*parts, line[-1:]))
