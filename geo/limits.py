"""What a vehicle can do: how long it may be silent, how fast it may be."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

#: A gap is never shorter, milliseconds.
DEFAULT_GAP_MS: Final = 300_000
#: How often a vehicle at rest with its ignition off reports, milliseconds.
DEFAULT_HEARTBEAT_MS: Final = 3_600_000
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
    #: With the ignition off it is silent for no longer than this.
    rest_ms: int = 2 * DEFAULT_HEARTBEAT_MS

    def silence_ms(self, *, ignition_off: bool) -> int:
        """How old its last fix may be and still tell where it is (rule R24)."""
        return self.rest_ms if ignition_off else max(self.gap_ms, DEFAULT_GAP_MS)


DEFAULT_LIMITS: Final = Limits()


def limits_of(
    vehicle_class: str,
    interval_s: float,
    heartbeat_s: float = DEFAULT_HEARTBEAT_MS / 1000.0,
    max_speed_mps: float | None = None,
) -> Limits:
    """The limits of a vehicle of a class that reports so often while it moves, and at rest.

    A top speed of its own wins over that of its class.
    """
    by_class = MAX_SPEED_MPS.get(vehicle_class, DEFAULT_MAX_SPEED_MPS)
    return Limits(
        gap_ms=max(round(3000.0 * interval_s), DEFAULT_GAP_MS),
        max_speed_mps=by_class if max_speed_mps is None else max_speed_mps,
        rest_ms=round(2000.0 * heartbeat_s),
    )
