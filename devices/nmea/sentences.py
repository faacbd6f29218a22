"""One line whose checksum fits into what it says, each type by its own rule of validity.

Where a field stands, pynmea2's table of sentences says; what it means and when it is valid is said
here. Fields that the table lacks go by their number, from 1 after the address.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from string import ascii_uppercase, digits

import pynmea2

from devices.errors import FormError, RangeError
from devices.nmea import fields
from devices.nmea.framing import Line

_LETTERS, _DIGITS = frozenset(ascii_uppercase), frozenset(digits)

#: Longest list of fields that a reader looks at; shorter sentences read as empty beyond their end.
_PADDING = [""] * 20
#: Estimated, manual and simulated positions: not used, yet no statement that there is no fix.
_UNUSED_QUALITIES = frozenset("678")
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
    #: Rate of turn, degrees a minute, to starboard positive.
    turn_deg_min: float | None = None


def read(line: Line) -> Reading | None:
    """What the line says; None for kinds that are not read.

    Raises FormError or RangeError when a field cannot be right.
    """
    reader = _READERS.get(line.kind)
    return None if reader is None else reader(line.fields + _PADDING)


def _place(kind: str, name: str) -> int:
    """The number of a field, from 1 after the address, by its name in pynmea2's table."""
    names = [field[1] for field in pynmea2.TalkerSentence.sentence_types[kind].fields]
    return names.index(name) + 1


def _places(kind: str, *names: str) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """Takes those fields out of a sentence: pynmea2's table is asked once, not for each sentence.

    Its own parse checks and splits again what is framed already, and its properties guess at empty
    and broken fields, at five times the cost of the parse.
    """
    return itemgetter(*(_place(kind, name) for name in names))


_rmc_fields = _places(
    "RMC",
    "timestamp",
    "status",
    "lat",
    "lat_dir",
    "lon",
    "lon_dir",
    "spd_over_grnd",
    "true_course",
    "datestamp",
    "mode_indicator",
)


def _rmc(f: Sequence[str]) -> Reading:
    time, status, lat, north_south, lon, east_west, knots, course, day, mode = _rmc_fields(f)
    fields.one_of(status, _LETTERS)
    fields.one_of(mode, _LETTERS)
    # nav_status is not asked: it is V on every receiver without an integrity statement.
    if status != "A" or mode == "N":
        return Reading("RMC", fields.tod_ms(time), void=True, day=fields.ddmmyy(day))
    return Reading(
        "RMC",
        fields.tod_ms(time),
        day=fields.ddmmyy(day),
        position=fields.position(lat, north_south, lon, east_west),
        speed_mps=fields.speed_mps(knots),
        course_deg=fields.course_deg(course),
    )


_PLACE_AT = ("timestamp", "lat", "lat_dir", "lon", "lon_dir")
_gga_fields = _places("GGA", "gps_qual", *_PLACE_AT, "num_sats", "horizontal_dil", "altitude")
_gns_fields = _places("GNS", "mode_indicator", *_PLACE_AT, "num_sats", "hdop", "altitude")


def _gga(f: Sequence[str]) -> Reading:
    quality, time, *solution = _gga_fields(f)
    if fields.one_of(quality, _DIGITS) is None or quality == "0":
        return Reading("GGA", fields.tod_ms(time), void=True)
    if quality in _UNUSED_QUALITIES:
        return Reading("GGA", fields.tod_ms(time))
    return _solution("GGA", time, solution)


def _gns(f: Sequence[str]) -> Reading:
    letters, time, *solution = _gns_fields(f)
    if letters and not letters.isalpha():
        raise FormError(value=letters)
    if not letters.strip("N"):
        return Reading("GNS", fields.tod_ms(time), void=True)
    return _solution("GNS", time, solution)


def _solution(kind: str, time: str, solution: list[str]) -> Reading:
    """What GGA and GNS share."""
    lat, north_south, lon, east_west, satellites, hdop, altitude = solution
    return Reading(
        kind,
        fields.tod_ms(time),
        position=fields.position(lat, north_south, lon, east_west),
        satellites=fields.count(satellites, 999),
        hdop=fields.number(hdop, 0.0, 1e6),
        altitude_m=fields.number(altitude, -12_000.0, 100_000.0),
    )


_gll_fields = _places("GLL", *_PLACE_AT, "status", "faa_mode")


def _gll(f: Sequence[str]) -> Reading:
    time, lat, north_south, lon, east_west, status, mode = _gll_fields(f)
    fields.one_of(status, _LETTERS)
    fields.one_of(mode, _LETTERS)
    if status != "A" or mode == "N":
        return Reading("GLL", fields.tod_ms(time), void=True)
    return Reading(
        "GLL",
        fields.tod_ms(time),
        position=fields.position(lat, north_south, lon, east_west),
    )


_vtg_fields = _places("VTG", "true_track", "spd_over_grnd_kts", "spd_over_grnd_kmph", "faa_mode")


def _vtg(f: Sequence[str]) -> Reading:
    course, knots, kmh, mode = _vtg_fields(f)
    if fields.one_of(mode, _LETTERS) == "N":
        return Reading("VTG", void=True)
    speed_mps = fields.speed_mps(knots)
    if speed_mps is None:
        speed_mps = fields.speed_of_kmh_mps(kmh)
    return Reading("VTG", speed_mps=speed_mps, course_deg=fields.course_deg(course))


