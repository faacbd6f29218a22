"""Tracks as files: one module a format, one table of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from geo.limits import limits_of
from tracker.formats.base import Columns, Head, Writer, written
from tracker.formats.geojson import GeoJsonWriter
from tracker.formats.gpx import GpxWriter
from tracker.formats.kml import KmlWriter
from tracker.formats.mfjson import MfJsonWriter
from tracker.formats.table import CsvWriter

__all__ = ["FORMATS", "Columns", "Format", "Head", "Writer", "file_name", "head_of", "written"]


def _parquet(head: Head) -> Writer:
    """Imported when it is used: pyarrow takes a fifth of a second."""
    from tracker.formats.parquet import GeoParquetWriter  # noqa: PLC0415  see above

    return GeoParquetWriter(head)


@dataclass(frozen=True, slots=True)
class Format:
    """A way to write a track down."""

    name: str
    media_type: str
    #: Of files, with the dot.
    extension: str
    writer: Callable[[Head], Writer]


FORMATS: Final[Mapping[str, Format]] = {
    each.name: each
    for each in (
        Format("gpx", "application/gpx+xml", ".gpx", GpxWriter),
        Format("kml", "application/vnd.google-earth.kml+xml", ".kml", KmlWriter),
        Format("csv", "text/csv", ".csv", CsvWriter),
        Format("geojson", "application/geo+json", ".geojson", GeoJsonWriter),
        Format("geoparquet", "application/vnd.apache.parquet", ".parquet", _parquet),
        Format("mfjson", "application/json", ".mf.json", MfJsonWriter),
    )
}


def head_of(vehicle: Mapping[str, Any], since: datetime, until: datetime) -> Head:
    """What a document says of a row of `tracker.reads.vehicle`."""
    limits = limits_of(vehicle["class"], vehicle["interval_s"][0])
    return Head(
        vehicle=vehicle["vehicle"],
        department=vehicle["department"],
        name=vehicle["name"],
        since=since,
        until=until,
        gap_ms=limits.gap_ms,
    )


def file_name(head: Head, format_: Format) -> str:
    """A name for the document that every file system and header takes: `FSD_AMB-1_20261127T…`."""
    times = (each.strftime("%Y%m%dT%H%M%SZ") for each in (head.since, head.until))
    name = "_".join((head.vehicle.replace("/", "_"), *times))
    return "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name) + (
        format_.extension
    )
