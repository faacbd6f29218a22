"""Fences as they were in force, and an index that tells for columns what is inside and cut."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from geo.areas import Area, turned
from geo.distance import HALF_TURN_DEG, Floats, degree_lengths_m, unwrap_lon, wrap_lon
from geo.errors import OverlappingVersionsError, UnknownFenceError

Ints = npt.NDArray[np.int64]

#: Within this distance of a border a place is on it, hence inside. Metres.
ON_BORDER_M = 0.001
#: What `until_ms` is taken for when a version has no end.
FOREVER_MS = np.iinfo(np.int64).max

INSIDE, ON_BORDER, OUTSIDE = np.int8(1), np.int8(0), np.int8(-1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FenceVersion:
    """The shape of a fence for as long as it was in force: for times from_ms < t <= until_ms.

    Open at the beginning, because a fix and an edit at the same millisecond come in this order:
    the fix is judged by the old shape, then the vehicle is judged anew by the new one.
    """

    #: The same through all versions.
    fence_id: int
    #: Full ref, "FSD/depot".
    ref: str
    #: The fence watches the vehicles of this department only.
    department_id: int
    #: 1, 2, ... as the fence was edited.
    version: int
    #: As `build_shape` makes it.
    geometry: Area
    #: Milliseconds since 1970-01-01T00:00Z.
    from_ms: int
    #: Likewise; None while nothing has ended it.
    until_ms: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Places to be judged, as columns of one length."""

    #: float64 WGS 84 degrees.
    lon: Floats
    #: float64 WGS 84 degrees.
    lat: Floats
    #: int64 milliseconds: by the versions in force at these times.
    judged_ms: Ints
    #: Whose fences are asked for.
    department_id: npt.NDArray[np.int32]

    def __getitem__(self, rows: npt.NDArray[np.bool_] | Ints) -> Places:
        """Some of the rows."""
        return Places(
            lon=self.lon[rows],
            lat=self.lat[rows],
            judged_ms=self.judged_ms[rows],
            department_id=self.department_id[rows],
        )


@dataclass(frozen=True, slots=True)
class Cuts:
    """Where ways meet borders, as columns of one length, in no order."""

    #: Which way.
    row: Ints
    #: Index of the version in `FenceIndex.versions`.
    version: Ints
    #: How far along the way, 0..1.
    fraction: Floats


