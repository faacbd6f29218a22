"""The fix, the atom that Milepost stores: one by one as decoded, and as columns for arithmetic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import numpy.typing as npt

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def unix_ms(moment: datetime) -> int:
    """Milliseconds since 1970-01-01T00:00Z of an aware time; a naive one raises ValueError."""
    if moment.tzinfo is None:
        raise ValueError("a time without a zone is not a time")
    return round((moment - EPOCH) / _MILLISECOND)


def from_unix_ms(ms: int) -> datetime:
    """The aware UTC time of so many milliseconds since 1970-01-01T00:00Z."""
    return EPOCH + timedelta(milliseconds=int(ms))


def moment(ms: int | None) -> datetime | None:
    """The same; None of none."""
    return None if ms is None else from_unix_ms(ms)


# Not frozen: guarding each of 14 fields while it is set doubles the cost of making one, and every
# fix of every vehicle is made here.
@dataclass(slots=True, kw_only=True)
class Fix:
    """One position solution of one receiver, never changed. None is unknown; nothing is guessed."""

    #: The receiver's time, aware UTC, whole milliseconds.
    fixed_at: datetime
    #: WGS 84 degrees, -180..180.
    lon: float
    #: WGS 84 degrees, -90..90.
    lat: float
    #: Metres above mean sea level.
    altitude_m: float | None = None
    #: Speed over ground, metres a second.
    speed_mps: float | None = None
    #: Direction of motion, degrees clockwise from true north, 0 <= x < 360.
    course_deg: float | None = None
    #: Where the nose points, degrees clockwise from true north; only from a compass or gyro.
    heading_deg: float | None = None
    #: Stated horizontal error, metres.
    accuracy_m: float | None = None
    #: Horizontal dilution of precision, without unit.
    hdop: float | None = None
    #: Satellites used in the solution.
    satellites: int | None = None
    #: 2 or 3: dimensions of the solution.
    mode: int | None = None
    #: Ignition of the vehicle.
    ignition: bool | None = None
    #: Further inputs of the device by name, as sent (a door, a valve, a draught in metres).
    inputs: Mapping[str, bool | float | str] = field(default_factory=dict)
    #: Weeks added to the receiver's date to undo a GPS week rollover; 0 when the date is as sent.
    rollover_weeks: int = 0
    #: Told by AIS to everybody around, and heard by a receiver of others.
    ais: bool = False
    #: The duty status that the crew set then, by a button of the device.
    duty: str | None = None

    def __post_init__(self) -> None:
        """Refuse a naive time at the door."""
        if self.fixed_at.tzinfo is None:
            raise ValueError("fixed_at needs a zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class FixBatch:
    """Fixes of known vehicles as columns of one length, for the fence engine."""

    #: int32 ids of the vehicles.
    vehicle_id: npt.NDArray[np.int32]
    #: int32 ids of the departments that own them at the time of the fix.
    department_id: npt.NDArray[np.int32]
    #: int64 milliseconds since 1970-01-01T00:00Z.
    fixed_ms: npt.NDArray[np.int64]
    #: float64 WGS 84 degrees.
    lon: npt.NDArray[np.float64]
    #: float64 WGS 84 degrees.
    lat: npt.NDArray[np.float64]
    #: float64 metres, see `error_m`; None: nothing is known of any.
    error_m: npt.NDArray[np.float64] | None = None
    #: float64 as reported, NaN where it is not; None likewise.
    speed_mps: npt.NDArray[np.float64] | None = None
    #: int8: 1 on, 0 off, -1 unknown; None likewise.
    ignition: npt.NDArray[np.int8] | None = None
    #: Mappings like `Fix.inputs`, None where there are none; None likewise.
    inputs: npt.NDArray[np.object_] | None = None

    def __len__(self) -> int:
        """How many fixes there are."""
        return len(self.vehicle_id)


#: The error of a fix of which nothing is known, metres.
DEFAULT_ERROR_M = 10.0
#: Metres of error that one unit of HDOP stands for.
HDOP_M = 5.0


def error_m(accuracy_m: float | None, hdop: float | None) -> float:
    """How far off a fix may be, metres: as stated, else by its HDOP, else the usual (rule R5)."""
    if accuracy_m is not None:
        return accuracy_m
    return DEFAULT_ERROR_M if hdop is None else hdop * HDOP_M
