"""GeoJSON (RFC 7946): a FeatureCollection with a Point a fix."""

from __future__ import annotations

import json
from typing import Any, Final

from tracker.formats.base import Columns, Head, degrees, instant, rows

_PLACE: Final = ("lon", "lat", "altitude_m", "fixed_at", "received_at")
_SAID: Final = (
    *("speed_mps", "course_deg", "heading_deg", "accuracy_m", "hdop", "satellites", "ignition"),
    *("ais", "implausible"),
)


class GeoJsonWriter:
    """Coordinates are (lon, lat), and the altitude above sea level where it is known."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._separator = "\n"

    def begin(self) -> bytes:
        """Beside `features`, what the track is of."""
        head = self._head
        told = {
            "type": "FeatureCollection",
            "vehicle": head.vehicle,
            "department": head.department,
            "name": dict(head.name),
            "from": instant(head.since),
            "to": instant(head.until),
        }
        return f'{_json(told)[:-1]},"features":['.encode()

    def add(self, chunk: Columns) -> bytes:
        """A feature a fix, each on a line of its own."""
        features = ",\n".join(_feature(row) for row in rows(chunk, (*_PLACE, *_SAID)))
        separator, self._separator = self._separator, ",\n"
        return f"{separator}{features}".encode()

    def end(self) -> bytes:
        """Nothing is missing."""
        return b"\n]}\n"


def _feature(row: tuple[Any, ...]) -> str:
    lon, lat, altitude_m, fixed_at, received_at, *said = row
    coordinates = [degrees(lon), degrees(lat)]
    if altitude_m is not None:
        coordinates.append(altitude_m)
    properties = {"fixed_at": instant(fixed_at), "received_at": instant(received_at)}
    return _json(
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": coordinates},
            "properties": properties | dict(zip(_SAID, said, strict=True)),
        }
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
