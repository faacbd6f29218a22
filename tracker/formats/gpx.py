"""GPX 1.1: one track, a segment from gap to gap.

What GPX has no element for stands in `extensions`, in a namespace of ours, with its unit in its
name.
"""

from __future__ import annotations

from typing import Any, Final

from tracker.formats.base import MOTION, Columns, Cutter, Head, degrees, instant, rows
from tracker.formats.xml_text import element, text, truth

GPX: Final = "http://www.topografix.com/GPX/1/1"
OURS: Final = "urn:milepost:gpx:1"
_FIX_OF_MODE: Final = {2: "2d", 3: "3d"}
_NAMES: Final = (
    *("lon", "lat", "altitude_m", "fixed_at", "ais", "mode", "satellites", "hdop"),
    *(*MOTION, "ignition", "implausible"),
)


class GpxWriter:
    """Elevations are metres above mean sea level."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._cutter = Cutter(head.gap_ms)
        self._is_open = False

    def begin(self) -> bytes:
        """The metadata, and the beginning of the track."""
        title = text(self._head.title)
        window = f"{instant(self._head.since)}/{instant(self._head.until)}"
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<gpx version="1.1" creator="Milepost" xmlns="{GPX}" xmlns:mp="{OURS}">\n'
            f"<metadata><name>{title}</name><desc>{window}</desc></metadata>\n"
            f"<trk><name>{title}</name><desc>{window}</desc>\n"
        ).encode()

    def add(self, chunk: Columns) -> bytes:
        """Points; a segment stays open until a gap."""
        pieces = []
        for stretch, goes_on in self._cutter.stretches(chunk):
            if not goes_on:
                pieces.append("</trkseg>\n<trkseg>\n" if self._is_open else "<trkseg>\n")
                self._is_open = True
            pieces += [_point(row) for row in rows(stretch, _NAMES)]
        return "".join(pieces).encode()

    def end(self) -> bytes:
        """Nothing is missing."""
        segment = "</trkseg>\n" if self._is_open else ""
        return f"{segment}</trk>\n</gpx>\n".encode()


def _point(row: tuple[Any, ...]) -> str:
    lon, lat, altitude_m, fixed_at, ais, mode, satellites, hdop, *said = row
    *motion, ignition, implausible = said
    more = "".join(element(f"mp:{name}", value) for name, value in zip(MOTION, motion, strict=True))
    more += element("mp:ignition", truth(ignition))
    more += element("mp:implausible", "true" if implausible else None)
    return (
        f'<trkpt lat="{degrees(lat)}" lon="{degrees(lon)}">{element("ele", altitude_m)}'
        f"<time>{instant(fixed_at)}</time>{element('src', 'ais' if ais else None)}"
        f"{element('fix', _FIX_OF_MODE.get(mode))}{element('sat', satellites)}"
        f"{element('hdop', hdop)}{element('extensions', more or None)}</trkpt>\n"
    )
