"""GeoParquet 1.1: points as WKB, (lon, lat) of OGC:CRS84, one row a fix, row groups as they come.

A Parquet file is read from its end, which is written last: cut short, it cannot be opened.
"""

from __future__ import annotations

import io
import json
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from tracker.formats.base import Columns, Head

#: A row group: more are slow to read, fewer hold much in memory.
GROUP_ROWS: Final = 65_536
_WHEN: Final = pa.timestamp("ms", tz="UTC")
_WORD: Final = pa.dictionary(pa.int32(), pa.string())
_TYPES: Final[dict[str, pa.DataType]] = {
    "fixed_at": _WHEN,
    "received_at": _WHEN,
    **dict.fromkeys(
        ("altitude_m", "speed_mps", "course_deg", "heading_deg", "accuracy_m", "hdop"),
        pa.float64(),
    ),
    "satellites": pa.int16(),
    "mode": pa.int16(),
    **dict.fromkeys(("ignition", "ais", "implausible"), pa.bool_()),
}
_NAMES: Final = ("vehicle", "name_en", "name_zh_hant")
_GEO: Final = {
    "version": "1.1.0",
    "primary_column": "geometry",
    # Without `crs`, which is then OGC:CRS84.
    "columns": {"geometry": {"encoding": "WKB", "geometry_types": ["Point"]}},
}


class GeoParquetWriter:
    """Rows wait until a group of them is full."""

    def __init__(self, head: Head) -> None:
        fields = [pa.field(name, type_) for name, type_ in _TYPES.items()]
        fields += [pa.field("geometry", pa.binary()), *(pa.field(each, _WORD) for each in _NAMES)]
        self._schema = pa.schema(fields, {"geo": json.dumps(_GEO)})
        self._said = (head.vehicle, head.name.get("en", ""), head.name.get("zh-Hant", ""))
        self._made = io.BytesIO()
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def begin(self) -> bytes:
        """The magic number."""
        self._writer = pq.ParquetWriter(self._made, self._schema, compression="zstd")
        return self._taken()

    def add(self, chunk: Columns) -> bytes:
        """A row group, when enough rows have come."""
        self._waiting.append(self._batch(chunk))
        self._waiting_rows += len(chunk["fixed_at"])
        return self._group() if self._waiting_rows >= GROUP_ROWS else b""

    def end(self) -> bytes:
        """The last row group, and the table of contents."""
        assert self._writer is not None  # noqa: S101  it has begun
        last = self._group() if self._waiting else b""
        self._writer.close()
        return last + self._taken()

    def _group(self) -> bytes:
        assert self._writer is not None  # noqa: S101  it has begun
        group = pa.Table.from_batches(self._waiting, self._schema)
        self._writer.write_table(group, row_group_size=len(group))
        self._waiting, self._waiting_rows = [], 0
        return self._taken()

    def _batch(self, chunk: Columns) -> pa.RecordBatch:
        arrays: list[pa.Array] = [pa.array(chunk[name], type_) for name, type_ in _TYPES.items()]
        points = shapely.points(np.asarray(chunk["lon"]), np.asarray(chunk["lat"]))
        arrays.append(pa.array(shapely.to_wkb(points), pa.binary()))
        count = len(chunk["fixed_at"])
        arrays += [_repeated(word, count) for word in self._said]
        return pa.record_batch(arrays, schema=self._schema)

    def _taken(self) -> bytes:
        """What has been written since; it is not kept here."""
        made = self._made.getvalue()
        self._made.seek(0)
        self._made.truncate()
        return made


def _repeated(word: str, count: int) -> Any:  # noqa: ANN401  pyarrow has no types
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(count, np.int32)), pa.array([word]))
