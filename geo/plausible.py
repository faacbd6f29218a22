"""Impossible jumps (rule R9): a fix out of reach of the last good one is held until one agrees.

The next fix decides. Within reach of the last good fix it drops the held one; within reach of the
held one it proves both; else it is held in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from geo.distance import FULL_TURN_DEG, Floats, distance_m
from geo.fences import Ints
from geo.limits import DEFAULT_LIMITS, Limits

Mask = npt.NDArray[np.bool_]
Verdicts = npt.NDArray[np.int8]

#: Metres that no degree of latitude (at the poles) and of longitude (at the equator) exceeds.
LAT_DEGREE_M: Final = 111_700.0
LON_DEGREE_M: Final = 111_320.0
#: Two fixes are never taken as less far apart in time: receivers scatter by metres and cut their
#: time to whole seconds, which makes any two fixes of one instant infinitely fast.
LEAST_MS: Final = 1000


class Verdict(IntEnum):
    """What becomes of a fix."""

    #: Within reach of the last good fix before it, or the first of its vehicle.
    BELIEVED = 0
    #: Held at first, proved by the next one.
    AGREED = 1
    #: Held, and dropped or not decided yet.
    IMPLAUSIBLE = 2


def verdicts(
    vehicle_id: Ints, fixed_ms: Ints, lon: Floats, lat: Floats, limits: Mapping[int, Limits]
) -> Verdicts:
    """The verdict on each fix, given columns in which each vehicle's rows are a run in time order.

    The first row of each vehicle is believed. The limits are by vehicle id.
    """
    result = np.zeros(len(vehicle_id), dtype=np.int8)
    follows = np.zeros(len(vehicle_id), dtype=bool)
    follows[1:] = vehicle_id[1:] == vehicle_id[:-1]
    speeds = [limits.get(v, DEFAULT_LIMITS).max_speed_mps for v in vehicle_id[~follows].tolist()]
    max_speed_mps = np.array(speeds, dtype=np.float64)[np.cumsum(~follows) - 1]
    parted = np.zeros(len(vehicle_id), dtype=bool)
    parted[_out_of_reach(np.flatnonzero(follows), fixed_ms, lon, lat, max_speed_mps)] = True

    def in_reach(row: int, good: int) -> bool:
        reach_m = _reach_m(fixed_ms[row] - fixed_ms[good], max_speed_mps[row])
        return bool(distance_m(lon[good], lat[good], lon[row], lat[row]) <= reach_m)

    decided = 0
    for first in np.flatnonzero(parted).tolist():
        if first < decided:
            continue
        # The fix before the held one is good; each row is held until one decides.
        decided = first
        while decided < len(result) and follows[decided]:
            if decided > first and in_reach(decided, first - 1):
                break
            if not parted[decided]:
                result[decided - 1] = Verdict.AGREED
                break
            result[decided] = Verdict.IMPLAUSIBLE
            decided += 1
        decided += 1
    return result


def _out_of_reach(
    rows: Ints, fixed_ms: Ints, lon: Floats, lat: Floats, max_speed_mps: Floats
) -> Ints:
    """Those of the rows that are too far from the row before for the time between.

    Geodesics are only asked where a coarse bound does not tell.
    """
    before = rows - 1
    reach_m = _reach_m(fixed_ms[rows] - fixed_ms[before], max_speed_mps[rows])
    east_deg = np.abs(lon[rows] - lon[before])
    east_deg = np.minimum(east_deg, FULL_TURN_DEG - east_deg)
    bound_m = np.abs(lat[rows] - lat[before]) * LAT_DEGREE_M + east_deg * LON_DEGREE_M
    unsure = np.flatnonzero(bound_m > reach_m)
    rows, before = rows[unsure], before[unsure]
    return rows[distance_m(lon[before], lat[before], lon[rows], lat[rows]) > reach_m[unsure]]


def _reach_m(silence_ms: Ints, max_speed_mps: Floats) -> Floats:
    return np.asarray(max_speed_mps * np.maximum(silence_ms, LEAST_MS) / 1000.0)