class FenceIndex:
    """Versions of fences, indexed once, asked with columns.

    Two trees: one of the areas, for what is inside; one of their borders, edge by edge, so that an
    answer costs the few edges near it however many vertices a fence has. Rows of answers refer to
    rows of the question, versions to places in `versions`.
    """

    def __init__(self, versions: Sequence[FenceVersion]) -> None:
        """Index the versions; raises OverlappingVersionsError if a fence has two at one time."""
        self.versions = sorted(versions, key=lambda v: (v.fence_id, v.from_ms))
        #: Ids of the fences, ascending; a fence's place in it is its slot.
        self.fence_ids = np.unique(np.array([v.fence_id for v in self.versions], dtype=np.int64))
        self.slot = np.searchsorted(self.fence_ids, [v.fence_id for v in self.versions])
        #: When each of `versions` began.
        self.from_ms = np.array([v.from_ms for v in self.versions], dtype=np.int64)
        self._until_ms = np.array([_end_ms(v) for v in self.versions], dtype=np.int64)
        self._department_id = np.array([v.department_id for v in self.versions], dtype=np.int32)
        #: Times at which a version begins or ends, ascending.
        self.moments_ms = np.unique(
            np.concatenate((self.from_ms, self._until_ms[self._until_ms < FOREVER_MS]))
        )
        self._slot_of = {fence_id: slot for slot, fence_id in enumerate(self.fence_ids.tolist())}
        #: Where the versions of each slot begin, and behind the last one where they end.
        self._first = np.searchsorted(self.slot, np.arange(len(self.fence_ids) + 1))
        self._check_overlaps()
        self._index_areas()
        self._index_edges()

    def _check_overlaps(self) -> None:
        for a, b in itertools.pairwise(self.versions):
            if a.fence_id == b.fence_id and b.from_ms < _end_ms(a):
                raise OverlappingVersionsError(f"{a.ref}, versions {a.version} and {b.version}")

    def _index_areas(self) -> None:
        """Each area once, and once more a turn away where it reaches across the antimeridian."""
        copies = [
            (index, turned(version.geometry, turns))
            for index, version in enumerate(self.versions)
            for turns in (-1, 0, 1)
            if _reaches_the_map(version.geometry, turns)
        ]
        self._area_version = np.array([index for index, _ in copies], dtype=np.int64)
        self._areas = np.array([area for _, area in copies], dtype=object)
        shapely.prepare(self._areas)
        self._area_tree = shapely.STRtree(self._areas)

    def _index_edges(self) -> None:
        parts, area = shapely.get_parts(self._areas, return_index=True)
        rings, part = shapely.get_rings(parts, return_index=True)
        points, ring = shapely.get_coordinates(rings, return_index=True)
        joined = ring[1:] == ring[:-1]
        self._edge_start = points[:-1][joined]
        self._edge_step = points[1:][joined] - self._edge_start
        self._edge_version = self._area_version[area[part[ring[:-1][joined]]]]
        self._edge_tree = shapely.STRtree(_lines(self._edge_start, points[1:][joined]))

    def slot_of(self, fence_id: int) -> int:
        """The place of a fence in `fence_ids`; raises UnknownFenceError."""
        try:
            return self._slot_of[fence_id]
        except KeyError:
            raise UnknownFenceError(f"fence id {fence_id}") from None

    def in_force(self, slot: Ints, at_ms: Ints) -> Ints:
        """The version of each fence in force at the time paired with it, -1 if there was none."""
        first, version = self._first[slot], self._first[slot + 1] - 1
        while (later := (version >= first) & (self.from_ms[version] >= at_ms)).any():
            version = version - later
        valid = (version >= first) & (at_ms <= self._until_ms[version])
        return np.where(valid, version, -1)

    def inside(self, places: Places) -> tuple[Ints, Ints]:
        """Pairs (row, version): the versions in force each place is inside of or on the border of.

        In no order; a pair may come more than once.
        """
        lon = wrap_lon(places.lon)
        row, version = np.hstack((self._covering(lon, places.lat), self._near(lon, places.lat)))
        watching = self._watching(places, row, version)
        return row[watching], version[watching]

    def sides(self, version: Ints, lon: Floats, lat: Floats) -> npt.NDArray[np.int8]:
        """For each place and the version paired with it: INSIDE, ON_BORDER or OUTSIDE."""
        lon = wrap_lon(lon)
        side = np.full(len(lon), OUTSIDE)
        for pairs, value in ((self._covering(lon, lat), INSIDE), (self._near(lon, lat), ON_BORDER)):
            row, found = pairs
            side[row[found == version[row]]] = value
        return side

    def cuts(self, lon: Floats, lat: Floats, to: Places) -> Cuts:
        """Where ways from places to places meet borders of the versions in force at the second.

        A way is straight in (lon, lat), across the antimeridian if that is nearer. Every crossing
        is among them; a touch, and either end of a stretch along a border, may be.
        """
        start = np.column_stack((wrap_lon(lon), lat))
        end = np.column_stack((unwrap_lon(to.lon, start[:, 0]), to.lat))
        row, shift_deg = _ways_on_the_map(start, end)
        start, end = start[row], end[row]
        start[:, 0] += shift_deg
        end[:, 0] += shift_deg
        way, edge = self._edge_tree.query(_lines(start, end), predicate="intersects")
        version = self._edge_version[edge]
        kept = np.flatnonzero(self._watching(to, row[way], version))
        way, edge, version = way[kept], edge[kept], version[kept]
        step = end[way] - start[way]
        turn = _cross(step, self._edge_step[edge])
        kept = np.flatnonzero(turn)
        to_edge = self._edge_start[edge[kept]] - start[way[kept]]
        fraction = _cross(to_edge, self._edge_step[edge[kept]]) / turn[kept]
        return Cuts(row[way[kept]], version[kept], np.clip(fraction, 0.0, 1.0))

    def _watching(self, places: Places, row: Ints, version: Ints) -> npt.NDArray[np.bool_]:
        at_ms = places.judged_ms[row]
        return np.asarray(
            (self._department_id[version] == places.department_id[row])
            & (self.from_ms[version] < at_ms)
            & (at_ms <= self._until_ms[version])
        )

    def _covering(self, lon: Floats, lat: Floats) -> Ints:
        """(2, n) of row, version: areas of any time and department that hold the place."""
        row, area = self._area_tree.query(shapely.points(lon, lat))
        held = shapely.intersects_xy(self._areas[area], lon[row], lat[row])
        return np.stack((row[held], self._area_version[area[held]]))

    def _near(self, lon: Floats, lat: Floats) -> Ints:
        """(2, n) of row, version: those whose border is within ON_BORDER_M of the place."""
        lon_m, lat_m = degree_lengths_m(lat)
        # At a pole a degree of longitude has no length; a metre keeps the reach small.
        reach_deg = ON_BORDER_M / np.clip(lon_m, 1.0, lat_m)
        row, edge = self._edge_tree.query(
            shapely.points(lon, lat), predicate="dwithin", distance=reach_deg
        )
        scale = np.column_stack((lon_m, lat_m))[row]
        to_start = (self._edge_start[edge] - np.column_stack((lon, lat))[row]) * scale
        near = _distance_to_edge(to_start, self._edge_step[edge] * scale) <= ON_BORDER_M
        return np.stack((row[near], self._edge_version[edge[near]]))


