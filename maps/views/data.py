"""What a page is made of: plain data, as found. Times are aware, places WGS 84 degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Literal

import numpy as np
import numpy.typing as npt

from geo.fix import unix_ms

#: By language: `en`, `zh-Hant`.
Names = Mapping[str, str]
Language = Literal["en", "zh-Hant"]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What every page says of itself."""

    language: Language
    #: The zone in which people here read the time.
    zone: tzinfo
    #: From when until when (not included) was asked.
    since: datetime
    until: datetime
    #: When the page was made.
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class VehicleFacts:
    """Who a page is about."""

    #: The full ref.
    vehicle: str
    name: Names
    plate: str | None
    #: The department's name.
    department: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Believed fixes of one vehicle in order of time, as columns of one length (`line_of`)."""

    lon: Floats
    lat: Floats
    #: Milliseconds since 1970-01-01T00:00Z.
    time_ms: npt.NDArray[np.int64]
    #: NaN where it is not known.
    speed_mps: Floats


def line_of(
    lon: Sequence[float],
    lat: Sequence[float],
    times: Sequence[datetime],
    speeds_mps: Sequence[float | None],
) -> Line:
    """A line of columns as the database gives them: aware times, None for what is not known."""
    return Line(
        lon=np.asarray(lon, dtype=np.float64),
        lat=np.asarray(lat, dtype=np.float64),
        time_ms=np.array([unix_ms(each) for each in times], dtype=np.int64),
        speed_mps=np.array(speeds_mps, dtype=np.float64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Where a vehicle stood. `until` is None while it does."""

    lon: float
    lat: float
    since: datetime
    until: datetime | None
    #: What the place is called, if anybody says so.
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Crossing:
    """A change of being inside a fence. Without `time` it lies somewhere between the two bounds."""

    kind: Literal["present", "enter", "exit"]
    fence: str
    fence_name: Names
    time: datetime | None
    not_before: datetime | None
    not_after: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A silence too long to draw a line across."""

    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackFacts:
    """A track or a trip, and what happened on it."""

    asked: Asked
    vehicle: VehicleFacts
    line: Line
    stops: Sequence[Stop]
    crossings: Sequence[Crossing]
    gaps: Sequence[Gap]
    distance_m: float
    #: How many fixes that are marked implausible were left out.
    implausible: int
    #: The time of the first fix that was not read because there were too many; None if all were.
    cut_at: datetime | None = None
    #: Whose drive it was, if that is known.
    driver: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A vehicle that was near the place."""

    vehicle: VehicleFacts
    first_at: datetime
    last_at: datetime
    #: When it was closest, how close, and where it was then.
    closest_at: datetime
    closest_m: float
    lon: float
    lat: float
    #: How long it was within the circle.
    inside_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class NearFacts:
    """Which vehicles were within so many metres of a place."""

    asked: Asked
    lon: float
    lat: float
    radius_m: float
    visits: Sequence[Visit]
    #: What the place is called, if the asker says so.
    label: str | None = None
    #: True when there were more than are told.
    cut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HeatFacts:
    """Where a vehicle, or those of a department, spent their time: cells as columns."""

    asked: Asked
    #: The vehicle, or None for all of a department.
    vehicle: VehicleFacts | None
    department: Names
    #: Middles of the cells.
    lon: Floats
    lat: Floats
    #: Seconds spent in each.
    spent_s: Floats
    #: The cells' side, in degrees.
    cell_deg: float
    #: Seconds spent in all, also in cells that are left out.
    total_s: float
    #: How many vehicles and fixes are in it.
    vehicles: int
    fixes: int
    #: True when cells with little time were left out.
    cut: bool = False
