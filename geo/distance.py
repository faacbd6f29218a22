"""Distances and directions on the WGS 84 ellipsoid: numpy columns in, numpy columns out.

All are geodesics (Karney 2013, doi:10.1007/s00190-012-0578-z, as PROJ computes them), exact to
nanometres. Inputs broadcast together; lon and lat are degrees.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from pyproj import Geod

Floats = npt.NDArray[np.float64]

HALF_TURN_DEG = 180.0
FULL_TURN_DEG = 360.0

_WGS84 = Geod(ellps="WGS84")


def distance_m(
    lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike
) -> Floats:
    """Metres of the shortest way between two places."""
    return _inverse(lon, lat, to_lon, to_lat)[1]


def bearing_deg(
    lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike
) -> Floats:
    """Direction at the first place of the shortest way: degrees clockwise from north, 0 <= x < 360.

    From a place to itself there is no direction: the answer is then arbitrary, yet in range.
    """
    bearing = np.mod(_inverse(lon, lat, to_lon, to_lat)[0], FULL_TURN_DEG)
    # A tiny negative angle becomes a full turn itself when rounded.
    return np.where(bearing == FULL_TURN_DEG, 0.0, bearing)


def destination(
    lon: npt.ArrayLike, lat: npt.ArrayLike, bearing_deg: npt.ArrayLike, distance_m: npt.ArrayLike
) -> tuple[Floats, Floats]:
    """The place (lon, lat) reached by going so far in a direction; lon in -180..180."""
    lon, lat, bearing_deg, distance_m = _columns(lon, lat, bearing_deg, distance_m)
    to_lon, to_lat, _ = _WGS84.fwd(lon, lat, bearing_deg, distance_m)
    return np.asarray(to_lon), np.asarray(to_lat)


def degree_lengths_m(lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Metres of one degree of longitude and of one degree of latitude at a latitude.

    From the ellipsoid's radii of curvature, N cos(lat) and M (Snyder, USGS PP 1395, eq. 4-18/4-20).
    """
    phi = np.radians(np.asarray(lat, dtype=np.float64))
    w = 1.0 - _WGS84.es * np.sin(phi) ** 2
    prime_vertical_m = _WGS84.a / np.sqrt(w)
    meridional_m = prime_vertical_m * (1.0 - _WGS84.es) / w
    return np.radians(prime_vertical_m * np.cos(phi)), np.radians(meridional_m)


def unwrap_lon(lon: npt.ArrayLike, near_lon: npt.ArrayLike) -> Floats:
    """The longitude moved by whole turns so that it lies within 180 degrees of another.

    So the straight line between the two is the one across the antimeridian when that is nearer.
    """
    lon, near_lon = np.asarray(lon, dtype=np.float64), np.asarray(near_lon, dtype=np.float64)
    # rint sends a half to the even 0: only *more* than 180 degrees means across.
    turns: Floats = np.rint((lon - near_lon) / FULL_TURN_DEG)
    return lon - FULL_TURN_DEG * turns


def unwrap_line(lon: Floats) -> Floats:
    """Longitudes of a line in order, each moved by whole turns to within 180 of the one before."""
    turns = np.cumsum(np.rint(np.diff(lon) / FULL_TURN_DEG))
    return lon - FULL_TURN_DEG * np.concatenate(([0.0], turns))


def wrap_lon(lon: npt.ArrayLike) -> Floats:
    """The same meridian within -180 <= x < 180; a longitude already there keeps its exact bits."""
    lon = np.asarray(lon, dtype=np.float64)
    # Nothing is added where there is no turn to undo, so those bits stay.
    return lon - FULL_TURN_DEG * np.floor((lon + HALF_TURN_DEG) / FULL_TURN_DEG)


def _inverse(
    lon: npt.ArrayLike, lat: npt.ArrayLike, to_lon: npt.ArrayLike, to_lat: npt.ArrayLike
) -> tuple[Floats, Floats]:
    lon, lat, to_lon, to_lat = _columns(lon, lat, to_lon, to_lat)
    bearing, _, distance = _WGS84.inv(lon, lat, to_lon, to_lat)
    return np.asarray(bearing), np.asarray(distance)


def _columns(*values: npt.ArrayLike) -> tuple[Floats, ...]:
    """Columns of one shape, each a copy of its own: pyproj writes its answers into its inputs."""
    return tuple(
        np.array(column, dtype=np.float64, copy=True) for column in np.broadcast_arrays(*values)
    )
