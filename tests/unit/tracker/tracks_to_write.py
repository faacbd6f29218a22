"""A track for the writers, with names that try to break them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from tracker.formats import FORMATS, Columns, Head, written

BEGAN = datetime(2026, 11, 27, 1, 2, 3, 250_000, tzinfo=UTC)
GAP = timedelta(minutes=10)
#: HK1980 Grid N 820351.389, E 832591.320: the Lands Department's control point.
LON, LAT = 114.141187917, 22.322172084
#: Of the Hong Kong Supplementary Character Set; the first is beyond no plane, the last pair is.
HKSCS = "㗎咗埗邨涌𠝹𨋢"
HOSTILE = (
    f"{HKSCS}",
    "<script>alert(1)</script>",
    "]]> &amp; <!--",
    "a \"quoted\" name, and 'more'",
    "=cmd()|'/c calc'!A1",
    "two\nlines\r\nand a\ttab",
    "\x00\x07\x1b[2J",
    "</trk></gpx>",
)


def head(english: str = "Ambulance", chinese: str = HKSCS, *, gap_s: float = 300.0) -> Head:
    return Head(
        vehicle="FSD/AMB-1",
        department="FSD",
        name={"en": english, "zh-Hant": chinese},
        since=BEGAN,
        until=BEGAN + timedelta(days=1),
        gap_ms=round(gap_s * 1000),
    )


def columns(count: int = 6, first: int = 0, **said: Any) -> Columns:  # noqa: ANN401  any column
    """Fixes each 10 s; after every third one a gap. The first is at the control point."""
    numbers = range(first, first + count)
    made: dict[str, list[Any]] = {
        "fixed_at": [BEGAN + timedelta(seconds=10 * n) + GAP * (n // 3) for n in numbers],
        "lon": [LON + n * 1e-4 for n in numbers],
        "lat": [LAT + n * 1e-4 for n in numbers],
        "altitude_m": [12.5 + n for n in numbers],
        "speed_mps": [3.25 if n % 2 == 0 else None for n in numbers],
        "course_deg": [float(n % 360) for n in numbers],
        "heading_deg": [None] * count,
        "accuracy_m": [4.5] * count,
        "hdop": [0.9] * count,
        "satellites": [11] * count,
        "mode": [3] * count,
        "ignition": [True] * count,
        "ais": [n == 1 for n in numbers],
        "implausible": [n == 2 for n in numbers],
    }
    made["received_at"] = [moment + timedelta(seconds=1) for moment in made["fixed_at"]]
    for name, value in said.items():
        made[name] = [value] * count
    return made


class Fault(Exception):
    """The database went away."""


def document(name: str, of: Head, *chunks: Columns, fault: bool = False) -> bytes:
    """What a format makes of these chunks; with a fault, what it has made before."""

    async def given() -> AsyncIterator[Columns]:
        for chunk in chunks:
            yield chunk
        if fault:
            raise Fault

    async def made() -> bytes:
        pieces: list[bytes] = []
        try:
            async for piece in written(FORMATS[name].writer(of), given()):
                pieces.append(piece)
        except Fault:
            assert fault
        return b"".join(pieces)

    return asyncio.run(made())


def chunked(count: int, size: int) -> Iterator[Columns]:
    for first in range(0, count, size):
        yield columns(min(size, count - first), first)
