"""What has arrived and waits to be read: live before backlog, and no more of it than fits.

Which lane an arrival takes decides its turn only, never what becomes of it; so a glance at its time
of day is enough. What comes of one device stays in its order, for a sentence may lean on the date
of the one before: behind a backlog of its own a device waits.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter, deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache

from ingest.arrival import Arrival, Source

#: Bytes that may wait, more than a day of a hundred devices; behind them all senders wait.
LIMIT_BYTES = 160 * 2**20
#: What an arrival takes beside its payload: most say a single epoch.
ARRIVAL_BYTES = 800
#: Older than this is backlog.
_LIVE = timedelta(seconds=120)
#: A payload of more is an upload: no device says so much of the last seconds.
LIVE_BYTES = 4096
_SAYS_WHEN = re.compile(
    rb"(?:(?:GGA|GNS|ZDA),|\"t\"\s*:\s*\"\d{4}-\d\d-\d\dT)(\d\d):?(\d\d):?(\d\d)"
)

Waiting = tuple[Source, Arrival]
_Device = tuple[str, str, str]


class Lanes:
    """Two queues of arrivals, each in the order of their coming."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        """`limit_bytes` of memory may wait in both together, and the burst that goes over it."""
        self._limit_bytes = limit_bytes
        self._live: deque[Waiting] = deque()
        self._backlog: deque[Waiting] = deque()
        #: How much of each device waits in the backlog.
        self._behind: Counter[_Device] = Counter()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._has_room = asyncio.Event()
        self._has_room.set()

    def __len__(self) -> int:
        """How many arrivals wait."""
        return len(self._live) + len(self._backlog)

    @property
    def backlog(self) -> int:
        """How many of them are backlog."""
        return len(self._backlog)

    async def put(self, source: Source, burst: Sequence[Arrival]) -> None:
        """Take the burst, then wait until there is room for another; cancelled, it is in."""
        for arrival in burst:
            if is_backlog(source, arrival) or (
                self._behind and _device(source, arrival) in self._behind
            ):
                self._backlog.append((source, arrival))
                self._behind[_device(source, arrival)] += 1
            else:
                self._live.append((source, arrival))
            self._bytes += ARRIVAL_BYTES + len(arrival.payload)
        self._filled.set()
        if self._bytes > self._limit_bytes:
            self._has_room.clear()
        await self._has_room.wait()

    def take_live(self) -> Waiting | None:
        """The next live arrival; None when none waits."""
        return self._take(self._live)

    def take_backlog(self) -> Waiting | None:
        """The next arrival of the backlog; None when none waits."""
        taken = self._take(self._backlog)
        if taken is not None:
            device = _device(*taken)
            self._behind[device] -= 1
            if not self._behind[device]:
                del self._behind[device]
        return taken

    async def wait(self) -> None:
        """Until some arrival waits."""
        while not len(self):
            self._filled.clear()
            await self._filled.wait()

    def _take(self, lane: deque[Waiting]) -> Waiting | None:
        if not lane:
            return None
        taken = lane.popleft()
        self._bytes -= ARRIVAL_BYTES + len(taken[1].payload)
        if self._bytes <= self._limit_bytes:
            self._has_room.set()
        return taken


def _device(source: Source, arrival: Arrival) -> _Device:
    return source.name, arrival.department_ref, arrival.device_ref


def is_backlog(source: Source, arrival: Arrival) -> bool:
    """Whether an arrival may wait for others; parts of one stream are all of one kind."""
    if not arrival.whole:
        return source.name.startswith("file:")
    if arrival.replay is not None or len(arrival.payload) > LIVE_BYTES or source.name == "import":
        return True
    return not _is_recent(_tod(arrival.payload), arrival.received_at)


def _tod(payload: bytes) -> bytes:
    """The first time of day that it says, as hhmmss; something else where it says none."""
    at = payload.find(b"RMC,") + len(b"RMC,")
    if at >= len(b"RMC,"):
        return payload[at : at + len(b"hhmmss")]
    said = _SAYS_WHEN.search(payload)
    return b"".join(said.groups()) if said is not None else b""


def _is_recent(tod: bytes, now: datetime) -> bool:
    """Whether a time of day is that of the last moments, or none."""
    if not tod.isdigit():
        return True
    first, last = _live_window(now)
    return first <= tod <= last if first <= last else not last < tod < first


@lru_cache(maxsize=16)
def _live_window(now: datetime) -> tuple[bytes, bytes]:
    """The first and the last time of day that is live; a burst has one `now`."""
    first, last = (moment.strftime("%H%M%S").encode() for moment in (now - _LIVE, now + _LIVE))
    return first, last
