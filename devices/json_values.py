"""What JSON from a device may hold: values checked one by one, and a fix made of them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime

from geo.fix import Fix

_TEXT = re.compile("[^\\x00\\ud800-\\udfff]{1,256}")
#: What the numbers of a fix can be: metres, metres a second, degrees.
RANGES = {
    "lon": (-180.0, 180.0),
    "lat": (-90.0, 90.0),
    "alt": (-12_000.0, 100_000.0),
    "spd": (0.0, 1_000.0),
    "crs": (0.0, 360.0),
    "hdg": (0.0, 360.0),
    "acc": (0.0, 1_000_000.0),
    "hdop": (0.0, 1_000.0),
    "sat": (0.0, 1_000.0),
}
_FULL_CIRCLE_DEG = 360.0


def read_json(payload: bytes) -> object:
    """The value that the text says; raises ValueError for what is no JSON."""
    try:
        return json.loads(payload, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def make_fix(
    fixed_at: datetime | None,
    numbers: Mapping[str, float | None],
    *,
    ignition: object = None,
    inputs: Mapping[str, bool | float | str] | None = None,
) -> tuple[Fix | None, str]:
    """A fix of numbers in the units of RANGES, by its names; or the reason why it is none.

    `form`: time or place is missing. `range`: a number is outside what it can be. An ignition
    that is no truth is unknown.
    """
    lon, lat = numbers.get("lon"), numbers.get("lat")
    if fixed_at is None or lon is None or lat is None:
        return None, "form"
    if any(value is not None and not in_range(name, value) for name, value in numbers.items()):
        return None, "range"
    satellites = numbers.get("sat")
    return Fix(
        fixed_at=fixed_at,
        lon=lon,
        lat=lat,
        altitude_m=numbers.get("alt"),
        speed_mps=numbers.get("spd"),
        course_deg=_direction(numbers.get("crs")),
        heading_deg=_direction(numbers.get("hdg")),
        accuracy_m=numbers.get("acc"),
        hdop=numbers.get("hdop"),
        satellites=round(satellites) if satellites is not None else None,
        ignition=ignition if isinstance(ignition, bool) else None,
        inputs=inputs or {},
    ), ""


def in_range(name: str, value: float) -> bool:
    """Whether a number of that name in RANGES can be so."""
    lowest, highest = RANGES[name]
    return lowest <= value <= highest


def is_text(value: object) -> bool:
    """A text without NUL and without half a character: what a database takes."""
    return isinstance(value, str) and _TEXT.fullmatch(value) is not None


def number(value: object) -> float | None:
    """A number that is finite as a float; JSON has others."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        found = float(value)
    except OverflowError:
        return None
    return found if math.isfinite(found) else None


def moment(value: object) -> datetime | None:
    """The time of an RFC 3339 text, aware UTC in whole milliseconds; None for any other value."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        if found.tzinfo is None:
            return None
        found = found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return found.replace(microsecond=found.microsecond // 1000 * 1000)


def _direction(angle_deg: float | None) -> float | None:
    """North is 0, whoever calls it 360."""
    return None if angle_deg is None else angle_deg % _FULL_CIRCLE_DEG


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")