_zda_fields = _places("ZDA", "timestamp", "day", "month", "year")


def _zda(f: Sequence[str]) -> Reading | None:
    time, *texts = _zda_fields(f)
    if not (time and all(texts)):
        return None
    day, month, year = (fields.count(text, 9999) or 0 for text in texts)
    if not (day or month or year):
        return None  # a cold receiver's way to say that it does not know
    zda = Reading("ZDA", fields.tod_ms(time), day=fields.real_date(year, month, day))
    if zda.day is None or zda.day.year not in _YEARS:
        raise RangeError(value=",".join(texts))
    return zda


_GSA_MODE = _place("GSA", "mode_fix_type")


def _gsa(f: Sequence[str]) -> Reading:
    mode = fields.one_of(f[_GSA_MODE], ("1", "2", "3"))
    return Reading("GSA", mode=int(mode) if mode else None)


_gst_fields = _places("GST", "timestamp", "std_dev_latitude", "std_dev_longitude")
_gbs_fields = _places("GBS", "timestamp", "lat_err", "lon_err")


def _gst(f: Sequence[str]) -> Reading:
    time, north, east = _gst_fields(f)
    return Reading("GST", fields.tod_ms(time), accuracy_m=_horizontal_m(north, east))


def _gbs(f: Sequence[str]) -> Reading:
    time, north, east = _gbs_fields(f)
    return Reading("GBS", fields.tod_ms(time), accuracy_m=_horizontal_m(north, east))


def _horizontal_m(north_text: str, east_text: str) -> float | None:
    """Root sum of squares of the two horizontal errors in metres."""
    north_m = fields.number(north_text, 0.0, 1e7)
    east_m = fields.number(east_text, 0.0, 1e7)
    return None if north_m is None or east_m is None else math.hypot(north_m, east_m)


def _pgrme(f: Sequence[str]) -> Reading:
    return Reading("PGRME", accuracy_m=fields.number(f[1], 0.0, 1e7))


#: What $PUBX,00 says of its solution. A time alone is no fix; dead reckoning alone is not used.
_PUBX_STATES = frozenset({"NF", "TT", "DR", "G2", "G3", "D2", "D3", "RK"})
_PUBX_VOID, _PUBX_UNUSED = frozenset({"NF", "TT"}), "DR"


def _pubx(f: Sequence[str]) -> Reading | None:
    """u-blox's own fix without a date ($PUBX,00); its height is above the ellipsoid, so not taken.

    Fields by u-blox's protocol specification: 2 time, 3-6 place, 8 state, 9 error in metres, 11
    km/h, 12 course, 15 HDOP, 18 satellites.
    """
    if f[1] != "00":
        return None
    state = fields.one_of(f[8], _PUBX_STATES)
    if state == _PUBX_UNUSED:
        return Reading("PUBX", fields.tod_ms(f[2]))
    if state is None or state in _PUBX_VOID:
        return Reading("PUBX", fields.tod_ms(f[2]), void=True)
    return Reading(
        "PUBX",
        fields.tod_ms(f[2]),
        position=fields.position(f[3], f[4], f[5], f[6]),
        accuracy_m=fields.number(f[9], 0.0, 1e7),
        speed_mps=fields.speed_of_kmh_mps(f[11]),
        course_deg=fields.course_deg(f[12]),
        hdop=fields.number(f[15], 0.0, 1e6),
        satellites=fields.count(f[18], 999),
        mode=int(state[1]) if state[1] in "23" else None,
    )


_rot_fields = _places("ROT", "rate_of_turn", "status")


def _rot(f: Sequence[str]) -> Reading:
    rate, status = _rot_fields(f)
    if fields.one_of(status, _LETTERS) != "A":
        return Reading("ROT")
    return Reading("ROT", turn_deg_min=fields.number(rate, -100_000.0, 100_000.0))


_HDT_HEADING = _place("HDT", "heading")


def _hdt(f: Sequence[str]) -> Reading:
    return Reading("HDT", heading_deg=fields.course_deg(f[_HDT_HEADING]))


def _ths(f: Sequence[str]) -> Reading:
    return Reading("THS", heading_deg=None if f[2] == "V" else fields.course_deg(f[1]))


_hdg_fields = _places("HDG", "heading", "deviation", "dev_dir", "variation", "var_dir")


def _hdg(f: Sequence[str]) -> Reading:
    """True heading of a magnetic one; without the variation it is unknown."""
    heading, deviation, deviation_side, variation, variation_side = _hdg_fields(f)
    magnetic_deg = fields.course_deg(heading)
    deviation_deg = _signed_deg(deviation, deviation_side) or 0.0
    variation_deg = _signed_deg(variation, variation_side)
    if magnetic_deg is None or variation_deg is None:
        return Reading("HDG")
    return Reading("HDG", heading_deg=(magnetic_deg + deviation_deg + variation_deg) % 360.0)


def _signed_deg(text: str, east_west: str) -> float | None:
    value_deg = fields.number(text, 0.0, 180.0)
    if value_deg is None:
        return None
    if fields.one_of(east_west, ("E", "W")) is None:
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
    "ROT": _rot,
    "PUBX": _pubx,
}

#: The kinds of sentence that are read; all others are counted only.
KINDS_READ = frozenset(_READERS)
