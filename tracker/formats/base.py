"""What the writers of formats share: what they are told, and how times and stretches are cut.

A writer is pure: it gets columns and gives bytes, never holds more than one chunk, and closes its
document only when it is told that the last chunk has come. So what is cut short stays open.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

#: Fixes in order of time as columns of one length: lon, lat, fixed_at, received_at, altitude_m,
#: speed_mps, course_deg, heading_deg, accuracy_m, hdop, satellites, mode, ignition, ais,
#: implausible. Only the first three are never None.
Columns = Mapping[str, Sequence[Any]]

#: Decimal digits of degrees: a centimetre.
DEGREE_DIGITS: Final = 7
#: How a motion is told in formats that have a place for it, in this order.
MOTION: Final = ("speed_mps", "course_deg", "heading_deg", "accuracy_m")


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a document says of itself."""

    #: Full ref.
    vehicle: str
    department: str
    #: In both languages, {"en": …, "zh-Hant": …}; may be empty.
    name: Mapping[str, str]
    #: since <= fixed_at < until.
    since: datetime
    until: datetime
    #: Longer silence than this, and no line is drawn across.
    gap_ms: int

    @property
    def title(self) -> str:
        """For people: the ref, and what it is called in either language."""
        names = dict.fromkeys(each for each in self.name.values() if each)
        return " · ".join((self.vehicle, *names))


class Writer(Protocol):
    """Makes one document of a track."""

    def begin(self) -> bytes:
        """Its beginning."""

    def add(self, chunk: Columns) -> bytes:
        """The next fixes, at least one."""

    def end(self) -> bytes:
        """Its end: nothing is missing."""


async def written(writer: Writer, chunks: AsyncIterator[Columns]) -> AsyncIterator[bytes]:
    """The document piece by piece, made in a thread; a fault of `chunks` leaves it open."""
    yield await asyncio.to_thread(writer.begin)
    async for chunk in chunks:
        if chunk["fixed_at"]:
            yield await asyncio.to_thread(writer.add, chunk)
    yield await asyncio.to_thread(writer.end)


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC, with milliseconds where there are any."""
    moment = moment.astimezone(UTC)
    text = moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    return text.removesuffix("+00:00") + "Z"


def degrees(value: float) -> float:
    """Degrees as written."""
    return round(value, DEGREE_DIGITS)


def rows(chunk: Columns, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """The fixes one by one, each with these of its values."""
    return zip(*(chunk[name] for name in names), strict=True)


class Cutter:
    """Cuts chunks where a vehicle was silent too long for a line.

    With an overlap, a stretch that goes on in the next chunk begins there with its last fix; so a
    last fix that stands alone waits for what follows it.
    """

    def __init__(self, gap_ms: int, *, overlap: bool = False) -> None:
        self._gap = timedelta(milliseconds=gap_ms)
        self._overlap = overlap
        self._last: dict[str, Any] = {}
        self._waits = False

    def stretches(self, chunk: Columns) -> Iterator[tuple[Columns, bool]]:
        """Fixes without a gap between them, and whether no gap was before them either."""
        times = chunk["fixed_at"]
        joins = bool(self._last) and times[0] - self._last["fixed_at"] <= self._gap
        if not joins:
            yield from self.rest()
        starts = [0, *(i for i in range(1, len(times)) if times[i] - times[i - 1] > self._gap)]
        for start, end in zip(starts, [*starts[1:], len(times)], strict=True):
            goes_on = joins and start == 0
            part = {name: values[start:end] for name, values in chunk.items()}
            if goes_on and self._overlap:
                part = {name: [self._last[name], *values] for name, values in part.items()}
            self._waits = self._overlap and end == len(times) and len(part["fixed_at"]) == 1
            if not self._waits:
                yield part, goes_on
        self._last = {name: values[-1] for name, values in chunk.items()}

    def rest(self) -> Iterator[tuple[Columns, bool]]:
        """The fix that waits, where one does: nothing joins it."""
        if self._waits:
            self._waits = False
            yield {name: [value] for name, value in self._last.items()}, False
