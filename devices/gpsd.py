"""gpsd's JSON: its reports of one instant into a fix. Pure: bytes in, values out.

gpsd tells a position as TPV, and what belongs to it as SKY, GST and ATT before or after it. The
members are those of gpsd_json(5); what gpsd does not know is left out there, and is None here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from devices.contract import Batch
from devices.json_values import moment
from geo.fix import Fix

#: What a client says to get reports.
WATCH: Final = b'?WATCH={"enable":true,"json":true,"nmea":false,"raw":0,"scaled":false};\n'
#: Which reports make up an instant.
PARTS: Final = ("TPV", "SKY", "GST", "ATT")

Report = Mapping[str, Any]

_NO_FIX, _2D, _3D = 1, 2, 3
#: `status` of a position that is reckoned or simulated: no fix, as at GGA qualities 6 and 8.
_RECKONED, _SIMULATED = 5, 8
_HDOP_UNKNOWN = 99.0
_FULL_CIRCLE_DEG = 360.0


def read_report(line: bytes) -> Report | None:
    """One line of gpsd as a JSON object with a `class`, None if it is none."""
    try:
        said = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return said if isinstance(said, dict) and isinstance(said.get("class"), str) else None


def read_reports(payload: bytes) -> Batch:
    """The fix in lines that belong to one instant; none of one without time or position.

    What is no report is refused as `json`, a position that cannot be as `form` or `range`.
    """
    parts: dict[str, Report] = {}
    refused = []
    for line in payload.splitlines():
        report = read_report(line)
        if report is None:
            refused.append((line, "json"))
        else:
            parts[report["class"]] = report
    place = parts.get("TPV", {})
    if not is_position(place):
        return Batch(refused=refused)
    try:
        return Batch(fixes=[(_fix(place, parts), payload)], refused=refused)
    except (TypeError, ValueError):
        return Batch(refused=[*refused, (payload, "form")])
    except _OutOfRange:
        return Batch(refused=[*refused, (payload, "range")])


def is_position(report: Report) -> bool:
    """Whether a report is a TPV with a fix that was measured, and its time."""
    mode = report.get("mode")
    return (
        report.get("class") == "TPV"
        and isinstance(mode, int)
        and mode >= _2D
        and report.get("status") not in (_RECKONED, _SIMULATED)
        and report.get("time") is not None
    )


class _OutOfRange(Exception):
    """A number that cannot be."""


def _fix(place: Report, parts: Mapping[str, Report]) -> Fix:
    """Raises ValueError, TypeError or _OutOfRange."""
    sky, noise, attitude = (parts.get(name, {}) for name in ("SKY", "GST", "ATT"))
    hdop = _number(sky, "hdop", 0.0, _HDOP_UNKNOWN, strict=False)
    satellites = _number(sky, "uSat", 0, 1000)
    lon, lat = _number(place, "lon", -180.0, 180.0), _number(place, "lat", -90.0, 90.0)
    if lon is None or lat is None:
        raise ValueError("a fix has a position")
    return Fix(
        fixed_at=_moment(place["time"]),
        lon=lon,
        lat=lat,
        altitude_m=_number(place, "altMSL", -12_000.0, 100_000.0),
        speed_mps=_number(place, "speed", 0.0, 1_000.0),
        course_deg=_direction(place, "track"),
        heading_deg=_direction(attitude, "heading"),
        accuracy_m=_accuracy_m(noise),
        hdop=hdop or None,
        satellites=None if satellites is None else round(satellites),
        mode=_3D if place["mode"] >= _3D else _2D,
    )


def _accuracy_m(noise: Report) -> float | None:
    """What the receiver states. TPV's `eph` is gpsd's own guess, and no statement of anyone."""
    north_m = _number(noise, "lat", 0.0, 1_000_000.0, strict=False)
    east_m = _number(noise, "lon", 0.0, 1_000_000.0, strict=False)
    return None if north_m is None or east_m is None else math.hypot(north_m, east_m)


def _direction(report: Report, name: str) -> float | None:
    degrees = _number(report, name, 0.0, _FULL_CIRCLE_DEG)
    return None if degrees is None else degrees % _FULL_CIRCLE_DEG


def _number(
    report: Report, name: str, lowest: float, highest: float, *, strict: bool = True
) -> float | None:
    """A member; None where it is missing, or where it cannot be and that need not be strict."""
    value = report.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(name)
    if not lowest <= value <= highest:
        if strict:
            raise _OutOfRange
        return None
    return float(value)


def _moment(text: object) -> datetime:
    if (found := moment(text)) is None:
        raise ValueError("a time without a zone is no time")
    return found


@dataclass(slots=True)
class Instant:
    """Gathers the lines of one receiver's instants: SKY and the like come before TPV or after it.

    gpsd may tell one instant several times, each time knowing more: the last TPV counts.
    """

    _before: dict[str, bytes] = field(default_factory=dict)
    _told: dict[str, bytes] = field(default_factory=dict)
    _time: str | None = None

    @property
    def is_open(self) -> bool:
        """Whether a position waits for what else is said of its instant."""
        return "TPV" in self._told

    def take(self, report: Report, line: bytes) -> bytes | None:
        """Take a report of PARTS in; the lines of the instant that it ends, if it does."""
        kind, time = report["class"], report.get("time")
        if self.is_open and time == self._time:
            self._told[kind] = line
            return None
        if kind != "TPV":
            ended = self.end() if self.is_open else None
            self._before[kind] = line
            return ended
        ended = self.end() if self.is_open else None
        if is_position(report):
            self._time = str(time)
            fitting = {k: each for k, each in self._before.items() if _is_of(each, self._time)}
            self._told = fitting | {"TPV": line}
        self._before = {}
        return ended

    def end(self) -> bytes | None:
        """The lines of the open instant; nothing more comes for it."""
        lines, self._told, self._time = self._told, {}, None
        return b"\n".join(lines.values()) if "TPV" in lines else None


def _is_of(line: bytes, time: str) -> bool:
    """Whether a report that came before a position is of its instant: it says so, or no time."""
    report = read_report(line)
    return report is not None and report.get("time") in (None, time)
