"""MF-JSON (OGC 19-045r3): a collection of moving points, one from gap to gap.

A moving point says all its times before all its places, so it can only be written whole: a long
stretch becomes several, each beginning where the one before ended.
"""

from __future__ import annotations

import json
from typing import Any, Final

from tracker.formats.base import Columns, Cutter, Head, degrees, instant, rows

#: Told along the track, with unit (UCUM) and how it goes between two times. Between 359 and 1
#: degrees a line would go through 180.
_PROPERTIES: Final = (
    ("speed_mps", "m/s", "Linear"),
    ("course_deg", "deg", "Discrete"),
    ("heading_deg", "deg", "Discrete"),
    ("accuracy_m", "m", "Discrete"),
    ("altitude_m", "m", "Linear"),
)


class MfJsonWriter:
    """Coordinates are (lon, lat) of WGS 84; the altitude is a property: many readers take two."""

    def __init__(self, head: Head) -> None:
        self._head = head
        self._cutter = Cutter(head.gap_ms, overlap=True)
        self._count = 0

    def begin(self) -> bytes:
        """The collection."""
        return b'{"type":"FeatureCollection","features":['

    def add(self, chunk: Columns) -> bytes:
        """Moving points, each whole and on a line of its own."""
        return "".join(self._feature(each) for each, _ in self._cutter.stretches(chunk)).encode()

    def end(self) -> bytes:
        """Nothing is missing."""
        last = "".join(self._feature(each) for each, _ in self._cutter.rest())
        return f"{last}\n]}}\n".encode()

    def _feature(self, stretch: Columns) -> str:
        self._count += 1
        head = self._head
        feature = {
            "type": "Feature",
            "id": f"{head.vehicle}/{self._count}",
            "properties": {
                "vehicle": head.vehicle,
                "department": head.department,
                "name": dict(head.name),
                "part": self._count,
            },
            "temporalGeometry": _moving_point(stretch),
            "temporalProperties": list(filter(None, (_told(stretch, *p) for p in _PROPERTIES))),
        }
        told = json.dumps(feature, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        return f"{'' if self._count == 1 else ','}\n{told}"


def _moving_point(stretch: Columns) -> dict[str, Any]:
    return {
        "type": "MovingPoint",
        "datetimes": [instant(moment) for moment in stretch["fixed_at"]],
        "coordinates": [[degrees(x), degrees(y)] for x, y in rows(stretch, ("lon", "lat"))],
        "interpolation": "Linear",
    }


def _told(stretch: Columns, name: str, form: str, interpolation: str) -> dict[str, Any] | None:
    """One property at the times at which it is known."""
    known = [(moment, v) for moment, v in rows(stretch, ("fixed_at", name)) if v is not None]
    if not known:
        return None
    return {
        "datetimes": [instant(moment) for moment, _ in known],
        name: {
            "type": "Measure",
            "form": form,
            "values": [value for _, value in known],
            "interpolation": interpolation,
        },
    }
