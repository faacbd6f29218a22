"""HK1980 Grid (EPSG:2326), Hong Kong's own metres: columns in, columns out, always easting first.

The way from and to WGS 84 is EPSG's "Hong Kong 1980 to WGS 84 (1)", written out below so that
neither the axis order of an authority (EPSG says northing first), nor the sign of a rotation (EPSG
gives a coordinate frame, others print the same numbers for a position vector: 56 m), nor another
choice of PROJ outside the area of use (no datum shift: 300 m) can change it. It needs no file and
no network.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

from geo.errors import OffGridError, SwappedGridError

Floats = npt.NDArray[np.float64]

EPSG: Final = 2326
#: Decimal digits of metres in what we write: a millimetre.
DIGITS: Final = 3
#: Further from the grid's origin than this its metres say nothing any more.
REACH_M: Final = 200_000.0

_WGS84_TO_GRID: Final = Transformer.from_pipeline(
    "+proj=pipeline"
    " +step +proj=unitconvert +xy_in=deg +xy_out=rad"
    " +step +proj=cart +ellps=WGS84"
    " +step +inv +proj=helmert +convention=coordinate_frame"
    " +x=-162.619 +y=-276.959 +z=-161.764 +rx=-0.067753 +ry=2.243648 +rz=1.158828 +s=-1.094246"
    " +step +inv +proj=cart +ellps=intl"
    " +step +proj=tmerc +lat_0=22.3121333333333 +lon_0=114.178555555556 +k=1"
    " +x_0=836694.05 +y_0=819069.8 +ellps=intl"
)


class GridBox(NamedTuple):
    """A box of metres."""

    west: float
    south: float
    east: float
    north: float


#: The area of use that EPSG states (113.76-114.51 E, 22.13-22.58 N), and 3 km around it.
AREA: Final = GridBox(790_000.0, 796_000.0, 874_000.0, 852_000.0)
_ORIGIN: Final = (836_694.05, 819_069.8)


def to_grid(lon: npt.ArrayLike, lat: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Eastings and northings, metres, of places in WGS 84 degrees.

    NaN beyond 200 km from the grid's origin, where its metres mean nothing.
    """
    easting_m, northing_m = _transformed(lon, lat, inverse=False)
    away = np.hypot(easting_m - _ORIGIN[0], northing_m - _ORIGIN[1]) > REACH_M
    return np.where(away, np.nan, easting_m), np.where(away, np.nan, northing_m)


def from_grid(easting_m: npt.ArrayLike, northing_m: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Longitudes and latitudes, WGS 84 degrees, of eastings and northings in metres.

    Raises SwappedGridError for numbers that fit the other way round only, OffGridError for those
    that fit neither way. Half of Hong Kong fits both ways, so swapped numbers may go unnoticed.
    """
    check(easting_m, northing_m)
    return _transformed(easting_m, northing_m, inverse=True)


def check(easting_m: npt.ArrayLike, northing_m: npt.ArrayLike) -> None:
    """Raise as `from_grid` does for the first pair that is not in the grid's area."""
    easting, northing = np.broadcast_arrays(easting_m, northing_m)
    outside = ~fits(easting, northing)
    if not outside.any():
        return
    first = int(np.argmax(outside.ravel()))
    east, north = float(easting.ravel()[first]), float(northing.ravel()[first])
    found = f"easting {east:.1f}, northing {north:.1f}"
    raise (SwappedGridError if fits(north, east) else OffGridError)(found)


def fits(easting: npt.ArrayLike, northing: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Which pairs of metres are in the grid's area."""
    easting, northing = np.asarray(easting), np.asarray(northing)
    wide = (easting >= AREA.west) & (easting <= AREA.east)
    return np.asarray(wide & (northing >= AREA.south) & (northing <= AREA.north))


def _transformed(x: npt.ArrayLike, y: npt.ArrayLike, *, inverse: bool) -> tuple[Floats, Floats]:
    """The pipeline over columns of one shape; a height of nought, as the grid is flat."""
    xs, ys = (np.array(each, dtype=np.float64) for each in np.broadcast_arrays(x, y))
    direction = "INVERSE" if inverse else "FORWARD"
    out_x, out_y, _ = _WGS84_TO_GRID.transform(xs, ys, np.zeros_like(xs), direction=direction)
    return np.asarray(out_x), np.asarray(out_y)


def outline(box: GridBox, points: int = 64) -> tuple[Floats, Floats]:
    """The border of a box as longitudes and latitudes, `points` a side, not closed.

    The box may be wider than the grid's area: what is beyond its reach is cut off. Empty where
    nothing is left. A side of 100 km is followed within 2 cm.
    """
    east, north = _ORIGIN
    west_m, east_m = np.clip([box.west, box.east], east - REACH_M, east + REACH_M)
    south_m, north_m = np.clip([box.south, box.north], north - REACH_M, north + REACH_M)
    if west_m > box.east or east_m < box.west or south_m > box.north or north_m < box.south:
        return np.empty(0), np.empty(0)
    way = np.linspace(0.0, 1.0, points, endpoint=False)
    along, up = west_m + way * (east_m - west_m), south_m + way * (north_m - south_m)
    down, back = south_m + north_m - up, west_m + east_m - along
    x = np.concatenate([along, np.full(points, east_m), back, np.full(points, west_m)])
    y = np.concatenate([np.full(points, south_m), up, np.full(points, north_m), down])
    return _transformed(x, y, inverse=True)


def degrees_of(easting_m: npt.ArrayLike, northing_m: npt.ArrayLike) -> tuple[Floats, Floats]:
    """As `from_grid`, for places that may be outside the grid's area; NaN beyond its reach."""
    from_east, from_north = np.asarray(easting_m) - _ORIGIN[0], np.asarray(northing_m) - _ORIGIN[1]
    away = np.hypot(from_east, from_north) > REACH_M
    lon, lat = _transformed(easting_m, northing_m, inverse=True)
    return np.where(away, np.nan, lon), np.where(away, np.nan, lat)
