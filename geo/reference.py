"""Geometries of other coordinate reference systems, as degrees."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geo import hk1980
from geo.errors import UnknownReferenceError
from geo.places import EDGE_M

#: Of a definition without a number, so sure must be what is looked up for it, percent.
SURE = 60

Turned = Callable[[BaseGeometry], BaseGeometry]


def to_degrees(crs: str) -> Turned:
    """How geometries of a system (`EPSG:2326`, or well-known text as in a .prj) become WGS 84
    degrees, (lon, lat); x is eastwards whatever order the system's authority gives.

    Edges of metres are cut, as in `geometry_from_grid`. HK1980 Grid goes by `geo.hk1980`: a .prj
    says nothing of its shift of datum. Raises UnknownReferenceError; what it returns raises
    OffGridError.
    """
    try:
        system = CRS.from_user_input(crs)
    except CRSError as error:
        raise UnknownReferenceError(crs[:80]) from error
    number = system.to_epsg(min_confidence=SURE)
    if number == hk1980.EPSG or "hong_kong_1980_grid" in system.name.lower().replace(" ", "_"):
        return lambda drawn: shapely.transform(shapely.segmentize(drawn, EDGE_M), _from_grid)
    if number in (4326, 4979) or system.name == "WGS 84 (CRS84)":
        return lambda drawn: drawn
    transformer = Transformer.from_crs(system, "EPSG:4326", always_xy=True)

    def turn(points: hk1980.Floats) -> hk1980.Floats:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    if not system.is_projected:
        return lambda drawn: shapely.transform(drawn, turn)
    return lambda drawn: shapely.transform(shapely.segmentize(drawn, EDGE_M), turn)


def _from_grid(points: hk1980.Floats) -> hk1980.Floats:
    return np.column_stack(hk1980.from_grid(points[:, 0], points[:, 1]))
