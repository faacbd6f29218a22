"""The fleet on its ways: who starts where, so that something happens soon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

import numpy as np
import shapely

from devices.simulator.government import Government, Vehicle
from devices.simulator.routes import Way
from devices.simulator.timetable import GOLDEN, Timetable
from devices.simulator.vehicle import VirtualVehicle
from geo.shapes import build_shape

#: The first vehicles of each application, and of the others one in so many, start before a fence.
STAGED_FIRST, STAGED_EACH = 2, 12
#: They cross its border so many seconds after the start.
SOONEST_CROSSING_S, LATEST_CROSSING_S = 10.0, 28.0


def build_fleet(
    government: Government, started_at: datetime, *, seed: int = 1
) -> list[VirtualVehicle]:
    """All vehicles of the government, each somewhere on its route at `started_at`.

    Some are about to cross the border of a fence whose rule waits for that. The same arguments give
    the same fleet.
    """
    timetables = _Timetables()
    borders = _Borders(government)
    fleet = []
    for vehicle in government.vehicles:
        timetable = timetables.of(vehicle)
        share = (vehicle.number * GOLDEN + seed * GOLDEN**2) % 1.0
        phase_s = borders.phase_s(vehicle, timetable, share) if _staged(vehicle) else None
        if phase_s is None:
            phase_s = timetable.lap_s * share
        fleet.append(VirtualVehicle(vehicle, timetable, started_at, phase_s=phase_s, seed=seed))
    return fleet


def _staged(vehicle: Vehicle) -> bool:
    return vehicle.number <= STAGED_FIRST or vehicle.number % STAGED_EACH == 0


class _Timetables:
    """Vehicles of one application on one route share a timetable, all on a route its way."""

    def __init__(self) -> None:
        self._ways: dict[str, Way] = {}
        self._timetables: dict[tuple[str, str], Timetable] = {}

    def of(self, vehicle: Vehicle) -> Timetable:
        route, application = vehicle.route, vehicle.application
        key = (route.code, application.code)
        if route.code not in self._ways:
            self._ways[route.code] = Way(route)
        if key not in self._timetables:
            way = self._ways[route.code]
            self._timetables[key] = Timetable(way, route.mode, application.drive)
        return self._timetables[key]


class _Borders:
    """The fences that have rules, by department."""

    def __init__(self, government: Government) -> None:
        kinds = {(rule.department, rule.fence): rule.on_kinds for rule in government.rules}
        self._areas: defaultdict[str, list[tuple[shapely.Geometry, tuple[str, ...]]]]
        self._areas = defaultdict(list)
        for fence in government.fences:
            on_kinds = kinds.get((fence.department, fence.ref))
            if on_kinds:
                area = build_shape(fence.definition)
                self._areas[fence.department].append((area, on_kinds))

    def phase_s(self, vehicle: Vehicle, timetable: Timetable, share: float) -> float | None:
        """Where to be in a lap so as to cross a border soon; None without one on the way."""
        lead_s = SOONEST_CROSSING_S + (LATEST_CROSSING_S - SOONEST_CROSSING_S) * share
        phases_s = [
            phase_s
            for area, on_kinds in self._areas[vehicle.department]
            for phase_s in _approaches(timetable, area, on_kinds, lead_s)
        ]
        return phases_s[int(share * len(phases_s))] if phases_s else None


def _approaches(
    timetable: Timetable, area: shapely.Geometry, on_kinds: Iterable[str], lead_s: float
) -> list[float]:
    """Times in a lap from which one drives without a pause over the border within `lead_s`."""
    inside = shapely.contains_xy(area, timetable.way.nodes)
    crossed = np.flatnonzero(inside[1:] != inside[:-1]) + 1
    approaches_s = []
    for node in crossed:
        phase_s = float(timetable.arrives_s[node]) - lead_s
        before = timetable.way.place(timetable.at(phase_s).metres)
        straight_on = timetable.next_change_s(phase_s) > lead_s
        turns_side = bool(shapely.contains_xy(area, before.lon, before.lat)) != bool(inside[node])
        if straight_on and turns_side and ("enter" if inside[node] else "exit") in on_kinds:
            approaches_s.append(phase_s)
    return approaches_s
