"""AIS: what ships, and aircraft that search, say of themselves to everybody around.

A receiver of AIS reports others, so its positions belong to whom the MMSI names, never to the
device on whose line they came. pyais reads the bits (ITU-R M.1371-5); what they mean is said here.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import pyais
from pyais.exceptions import AISBaseException

from devices.nmea.decoded import Decoded, Heard
from devices.nmea.framing import Line
from geo.fix import Fix
from geo.units import knots_to_mps

#: First letters of a payload whose message type is 1, 2, 3, 9, 18, 19 or 27: those with a position.
_POSITION_LETTERS = b"1239BCK"
_LONG_RANGE = 27
_SENTENCE = re.compile(
    rb"!([A-Z]{2}VD[MO]),([1-9]),([1-9]),([0-9]?),([^,]*),([0-W`-w]{1,90}),([0-5])\*[0-9A-Fa-f]{2}"
)
_TAG_TIME = re.compile(rb"\\(?:[^\\*]*,)?c:([0-9]{1,15})[,*]")
#: A logger's time in a tag block is of seconds up to here (the year 5138), of milliseconds above.
_MOST_SECONDS = 100_000_000_000
_EARLIEST, _LATEST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
#: Messages in parts of which one may still come.
_INCOMPLETE_KEPT = 16
#: How far the clock of a ship may be ahead of ours.
_CLOCKS_DIFFER = timedelta(seconds=5)
_SECONDS_A_MINUTE = 60
#: What the flag of a high accuracy promises, metres.
_ACCURATE_M = 10.0

# What stands for "not available"; speeds in knots.
_NO_SPEED, _NO_SPEED_OF_AIRCRAFT, _NO_SPEED_FROM_FAR = 102.3, 1023.0, 63.0
_NO_COURSE, _NO_HEADING, _NO_ALTITUDE = 360.0, 511, 4095
_AIRCRAFT = 9


class _Part(NamedTuple):
    """One sentence of a message."""

    sentence: bytes
    #: The whole line.
    raw: bytes
    #: When it was said, by its tag block or by us.
    at: datetime | None


def is_ais(raw: bytes) -> bool:
    """Whether a line whose checksum fits holds AIS of others or of the own ship."""
    return b"VDM," in raw or b"VDO," in raw


class AisReader:
    """Puts the parts of messages together and reads positions out of them. No clock, no I/O."""

    __slots__ = ("_parts",)

    def __init__(self) -> None:
        """Start without parts of anything."""
        self._parts: dict[tuple[bytes, bytes, bytes], dict[int, _Part]] = {}

    def take(
        self, line: Line, received_at: datetime | None, out: Decoded, origin: object = None
    ) -> None:
        """Take in one line; what it completes goes to `out.heard`, or is counted in `out.ais`.

        A report is dated by its tag block, else by `received_at`, each put right by the second that
        the message itself names. Without either it has no date and is counted.
        """
        match = _SENTENCE.search(line.raw)
        if match is None:
            out.count_ais("unreadable")
        elif match[1].endswith(b"VDO"):
            # The own ship's receiver says the same in RMC and GGA, better and with a date.
            out.count_ais("own")
        else:
            tagged_at = None if line.tag_broken else _tag_time(line.raw)
            part = _Part(match[0], line.raw, tagged_at or received_at)
            parts = self._complete(match, part)
            if parts:
                _read(parts, out, origin)

    def _complete(self, match: re.Match[bytes], part: _Part) -> list[_Part]:
        """The parts of the message that this one completes, in their order; else none."""
        total, number = int(match[2]), int(match[3])
        if total == 1:
            return [part]
        key = (match[2], match[4], match[5])
        parts = self._parts.pop(key, {})
        if number in parts:  # the same number again: another message, the earlier one was cut
            parts = {}
        parts[number] = part
        if len(parts) == total:
            return [parts[each] for each in sorted(parts)]
        self._parts[key] = parts
        if len(self._parts) > _INCOMPLETE_KEPT:
            del self._parts[next(iter(self._parts))]
        return []


def _read(parts: list[_Part], out: Decoded, origin: object) -> None:
    payload = parts[0].sentence.split(b",")[5]
    if payload[:1] not in _POSITION_LETTERS:
        out.count_ais("other")
        return
    try:
        said: dict[str, Any] = pyais.decode(*(part.sentence for part in parts)).asdict()
        fix = _fix(said, parts[0].at)
    except (AISBaseException, ValueError, KeyError, TypeError, IndexError):
        # Bits cut short, which pyais tells in several ways.
        out.count_ais("unreadable")
        return
    if isinstance(fix, str):
        out.count_ais(fix)
    else:
        raw = b"\r\n".join(part.raw for part in parts)
        out.heard.append(Heard(f"{int(said['mmsi']):09}", fix, raw, origin))


def _fix(said: dict[str, Any], at: datetime | None) -> Fix | str:
    """The fix of a position report, or why there is none: `no_position`, `undated`."""
    lon, lat = float(said["lon"]), float(said["lat"])
    if abs(lon) > 180.0 or abs(lat) > 90.0:  # noqa: PLR2004  181 and 91 say: not available
        return "no_position"
    if at is None:
        return "undated"
    course_deg = float(said["course"])
    heading = said.get("heading", _NO_HEADING)
    altitude_m = said.get("alt", _NO_ALTITUDE)
    return Fix(
        fixed_at=_at_second(at, said.get("second")),
        lon=lon,
        lat=lat,
        altitude_m=float(altitude_m) if altitude_m < _NO_ALTITUDE else None,
        speed_mps=_speed_mps(said),
        course_deg=course_deg if course_deg < _NO_COURSE else None,
        heading_deg=float(heading) if heading < _NO_COURSE else None,
        accuracy_m=_ACCURATE_M if said["accuracy"] else None,
        ais=True,
    )


def _speed_mps(said: dict[str, Any]) -> float | None:
    nothing = {_AIRCRAFT: _NO_SPEED_OF_AIRCRAFT, _LONG_RANGE: _NO_SPEED_FROM_FAR}
    knots = float(said["speed"])
    return knots_to_mps(knots) if knots < nothing.get(said["msg_type"], _NO_SPEED) else None


def _at_second(at: datetime, second: int | None) -> datetime:
    """The last instant of the second that the message names: it was said before it was heard.

    60 to 63 say that the second is not known; a message from far has none.
    """
    if second is None or second >= _SECONDS_A_MINUTE:
        return at.replace(microsecond=at.microsecond // 1000 * 1000)
    latest = at + _CLOCKS_DIFFER
    said_at = latest.replace(second=second, microsecond=0)
    return said_at if said_at <= latest else said_at - timedelta(minutes=1)


def _tag_time(raw: bytes) -> datetime | None:
    """The time in the tag block (`c:`), which is of seconds or milliseconds since 1970."""
    match = _TAG_TIME.search(raw)
    if match is None:
        return None
    number = int(match[1])
    ms = number * 1000 if number < _MOST_SECONDS else number
    try:
        at = datetime.fromtimestamp(ms // 1000, UTC) + timedelta(milliseconds=ms % 1000)
    except (ValueError, OverflowError, OSError):
        return None
    return at if _EARLIEST < at < _LATEST else None
