"""CSV with a header: the one that we write, or a time and a place in degrees or HK1980 Grid."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from typing import BinaryIO, Final, TextIO

from devices.errors import HeaderError
from devices.recording.item import Item, item_of, number_of
from geo.errors import OffGridError
from geo.hk1980 import from_grid

#: Names of columns, in lower case, by what they are; units are those of our own names.
_COLUMNS: Final[Mapping[str, Sequence[str]]] = {
    "t": ("fixed_at", "time", "t"),
    "lat": ("lat", "latitude"),
    "lon": ("lon", "longitude"),
    "east": ("easting_m", "easting", "e"),
    "north": ("northing_m", "northing", "n"),
    "alt": ("altitude_m",),
    "spd": ("speed_mps",),
    "crs": ("course_deg",),
    "hdg": ("heading_deg",),
    "acc": ("accuracy_m",),
    "hdop": ("hdop",),
    "sat": ("satellites",),
    "mode": ("mode",),
    "ign": ("ignition",),
}
_NUMBERS: Final = ("lat", "lon", "east", "north", "alt", "spd", "crs", "hdg", "acc", "hdop", "sat")
_TRUTHS: Final = {"true": True, "1": True, "false": False, "0": False}


class _Lines:
    """Lines as the CSV reader takes them, kept until its row is made."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._kept: list[str] = []

    def __iter__(self) -> Iterator[str]:
        for line in self._file:
            self._kept.append(line)
            yield line

    def taken(self) -> bytes:
        """Those of the last row."""
        kept, self._kept = "".join(self._kept), []
        return kept.rstrip("\r\n").encode("utf-8", "surrogateescape")


def read_table(file: BinaryIO) -> Iterator[Item]:
    """Each row. One with more or fewer cells than the header is refused as `form`.

    A place in degrees goes before one in the grid. Raises HeaderError.
    """
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="surrogateescape", newline="")
    lines = _Lines(text)
    rows = csv.reader(iter(lines))
    header = next(rows, [])
    places = _places(header)
    lines.taken()
    while True:
        try:
            row = next(rows)
        except StopIteration:
            return
        except csv.Error:
            row = []
        raw = lines.taken()
        if row and len(row) == len(header):
            yield _item({name: row[place] for name, place in places.items()}, raw)
        elif raw.strip():
            yield Item(None, raw, "form")


def is_header(line: bytes) -> bool:
    """Whether a line names the columns that a table must have."""
    try:
        _places(next(csv.reader([line.decode("utf-8", "replace").strip()]), []))
    except HeaderError:
        return False
    return True


def _places(header: Sequence[str]) -> dict[str, int]:
    named = {name.strip().lower(): place for place, name in reversed([*enumerate(header)])}
    found = {
        what: next(named[name] for name in names if name in named)
        for what, names in _COLUMNS.items()
        if not named.keys().isdisjoint(names)
    }
    if "t" not in found or not (
        {"lat", "lon"} <= found.keys() or {"east", "north"} <= found.keys()
    ):
        raise HeaderError(value=", ".join(header)[:200])
    return found


def _item(cells: Mapping[str, str], raw: bytes) -> Item:
    member: dict[str, object] = {name: number_of(cells.get(name)) for name in _NUMBERS}
    member["t"] = cells["t"].strip()
    member["ign"] = _TRUTHS.get(cells.get("ign", "").strip().lower())
    east, north = member.pop("east"), member.pop("north")
    if member["lat"] is None and member["lon"] is None:
        if not isinstance(east, float) or not isinstance(north, float):
            return Item(None, raw, "form")
        try:
            lon, lat = from_grid(east, north)
        except OffGridError:
            return Item(None, raw, "range")
        member |= {"lon": float(lon), "lat": float(lat)}
    return item_of(member, raw, number_of(cells.get("mode")))
