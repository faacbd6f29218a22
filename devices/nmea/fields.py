"""Text of single fields into values: each checked for its form and its range.

Every function takes the field as sent, of ASCII, gives None for an empty one, and raises FormError
or RangeError for one that cannot be right.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date
from functools import lru_cache

from devices.errors import FormError, RangeError
from geo.units import kmh_to_mps, knots_to_mps

DAY_MS = 86_400_000
_MINUTES_A_DEGREE = 60.0
_SIXTY = 60
_FULL_CIRCLE_DEG = 360.0
#: Two-digit years below it are of this century, as strptime has it.
_PIVOT_YEAR = 69

_is_number = re.compile(r"[+-]?(?:\d{1,12}(?:\.\d{0,12})?|\.\d{1,12})").fullmatch
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d|60)(?:\.(\d{0,9}))?", re.ASCII)
_TIME_FORM = re.compile(r"\d{6}(?:\.\d{0,9})?", re.ASCII)
#: Degrees and minutes; a receiver may leave out leading zeros.
_is_angle = re.compile(r"\d{1,5}(?:\.\d{0,12})?").fullmatch
_LEAP_SECOND = (23, 59)


def number(text: str, low: float, high: float) -> float | None:
    """A decimal number between the two limits, both included."""
    if not text:
        return None
    if not _is_number(text):
        raise FormError(value=text)
    value = float(text)
    if not low <= value <= high:
        raise RangeError(value=text)
    return value


def count(text: str, high: int) -> int | None:
    """A whole number from 0 to `high`."""
    if not text:
        return None
    if not text.isdigit():
        raise FormError(value=text)
    if int(text) > high:
        raise RangeError(value=text)
    return int(text)


def one_of(text: str, allowed: Collection[str]) -> str | None:
    """One letter of those allowed."""
    if text in allowed:
        return text
    if text:
        raise FormError(value=text)
    return None


# The sentences of one epoch, and of a fleet at one time, repeat the same text.
@lru_cache(maxsize=1024)
def tod_ms(text: str) -> int | None:
    """Milliseconds since midnight of hhmmss or hhmmss.s; the leap second is the day's last one."""
    if not text:
        return None
    match = _TIME.fullmatch(text)
    if not match:
        raise (RangeError if _TIME_FORM.fullmatch(text) else FormError)(value=text)
    hour, minute, second = int(match[1]), int(match[2]), int(match[3])
    if second == _SIXTY:
        if (hour, minute) != _LEAP_SECOND:
            raise RangeError(value=text)
        return DAY_MS - 1
    fraction_ms = int(match[4][:3].ljust(3, "0")) if match[4] else 0
    return ((hour * 60 + minute) * 60 + second) * 1000 + fraction_ms


# So do the sentences of one epoch, and a vehicle that stands.
@lru_cache(maxsize=1024)
def position(
    lat_text: str, north_south: str, lon_text: str, east_west: str
) -> tuple[float, float] | None:
    """(lon, lat) in degrees of ddmm.m, N or S, dddmm.m, E or W; None when all are empty."""
    if not (lat_text or lon_text):
        return None
    lat = _angle_deg(lat_text, 90.0)
    lon = _angle_deg(lon_text, 180.0)
    if north_south not in ("N", "S") or east_west not in ("E", "W"):
        raise FormError(value=f"{north_south},{east_west}")
    return (-lon if east_west == "W" else lon), (-lat if north_south == "S" else lat)


def _angle_deg(text: str, limit_deg: float) -> float:
    if not _is_angle(text):
        raise FormError(value=text)
    degrees, minutes = divmod(float(text), 100.0)
    angle_deg = degrees + minutes / _MINUTES_A_DEGREE
    if minutes >= _MINUTES_A_DEGREE or angle_deg > limit_deg:
        raise RangeError(value=text)
    return angle_deg


def course_deg(text: str) -> float | None:
    """A direction, 0 <= x < 360 degrees; 360 is north as well."""
    value = number(text, 0.0, _FULL_CIRCLE_DEG)
    return 0.0 if value == _FULL_CIRCLE_DEG else value


def speed_mps(knots_text: str) -> float | None:
    """Metres a second of a speed in knots; civil receivers stop at 1,000 knots."""
    knots = number(knots_text, 0.0, 1000.0)
    return None if knots is None else knots_to_mps(knots)


def speed_of_kmh_mps(kmh_text: str) -> float | None:
    """Metres a second of a speed in km/h, as `speed_mps`."""
    kmh = number(kmh_text, 0.0, 1852.0)
    return None if kmh is None else kmh_to_mps(kmh)


@lru_cache(maxsize=64)
def ddmmyy(text: str) -> date | None:
    """A date; None for what is none ("000000", "310425"): the position may be good all the same."""
    if len(text) != len("ddmmyy") or not text.isdigit():
        return None
    year = int(text[4:])
    return real_date((2000 if year < _PIVOT_YEAR else 1900) + year, int(text[2:4]), int(text[:2]))


def real_date(year: int, month: int, day: int) -> date | None:
    """The date, or None when the calendar has no such day."""
    try:
        return date(year, month, day)
    except ValueError:
        return None
