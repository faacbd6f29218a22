"""KML 2.2 with Google's gx:Track: one gx:MultiTrack, which is not drawn across gaps.

A gx:Track says all its times before all its places, so it can only be written whole: a long stretch
becomes several, each beginning where the one before ended.
"""

from __future__ import annotations

from typing import Final

from tracker.formats.base import Columns, Cutter, Head, degrees, instant, rows
from tracker.formats.xml_text import element, text

KML: Final = "http://www.opengis.net/kml/2.2"
GX: Final = "http://www.google.com/kml/ext/2.2"
#: Told along the track, with the type that KML gives them.
_ARRAYS: Final = (("speed_mps", "Speed (m/s)", "float"), ("accuracy_m", "Accuracy (m)", "float"))
_SCHEMA: Final = "".join(
    f'<gx:SimpleArrayField name="{name}" type="{type_}"><displayName>{shown}</displayName>'
    "</gx:SimpleArrayField>"
    for name, shown, type_ in _ARRAYS
)


class KmlWriter:
    """Altitudes are metres above mean sea level."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._cutter = Cutter(head.gap_ms, overlap=True)

    def begin(self) -> bytes:
        """The document's name, and the beginning of its one placemark."""
        head, title = self._head, text(self._head.title)
        return (
            '<?xml version="1.0" encoding="UTF-8"?>\n'
            f'<kml xmlns="{KML}" xmlns:gx="{GX}">\n<Document><name>{title}</name>\n'
            f'<Schema id="fix">{_SCHEMA}</Schema>\n'
            f"<Placemark><name>{title}</name>"
            f"<TimeSpan><begin>{instant(head.since)}</begin><end>{instant(head.until)}</end>"
            "</TimeSpan>\n<gx:MultiTrack><gx:interpolate>0</gx:interpolate>\n"
        ).encode()

    def add(self, chunk: Columns) -> bytes:
        """Tracks, each whole."""
        return "".join(_track(stretch) for stretch, _ in self._cutter.stretches(chunk)).encode()

    def end(self) -> bytes:
        """Nothing is missing."""
        last = "".join(_track(stretch) for stretch, _ in self._cutter.rest())
        return f"{last}</gx:MultiTrack></Placemark>\n</Document>\n</kml>\n".encode()


def _track(stretch: Columns) -> str:
    when = "".join(element("when", instant(moment)) for moment in stretch["fixed_at"])
    where = "".join(
        f"<gx:coord>{degrees(lon)} {degrees(lat)} {altitude_m or 0}</gx:coord>"
        for lon, lat, altitude_m in rows(stretch, ("lon", "lat", "altitude_m"))
    )
    has_heights = all(each is not None for each in stretch["altitude_m"])
    mode = "absolute" if has_heights else "clampToGround"
    return (
        f"<gx:Track><altitudeMode>{mode}</altitudeMode>\n{when}\n{where}\n{_directions(stretch)}"
        f'<ExtendedData><SchemaData schemaUrl="#fix">{_arrays(stretch)}</SchemaData>'
        "</ExtendedData></gx:Track>\n"
    )


def _directions(stretch: Columns) -> str:
    """Heading, tilt and roll; only whole, for KML has no word for an unknown one."""
    courses = stretch["course_deg"]
    if any(each is None for each in courses):
        return ""
    return "".join(element("gx:angles", f"{course_deg} 0 0") for course_deg in courses) + "\n"


def _arrays(stretch: Columns) -> str:
    return "".join(
        f'<gx:SimpleArrayData name="{name}">'
        + "".join(
            "<gx:value/>" if v is None else f"<gx:value>{v}</gx:value>" for v in stretch[name]
        )
        + "</gx:SimpleArrayData>"
        for name, _, _ in _ARRAYS
    )
