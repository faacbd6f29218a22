"""CSV (RFC 4180), UTF-8: a header with units, one row a fix, degrees and HK1980 Grid side by side.

A spreadsheet runs what begins with `=`, so such a text gets an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

import numpy as np

from geo import hk1980
from tracker.formats.base import Columns, Head, degrees, instant, rows

GRID: Final = ("easting_m", "northing_m")
_FIX: Final = (
    *("altitude_m", "speed_mps", "course_deg", "heading_deg", "accuracy_m", "hdop", "satellites"),
    *("mode", "ignition", "ais", "implausible", "received_at"),
)
NAMES: Final = ("name_en", "name_zh_hant")
HEADER: Final = ("fixed_at", "lat", "lon", *GRID, *_FIX, "vehicle", *NAMES)
#: What a spreadsheet takes for the beginning of a formula.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")


class CsvWriter:
    """Half of the last row waits for the next chunk, so a file that is cut short ends in a row."""

    def __init__(self, head: Head) -> None:
        self._names = [head.vehicle, *(head.name.get(each, "") for each in ("en", "zh-Hant"))]
        self._kept = b""

    def begin(self) -> bytes:
        """The header."""
        return self._but_half([HEADER])

    def add(self, chunk: Columns) -> bytes:
        """Rows."""
        places = zip(*grid_cells(chunk["lon"], chunk["lat"]), strict=True)
        fixes = zip(rows(chunk, ("fixed_at", "lat", "lon")), places, rows(chunk, _FIX), strict=True)
        return self._but_half(
            [
                (fixed_at, degrees(lat), degrees(lon), *place, *more, *self._names)
                for (fixed_at, lat, lon), place, more in fixes
            ]
        )

    def end(self) -> bytes:
        """Nothing is missing."""
        return self._kept

    def _but_half(self, lines: Sequence[Sequence[Any]]) -> bytes:
        before, last = self._kept + table(lines[:-1]), table(lines[-1:])
        half = last.index(b",")
        self._kept = last[half:]
        return before + last[:half]


def table(lines: Iterable[Sequence[Any]]) -> bytes:
    """Rows of cells as CSV; times, truths and texts as we write them, None as nothing."""
    made = io.StringIO(newline="")
    csv.writer(made).writerows([_cell(value) for value in line] for line in lines)
    return made.getvalue().encode("utf-8", "replace")


def grid_cells(
    lons: Sequence[float], lats: Sequence[float]
) -> tuple[list[float | None], list[float | None]]:
    """Eastings and northings; None beyond the grid."""
    metres = (each.round(hk1980.DIGITS) for each in hk1980.to_grid(lons, lats))
    easting, northing = (
        [None if is_away else value for value, is_away in zip(m.tolist(), np.isnan(m), strict=True)]
        for m in metres
    )
    return easting, northing


def _cell(value: Any) -> Any:  # noqa: ANN401  whatever a column holds
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        return instant(value)
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value
