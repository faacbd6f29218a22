"""What is on a map, before anybody draws it: `leaflet` draws it for the screen, `sketch` for paper.

Looks are names of classes, so that both maps, both themes and the printer take their colours from
`page.css`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import destination
from maps.text import Html

#: Degrees at five digits: a metre.
DIGITS: Final = 5
#: Symbols on one map; more hide each other, and each costs as much as a hundred points of a line.
MOST_MARKS: Final = 200
#: No map shows less than about a kilometre: what stood still needs surroundings.
_LEAST_DEG: Final = 0.01

MarkLook = Literal["stop", "cross", "start", "end", "place", "vehicle", "hot"]
#: (n, 2) of lon, lat.
Points = npt.NDArray[np.float64]


class Stroke(NamedTuple):
    """Lines of one look."""

    look: str
    lines: Sequence[Points]


class Mark(NamedTuple):
    """A symbol at a place."""

    lon: float
    lat: float
    look: MarkLook
    #: What stands in it: a number or a letter.
    label: Html
    #: What is said of it.
    told: Html


class Ring(NamedTuple):
    """A circle around a place."""

    lon: float
    lat: float
    radius_m: float


class Heat(NamedTuple):
    """Cells of one side (degrees) by their middles, and how hot each is, 0 to 1."""

    places: Points
    heat: npt.NDArray[np.float64]
    cell_deg: float


class Box(NamedTuple):
    """A part of the earth, in degrees."""

    west: float
    south: float
    east: float
    north: float


#: Shown where nothing is drawn.
_NOTHING: Final = Box(113.83, 22.15, 114.44, 22.57)


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """All that is drawn, from the bottom to the top."""

    strokes: Sequence[Stroke] = ()
    ring: Ring | None = None
    heat: Heat | None = None
    marks: Sequence[Mark] = ()

    def bounds(self) -> Box:
        """Around everything, with some room."""
        places = [points for stroke in self.strokes for points in stroke.lines]
        places += [np.array([[mark.lon, mark.lat]]) for mark in self.marks]
        if self.heat is not None:
            places.append(self.heat.places)
        if self.ring is not None:
            places.append(_around(self.ring))
        places = [points for points in places if len(points)]
        if not places:
            return _NOTHING
        points = np.concatenate(places)
        (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
        wide = max(float(east - west) * 0.06, (_LEAST_DEG - float(east - west)) / 2, 0.001)
        high = max(float(north - south) * 0.06, (_LEAST_DEG - float(north - south)) / 2, 0.001)
        return Box(float(west) - wide, float(south) - high, float(east) + wide, float(north) + high)


def _around(ring: Ring) -> Points:
    lon, lat = destination(ring.lon, ring.lat, np.arange(0.0, 360.0, 45.0), ring.radius_m)
    return np.column_stack([lon, lat])
