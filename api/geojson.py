"""GeoJSON (RFC 7946): features, lines, and boxes in requests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from api.errors import BadParameter
from api.models import LineString, Point
from tracker.reads import Box

MOST_LON: Final = 180.0
MOST_LAT: Final = 90.0
#: Decimal digits of degrees: a centimetre.
DIGITS: Final = 7


def line(coordinates: Sequence[tuple[float, float]]) -> LineString | Point | None:
    """The geometry of a track: GeoJSON has no line of one point, and none of none."""
    if not coordinates:
        return None
    if len(coordinates) == 1:
        return Point(coordinates=coordinates[0])
    return LineString(coordinates=list(coordinates))


def bounding_box(text: str) -> Box:
    """`west,south,east,north` in degrees; raises BadParameter."""
    west, south, east, north = box_numbers(text)
    lon_fits = all(abs(lon) <= MOST_LON for lon in (west, east))
    lat_fits = all(abs(lat) <= MOST_LAT for lat in (south, north))
    if not (lon_fits and lat_fits and south <= north):
        raise BadParameter("bbox is outside the world, or its south is north of its north.")
    return west, south, east, north


def box_numbers(text: str) -> Box:
    """Four numbers; raises BadParameter."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise BadParameter(f"bbox is west,south,east,north, not {text!r}.") from None
    return west, south, east, north
