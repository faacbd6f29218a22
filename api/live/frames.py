"""Positions as frames, binary or JSON; each is encoded once, however many watch.

Binary, little endian: 32 bytes of header (u32 magic, u16 version, u16 kind 1 snapshot or 2 delta,
u32 count, u32 tick, u32 removed, u32 reserved, f64 server time as unix seconds), u32 ids that left,
then columns of `count` values: u32 id, i32 lon and i32 lat in millionths of a degree, u32 fixed_at
as unix seconds, u16 speed in 0.1 m/s, u16 direction in 0.1°, u8 motion, u8 flags (0 for now).
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

from tracker.live import LiveRows
from tracker.reads import motion_codes

Format = Literal["binary", "json"]

MAGIC: Final = 0x314C504D  # "MPL1"
VERSION: Final = 1
UNKNOWN: Final = 65535  # a speed or a direction that the receiver did not say
_HEADER: Final = struct.Struct("<IHHIIIId")
_KINDS: Final = {"snapshot": 1, "delta": 2}
_BIGGEST: Final = UNKNOWN - 1
_FULL_TURN: Final = 3600  # tenths of a degree

Ids = npt.NDArray[np.int32]
Floats = npt.NDArray[np.floating[Any]]


@dataclass(frozen=True, kw_only=True)
class Frame:
    """The vehicles of one scope that changed at one tick, or all of them."""

    kind: Literal["snapshot", "delta"]
    tick: int
    now: datetime
    rows: LiveRows
    removed: Ids

    def encoded(self, form: Format) -> bytes | str:
        """What goes over the wire."""
        return self._binary if form == "binary" else self._json

    @cached_property
    def _binary(self) -> bytes:
        rows, removed = self.rows, self.removed
        header = _HEADER.pack(
            MAGIC,
            VERSION,
            _KINDS[self.kind],
            len(rows),
            self.tick,
            len(removed),
            0,
            self.now.timestamp(),
        )
        columns = [
            removed.astype("<u4"),
            rows["id"].astype("<u4"),
            np.rint(rows["lon"] * 1e6).astype("<i4"),
            np.rint(rows["lat"] * 1e6).astype("<i4"),
            _unix_s(rows).astype("<u4"),
            tenths(rows["speed_mps"]).astype("<u2"),
            tenths(_directions(rows)).astype("<u2"),
            motion_codes(rows["speed_mps"], rows["ignition"]),
            np.zeros(len(rows), np.uint8),
        ]
        return b"".join([header, *(column.tobytes() for column in columns)])

    @cached_property
    def _json(self) -> str:
        rows = self.rows
        message = {
            "type": self.kind,
            "tick": self.tick,
            "server_time": self.now.isoformat(),
            "removed": self.removed.tolist(),
            "columns": {
                "id": rows["id"].tolist(),
                "lon": np.round(rows["lon"], 6).tolist(),
                "lat": np.round(rows["lat"], 6).tolist(),
                "fixed_at": _unix_s(rows).tolist(),
                "speed_mps": known(rows["speed_mps"]),
                "direction_deg": known(_directions(rows)),
                "motion": motion_codes(rows["speed_mps"], rows["ignition"]).tolist(),
            },
        }
        return json.dumps(message, separators=(",", ":"))


def _unix_s(rows: LiveRows) -> npt.NDArray[np.int64]:
    seconds: npt.NDArray[np.int64] = rows["fixed_us"] // 1_000_000
    return np.clip(seconds, 0, 2**32 - 1)


def tenths(values: Floats) -> Floats:
    """As the wire has them: whole tenths, UNKNOWN for NaN."""
    return np.where(np.isnan(values), UNKNOWN, np.clip(np.rint(values * 10), 0, _BIGGEST))


def _directions(rows: LiveRows) -> Floats:
    """Degrees to one digit, from 0 up to but not 360."""
    directions: Floats = np.rint(rows["direction_deg"].astype(float) * 10) % _FULL_TURN / 10
    return directions


def known(values: Floats) -> list[float | None]:
    """As JSON has them: to one digit, null for NaN."""
    return [
        None if value != value else round(value, 1)  # noqa: PLR0124  only NaN differs from itself
        for value in values.tolist()
    ]
