"""One line whose checksum fits into what it says, each type by its own rule of validity.

Numbers of fields in the comments of a reader count from 0 after the address, as the code does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from string import ascii_uppercase

import pynmea2

from devices.errors import FormError, RangeError
from devices.nmea import fields
from devices.nmea.framing import Line
from geo.units import kmh_to_mps

#: Longest list of fields that a reader looks at; shorter sentences read as empty beyond their end.
_PADDING = [""] * 20
_VALID_QUALITIES = "123459"
#: Estimated, manual and simulated positions: not used, yet no statement that there is no fix.
_UNUSED_QUALITIES = "678"
#: Those of satellite navigation; a neighbouring day and some rollovers still are dates.
_YEARS = range(1970, 2300)


@dataclass(slots=True)
class Reading:
    """What one sentence says. None is unknown."""

    #: "RMC", "GGA", ...
    kind: str
    #: Milliseconds since midnight UTC; None where the sentence has no time or it is empty.
    tod_ms: int | None = None
    #: The sentence says that there is no fix.
    void: bool = False
    #: The date in the sentence, if it is one.
    day: date | None = None
    #: (lon, lat) in degrees.
    position: tuple[float, float] | None = None
    altitude_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    heading_deg: float | None = None
    accuracy_m: float | None = None
    #: As sent, 99.99 included.
    hdop: float | None = None
    satellites: int | None = None
    #: 1 none, 2 or 3 dimensions.
    mode: int | None = None


def kind_of(line: Line) -> str:
    """What the line is, without the talker: "RMC", "GSV"; proprietary and AIS by their address."""
    address = line.address
    of_a_talker = len(address) == len("GPRMC") and address[0] != "P"
    if not of_a_talker or not line.sentence.startswith(f"${address},"):
        return address
    return address[2:]


def read(kind: str, line: Line) -> Reading | None:
    """What a line of this kind says; None for kinds that are not read.

    Raises FormError or RangeError when a field cannot be right.
    """
    reader = _READERS.get(kind)
    if reader is None:
        return None
    return reader(_fields(line) + _PADDING)


def _fields(line: Line) -> list[str]:
    """The fields after the address: pynmea2 checks and splits, and we read by index.

    Its named properties cost five times the parse, and guess at empty and broken fields.
    """
    try:
        sentence = pynmea2.parse(line.sentence, check=True)
    except pynmea2.ParseError:
        sentence = None  # the checksum fits: it is a type that pynmea2 does not know (THS)
    if isinstance(sentence, pynmea2.TalkerSentence):
        data: list[str] = sentence.data
        return data
    return line.sentence[: -len("*hh")].split(",")[1:]


def _rmc(f: Sequence[str]) -> Reading:
    status, mode = fields.one_of(f[1], ascii_uppercase), fields.one_of(f[11], ascii_uppercase)
    day = fields.ddmmyy(f[8])
    # Field 12, the navigation status, is V on every receiver without an integrity statement.
    if status != "A" or mode == "N":
        return Reading("RMC", fields.tod_ms(f[0]), void=True, day=day)
    return Reading(
        "RMC",
        fields.tod_ms(f[0]),
        day=day,
        position=fields.position(f[2], f[3], f[4], f[5]),
        speed_mps=fields.speed_mps(f[6]),
        course_deg=fields.course_deg(f[7]),
    )


def _gga(f: Sequence[str]) -> Reading:
    quality = fields.one_of(f[5], "0123456789")
    if quality is not None and quality in _UNUSED_QUALITIES:
        return Reading("GGA", fields.tod_ms(f[0]))
    if quality is None or quality not in _VALID_QUALITIES:
        return Reading("GGA", fields.tod_ms(f[0]), void=True)
    return _solution("GGA", f)


def _gns(f: Sequence[str]) -> Reading:
    letters = f[5]
    if letters and not (letters.isascii() and letters.isalpha()):
        raise FormError(value=letters)
    if not letters.strip("N"):
        return Reading("GNS", fields.tod_ms(f[0]), void=True)
    return _solution("GNS", f)


def _solution(kind: str, f: Sequence[str]) -> Reading:
    """What GGA and GNS share: both have altitude in field 8."""
    return Reading(
        kind,
        fields.tod_ms(f[0]),
        position=fields.position(f[1], f[2], f[3], f[4]),
        satellites=fields.count(f[6], 999),
        hdop=fields.number(f[7], 0.0, 1e6),
        altitude_m=fields.number(f[8], -12_000.0, 100_000.0),
    )


def _gll(f: Sequence[str]) -> Reading:
    status, mode = fields.one_of(f[5], ascii_uppercase), fields.one_of(f[6], ascii_uppercase)
    if status != "A" or mode == "N":
        return Reading("GLL", fields.tod_ms(f[4]), void=True)
    return Reading("GLL", fields.tod_ms(f[4]), position=fields.position(f[0], f[1], f[2], f[3]))


def _vtg(f: Sequence[str]) -> Reading:
    if fields.one_of(f[8], ascii_uppercase) == "N":
        return Reading("VTG", void=True)
    speed_mps = fields.speed_mps(f[4])
    if speed_mps is None:
        kmh = fields.number(f[6], 0.0, 1852.0)
        speed_mps = None if kmh is None else kmh_to_mps(kmh)
    return Reading("VTG", speed_mps=speed_mps, course_deg=fields.course_deg(f[0]))


def _zda(f: Sequence[str]) -> Reading | None:
    if not (f[0] and f[1] and f[2] and f[3]):
        return None
    day, month, year = (fields.count(text, 9999) or 0 for text in f[1:4])
    if not (day or month or year):
        return None  # a cold receiver's way to say that it does not know
    zda = Reading("ZDA", fields.tod_ms(f[0]), day=fields.real_date(year, month, day))
    if zda.day is None or zda.day.year not in _YEARS:
        raise RangeError(value=",".join(f[1:4]))
    return zda


def _gsa(f: Sequence[str]) -> Reading:
    mode = fields.one_of(f[1], "123")
    return Reading("GSA", mode=int(mode) if mode else None)


def _gst(f: Sequence[str]) -> Reading:
    return Reading("GST", fields.tod_ms(f[0]), accuracy_m=_horizontal_m(f[5], f[6]))


def _gbs(f: Sequence[str]) -> Reading:
    return Reading("GBS", fields.tod_ms(f[0]), accuracy_m=_horizontal_m(f[1], f[2]))


def _horizontal_m(north_text: str, east_text: str) -> float | None:
    """Root sum of squares of the two horizontal errors in metres."""
    north_m = fields.number(north_text, 0.0, 1e7)
    east_m = fields.number(east_text, 0.0, 1e7)
    return None if north_m is None or east_m is None else math.hypot(north_m, east_m)


def _pgrme(f: Sequence[str]) -> Reading:
    return Reading("PGRME", accuracy_m=fields.number(f[0], 0.0, 1e7))


def _hdt(f: Sequence[str]) -> Reading:
    return Reading("HDT", heading_deg=fields.course_deg(f[0]))


def _ths(f: Sequence[str]) -> Reading:
    return Reading("THS", heading_deg=None if f[1] == "V" else fields.course_deg(f[0]))


def _hdg(f: Sequence[str]) -> Reading:
    """True heading of a magnetic one; without the variation (3, 4) it is unknown."""
    magnetic_deg = fields.course_deg(f[0])
    deviation_deg = _signed_deg(f[1], f[2]) or 0.0
    variation_deg = _signed_deg(f[3], f[4])
    if magnetic_deg is None or variation_deg is None:
        return Reading("HDG")
    return Reading("HDG", heading_deg=(magnetic_deg + deviation_deg + variation_deg) % 360.0)


def _signed_deg(text: str, east_west: str) -> float | None:
    value_deg = fields.number(text, 0.0, 180.0)
    if value_deg is None:
        return None
    if fields.one_of(east_west, "EW") is None:
        raise FormError(value=east_west)
    return -value_deg if east_west == "W" else value_deg


_READERS: dict[str, Callable[[Sequence[str]], Reading | None]] = {
    "RMC": _rmc,
    "GGA": _gga,
    "GNS": _gns,
    "GLL": _gll,
    "VTG": _vtg,
    "ZDA": _zda,
    "GSA": _gsa,
    "GST": _gst,
    "GBS": _gbs,
    "PGRME": _pgrme,
    "HDT": _hdt,
    "THS": _ths,
    "HDG": _hdg,
}

#: The kinds of sentence that are read; all others are counted only.
KINDS_READ = frozenset(_READERS)
