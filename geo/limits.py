"""What a vehicle can do: how long it may be silent, how fast it may be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

#: A gap is never shorter, milliseconds.
DEFAULT_GAP_MS: Final = 300_000
#: What no vehicle of an unnamed class exceeds: 252 km/h (rule R9).
DEFAULT_MAX_SPEED_MPS: Final = 70.0

#: Rule R9's limits by vehicle class, where a class has one of its own. They are ceilings: what the
#: fastest of its kind does, and a quarter or more on top for wind, slopes and scatter.
#: Vessels: fast patrol craft make 50 knots (26 m/s). Heavy vehicles: limiters cut at 100 km/h.
#: Helicopters: 165 knots (85 m/s); jets: 0.85 of the speed of sound (255 m/s); trains: 350 km/h.
MAX_SPEED_MPS: Final[Mapping[str, float]] = MappingProxyType(
    {
        **dict.fromkeys(("barge", "boat", "ferry", "launch", "ship", "vessel"), 35.0),
        **dict.fromkeys(
            ("lorry", "mobile_library", "refuse_vehicle", "street_washer", "tow_truck", "truck"),
            45.0,
        ),
        "helicopter": 110.0,
        "aeroplane": 350.0,
        "aircraft": 350.0,
        "train": 125.0,
    }
)


class Limits(NamedTuple):
    """What is possible for one vehicle between two fixes."""

    #: Longer silence than this, and nothing is said of the way between them (rule R10). It counts
    #: for DEFAULT_GAP_MS at least.
    gap_ms: int = DEFAULT_GAP_MS
    #: Faster than this on average, and one of them is not believed (rule R9).
    max_speed_mps: float = DEFAULT_MAX_SPEED_MPS


DEFAULT_LIMITS: Final = Limits()


def limits_of(vehicle_class: str, interval_s: float) -> Limits:
    """The limits of a vehicle of a class that reports so often while it moves."""
    return Limits(
        gap_ms=max(round(3000.0 * interval_s), DEFAULT_GAP_MS),
        max_speed_mps=MAX_SPEED_MPS.get(vehicle_class, DEFAULT_MAX_SPEED_MPS),
    )
