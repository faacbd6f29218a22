"""Which vehicles came near a place, when, how near and for how long: columns in, columns out.

Between two fixes a vehicle goes straight in (lon, lat) at an even speed, so one that drove through
between them counts; across a gap nothing is said. Distances are taken in the plane that touches the
WGS 84 ellipsoid at the place: true to one part in 1,000 within 10 km of it, up to 50 degrees of
latitude.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.distance import Floats, degree_lengths_m, unwrap_lon, wrap_lon

Ints = npt.NDArray[np.int64]


class Ways(NamedTuple):
    """Fixes of many vehicles as columns of one length, sorted by vehicle, stretch and time."""

    vehicle_id: npt.NDArray[np.int32]
    #: Within one of these of a vehicle fixes follow one another; nothing is drawn from one to the
    #: next.
    stretch: Ints
    #: int64 milliseconds since 1970-01-01T00:00Z.
    fixed_ms: Ints
    #: WGS 84 degrees.
    lon: Floats
    lat: Floats
    #: Longer silence than this before the next fix, and nothing is said of the way between.
    gap_ms: Ints


class Place(NamedTuple):
    """A place (WGS 84 degrees), a distance around it, and a window (unix ms, end not included)."""

    lon: float
    lat: float
    radius_m: float
    since_ms: int
    until_ms: int


class Visits(NamedTuple):
    """Vehicles that came within the radius in the window, by id, as columns of one length."""

    vehicle_id: npt.NDArray[np.int32]
    #: When it was first within, and last; unix ms.
    first_ms: Floats
    last_ms: Floats
    #: When it was nearest, and how near.
    nearest_ms: Floats
    nearest_m: Floats
    #: Where that was, WGS 84 degrees.
    lon: Floats
    lat: Floats
    #: How long it was seen to be within, in all.
    within_s: Floats


def visits(ways: Ways, place: Place) -> Visits:
    """Who came within `place.radius_m` of the place in its window."""
    pieces = _clipped(_pieces(ways, place), place)
    entered, left = _times_within(pieces, place.radius_m)
    share, nearest_m = _nearest(pieces)
    near = (nearest_m <= place.radius_m) | (entered <= left)
    span = pieces.end_ms - pieces.begin_ms
    # Where a touch is lost to rounding, the nearest moment is the visit.
    entered, left = (
        np.where(entered <= left, entered, share),
        np.where(entered <= left, left, share),
    )
    first_ms, last_ms = pieces.begin_ms + entered * span, pieces.begin_ms + left * span
    lon_m, lat_m = degree_lengths_m(place.lat)
    found = Visits(
        *(pieces.vehicle_id, first_ms, last_ms, pieces.begin_ms + share * span, nearest_m),
        wrap_lon(place.lon + (pieces.x + share * pieces.along_x) / lon_m),
        place.lat + (pieces.y + share * pieces.along_y) / lat_m,
        last_ms - first_ms,
    )
    return _by_vehicle(found, near)


class _Pieces(NamedTuple):
    """Straight ways in metres east and north of the place, with their times; single fixes too."""

    vehicle_id: npt.NDArray[np.int32]
    begin_ms: Floats
    end_ms: Floats
    x: Floats
    y: Floats
    along_x: Floats
    along_y: Floats


def _pieces(ways: Ways, place: Place) -> _Pieces:
    """From each fix to the next, or the fix alone before a gap."""
    lon_m, lat_m = degree_lengths_m(place.lat)
    lon = unwrap_lon(ways.lon, place.lon)
    x, y = (lon - place.lon) * lon_m, (ways.lat - place.lat) * lat_m
    goes_on = np.zeros(len(x), dtype=bool)
    goes_on[:-1] = (ways.vehicle_id[1:] == ways.vehicle_id[:-1]) & (
        ways.stretch[1:] == ways.stretch[:-1]
    )
    goes_on[:-1] &= np.diff(ways.fixed_ms) <= ways.gap_ms[:-1]
    following = np.where(goes_on, np.arange(len(x)) + 1, np.arange(len(x)))
    to_x = (unwrap_lon(ways.lon[following], lon) - place.lon) * lon_m
    return _Pieces(
        ways.vehicle_id,
        ways.fixed_ms.astype(np.float64),
        ways.fixed_ms[following].astype(np.float64),
        *(x, y, to_x - x, y[following] - y),
    )


def _meeting(pieces: _Pieces, place: Place) -> _Pieces:
    meets = (pieces.end_ms >= place.since_ms) & (pieces.begin_ms < place.until_ms)
    return _Pieces(
        *(pieces.vehicle_id[meets], pieces.begin_ms[meets], pieces.end_ms[meets]),
        *(pieces.x[meets], pieces.y[meets], pieces.along_x[meets], pieces.along_y[meets]),
    )


def _clipped(pieces: _Pieces, place: Place) -> _Pieces:
    """Only what lies within the window."""
    pieces = _meeting(pieces, place)
    span = np.maximum(pieces.end_ms - pieces.begin_ms, 1.0)
    begin_ms = np.maximum(pieces.begin_ms, place.since_ms)
    end_ms = np.minimum(pieces.end_ms, place.until_ms)
    first, part = (begin_ms - pieces.begin_ms) / span, (end_ms - begin_ms) / span
    return _Pieces(
        pieces.vehicle_id,
        begin_ms,
        end_ms,
        pieces.x + first * pieces.along_x,
        pieces.y + first * pieces.along_y,
        pieces.along_x * part,
        pieces.along_y * part,
    )


def _nearest(pieces: _Pieces) -> tuple[Floats, Floats]:
    """The share of each piece after which it is nearest, and how near, metres."""
    length2 = pieces.along_x**2 + pieces.along_y**2
    towards = -(pieces.x * pieces.along_x + pieces.y * pieces.along_y)
    share = np.divide(towards, length2, out=np.zeros(len(towards)), where=length2 > 0.0)
    share = np.clip(share, 0.0, 1.0)
    return share, np.hypot(pieces.x + share * pieces.along_x, pieces.y + share * pieces.along_y)


def _times_within(pieces: _Pieces, radius_m: float) -> tuple[Floats, Floats]:
    """Shares of each piece at which it comes within the circle and leaves; first > last: never."""
    a = pieces.along_x**2 + pieces.along_y**2
    b = pieces.x * pieces.along_x + pieces.y * pieces.along_y
    c = pieces.x**2 + pieces.y**2 - radius_m**2
    root2 = b * b - a * c
    moves = a > 0.0
    root = np.sqrt(np.maximum(root2, 0.0))
    entered = np.divide(-b - root, a, out=np.where(c <= 0.0, 0.0, 1.0), where=moves)
    left = np.divide(-b + root, a, out=np.where(c <= 0.0, 1.0, 0.0), where=moves)
    never = (moves & ((root2 < 0.0) | (left < 0.0) | (entered > 1.0))) | (~moves & (c > 0.0))
    return (
        np.where(never, 1.0, np.clip(entered, 0.0, 1.0)),
        np.where(never, 0.0, np.clip(left, 0.0, 1.0)),
    )


def _by_vehicle(found: Visits, near: npt.NDArray[np.bool_]) -> Visits:
    """One row a vehicle, of its pieces that came near."""
    found = Visits(
        *(found.vehicle_id[near], found.first_ms[near], found.last_ms[near]),
        *(found.nearest_ms[near], found.nearest_m[near], found.lon[near], found.lat[near]),
        found.within_s[near],
    )
    if not len(found.vehicle_id):
        return found
    starts = np.flatnonzero(np.r_[True, np.diff(found.vehicle_id) != 0])
    nearest = np.lexsort((found.nearest_ms, found.nearest_m, found.vehicle_id))[starts]
    return Visits(
        found.vehicle_id[starts],
        np.minimum.reduceat(found.first_ms, starts),
        np.maximum.reduceat(found.last_ms, starts),
        found.nearest_ms[nearest],
        found.nearest_m[nearest],
        found.lon[nearest],
        found.lat[nearest],
        np.add.reduceat(found.within_s, starts) / 1000.0,
    )
