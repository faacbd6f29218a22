"""A virtual vehicle: what its receiver would find at any time. A pure function of seed and time."""

from __future__ import annotations

import math
import zlib
from datetime import datetime, timedelta

import numpy as np

from devices.simulator.government import Input, Vehicle
from devices.simulator.routes import Mode
from devices.simulator.timetable import Moment, Timetable
from geo.distance import degree_lengths_m
from geo.fix import Fix

#: A receiver's position wanders around the true one, on each axis at most so far.
WANDER_M = 4.0
#: Waves of such periods, seconds, make up the wandering; no common multiple is short.
WANDER_PERIODS_S = (47.0, 131.0, 353.0)
#: In a pause of this length or longer the ignition goes off.
IGNITION_OFF_S = 120.0
#: However sharp the bends, reports are no closer than this.
LEAST_INTERVAL_S = 3.0
#: Below this a receiver gives no course.
STILL_MPS = 0.5
#: What happens now and then begins so often, and lasts so long: a report falls into it.
NOW_AND_THEN_S, FOR_S = 900.0, 60.0
ALTITUDE_M: dict[Mode, float] = {"road": 15.0, "track": 240.0, "sea": 2.0}


class VirtualVehicle:
    """Drives its timetable for ever, from `phase_s` at `started_at` on (and before it as well)."""

    def __init__(
        self,
        vehicle: Vehicle,
        timetable: Timetable,
        started_at: datetime,
        *,
        phase_s: float,
        seed: int,
    ) -> None:
        self.vehicle = vehicle
        self.started_at = started_at
        self.timetable = timetable
        self._phase_s = phase_s
        self._wander = _Wander(seed, vehicle.full_ref)
        self._inputs = [
            each
            for each in vehicle.application.inputs
            if not each.numbers or vehicle.number in each.numbers
        ]
        self._degree_lengths_m = tuple(map(float, degree_lengths_m(timetable.way.nodes[0, 1])))

    def fix_at(self, moment: datetime) -> Fix:
        """What the receiver finds at the last instant up to `moment` that it can write."""
        fixed_at = self.vehicle.dialect.instant(moment)
        drive = self.timetable.at(self.elapsed_s(fixed_at))
        lon, lat, course_deg = self.timetable.way.place(drive.metres)
        east_m, north_m, dilution = self._wander.at(fixed_at)
        moving = drive.speed_mps > STILL_MPS
        return Fix(
            fixed_at=fixed_at,
            lon=lon + east_m / self._degree_lengths_m[0],
            lat=lat + north_m / self._degree_lengths_m[1],
            altitude_m=ALTITUDE_M[self.vehicle.route.mode] + 2 * north_m,
            speed_mps=drive.speed_mps,
            course_deg=course_deg if moving else None,
            heading_deg=course_deg if "HDT" in self.vehicle.dialect.sentences else None,
            hdop=0.9 + 0.4 * dilution,
            satellites=10 - round(3 * dilution),
            mode=3,
            ignition=drive.pause_s < IGNITION_OFF_S,
            inputs={i.name: _reading(i, drive, fixed_at) for i in self._inputs},
        )

    def interval(self, moment: datetime, *, rate: float = 1.0) -> timedelta:
        """How long it waits after a report at `moment`, at `rate` times its usual pace.

        It also reports when it stops, when it sets off, and in bends.
        """
        elapsed_s = self.elapsed_s(moment)
        pause_s = self.timetable.at(elapsed_s).pause_s
        intervals_s = self.vehicle.application.interval_s
        state = 0 if not pause_s else 1 if pause_s < IGNITION_OFF_S else -1
        waits_s = intervals_s[state] / rate
        if not pause_s:
            bend_s = self.timetable.next_bend_s(elapsed_s)
            waits_s = min(waits_s, max(bend_s, LEAST_INTERVAL_S))
        change_s = self.timetable.next_change_s(elapsed_s)
        # A little after the change, or rounding would find the vehicle just before it.
        return timedelta(seconds=waits_s if waits_s < change_s else change_s + 0.5)

    def elapsed_s(self, moment: datetime) -> float:
        """Seconds since a lap of the timetable began."""
        return self._phase_s + (moment - self.started_at).total_seconds()


class _Wander:
    """Slow errors of a receiver, the same for the same seed, name and time."""

    def __init__(self, seed: int, name: str) -> None:
        chance = np.random.default_rng([seed, zlib.crc32(name.encode())])
        self._phases = chance.uniform(0.0, math.tau, (3, len(WANDER_PERIODS_S))).tolist()

    def at(self, moment: datetime) -> tuple[float, float, float]:
        """Metres east, metres north, and -1 to 1 for the satellites' geometry."""
        unix_s = moment.timestamp()
        east, north, geometry = (self._waves(phases, unix_s) for phases in self._phases)
        return WANDER_M * east, WANDER_M * north, geometry

    @staticmethod
    def _waves(phases: list[float], unix_s: float) -> float:
        waves = zip(WANDER_PERIODS_S, phases, strict=True)
        return sum(math.sin(unix_s * math.tau / period + phase) for period, phase in waves) / 3


def _reading(signal: Input, drive: Moment, at: datetime) -> bool | float:
    holds = {
        "moving": drive.pause_s == 0,
        "stopped": drive.pause_s > 0,
        "outward": drive.outward and not drive.far_end,
        "far_end": drive.far_end,
        "now_and_then": at.timestamp() % NOW_AND_THEN_S < FOR_S,
    }
    return signal.value if holds[signal.when] else signal.otherwise
