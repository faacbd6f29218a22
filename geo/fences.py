"""Fences as they were in force, and an index that tells for columns what is inside and near."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Final

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
    """Versions of fences, indexed once, asked with columns; never changed.

    Rows of answers refer to rows of the question, versions to places in `versions`.
    """

    def __init__(self, versions: Sequence[FenceVersion], scopes: Scopes = EVERYBODY) -> None:
        """Index the versions; raises OverlappingVersionsError if a fence has two at one time."""
        self.versions = sorted(versions, key=lambda v: (v.fence_id, v.from_ms))
        self.borders = Borders([version.geometry for version in self.versions])
        self._table = _table_of(self.versions)
        places: dict[int, list[int]] = {}
        for place, version in enumerate(self.versions):
            places.setdefault(version.fence_id, []).append(place)
        self._finish(places, scopes)
        self._check_overlaps(self._places)

    def _finish(self, places: dict[int, list[int]], scopes: Scopes) -> None:
        self._places = places
        #: Of all fences of which there is a version.
        self.ids: Set[int] = places.keys()
        self.scopes = scopes
        #: Of each of `versions` the fence, its number, and when it began.
        self.fence_id, self.version, self._department_id, self.from_ms, self._until_ms = self._table
        ends = self._until_ms[self._until_ms < FOREVER_MS]
        #: Times at which a version or a scope begins or ends, ascending.
        self.moments_ms = np.unique(np.concatenate((self.from_ms, ends, scopes.moments_ms)))

    def edited(self, versions: Sequence[FenceVersion], scopes: Scopes | None = None) -> FenceIndex:
        """These versions too, each instead of the one of its fence and number; with other scopes.

        It costs what the versions cost: the borders that are known are shared. Raises
        OverlappingVersionsError.
        """
        edited = object.__new__(FenceIndex)
        edited.versions, table, places = [*self.versions], self._table.copy(), dict(self._places)
        added = []
        for version in versions:
            its = places.get(version.fence_id, [])
            known = [p for p in its if edited.versions[p].version == version.version]
            if known and edited.versions[known[0]].geometry.equals_exact(version.geometry):
                edited.versions[known[0]] = version
                table[:, known[0]] = _table_of([version])[:, 0]
                continue
            # What is no longer one of a fence is in force never.
            table[UNTIL, known] = table[FROM, known]
            edited.versions.append(version)
            added.append(version)
            its = [p for p in its if p not in known] + [len(edited.versions) - 1]
            places[version.fence_id] = its
        for fence_id in {version.fence_id for version in versions}:
            its = sorted(places[fence_id], key=lambda place: edited.versions[place].from_ms)
            places[fence_id] = its
        edited._table = np.hstack((table, _table_of(added)))
        edited.borders = self.borders.with_more([version.geometry for version in added])
        edited._finish(places, self.scopes if scopes is None else scopes)
        edited._check_overlaps({version.fence_id for version in versions})
        return edited

    def _check_overlaps(self, fence_ids: Iterable[int]) -> None:
        for fence_id in fence_ids:
            its = (self.versions[place] for place in self._places[fence_id])
            for a, b in itertools.pairwise(its):
                if b.from_ms < _end_ms(a):
                    raise OverlappingVersionsError(f"{a.ref}, versions {a.version} and {b.version}")

    def at(self, fence_id: int, at_ms: int) -> FenceVersion | None:
        """The version of a fence in force at a time; raises UnknownFenceError."""
        place = self._last_place(fence_id, at_ms)
        found = None if place is None else self.versions[place]
        return found if found is not None and at_ms <= _end_ms(found) else None

    def last_of(self, fence_id: int, at_ms: int) -> FenceVersion:
        """That version, or the last before it; raises UnknownFenceError where there is none."""
        if (place := self._last_place(fence_id, at_ms)) is None:
            raise UnknownFenceError(f"fence id {fence_id}")
        return self.versions[place]

    def _last_place(self, fence_id: int, at_ms: int) -> int | None:
        """The place of the last version that began before a time."""
        places = self._places.get(fence_id)
        if places is None:
            raise UnknownFenceError(f"fence id {fence_id}")
        begun = len(places)
        while begun and self.versions[places[begun - 1]].from_ms >= at_ms:
            begun -= 1
        return places[begun - 1] if begun else None

    def half_inradius_m(self, fence_id: int, at_ms: int) -> float:
        """Half the inradius of a fence as it is at a time, in metres."""
        place = self._last_place(fence_id, at_ms)
        if place is None:
            raise UnknownFenceError(f"fence id {fence_id}")
        return float(self.borders.inradii.half_m(np.array([place]), np.array([np.inf]))[0])

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
        if not self.versions or not len(places.lon):
            return [[] for _ in range(len(places.lon))]
        lon = wrap_lon(places.lon)
        covering = self.borders.covering(lon, places.lat)
        row, version = np.hstack((covering, self.borders.on_border(lon, places.lat)))
        watching = self.watching(places, row, version)
        found: list[list[int]] = [[] for _ in range(len(lon))]
        fence_id = self.fence_id[version[watching]]
        for place, its in sorted(set(zip(row[watching].tolist(), fence_id.tolist(), strict=True))):
            found[place].append(its)
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


#: Rows of a table of versions.
FROM: Final = 3
UNTIL: Final = 4


def _table_of(versions: Sequence[FenceVersion]) -> Ints:
    """(5, versions): fence, number, department, and from when until when it is in force."""
    rows = [(v.fence_id, v.version, v.department_id, v.from_ms, _end_ms(v)) for v in versions]
    return np.ascontiguousarray(np.array(rows, dtype=np.int64).reshape(-1, 5).T)


def _end_ms(version: FenceVersion) -> int:
    return FOREVER_MS if version.until_ms is None else version.until_ms
