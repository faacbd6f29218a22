"""Coordinate reference systems of features: in and out, each with the axis order of its authority.

Inside everything is degrees of WGS 84 as (lon, lat), which is CRS84.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from api.errors import BadQuery
from geo import hk1980
from geo.hk1980 import GridBox

Floats = npt.NDArray[np.float64]
#: Columns of first and of second coordinates.
Columns = tuple[Floats, Floats]

_EARTH_M: Final = 6_378_137.0
#: Half of the world's girth: Web Mercator ends there.
_HALF_M: Final = np.pi * _EARTH_M


@dataclass(frozen=True, slots=True, kw_only=True)
class Crs:
    """One system, and the way from and to CRS84; NaN where it does not reach."""

    name: str
    uri: str
    #: Of what we write.
    digits: int
    from_degrees: Callable[[Floats, Floats], Columns]
    to_degrees: Callable[[Floats, Floats], Columns]
    #: Whether the first axis of both is longitude or easting.
    east_first: bool


def _as_it_is(x: Floats, y: Floats) -> Columns:
    return x, y


def _swapped(x: Floats, y: Floats) -> Columns:
    return y, x


def _to_grid(lon: Floats, lat: Floats) -> Columns:
    easting, northing = hk1980.to_grid(lon, lat)
    return northing, easting


def _from_grid(northing: Floats, easting: Floats) -> Columns:
    return hk1980.degrees_of(easting, northing)


def _to_mercator(lon: Floats, lat: Floats) -> Columns:
    reached = np.where(np.abs(lat) < 89.9, lat, np.nan)  # noqa: PLR2004  the poles are infinitely far
    return np.radians(lon) * _EARTH_M, np.arcsinh(np.tan(np.radians(reached))) * _EARTH_M


def _from_mercator(x: Floats, y: Floats) -> Columns:
    return np.degrees(x / _EARTH_M), np.degrees(np.arctan(np.sinh(y / _EARTH_M)))


CRS84: Final = Crs(
    name="CRS84",
    uri="http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    digits=7,
    from_degrees=_as_it_is,
    to_degrees=_as_it_is,
    east_first=True,
)
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
ALL: Final = (
    CRS84,
    Crs(
        name="EPSG:4326",
        uri=f"{_EPSG}4326",
        digits=7,
        from_degrees=_swapped,
        to_degrees=_swapped,
        east_first=False,
    ),
    Crs(
        name="EPSG:2326",
        uri=f"{_EPSG}2326",
        digits=hk1980.DIGITS,
        from_degrees=_to_grid,
        to_degrees=_from_grid,
        east_first=False,
    ),
    Crs(
        name="EPSG:3857",
        uri=f"{_EPSG}3857",
        digits=3,
        from_degrees=_to_mercator,
        to_degrees=_from_mercator,
        east_first=True,
    ),
)
BY_URI: Final = {crs.uri: crs for crs in ALL}


def crs_of(uri: str | None) -> Crs:
    """The system with that URI, CRS84 for None; raises BadQuery."""
    if uri is None:
        return CRS84
    if uri not in BY_URI:
        raise BadQuery(f"There is no CRS {uri[:80]!r} here, but {', '.join(BY_URI)}.")
    return BY_URI[uri]


def written(crs: Crs, places: Sequence[bytes | None]) -> list[str]:
    """Places in degrees (WKB) as GeoJSON in a system; `null` where there is none, or no reach."""
    found = shapely.from_wkb(np.array(places, dtype=object))
    found = shapely.transform(found, lambda pairs: _rounded(crs, pairs))
    if crs.east_first:
        found = shapely.orient_polygons(found)
    reached = np.isfinite(shapely.bounds(found)).all(axis=-1)
    return np.where(reached, shapely.to_geojson(found), "null").tolist()  # type: ignore[no-any-return]  # of numpy


def _rounded(crs: Crs, pairs: Floats) -> Floats:
    return np.column_stack(crs.from_degrees(pairs[:, 0], pairs[:, 1])).round(crs.digits)


def to_degrees(crs: Crs, place: BaseGeometry) -> BaseGeometry:
    """A place in a system as degrees; raises BadQuery where the system does not reach."""
    found = shapely.transform(
        place, lambda pairs: np.column_stack(crs.to_degrees(pairs[:, 0], pairs[:, 1]))
    )
    coordinates = shapely.get_coordinates(found)
    inside = np.isfinite(coordinates).all() and (np.abs(coordinates) <= (180, 90)).all()
    if not inside:
        raise BadQuery(f"A place is outside the world, or out of reach of {crs.name}.")
    return found


def area(crs: Crs, numbers: Sequence[float]) -> BaseGeometry:
    """A box in a system (lowest first, lowest second, highest first, highest second), in degrees.

    In degrees west > east goes across the antimeridian. Raises BadQuery.
    """
    lowest, highest = (numbers[:2], numbers[2:])
    if not crs.east_first:
        lowest, highest = lowest[::-1], highest[::-1]
    (west, south), (east, north) = lowest, highest
    in_degrees = crs.uri.endswith(("CRS84", "/4326"))
    if south > north or (west > east and not in_degrees):
        raise BadQuery("A bbox is empty: its first corner has the smaller numbers.")
    if in_degrees:
        return _degrees(west, south, east, north)
    if crs.uri.endswith("/3857"):
        x = np.clip([west, east], -_HALF_M, _HALF_M)
        (west, east), (south, north) = _from_mercator(x, np.array([south, north]))
        return _box(west, south, east, north)
    lon, lat = hk1980.outline(GridBox(west, south, east, north))
    border = np.column_stack([lon, lat])
    inside = shapely.Polygon(border)
    return inside if inside.area or inside.is_empty else shapely.LineString(border)


def _box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Also one without height or width."""
    return shapely.MultiPoint([(west, south), (east, north)]).envelope


def _degrees(west: float, south: float, east: float, north: float) -> BaseGeometry:
    if max(abs(west), abs(east)) > 180 or max(abs(south), abs(north)) > 90:  # noqa: PLR2004  the ends of the world
        raise BadQuery("A bbox is outside the world: longitudes to 180, latitudes to 90.")
    if west <= east:
        return _box(west, south, east, north)
    return shapely.union_all([_box(west, south, 180, north), _box(-180, south, east, north)])
