"""A window of the past as one binary answer, read in place by whoever shows it.

Little endian: 40 bytes of header (u32 magic, u16 version, u16 reserved, u32 vehicles, u32 fixes,
f64 from and f64 to as unix milliseconds, u32 late, u32 reserved), then by vehicle u32 id and u32
index of its first fix, then by fix, each vehicle's together and the oldest first: i32 milliseconds
after `from`, i32 lon and i32 lat in millionths of a degree, u32 delay in milliseconds until it was
received, u16 speed in 0.1 m/s, u16 direction in 0.1°, u8 motion, u8 flags (1 nothing is known from
it on until the next one; 2 a blurred place of ten minutes, on no way to the next one). 65535 is
unknown. `late` is how many fixes of the window came more than a minute after their time.
"""

from __future__ import annotations

import struct
from datetime import datetime
from typing import Any, Final

import numpy as np

from api.live.frames import known, tenths
from geo.fix import unix_ms
from tracker.reads import LATE_US, Played, motion_codes

MAGIC: Final = 0x5250504D  # "MPPR"
VERSION: Final = 1
MEDIA_TYPE: Final = "application/vnd.milepost.playback"
ENDS, BLURRED = 1, 2
_HEADER: Final = struct.Struct("<IHHIIddII")
_LONGEST_MS: Final = 2**32 - 1


class Frame:
    """The fixes of a window, in the columns of the wire."""

    def __init__(self, played: Played, since: datetime, until: datetime) -> None:
        rows = played.rows
        self._from_ms, self._to_ms = unix_ms(since), unix_ms(until)
        fixed_ms = np.asarray(rows["fixed_us"] // 1000, dtype=np.int64)
        delay_us = rows["received_us"] - rows["fixed_us"]
        within = (fixed_ms >= self._from_ms) & (fixed_ms < self._to_ms)
        self.late = int(np.count_nonzero(within & (delay_us > LATE_US)))
        self.ids, self.first = np.unique(rows["id"], return_index=True)
        direction = np.rint(rows["direction_deg"].astype(float) * 10) % 3600 / 10
        self._played, self._direction = played, direction
        self.after_ms = fixed_ms - self._from_ms
        self.delay_ms = np.clip(delay_us // 1000, 0, _LONGEST_MS)
        self.motion = motion_codes(rows["speed_mps"], rows["ignition"])
        self.flags = (played.ends * ENDS | played.blurred * BLURRED).astype("u1")

    def binary(self) -> bytes:
        """As it goes over the wire."""
        rows = self._played.rows
        header = _HEADER.pack(
            *(MAGIC, VERSION, 0, len(self.ids), len(rows), self._from_ms, self._to_ms),
            *(self.late, 0),
        )
        columns = [
            *(self.ids.astype("<u4"), self.first.astype("<u4"), self.after_ms.astype("<i4")),
            np.rint(rows["lon"] * 1e6).astype("<i4"),
            np.rint(rows["lat"] * 1e6).astype("<i4"),
            self.delay_ms.astype("<u4"),
            tenths(rows["speed_mps"]).astype("<u2"),
            tenths(self._direction).astype("<u2"),
            *(self.motion, self.flags),
        ]
        return b"".join([header, *(column.tobytes() for column in columns)])

    def columns(self) -> dict[str, Any]:
        """The same for whoever reads JSON."""
        rows = self._played.rows
        return {
            "late": self.late,
            "vehicles": {"id": self.ids.tolist(), "first": self.first.tolist()},
            "fixes": {
                "after_ms": self.after_ms.tolist(),
                "lon": np.round(rows["lon"], 6).tolist(),
                "lat": np.round(rows["lat"], 6).tolist(),
                "delay_ms": self.delay_ms.tolist(),
                "speed_mps": known(rows["speed_mps"]),
                "direction_deg": known(self._direction),
                "motion": self.motion.tolist(),
                "flags": self.flags.tolist(),
            },
        }
