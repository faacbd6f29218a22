"""How a vehicle moves now, by its latest fix: the rule of geo/motion.py for every read."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from geo.motion import MOVING_MPS

#: By code: what `motion_codes` returns indexes this.
MOTIONS: Final = ("unknown", "moving", "idling", "stopped")

_UNKNOWN, _MOVING, _IDLING, _STOPPED = range(len(MOTIONS))


def motion_codes(
    speed_mps: npt.NDArray[np.floating], ignition: npt.NDArray[np.integer]
) -> npt.NDArray[np.uint8]:
    """Codes of MOTIONS by speed (NaN: not known) and ignition (1 on, 0 off, -1 not known).

    A slow vehicle is idling only where its ignition is known to be on.
    """
    return np.select(
        [np.isnan(speed_mps), speed_mps >= MOVING_MPS, ignition == 1],
        [np.uint8(_UNKNOWN), np.uint8(_MOVING), np.uint8(_IDLING)],
        np.uint8(_STOPPED),
    )
