"""In which coordinates a caller asks and is answered: degrees, or the metres of HK1980 Grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any

import numpy as np
from fastapi import Query
from pydantic import StrictFloat, WithJsonSchema

from api.errors import BadParameter
from api.geojson import DIGITS, MOST_LAT, MOST_LON, bounding_box, box_numbers
from api.models import Point
from geo import hk1980
from geo.areas import Area
from geo.places import geometry_from_grid, geometry_to_grid, read_geometry
from geo.shapes import build_shape
from tracker.reads import Box, Columns, Row, among

#: x, y. Said as an array of two numbers: what reads documents stumbles over types by position.
Pair = Annotated[
    tuple[StrictFloat, StrictFloat],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}),
]


class Crs(StrEnum):
    """Coordinate reference systems, each with x (eastwards) before y (northwards).

    EPSG:4326 is not among them, because half of its users take it for (lat, lon).
    """

    CRS84 = "CRS84"
    HK1980 = "EPSG:2326"


#: Of the answer.
AnswerCrs = Annotated[
    Crs,
    Query(
        alias="crs",
        description="of coordinates in the answer: `CRS84` is (longitude, latitude) in degrees of"
        " WGS 84; `EPSG:2326` is HK1980 Grid as **(easting, northing)** in metres, in this order"
        " as GeoJSON wants it (RFC 7946, 3.1.1). What lies far beyond Hong Kong has no geometry"
        " there.",
    ),
]
#: Of the box that is asked for.
BoxCrs = Annotated[
    Crs,
    Query(
        alias="bbox-crs",
        description="of `bbox`: `EPSG:2326` reads it as west,south,east,north in metres of HK1980"
        " Grid, eastings before northings",
    ),
]
#: Of a place that is asked for.
PlaceText = Annotated[
    str,
    Query(alias="place", description="longitude,latitude: `114.1696,22.2783`; see `place-crs`"),
]
PlaceCrs = Annotated[
    Crs,
    Query(
        alias="place-crs",
        description="of `place`: `EPSG:2326` reads it as easting,northing in metres of HK1980 Grid",
    ),
]


@dataclass(frozen=True, slots=True)
class AskedBox:
    """A box as asked for: degrees that the database can look for, and what they hold too much."""

    degrees: Box
    grid: hk1980.GridBox | None = None

    def holding(self, found: Columns) -> Columns:
        """Of places with lon and lat, found by `degrees`, those that the box holds."""
        if self.grid is None or not found["lon"]:
            return found
        xs, ys = hk1980.to_grid(found["lon"], found["lat"])
        west, south, east, north = self.grid
        return among(found, (xs >= west) & (xs <= east) & (ys >= south) & (ys <= north))


def asked_box(text: str, crs: Crs) -> AskedBox:
    """`west,south,east,north`; raises BadParameter or OffGridError."""
    if crs is Crs.CRS84:
        return AskedBox(bounding_box(text))
    west, south, east, north = box_numbers(text)
    hk1980.check([west, east], [south, north])
    if west > east or south > north:
        raise BadParameter("bbox is empty: its west must be below its east, its south its north.")
    # The grid is turned against the meridians, so the corners reach furthest.
    lons, lats = hk1980.from_grid([west, west, east, east], [south, north, south, north])
    degrees = (float(lons.min()), float(lats.min()), float(lons.max()), float(lats.max()))
    return AskedBox(_a_little_more(degrees), hk1980.GridBox(west, south, east, north))


def asked_area(text: str, crs: Crs) -> Area:
    """The well-known text of a polygon; raises ShapeError or OffGridError."""
    drawn = read_geometry(text)
    return build_shape({"geometry": drawn if crs is Crs.CRS84 else geometry_from_grid(drawn)})


def asked_place(text: str, crs: Crs) -> Pair:
    """`x,y` as (lon, lat) in degrees; raises BadParameter or OffGridError."""
    try:
        x, y = (float(part) for part in text.split(","))
    except ValueError:
        raise BadParameter(f"place is longitude,latitude, not {text!r}.") from None
    if crs is Crs.HK1980:
        lon, lat = hk1980.from_grid([x], [y])
        return float(lon[0]), float(lat[0])
    if not (abs(x) <= MOST_LON and abs(y) <= MOST_LAT):
        raise BadParameter("place is outside the world: longitude comes before latitude.")
    return x, y


def pairs(crs: Crs, lons: Sequence[float], lats: Sequence[float]) -> list[Pair | None]:
    """Coordinates of places as the answer has them; None for what the grid does not reach."""
    if crs is Crs.CRS84:
        return [
            (round(lon, DIGITS), round(lat, DIGITS)) for lon, lat in zip(lons, lats, strict=True)
        ]
    xs, ys = (each.round(hk1980.DIGITS) for each in hk1980.to_grid(lons, lats))
    away = np.isnan(xs).tolist()
    found = zip(xs.tolist(), ys.tolist(), away, strict=True)
    return [None if is_away else (x, y) for x, y, is_away in found]


def points(crs: Crs, rows: Sequence[Row]) -> list[Point | None]:
    """Rows with lon and lat as geometries; None for what has none, or the grid does not reach."""
    known = [row for row in rows if row["lon"] is not None]
    found = iter(pairs(crs, [row["lon"] for row in known], [row["lat"] for row in known]))
    placed = (None if row["lon"] is None else next(found) for row in rows)
    return [None if pair is None else Point(coordinates=pair) for pair in placed]


def whole_line(crs: Crs, lons: Sequence[float], lats: Sequence[float]) -> list[Pair]:
    """The same for a line, which may not lose a point; raises BadParameter."""
    found = [pair for pair in pairs(crs, lons, lats) if pair is not None]
    if len(found) < len(lons):
        raise BadParameter("The track leaves HK1980 Grid: ask for it in CRS84.")
    return found


def geometry(crs: Crs, degrees: dict[str, Any]) -> dict[str, Any] | None:
    """A GeoJSON geometry as the answer has it; None for what the grid does not reach."""
    if crs is Crs.CRS84:
        return degrees
    metres = geometry_to_grid(degrees)
    return None if np.isnan(list(_numbers(metres["coordinates"]))).any() else metres


def _numbers(coordinates: Any) -> Sequence[float]:  # noqa: ANN401  lists of lists of any depth
    if isinstance(coordinates, int | float):
        return [coordinates]
    return [number for each in coordinates for number in _numbers(each)]


def _a_little_more(box: Box) -> Box:
    """A box of the grid bulges out of the degrees of its corners by metres."""
    west, south, east, north = box
    more = max(east - west, north - south) * 0.01 + 1e-6
    return west - more, south - more, east + more, north + more
