"""The shape of a fence: from what people write to a checked polygon in (lon, lat), or a reason."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from shapely import MultiPoint, Polygon
from shapely.geometry.base import BaseGeometry

from geo import buffers
from geo.areas import Area, joined, turned
from geo.distance import (
    FULL_TURN_DEG,
    HALF_TURN_DEG,
    Floats,
    degree_lengths_m,
    unwrap_line,
    wrap_lon,
)
from geo.errors import (
    CoordinateError,
    HoleOutsideError,
    MalformedShapeError,
    OutOfTerritoryError,
    OverlappingPartsError,
    RoundAPoleError,
    SelfCrossingError,
    TooFewPointsError,
    TooManyVerticesError,
    UnclosedRingError,
    WidthError,
    ZeroAreaError,
)

MAX_VERTICES: Final = 10_000
MIN_RING_POINTS: Final = 4
MIN_AREA_M2: Final = 1.0
POLE_DEG: Final = 90.0
MAX_WIDTH_M: Final = 1_000_000.0
#: Parts whose overlap is thinner than this touch; a millimetre in degrees of latitude.
TOUCH_DEG: Final = 9e-9


class Territory(NamedTuple):
    """The box that fences are drawn in, degrees; west > east means across the antimeridian."""

    west: float
    south: float
    east: float
    north: float


_GEOS_REASON: Final = re.compile(r"([^\[]+)\[(\S+) (\S+)\]")

WORLD: Final = Territory(-180.0, -90.0, 180.0, 90.0)


def build_shape(shape: Mapping[str, object], territory: Territory = WORLD) -> Area:
    """The area of a fence in WGS 84 degrees (lon, lat), valid, outer rings counter-clockwise.

    `shape` has exactly one of the keys `geometry` (GeoJSON Polygon or MultiPolygon; edges straight
    in (lon, lat), more than 180 degrees between two points meaning across the antimeridian),
    `circle` {center, radius_m} or `corridor` {line, each_side_m}. Parts that touch become one, so
    that no border lies between them. An area across the antimeridian keeps running on beyond 180
    (its west end in -180..180). Raises a ShapeError that says what is wrong and the cure.
    """
    given = [key for key in _BUILDERS if shape.get(key) is not None]
    if len(given) != 1:
        raise MalformedShapeError(f"found {' and '.join(given) or 'none of them'}")
    value = shape[given[0]]
    if not isinstance(value, Mapping):
        raise MalformedShapeError(f"`{given[0]}` is no object")
    area = _from_the_west(_BUILDERS[given[0]](value))
    _check_territory(area, territory)
    return area


def _polygons(geometry: Mapping[str, object]) -> Area:
    coordinates = geometry.get("coordinates")
    match geometry.get("type"):
        case "Polygon":
            parts: Sequence[object] = [coordinates]
        case "MultiPolygon":
            parts = _list(coordinates, "coordinates")
        case other:
            raise MalformedShapeError(f"geometry type {other!r}")
    rings = [[_points(ring) for ring in _list(part, "polygon")] for part in parts]
    _check_vertices(sum(max(len(ring) - 1, 0) for part in rings for ring in part), rings[0][0][0])
    return _merged([_polygon(part) for part in rings])


def _circle(circle: Mapping[str, object]) -> Polygon:
    centre = _points([circle.get("center")])
    lon, lat = centre[0].tolist()
    return buffers.circle(lon, lat, _width_m(circle, "radius_m", (lon, lat)))


def _corridor(corridor: Mapping[str, object]) -> Area:
    line = _points(corridor.get("line"))
    _check_vertices(len(line), line[0])
    if not np.ptp(line, axis=0).any():
        raise TooFewPointsError("corridor", _place(line[0]))
    return buffers.corridor(line, _width_m(corridor, "each_side_m", _place(line[0])))


_BUILDERS: Final[Mapping[str, Callable[[Mapping[str, object]], Area]]] = {
    "geometry": _polygons,
    "circle": _circle,
    "corridor": _corridor,
}


def _list(value: object, what: str) -> Sequence[object]:
    if not isinstance(value, list | tuple) or not value:
        raise MalformedShapeError(f"{what} is no list or empty")
    return value


def _number(value: object, what: str) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise MalformedShapeError(f"{what} {value!r} is no number")
    return float(value)


def _width_m(shape: Mapping[str, object], key: str, place: tuple[float, float]) -> float:
    width_m = _number(shape.get(key), key)
    if not 0.0 < width_m <= MAX_WIDTH_M:
        raise WidthError(f"{key} {width_m:g}", place)
    return width_m


def _points(values: object) -> Floats:
    """Positions as (n, 2); an altitude is left out."""
    return np.array([_position(value) for value in _list(values, "line or ring")])


def _position(value: object) -> tuple[float, float]:
    numbers = [_number(x, "coordinate") for x in _list(value, "position")]
    if len(numbers) < 2:  # noqa: PLR2004 - a longitude and a latitude
        raise MalformedShapeError(f"position {value!r}")
    lon, lat = numbers[:2]
    if not (math.isfinite(lon) and abs(lon) <= HALF_TURN_DEG and abs(lat) <= POLE_DEG):
        raise CoordinateError(f"longitude {lon:g}, latitude {lat:g}")
    return lon, lat


def _check_vertices(count: int, first: Floats) -> None:
    if count > MAX_VERTICES:
        raise TooManyVerticesError(f"{count} of them, beginning", _place(first))


def _polygon(rings: Sequence[Floats]) -> Polygon:
    shell, *holes = [_ring(points) for points in rings]
    holes = [_beside(hole, shell) for hole in holes]
    outer = Polygon(shell)
    for hole in holes:
        if outer.is_valid and not outer.covers(Polygon(hole)):
            raise HoleOutsideError("the hole begins", _place(hole[0]))
    polygon = Polygon(shell, holes)
    if not polygon.is_valid:
        raise _crossing(shapely.is_valid_reason(polygon))
    return polygon


def _crossing(reason: str) -> SelfCrossingError:
    """What GEOS says, `Self-intersection[114.1 22.3]`, and its place."""
    found = _GEOS_REASON.fullmatch(reason)
    if found is None:
        return SelfCrossingError(reason)
    return SelfCrossingError(found[1], _place((float(found[2]), float(found[3]))))


def _ring(points: Floats) -> Floats:
    """The ring checked by itself, its longitudes running on across the antimeridian."""
    if len(points) < MIN_RING_POINTS:
        raise TooFewPointsError(f"a ring of {len(points)} points", _place(points[0]))
    if (points[0] != points[-1]).any():
        first = "({:.6f}, {:.6f})".format(*_place(points[0]))
        raise UnclosedRingError(f"it begins at {first} and ends", _place(points[-1]))
    lon = unwrap_line(points[:, 0])
    if lon[0] != lon[-1]:
        raise RoundAPoleError("a ring that begins", _place(points[0]))
    ring = np.column_stack((lon, points[:, 1]))
    hull_m2 = _square_metres(MultiPoint(ring).convex_hull)
    if hull_m2 < MIN_AREA_M2:
        raise ZeroAreaError("a ring", _place(points[0]))
    return ring


def _beside(hole: Floats, shell: Floats) -> Floats:
    """The hole on the side of the antimeridian that its outer ring is on."""
    turns = round((shell[:, 0].mean() - hole[:, 0].mean()) / FULL_TURN_DEG)
    return np.add(hole, (turns * FULL_TURN_DEG, 0.0))


def _square_metres(area: BaseGeometry) -> float:
    _, south, _, north = area.bounds
    lon_m, lat_m = degree_lengths_m((south + north) / 2.0)
    return float(area.area * lon_m * lat_m)


def _merged(parts: list[Polygon]) -> Area:
    """One area of parts that may touch, also at the antimeridian, but not overlap."""
    areas = [_from_the_west(part) for part in parts]
    if any(area.bounds[2] >= HALF_TURN_DEG for area in areas):
        areas = [turned(area, 1) if area.bounds[2] < 0.0 else area for area in areas]
    touching = shapely.STRtree(areas).query(areas, predicate="intersects")
    for a, b in touching.T.tolist():
        if a < b:
            _check_overlap(areas[a], areas[b])
    return joined(areas)


def _check_overlap(part: Area, other: Area) -> None:
    overlap = part.intersection(other)
    # Edges meant to touch may overlap by a rounding: a sliver has length but no width.
    if overlap.area > TOUCH_DEG * overlap.length:
        raise OverlappingPartsError("", _place(overlap.centroid.coords[0]))


def _from_the_west(area: Area) -> Area:
    """The area moved by whole turns so that its west end lies in -180 <= x < 180."""
    return turned(area, -math.floor((area.bounds[0] + HALF_TURN_DEG) / FULL_TURN_DEG))


def _check_territory(area: Area, territory: Territory) -> None:
    west, south, east, north = territory
    box = shapely.box(west, south, east + FULL_TURN_DEG * (east < west), north)
    if not any(box.intersects(turned(area, turns)) for turns in (-1, 0, 1)):
        raise OutOfTerritoryError("", _place(area.bounds[:2]))


def _place(point: Sequence[float] | Floats) -> tuple[float, float]:
    """Where to look on the map: (lon, lat), the longitude between -180 and 180."""
    return float(wrap_lon(np.float64(point[0]))), float(point[1])
