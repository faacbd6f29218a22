"""Stored fixes as columns, so many a vehicle at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from geo.fix import DEFAULT_ERROR_M, HDOP_M, FixBatch
from geo.signals import Value
from geo.timeline import objects
from tracker import sql

if TYPE_CHECKING:
    from tracker.connect import Connection

_PACKED: Final = np.dtype(
    [
        *(("vehicle_id", ">i4"), ("department_id", ">i4"), ("us", ">i8")),
        *(("lon", ">f8"), ("lat", ">f8")),
        *(("accuracy_m", ">f4"), ("hdop", ">f4"), ("speed_mps", ">f4"), ("ignition", ">i2")),
    ]
)
#: 2000-01-01Z, where PostgreSQL counts microseconds from, in milliseconds since 1970.
_EPOCH_2000_MS: Final = 946_684_800_000


async def read_next(
    connection: Connection, after: Mapping[int, datetime], until: datetime, most: int
) -> FixBatch:
    """Of each vehicle the fixes after its time up to another, the earliest `most` of them."""
    ids = list(after)
    values = (ids, [after[vehicle] for vehicle in ids], [until] * len(ids), most)
    row = await connection.fetchrow(sql.text("next_fixes"), *values)
    return _batch(b"", None) if row is None else _batch(row["packed"] or b"", row["inputs"])


def _batch(packed: bytes, inputs: Sequence[Mapping[str, Value] | None] | None) -> FixBatch:
    rows: npt.NDArray[np.void] = np.frombuffer(packed, _PACKED)
    accuracy_m, hdop = (rows[name].astype(np.float64) for name in ("accuracy_m", "hdop"))
    by_hdop = np.where(np.isnan(hdop), DEFAULT_ERROR_M, hdop * HDOP_M)
    return FixBatch(
        vehicle_id=rows["vehicle_id"].astype(np.int32),
        department_id=rows["department_id"].astype(np.int32),
        fixed_ms=rows["us"].astype(np.int64) // 1000 + _EPOCH_2000_MS,
        lon=rows["lon"].astype(np.float64),
        lat=rows["lat"].astype(np.float64),
        error_m=np.where(np.isnan(accuracy_m), by_hdop, accuracy_m),
        speed_mps=rows["speed_mps"].astype(np.float64),
        ignition=rows["ignition"].astype(np.int8),
        inputs=None if inputs is None else objects([each or None for each in inputs]),
    )
