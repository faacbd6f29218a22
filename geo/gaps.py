"""How long a silence after a fix must last to be a gap: the same rule as `geo.motion` goes by."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from geo.limits import limits_of
from geo.motion import LONGEST_GAP_MS, MOVING_MPS


class GapLimits(NamedTuple):
    """Of one vehicle, milliseconds; numbers, or columns of one length."""

    moving_ms: npt.ArrayLike
    #: Behind a fix that says that it stands: vehicles at rest report more seldom.
    rest_ms: npt.ArrayLike


def gap_limits_of(
    vehicle_class: str, moving_interval_s: float, stopped_interval_s: float
) -> GapLimits:
    """The limits of a vehicle of a class that reports so often while it moves, and at rest."""
    seldomest_s = max(moving_interval_s, stopped_interval_s)
    return GapLimits(
        min(limits_of(vehicle_class, moving_interval_s).gap_ms, LONGEST_GAP_MS),
        min(limits_of(vehicle_class, seldomest_s).gap_ms, LONGEST_GAP_MS),
    )


def gap_ms_after(limits: GapLimits, speed_mps: npt.ArrayLike) -> npt.NDArray[np.int64]:
    """The longest silence after fixes of these speeds (NaN: not known) that is no gap."""
    at_rest = np.asarray(speed_mps, dtype=np.float64) < MOVING_MPS
    return np.where(at_rest, limits.rest_ms, limits.moving_ms).astype(np.int64)