def _end_ms(version: FenceVersion) -> int:
    return FOREVER_MS if version.until_ms is None else version.until_ms


def _reaches_the_map(area: Area, turns: int) -> bool:
    """Whether an area moved by whole turns meets -180 <= lon <= 180, the range of the places."""
    west, _, east, _ = turned(area, turns).bounds
    return bool(east >= -HALF_TURN_DEG and west <= HALF_TURN_DEG)


def _ways_on_the_map(start: Floats, end: Floats) -> tuple[Ints, Floats]:
    """The rows of ways of any length and the degrees to move each by.

    One that leaves the map across the antimeridian comes once more, moved by a turn, so that either
    half of it lies on the map.
    """
    moving = np.flatnonzero((start != end).any(axis=1))
    east = moving[end[moving, 0] >= HALF_TURN_DEG]
    west = moving[end[moving, 0] < -HALF_TURN_DEG]
    turn_deg = 2.0 * HALF_TURN_DEG
    shift_deg = np.repeat((0.0, -turn_deg, turn_deg), (len(moving), len(east), len(west)))
    return np.concatenate((moving, east, west)), shift_deg


def _lines(start: Floats, end: Floats) -> npt.NDArray[np.object_]:
    return np.asarray(shapely.linestrings(np.stack((start, end), axis=1)))


def _cross(a: Floats, b: Floats) -> Floats:
    return np.asarray(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0])


def _distance_to_edge(to_start: Floats, step: Floats) -> Floats:
    """Distance of the origin to segments given by the way to their starts and their extents."""
    length2 = np.maximum((step * step).sum(axis=1), np.finfo(np.float64).tiny)
    along = np.clip(-(to_start * step).sum(axis=1) / length2, 0.0, 1.0)
    nearest = to_start + step * along[:, None]
    return np.asarray(np.hypot(nearest[:, 0], nearest[:, 1]))
