"""Line by line, for a person: what each sentence says, and why one is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from devices.nmea.ais import is_ais
from devices.nmea.decoded import Decoded, Reason, Refused
from devices.nmea.decoder import read_line
from devices.nmea.framing import COMMENT, Framer, Line
from devices.nmea.health import KINDS_HEARD
from devices.nmea.sentences import KINDS_READ, Reading


class Explained(NamedTuple):
    """One line, and what was made of it."""

    #: As it came, without line end.
    raw: bytes
    #: "RMC", "GSV", …; empty for what is no sentence.
    kind: str
    #: What was read: "12:00:01.000, 22.30000 N 114.17000 E, 6.2 m/s"; or why nothing was.
    said: str
    #: None when the line is taken, or is of a kind that is only counted.
    refused: Reason | None = None


def explain(payload: bytes) -> Iterator[Explained]:
    """The lines of whole NMEA 0183 text, in their order. What they make together, Decoder says."""
    framer = Framer()
    for line in (*framer.feed(payload), *framer.end_line()):
        yield Explained(line.raw, "", "", line.reason) if isinstance(line, Refused) else _of(line)


def _of(line: Line) -> Explained:
    kind = line.kind
    if kind == COMMENT:
        return Explained(line.raw, "", "a comment")
    out = Decoded()
    reading = read_line(line, out)
    if out.refused:
        return Explained(line.raw, kind, "", out.refused[0].reason)
    if reading is None and is_ais(line.raw):
        return Explained(line.raw, kind, "AIS")
    if reading is None and kind in KINDS_HEARD:
        return Explained(line.raw, kind, "about the receiver")
    if reading is None:
        return Explained(line.raw, kind, "not used" if kind not in KINDS_READ else "says nothing")
    return Explained(line.raw, kind, ", ".join(_said(reading)) or "says nothing")


def _said(reading: Reading) -> Iterator[str]:
    if reading.tod_ms is not None:
        seconds, milliseconds = divmod(reading.tod_ms, 1000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        yield f"{hour:02}:{minute:02}:{second:02}.{milliseconds:03}"
    if reading.day is not None:
        yield reading.day.isoformat()
    if reading.void:
        yield "no fix"
    if reading.position is not None:
        lon, lat = reading.position
        yield f"{abs(lat):.5f} {'S' if lat < 0 else 'N'} {abs(lon):.5f} {'W' if lon < 0 else 'E'}"
    for value, unit in (
        (reading.altitude_m, " m high"),
        (reading.speed_mps, " m/s"),
        (reading.course_deg, "° course"),
        (reading.heading_deg, "° heading"),
        (reading.accuracy_m, " m accuracy"),
        (reading.hdop, " HDOP"),
        (reading.satellites, " satellites"),
    ):
        if value is not None:
            yield f"{round(value, 1):g}{unit}"
    if reading.mode is not None:
        yield "no fix" if reading.mode == 1 else f"{reading.mode}D"
