"""MF-JSON (OGC 19-045r3) of curves: moving points, and temporal properties as the API has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from api.ogc.answers import Document
from api.ogc.moving.curves import Curve, degrees_of
from geo.fix import from_unix_ms
from tracker.formats.base import DEGREE_DIGITS

#: WGS 84 as (lon, lat), and the calendar.
SYSTEMS: Final[Document] = {
    "crs": {"type": "Name", "properties": {"name": "urn:ogc:def:crs:OGC:1.3:CRS84"}},
    "trs": {"type": "Name", "properties": {"name": "urn:ogc:data:time:iso8601"}},
}
_DIGITS: Final = 3


class Property(NamedTuple):
    """A temporal property: its column, and its unit by UN/CEFACT's three letters, or a URI."""

    column: str
    form: str


#: By name, in the order of names.
PROPERTIES: Final[Mapping[str, Property]] = {
    "course": Property("course_deg", "http://qudt.org/vocab/unit/DEG"),
    "heading": Property("heading_deg", "http://qudt.org/vocab/unit/DEG"),
    "speed": Property("speed_mps", "MTS"),
}


def moving_point(path: Curve, **more: object) -> Document:
    """A temporal primitive geometry."""
    return {
        **more,
        "type": "MovingPoint",
        "datetimes": times_of(path),
        "coordinates": _places(path),
        "interpolation": path.interpolation,
        **SYSTEMS,
    }


def moving_geometry(paths: Sequence[Curve]) -> Document:
    """A moving point, or several where silence is between them."""
    if len(paths) == 1:
        return moving_point(paths[0])
    prisms = [moving_point(path) for path in paths]
    return {"type": "MovingGeometryCollection", "prisms": prisms, **SYSTEMS}


def projection(paths: Sequence[Curve]) -> Document | None:
    """Where it was, without time: GeoJSON."""
    lines = [_places(path) for path in paths if len(path.ms) > 1]
    points = [_places(path)[0] for path in paths if len(path.ms) == 1]
    if not lines:
        return _of("Point", "MultiPoint", points) if points else None
    if not points:
        return _of("LineString", "MultiLineString", lines)
    both = [_of("Point", "MultiPoint", points), _of("LineString", "MultiLineString", lines)]
    return {"type": "GeometryCollection", "geometries": both}


def described(name: str, form: str) -> Document:
    """A temporal property without its values."""
    return {"name": name, "type": "TReal", "form": form}


def sequence(curves: Sequence[Curve]) -> list[Document]:
    """The `valueSequence` of a temporal property."""
    return [
        {
            "datetimes": times_of(curve),
            "values": _numbers(curve),
            "interpolation": curve.interpolation,
        }
        for curve in curves
        if len(curve.ms)
    ]


def parametric(name: str, form: str, curve: Curve) -> Document:
    """A temporal property as MF-JSON's own ParametricValues have it."""
    values = {"type": "Measure", "form": form, "values": _numbers(curve)}
    return {
        "datetimes": times_of(curve),
        name: {**values, "interpolation": curve.interpolation},
    }


def times_of(curve: Curve) -> list[str]:
    """Its instants."""
    return [moment(ms) for ms in curve.ms.tolist()]


def moment(ms: int) -> str:
    """Unix milliseconds as RFC 3339, always with three decimals: readers such as pandas take the
    form of the first one for that of all."""
    return from_unix_ms(ms).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _of(one: str, several: str, coordinates: Sequence[object]) -> Document:
    if len(coordinates) == 1:
        return {"type": one, "coordinates": coordinates[0]}
    return {"type": several, "coordinates": list(coordinates)}


def _places(path: Curve) -> list[list[float]]:
    places: list[list[float]] = np.round(degrees_of(path), DEGREE_DIGITS).tolist()
    return places


def _numbers(curve: Curve) -> list[float]:
    numbers: list[float] = np.round(curve.values, _DIGITS).tolist()
    return numbers
