"""Mapbox vector tiles of a layer, in one scope."""

from __future__ import annotations

import math
from typing import Any, Final

from geoalchemy2 import Geometry
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.sql.selectable import Subquery

from tracker.reads.conditions import near
from tracker.reads.features import Wanted, ordered
from tracker.reads.layers import iso
from tracker.reads.session import Scope

#: The rest of a fuller tile is left out.
TILE_FEATURES: Final = 20_000
#: Units of a tile's side, and how far beyond it features are drawn.
EXTENT: Final = 4096
BUFFER: Final = 64


async def tile(scope: Scope, wanted: Wanted, *, z: int, x: int, y: int) -> tuple[bytes, bool]:
    """A Mapbox vector tile of one layer, empty bytes for nothing there; and whether it holds all.

    Raises BadFilter.
    """
    layer = wanted.layer
    shown = _drawn(wanted, z, x, y)
    row = shown.table_valued()
    encoded = func.ST_AsMVT(row, layer.name, EXTENT, "geom").filter(shown.c.geom.is_not(None))
    data, count = (await scope.execute(select(encoded, func.count()).select_from(shown))).one()
    return bytes(data or b""), count < TILE_FEATURES


def _drawn(wanted: Wanted, z: int, x: int, y: int) -> Subquery:
    """Features near a tile, in its units."""
    layer, rows = wanted.layer, wanted.layer.rows.c
    around = func.ST_MakeEnvelope(*tile_bounds(z, x, y), 4326, type_=Geometry)
    place: ColumnElement[Any] = func.ST_Force2D(rows.geometry, type_=Geometry)
    if layer.geometry == "any":
        # Before the projection, which has no poles.
        place = func.ST_ClipByBox2D(place, func.Box2D(around), type_=Geometry)
    drawn = func.ST_AsMVTGeom(
        func.ST_Transform(place, 3857), func.ST_TileEnvelope(z, x, y), EXTENT, BUFFER, True
    )
    properties = (
        iso(rows[name]).label(name) if kind == "time" else rows[name]
        for name, kind in layer.properties.items()
    )
    return (
        select(drawn.label("geom"), *properties)
        .where(near(layer, rows.geometry, around), wanted.condition())
        .order_by(*ordered(layer))
        .limit(TILE_FEATURES)
        .subquery("shown")
    )


def tile_bounds(z: int, x: int, y: int) -> tuple[float, float, float, float]:
    """west, south, east, north of a tile and what is drawn around it, in degrees."""
    margin = 2 * BUFFER / EXTENT
    count = 1 << z

    def lon(column: float) -> float:
        return max(-180.0, min(180.0, column / count * 360 - 180))

    def lat(row: float) -> float:
        mercator = math.pi * (1 - 2 * max(0.0, min(float(count), row)) / count)
        return math.degrees(math.atan(math.sinh(mercator)))

    return lon(x - margin), lat(y + 1 + margin), lon(x + 1 + margin), lat(y - margin)
