"""Which fences each row of a timeline is inside of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from geo.errors import UnknownFenceError
from geo.fences import FenceIndex, Ints
from geo.timeline import RowKind, Timeline, VehicleState

NOWHERE: Final[frozenset[int]] = frozenset()


class Judged:
    """A timeline of vehicles with what each of its rows is inside of.

    A key is row * number of fences + slot of the fence; so a row's fences are a run of keys, and
    adding the number of fences carries them to the next row.
    """

    def __init__(
        self,
        table: Timeline,
        states: Mapping[int, VehicleState],
        fences: FenceIndex,
    ) -> None:
        """Ask the index once for all rows that are no states."""
        self.table = table
        self.fences = fences
        self.width = max(len(fences.fence_ids), 1)
        self.inside = np.union1d(self._keys_by_place(), self._keys_by_state(states))
        #: Keys of what the row before was inside of.
        self.before = self.inside[table.leads[self.inside // self.width]] + self.width

    def _keys_by_place(self) -> Ints:
        rows = np.flatnonzero(self.table.kind != RowKind.STATE)
        row, version = self.fences.inside(self.table.places[rows])
        return np.asarray(rows[row] * self.width + self.fences.slot[version])

    def _keys_by_state(self, states: Mapping[int, VehicleState]) -> Ints:
        rows = np.flatnonzero(self.table.kind == RowKind.STATE).tolist()
        vehicles = self.table.vehicle_id[rows].tolist()
        keys = [
            row * self.width + self.fences.slot_of(fence_id)
            for row, vehicle_id in zip(rows, vehicles, strict=True)
            for fence_id in states[vehicle_id].inside
        ]
        return np.array(keys, dtype=np.int64)

    @property
    def changed(self) -> Ints:
        """Keys of the fences that a row is inside of and the row before was not, or the reverse."""
        keys = np.setxor1d(self.inside, self.before)
        return np.asarray(keys[self.table.kind[keys // self.width] != RowKind.STATE])

    def opens(self, key: int) -> bool:
        """Whether the row is inside of the fence."""
        place = int(np.searchsorted(self.inside, key))
        return place < len(self.inside) and bool(self.inside[place] == key)

    def vehicle_id(self, key: int) -> int:
        """Id of the row's vehicle."""
        return int(self.table.vehicle_id[key // self.width])

    def fixed_ms(self, key: int) -> int:
        """When the row's vehicle was seen last."""
        return int(self.table.fixed_ms[key // self.width])

    def fence_id(self, key: int) -> int:
        """Id of the fence."""
        return int(self.fences.fence_ids[key % self.width])

    def versions(self, keys: Ints) -> Ints:
        """Index of the version that each row was judged by; if the fence just ended, its last."""
        slot, at_ms = keys % self.width, self.table.places.judged_ms[keys // self.width]
        now, before = (self.fences.in_force(slot, at_ms - back) for back in (0, 1))
        index = np.where(now >= 0, now, before)
        if (index < 0).any():
            raise UnknownFenceError(f"fence id {self.fence_id(int(keys[index < 0][0]))}")
        return index

    def version(self, key: int) -> int:
        """Number of that version of one row and fence."""
        return self.fences.versions[int(self.versions(np.array([key]))[0])].version

    def states(self, rows: Ints) -> dict[int, VehicleState]:
        """The state of each row's vehicle after that row."""
        table, places = self.table, self.table.places
        first = np.searchsorted(self.inside, rows * self.width)
        end = np.searchsorted(self.inside, (rows + 1) * self.width)
        fence_ids = self.fences.fence_ids
        inside = {
            i: frozenset(fence_ids[self.inside[first[i] : end[i]] % self.width].tolist())
            for i in np.flatnonzero(end > first).tolist()
        }
        columns = (
            table.vehicle_id[rows].tolist(),
            table.fixed_ms[rows].tolist(),
            places.judged_ms[rows].tolist(),
            places.lon[rows].tolist(),
            places.lat[rows].tolist(),
            places.department_id[rows].tolist(),
        )
        return {
            vehicle_id: VehicleState(
                fixed_ms, judged_ms, lon, lat, department_id, inside.get(i, NOWHERE)
            )
            for i, (vehicle_id, fixed_ms, judged_ms, lon, lat, department_id) in enumerate(
                zip(*columns, strict=True)
            )
        }
