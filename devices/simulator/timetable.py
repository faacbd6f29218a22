"""When a vehicle is where on its way: pauses, bends, and no change of speed faster than it can."""

from __future__ import annotations

import itertools
import math
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from devices.simulator.routes import Mode, Way
from geo.distance import Floats
from geo.units import kmh_to_mps

#: How fast speed may change, metres a second squared.
ACCELERATION_MPS2: dict[Mode, float] = {"road": 1.2, "track": 0.8, "sea": 0.2}
#: How hard a bend may push sideways, metres a second squared.
SIDEWAYS_MPS2 = 2.0
SLOWEST_BEND_MPS = 3.0
#: A tracker also reports when the road has turned by so much since its last report.
BEND_DEG = 20.0
#: Pauses vary between 0.6 and 1.4 of the mean; the golden section spreads them evenly.
GOLDEN = 0.6180339887498949


@dataclass(frozen=True, slots=True, kw_only=True)
class Drive:
    """How a vehicle of an application drives."""

    cruise_kmh: float
    #: What it could do at most: a fix that implies more is not believed.
    max_kmh: float
    #: Pauses on each way, besides those at both ends.
    stops: int
    stop_s: float
    layover_s: float


class Moment(NamedTuple):
    """Where a timetable has brought its vehicle."""

    metres: float
    speed_mps: float
    #: Length of the pause that it is in; 0 on the move.
    pause_s: float
    #: On the way there, not on the way back.
    outward: bool
    #: In the pause at the far end.
    far_end: bool


class Timetable:
    """One lap of a way by one manner of driving. A pure function of the seconds since it began."""

    def __init__(self, way: Way, mode: Mode, drive: Drive) -> None:
        self.way = way
        pauses_s = _pauses(way, drive)
        speeds = _speeds(way, mode, kmh_to_mps(drive.cruise_kmh), pauses_s > 0)
        steps_s = 2 * np.diff(way.metres) / np.maximum(speeds[:-1] + speeds[1:], 0.1)
        driven_s = np.concatenate([[0.0], np.cumsum(steps_s)])
        departs_s = driven_s + np.cumsum(pauses_s)
        #: Seconds from the start of a lap until each node is reached.
        self.arrives_s: Floats = departs_s - pauses_s
        #: Seconds of a whole lap, the pause at home being its end.
        self.lap_s = float(departs_s[-1])
        self._arrives_s, self._departs_s = self.arrives_s.tolist(), departs_s.tolist()
        self._metres: list[float] = way.metres.tolist()
        self._speeds_mps = speeds.tolist()
        #: How much the way has turned up to each node, to either side.
        self._turned_deg = [0.0, *np.cumsum(_turns_deg(way)).tolist()]
        pausing = np.flatnonzero(pauses_s)
        changes = np.stack([self.arrives_s[pausing], departs_s[pausing]], axis=1)
        self._changes_s = changes.ravel().tolist()
        #: Seconds from the start of a lap to the begin and the end of each pause.
        self.pauses_s: list[tuple[float, float]] = list(zip(*changes.T.tolist(), strict=True))

    def at(self, elapsed_s: float) -> Moment:
        """Where the vehicle is so many seconds (of either sign) after a lap began."""
        lap_s = elapsed_s % self.lap_s
        node = bisect_right(self._arrives_s, lap_s) - 1
        far_end = self.way.far_end
        outward = far_end is None or node < far_end
        since_s = lap_s - self._departs_s[node]
        metres = self._metres[node]
        if since_s < 0:
            pause_s = self._departs_s[node] - self._arrives_s[node]
            return Moment(metres, 0.0, pause_s, outward, node == far_end)
        start_mps, end_mps = self._speeds_mps[node], self._speeds_mps[node + 1]
        gain_mps2 = (end_mps - start_mps) / (self._arrives_s[node + 1] - self._departs_s[node])
        metres += start_mps * since_s + gain_mps2 * since_s**2 / 2
        return Moment(metres, start_mps + gain_mps2 * since_s, 0.0, outward, False)

    def next_change_s(self, elapsed_s: float) -> float:
        """Seconds until it next stops or sets off; above 0."""
        lap_s = elapsed_s % self.lap_s
        after = bisect_right(self._changes_s, lap_s)
        if after == len(self._changes_s):
            return self.lap_s - lap_s
        return float(self._changes_s[after] - lap_s)

    def next_bend_s(self, elapsed_s: float) -> float:
        """Seconds until the way has turned by BEND_DEG; infinite where the lap ends before."""
        lap_s = elapsed_s % self.lap_s
        node = bisect_right(self._arrives_s, lap_s) - 1
        bent = bisect_left(self._turned_deg, self._turned_deg[node] + BEND_DEG, node)
        return math.inf if bent == len(self._turned_deg) else self._arrives_s[bent] - lap_s


def _turns_deg(way: Way) -> Floats:
    """How sharply it bends at each node between its ends."""
    return np.abs((np.diff(way.course_deg) + 180.0) % 360.0 - 180.0)


def _pauses(way: Way, drive: Drive) -> Floats:
    """Seconds of pause at each node."""
    pauses_s = np.zeros(len(way.nodes))
    ends = [node for node in (0, way.far_end, len(way.nodes) - 1) if node is not None]
    for start, end in itertools.pairwise(ends):
        for stop in range(1, drive.stops + 1):
            node = start + (end - start) * stop // (drive.stops + 1)
            pauses_s[node] = drive.stop_s * (0.6 + 0.8 * (node * GOLDEN % 1.0))
    pauses_s[ends[1:]] = max(drive.layover_s, 1.0)
    return pauses_s


def _speeds(way: Way, mode: Mode, cruise_mps: float, pausing: npt.NDArray[np.bool_]) -> Floats:
    """Metres a second at each node: never over the cruise, slow in bends, 0 where it pauses."""
    steps_m = np.diff(way.metres)
    radius_m = steps_m[1:] / np.radians(np.maximum(_turns_deg(way), 1e-6))
    bend_mps = np.maximum(np.sqrt(SIDEWAYS_MPS2 * radius_m), SLOWEST_BEND_MPS)
    limits = np.full(len(way.nodes), cruise_mps)
    limits[1:-1] = np.minimum(limits[1:-1], bend_mps)
    limits[pausing] = 0.0
    limits[0] = 0.0
    gains = (2 * ACCELERATION_MPS2[mode] * steps_m).tolist()
    speeds = limits.tolist()
    for node, gain in enumerate(gains):
        speeds[node + 1] = min(speeds[node + 1], math.sqrt(speeds[node] ** 2 + gain))
    for node in range(len(gains) - 1, -1, -1):
        speeds[node] = min(speeds[node], math.sqrt(speeds[node + 1] ** 2 + gains[node]))
    return np.asarray(speeds)
