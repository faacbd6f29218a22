"""What geo refuses, and why. A class's docstring is its message and names the cure.

GeoError
├── ShapeError                a fence whose shape cannot be watched
│   ├── MalformedShapeError
│   ├── CoordinateError
│   ├── OutOfTerritoryError
│   ├── UnclosedRingError
│   ├── TooFewPointsError
│   ├── TooManyVerticesError
│   ├── ZeroAreaError
│   ├── SelfCrossingError
│   ├── HoleOutsideError
│   ├── OverlappingPartsError
│   ├── RoundAPoleError
│   └── WidthError
├── BlurSizeError
├── WeekHoursError
├── OverlappingVersionsError
├── UnknownFenceError
├── OffGridError              metres that are not in Hong Kong's grid
│   └── SwappedGridError
├── UnknownReferenceError
└── PlaceTextError            a place that somebody typed
"""

from __future__ import annotations

import inspect
import re


class GeoError(Exception):
    """Places or fences were given that no answer can be computed for."""

    def __init__(self, detail: str = "") -> None:
        """Add what was found (a number, a place) to the message of the class."""
        super().__init__(detail)
        self.detail = detail

    def __str__(self) -> str:
        """The message of the class on one line, then the detail."""
        message = " ".join(inspect.cleandoc(type(self).__doc__ or "").split())
        return f"{message} ({self.detail})" if self.detail else message

    @property
    def reason(self) -> str:
        """The name of the fault for programs: `self-crossing`."""
        name = type(self).__name__.removesuffix("Error")
        return re.sub(r"(?<!^)(?=[A-Z])", "-", name).lower()


class WeekHoursError(GeoError):
    """Hours of the week are written `mon-fri 08:00-18:00, sat 09:00-13:00`."""


class BlurSizeError(GeoError):
    """Positions cannot be blurred to cells of that size; choose one between 50 m and 100 km."""


class ShapeError(GeoError):
    """The shape cannot be watched as a fence; draw it again."""

    def __init__(self, detail: str = "", place: tuple[float, float] | None = None) -> None:
        """Say where the fault is, (lon, lat) in WGS 84 degrees, where it is anywhere."""
        where = f"at ({place[0]:.6f}, {place[1]:.6f})" if place else ""
        super().__init__(f"{detail} {where}".strip())
        self.place = place


class MalformedShapeError(ShapeError):
    """The shape cannot be read; give exactly one of `geometry` (a GeoJSON Polygon or MultiPolygon),
    `circle` {center: [lon, lat], radius_m} or `corridor` {line: [[lon, lat], ...], each_side_m}."""


class CoordinateError(ShapeError):
    """A coordinate is not on the earth; write longitude first (-180 to 180), then latitude (-90 to
    90)."""


class OutOfTerritoryError(ShapeError):
    """The shape lies outside the territory; check that longitude is written before latitude, or
    widen the territory in the settings."""


class UnclosedRingError(ShapeError):
    """A ring does not end where it began; repeat its first point as its last."""


class TooFewPointsError(ShapeError):
    """A ring needs at least 4 points with the closing one, a corridor's line at least 2 different
    ones; add the missing points."""


class TooManyVerticesError(ShapeError):
    """The shape has more than 10,000 vertices; simplify it or split it into several fences."""


class ZeroAreaError(ShapeError):
    """A ring encloses nothing (less than 1 m²); move its points apart."""


class SelfCrossingError(ShapeError):
    """A ring crosses or touches itself or another ring of its polygon; draw it so that no two edges
    meet except at the corner between them."""


class HoleOutsideError(ShapeError):
    """A hole does not lie within its outer ring; move it inside, or make it a part of its own."""


class OverlappingPartsError(ShapeError):
    """Parts of the fence overlap; merge them into one (parts that only touch are allowed)."""


class RoundAPoleError(ShapeError):
    """The shape goes round or over a pole, which no ring in longitude and latitude can; keep it
    clear of the pole."""


class WidthError(ShapeError):
    """A circle's radius or a corridor's side must be over 0 m and at most 1,000,000 m; give it in
    metres."""


class OverlappingVersionsError(GeoError):
    """Two versions of one fence are in force at the same time; end the older one when the newer one
    begins."""


class UnknownFenceError(GeoError):
    """A vehicle is inside a fence that the index does not hold; build the index with every version
    that ended after the oldest state was judged."""


class OffGridError(GeoError):
    """The metres lie outside HK1980 Grid; write easting (790,000 to 874,000) before northing
    (796,000 to 852,000), or give degrees."""


class SwappedGridError(OffGridError):
    """The metres lie outside HK1980 Grid, but fit it the other way round: easting and northing look
    swapped; write easting first."""


class UnknownReferenceError(GeoError):
    """It is not known in which coordinate reference system that is drawn; name one: EPSG:2326 for
    HK1980 Grid, EPSG:4326 for degrees."""


class PlaceTextError(GeoError):
    """The place cannot be read; write latitude before longitude (22.3, 114.17), or HK1980 Grid with
    its letters (832591.3E 820351.4N)."""
