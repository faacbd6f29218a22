"""A fix as a receiver would say it: one epoch of NMEA 0183 sentences, in its own dialect.

Fields as in NMEA 0183 4.11, with what older versions lack left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import Final, Literal

from geo.fix import Fix
from geo.units import KNOT_MPS, mps_to_kmh

Formatter = Literal["RMC", "VTG", "GGA", "GSA", "GNS", "GLL", "ZDA", "GST", "HDT"]

#: Geoid above the ellipsoid around Hong Kong, metres.
GEOID_M: Final = -2.4
#: Standard range error that turns a dilution of precision into metres.
RANGE_ERROR_M: Final = 2.5
SATELLITES_A_GSA: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one model of receiver speaks."""

    talker: str
    sentences: Sequence[Formatter]
    #: RMC, VTG and GLL end in a mode letter (NMEA 2.3).
    mode_letter: bool = True
    #: RMC and GNS end in a navigation status, GSA in a system (NMEA 4.1).
    navigation_status: bool = False
    time_decimals: int = 2
    minute_decimals: int = 4

    def instant(self, moment: datetime) -> datetime:
        """The last instant up to this one that the dialect can write."""
        step_us = 10 ** max(6 - self.time_decimals, 3)
        return moment - timedelta(microseconds=moment.microsecond % step_us)


def sentences(fix: Fix, dialect: Dialect) -> list[str]:
    """The sentences of an epoch, checksummed, without line ends."""
    fields = [body for kind in dialect.sentences for body in _BODIES[kind](fix, dialect)]
    return [with_checksum(f"{dialect.talker}{body}") for body in fields]


def with_checksum(body: str) -> str:
    """`$`, the body, `*` and the XOR of the body's bytes in two hexadecimal digits."""
    return f"${body}*{reduce(lambda sum_, byte: sum_ ^ byte, body.encode('ascii'), 0):02X}"


def _rmc(fix: Fix, dialect: Dialect) -> list[str]:
    end = ",A" * dialect.mode_letter + ",V" * dialect.navigation_status
    motion = f"{_knots(fix)},{_degrees(fix.course_deg)}"
    date = f"{fix.fixed_at:%d%m%y}"
    return [f"RMC,{_time(fix, dialect)},A,{_position(fix, dialect)},{motion},{date},,{end}"]


def _vtg(fix: Fix, dialect: Dialect) -> list[str]:
    kmh = "" if fix.speed_mps is None else f"{mps_to_kmh(fix.speed_mps):.2f}"
    end = ",A" * dialect.mode_letter
    return [f"VTG,{_degrees(fix.course_deg)},T,,M,{_knots(fix)},N,{kmh},K{end}"]


def _gga(fix: Fix, dialect: Dialect) -> list[str]:
    place = f"{_time(fix, dialect)},{_position(fix, dialect)}"
    return [f"GGA,{place},1,{_solution(fix)},M,{GEOID_M:.1f},M,,"]


def _gns(fix: Fix, dialect: Dialect) -> list[str]:
    place = f"{_time(fix, dialect)},{_position(fix, dialect)}"
    end = ",V" * dialect.navigation_status
    return [f"GNS,{place},AA,{_solution(fix)},{GEOID_M:.1f},,{end}"]


def _gsa(fix: Fix, dialect: Dialect) -> list[str]:
    """One sentence; with systems (4.1) one each for GPS and GLONASS."""
    used = fix.satellites or 0
    hdop = fix.hdop or 1.0
    dops = f"{hdop * 1.7:.2f},{hdop:.2f},{hdop * 1.4:.2f}"
    if not dialect.navigation_status:
        return [f"GSA,A,3,{_numbers(2, used)},{dops}"]
    gps = used - used // 3
    return [
        f"GSA,A,3,{_numbers(2, gps)},{dops},1",
        f"GSA,A,3,{_numbers(65, used - gps)},{dops},2",
    ]


def _gll(fix: Fix, dialect: Dialect) -> list[str]:
    end = ",A" * dialect.mode_letter
    return [f"GLL,{_position(fix, dialect)},{_time(fix, dialect)},A{end}"]


def _zda(fix: Fix, dialect: Dialect) -> list[str]:
    return [f"ZDA,{_time(fix, dialect)},{fix.fixed_at:%d,%m,%Y},00,00"]


def _gst(fix: Fix, dialect: Dialect) -> list[str]:
    sigma_m = RANGE_ERROR_M * (fix.hdop or 1.0)
    ellipse = f"{sigma_m:.1f},{sigma_m:.1f},{sigma_m * 0.8:.1f},45.0"
    return [f"GST,{_time(fix, dialect)},{ellipse},{sigma_m:.1f},{sigma_m:.1f},{sigma_m * 1.6:.1f}"]


def _hdt(fix: Fix, dialect: Dialect) -> list[str]:
    return [f"HDT,{_degrees(fix.heading_deg)},T"]


_BODIES: Final[dict[Formatter, Callable[[Fix, Dialect], list[str]]]] = {
    "RMC": _rmc,
    "VTG": _vtg,
    "GGA": _gga,
    "GSA": _gsa,
    "GNS": _gns,
    "GLL": _gll,
    "ZDA": _zda,
    "GST": _gst,
    "HDT": _hdt,
}


def _time(fix: Fix, dialect: Dialect) -> str:
    digits = f"{fix.fixed_at:%H%M%S.%f}"
    return digits[:6] if dialect.time_decimals == 0 else digits[: 7 + dialect.time_decimals]


def _position(fix: Fix, dialect: Dialect) -> str:
    lat = _angle(abs(fix.lat), 2, dialect.minute_decimals)
    lon = _angle(abs(fix.lon), 3, dialect.minute_decimals)
    return f"{lat},{'S' if fix.lat < 0 else 'N'},{lon},{'W' if fix.lon < 0 else 'E'}"


def _angle(degrees: float, digits: int, decimals: int) -> str:
    """Degrees and minutes, rounded as a whole: 59.99999 minutes must not become 60."""
    minute = 10**decimals
    whole, rest = divmod(round(degrees * 60 * minute), 60 * minute)
    return f"{whole:0{digits}d}{rest / minute:0{decimals + 3}.{decimals}f}"


def _knots(fix: Fix) -> str:
    return "" if fix.speed_mps is None else f"{fix.speed_mps / KNOT_MPS:.3f}"


def _degrees(angle_deg: float | None) -> str:
    """359.996 rounds to 0.00, not to 360.00."""
    return "" if angle_deg is None else f"{round(angle_deg, 2) % 360.0:.2f}"


def _solution(fix: Fix) -> str:
    altitude = "" if fix.altitude_m is None else f"{fix.altitude_m:.1f}"
    return f"{fix.satellites or 0:02d},{fix.hdop or 1.0:.2f},{altitude}"


def _numbers(first: int, count: int) -> str:
    numbers = [f"{first + 2 * n:02d}" for n in range(min(count, SATELLITES_A_GSA))]
    return ",".join(numbers + [""] * (SATELLITES_A_GSA - len(numbers)))
