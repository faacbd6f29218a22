"""Fences as they were in force, and an index that tells for columns what is inside and near."""

from __future__ import annotations

import itertools
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geo.areas import Area
from geo.borders import Borders
from geo.distance import Floats, wrap_lon
from geo.errors import OverlappingVersionsError, UnknownFenceError
from geo.scope import EVERYBODY, Scopes

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

#: What `until_ms` is taken for when a version has no end.
FOREVER_MS = np.iinfo(np.int64).max


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
    #: Who is there.
    vehicle_id: Ints

    def __getitem__(self, rows: Mask | Ints) -> Places:
        """Some of the rows."""
        return Places(
            lon=self.lon[rows],
            lat=self.lat[rows],
            judged_ms=self.judged_ms[rows],
            department_id=self.department_id[rows],
            vehicle_id=self.vehicle_id[rows],
        )


class FenceIndex:
    """Versions of fences, indexed once, asked with columns.

    Rows of answers refer to rows of the question, versions to places in `versions`.
    """

    def __init__(self, versions: Sequence[FenceVersion], scopes: Scopes = EVERYBODY) -> None:
        """Index the versions; raises OverlappingVersionsError if a fence has two at one time."""
        self.versions = sorted(versions, key=lambda v: (v.fence_id, v.from_ms))
        self.scopes = scopes
        #: When each of `versions` began.
        self.from_ms = np.array([v.from_ms for v in self.versions], dtype=np.int64)
        self._until_ms = np.array([_end_ms(v) for v in self.versions], dtype=np.int64)
        self._department_id = np.array([v.department_id for v in self.versions], dtype=np.int32)
        ends = self._until_ms[self._until_ms < FOREVER_MS]
        #: Times at which a version or a scope begins or ends, ascending.
        self.moments_ms = np.unique(np.concatenate((self.from_ms, ends, scopes.moments_ms)))
        self._places: dict[int, list[int]] = {}
        for place, version in enumerate(self.versions):
            self._places.setdefault(version.fence_id, []).append(place)
        #: Of all fences of which there is a version.
        self.ids = frozenset(self._places)
        self._check_overlaps()
        self.borders = Borders([version.geometry for version in self.versions])

    def _check_overlaps(self) -> None:
        for a, b in itertools.pairwise(self.versions):
            if a.fence_id == b.fence_id and b.from_ms < _end_ms(a):
                raise OverlappingVersionsError(f"{a.ref}, versions {a.version} and {b.version}")

    def at(self, fence_id: int, at_ms: int) -> FenceVersion | None:
        """The version of a fence in force at a time; raises UnknownFenceError."""
        try:
            places = self._places[fence_id]
        except KeyError:
            raise UnknownFenceError(f"fence id {fence_id}") from None
        begun = bisect_left(places, at_ms, key=lambda place: self.versions[place].from_ms)
        found = self.versions[places[begun - 1]] if begun else None
        return found if found is not None and at_ms <= _end_ms(found) else None

    def last_of(self, fence_id: int, at_ms: int) -> FenceVersion:
        """That version, or the last before it; raises UnknownFenceError where there is none."""
        if (found := self.at(fence_id, at_ms)) is not None:
            return found
        before = [v for p in self._places[fence_id] if (v := self.versions[p]).from_ms < at_ms]
        if not before:
            raise UnknownFenceError(f"fence id {fence_id}")
        return before[-1]

    def half_inradius_m(self, fence_id: int, at_ms: int) -> float:
        """Half the inradius of a fence as it is at a time, in metres."""
        place = self.versions.index(self.last_of(fence_id, at_ms))
        return float(self.borders.half_inradius_m(np.array([place]), np.array([np.inf]))[0])

    def watched(
        self, department_id: int, vehicle_id: int, fence_id: int, at_ms: int
    ) -> FenceVersion | None:
        """The version of a fence by which a vehicle is judged at a time, if it is by any."""
        version = self.at(fence_id, at_ms)
        if version is None or version.department_id != department_id:
            return None
        watches = self.scopes.watches(department_id, vehicle_id, fence_id, at_ms)
        return version if watches else None

    def inside(self, places: Places) -> list[list[int]]:
        """For each place the ids of the fences that hold it or whose border it is on."""
        lon = wrap_lon(places.lon)
        covering = self.borders.covering(lon, places.lat)
        row, version = np.hstack((covering, self.borders.on_border(lon, places.lat)))
        watching = self.watching(places, row, version)
        found: list[list[int]] = [[] for _ in range(len(lon))]
        pairs = zip(row[watching].tolist(), version[watching].tolist(), strict=True)
        for place, index in sorted(set(pairs)):
            found[place].append(self.versions[index].fence_id)
        return found

    def watching(self, places: Places, row: Ints, version: Ints) -> Mask:
        """Of pairs (row, version) those in force there, for the vehicle there."""
        at_ms = places.judged_ms[row]
        watching = (
            (self._department_id[version] == places.department_id[row])
            & (self.from_ms[version] < at_ms)
            & (at_ms <= self._until_ms[version])
        )
        if self.scopes:
            for pair in np.flatnonzero(watching).tolist():
                place, index = int(row[pair]), int(version[pair])
                watching[pair] = self.scopes.watches(
                    int(places.department_id[place]),
                    int(places.vehicle_id[place]),
                    self.versions[index].fence_id,
                    int(places.judged_ms[place]),
                )
        return np.asarray(watching)


def _end_ms(version: FenceVersion) -> int:
    return FOREVER_MS if version.until_ms is None else version.until_ms
