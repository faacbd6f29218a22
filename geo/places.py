"""Places as people type them, and shapes drawn in HK1980 Grid."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import shapely
from shapely.geometry import mapping, shape

from geo import hk1980
from geo.errors import MalformedShapeError, OffGridError, PlaceTextError

MOST_LAT: Final = 90.0
MOST_LON: Final = 180.0
#: An edge of the grid is cut in pieces of this length before it is turned into degrees, between
#: which edges are straight: it is then 8 mm off at most, where one of 10 km would be 0.8 m off.
EDGE_M: Final = 1000.0

_NUMBER: Final = r"[+-]?\d+(?:\.\d+)?"
_PAIR: Final = re.compile(
    rf"\s*({_NUMBER})\s*°?\s*([NSEW]?)\s*[,;\s]\s*({_NUMBER})\s*°?\s*([NSEW]?)\s*", re.IGNORECASE
)
#: Of a letter: whether it goes along the latitude, and which way.
_LETTERS: Final = {"N": (True, 1.0), "S": (True, -1.0), "E": (False, 1.0), "W": (False, -1.0)}

#: What shapely raises for an object that is no geometry.
_MALFORMED: Final = (
    shapely.errors.ShapelyError,
    AttributeError,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
)


def read_place(text: str) -> tuple[float, float]:
    """(lon, lat) in WGS 84 degrees of what a person typed.

    `22.3, 114.17` is latitude first, as people write it; with letters the order is free: `114.17E
    22.3N`. Numbers too large for degrees are metres of HK1980 Grid and need their letters, for
    either order is found in use: `832591.3E 820351.4N`. Raises PlaceTextError or OffGridError.
    """
    found = _PAIR.fullmatch(text)
    if found is None:
        raise PlaceTextError(repr(text))
    north, east = _told_apart(text, *found.groups())
    if abs(north) <= MOST_LAT and abs(east) <= MOST_LON:
        return east, north
    has_letters = bool(found[2])
    if not has_letters or max(abs(north), abs(east)) <= MOST_LON:
        raise PlaceTextError(repr(text))
    lon, lat = hk1980.from_grid(east, north)
    return float(lon), float(lat)


def readings(text: str) -> list[tuple[float, float]]:
    """Every (lon, lat) in WGS 84 degrees that a person may have meant, the likeliest first.

    As `read_place`; but metres of HK1980 Grid without letters are read easting first and northing
    first, where they fit, for whoever typed them to choose. Raises PlaceTextError or OffGridError.
    """
    found = _PAIR.fullmatch(text)
    if found is None or found[2] or found[4]:
        return [read_place(text)]
    one, other = float(found[1]), float(found[3])
    if min(one, other) <= MOST_LON:
        return [read_place(text)]
    orders = [pair for pair in ((one, other), (other, one)) if hk1980.fits(*pair)]
    if not orders:
        raise OffGridError(f"easting {one:.1f}, northing {other:.1f}")
    return [(float(lon), float(lat)) for lon, lat in (hk1980.from_grid(*pair) for pair in orders)]


def _told_apart(text: str, one: str, letter: str, other: str, letter2: str) -> tuple[float, float]:
    """Northward and eastward numbers."""
    first, second = float(one), float(other)
    if not letter and not letter2:
        return first, second
    kinds = [_LETTERS.get(each.upper()) for each in (letter, letter2)]
    if kinds[0] is None or kinds[1] is None or kinds[0][0] == kinds[1][0]:
        raise PlaceTextError(repr(text))
    first, second = first * kinds[0][1], second * kinds[1][1]
    return (first, second) if kinds[0][0] else (second, first)


def read_geometry(text: str) -> dict[str, Any]:
    """Well-known text, `POLYGON((114.1 22.3, …))`, as a GeoJSON geometry; raises
    MalformedShapeError."""
    try:
        return dict(mapping(shapely.from_wkt(text)))
    except _MALFORMED as error:
        raise MalformedShapeError(f"no well-known text: {error}") from error


def geometry_from_grid(geometry: Mapping[str, Any]) -> dict[str, Any]:
    """A GeoJSON geometry drawn in HK1980 Grid (easting, northing) as one in degrees (lon, lat).

    Raises OffGridError or MalformedShapeError.
    """
    try:
        drawn = shapely.segmentize(shape(dict(geometry)), EDGE_M)
    except _MALFORMED as error:
        raise MalformedShapeError(str(error)) from error
    return dict(mapping(shapely.transform(drawn, _from_grid)))


def definition_from_grid(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A fence's shape (see `build_shape`) drawn in HK1980 Grid as one in degrees; widths stay.

    Raises OffGridError or MalformedShapeError.
    """
    try:
        if (circle := definition.get("circle")) is not None:
            lon, lat = _from_grid(np.array([circle["center"]], dtype=float))[0].tolist()
            return {"circle": {**circle, "center": [lon, lat]}}
        if (corridor := definition.get("corridor")) is not None:
            line = _from_grid(np.array(corridor["line"], dtype=float)).tolist()
            return {"corridor": {**corridor, "line": line}}
    except (IndexError, KeyError, TypeError, ValueError) as error:
        raise MalformedShapeError(str(error)) from error
    drawn = geometry_from_grid(definition.get("geometry") or {})
    return {"geometry": {**drawn, "coordinates": _listed(drawn.get("coordinates", ()))}}


def _listed(coordinates: Any) -> Any:  # noqa: ANN401  places in lists of any depth
    """Lists as JSON has them, so that what is stored equals what was drawn."""
    return [_listed(each) if isinstance(each, tuple) else each for each in coordinates]


def definition_to_grid(definition: Mapping[str, Any]) -> dict[str, Any]:
    """A circle or corridor in degrees as one in HK1980 Grid, to the millimetre."""
    if (circle := definition.get("circle")) is not None:
        return {"circle": {**circle, "center": _to_grid(np.array([circle["center"]]))[0].tolist()}}
    corridor = definition["corridor"]
    return {"corridor": {**corridor, "line": _to_grid(np.array(corridor["line"])).tolist()}}


def geometry_to_grid(geometry: Mapping[str, Any]) -> dict[str, Any]:
    """A GeoJSON geometry in degrees as one in HK1980 Grid (easting, northing), to the millimetre.

    Places beyond the grid are NaN.
    """
    return dict(mapping(shapely.transform(shape(dict(geometry)), _to_grid)))


def _from_grid(points: hk1980.Floats) -> hk1980.Floats:
    return np.column_stack(hk1980.from_grid(points[:, 0], points[:, 1]))


def _to_grid(points: hk1980.Floats) -> hk1980.Floats:
    return np.column_stack(hk1980.to_grid(points[:, 0], points[:, 1])).round(hk1980.DIGITS)
