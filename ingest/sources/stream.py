"""What sources of bytes have in common: counts, waits between tries, words about silence."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterable
from datetime import datetime
from types import TracebackType
from typing import Final, Literal, NamedTuple, Self

from ingest.arrival import Arrival
from ingest.clock import Clock

log = logging.getLogger(__name__)

READ_BYTES: Final = 16 * 1024
TICK_S: Final = 0.2  # how often a silence is told of, for the shortest patience is that
SILENCE_S: Final = 2.5  # told of no more after this, for the longest patience is shorter
RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0
JITTER: Final = 0.2  # of a wait, so that many that lost one peer do not come back at once

Closes = Literal["silence", "break", "input"]


class Sender(NamedTuple):
    """Who is heard on a stream."""

    department_ref: str
    #: Empty: tag blocks name the devices.
    device_ref: str
    #: False: old gear that sends sentences without a checksum.
    needs_checksum: bool = True


class LazySource:
    """A source that opens what it reads while it reads, and opens it again."""

    async def __aenter__(self) -> Self:
        """Nothing yet."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing: reading ends with everything closed."""

    def acknowledge(self, handles: Iterable[object]) -> None:
        """There is nobody to tell."""


class StreamSource(LazySource):
    """Bytes of one device, or of a gateway's devices, that nobody wants acknowledged.

    A subclass writes `arrivals`.
    """

    def __init__(self, name: str, sender: Sender, clock: Clock) -> None:
        """`name` is a kind, a colon and a place."""
        self.name = name
        self.sender = sender
        self.is_connected = False
        #: What it could not take, for its health: bytes or datagrams, or connections refused.
        self.dropped = 0
        self._clock = clock
        self._bytes = 0
        self._opened = 0
        self._heard_at: datetime | None = None

    def health(self) -> dict[str, object]:
        """Whether it is open, how often it was opened, and what came."""
        return {
            "connected": self.is_connected,
            "opened": self._opened,
            "bytes": self._bytes,
            "last_heard": self._heard_at.isoformat() if self._heard_at else None,
            "dropped": self.dropped,
        }

    def opened(self) -> None:
        """Note that it is open, and say so."""
        self.is_connected = True
        self._opened += 1
        log.info("reading %s", self.name.partition(":")[2])

    def arrival(
        self, portion: bytes, closes: Closes | None = None, *, stream: str | None = None
    ) -> Arrival:
        """A portion, cut anywhere; an empty one without a reason to close is a silence."""
        now = self._clock.now()
        if portion:
            self._bytes += len(portion)
            self._heard_at = now
        elif closes is None:
            closes = "silence"
        return Arrival(
            payload=portion,
            received_at=now,
            department_ref=self.sender.department_ref,
            device_ref=self.sender.device_ref,
            whole=False,
            needs_checksum=self.sender.needs_checksum,
            closes=closes,
            stream=stream,
        )


class Backoff:
    """Longer and longer waits between tries: 1 s, doubled up to 30 s, each with some chance."""

    def __init__(self) -> None:
        """Begin with the shortest."""
        self._wait_s = RETRY_FIRST_S

    def reset(self) -> None:
        """It went well."""
        self._wait_s = RETRY_FIRST_S

    async def wait(self) -> None:
        """Wait, and the next time longer."""
        spread = random.uniform(-JITTER, JITTER)  # noqa: S311  spreads load, guards no secret
        await asyncio.sleep(self._wait_s * (1 + spread))
        self._wait_s = min(self._wait_s * 2, RETRY_LAST_S)


async def portions(reader: asyncio.StreamReader, watchdog_s: float | None) -> AsyncIterator[bytes]:
    """What comes until the end; `b""` at each tick of a silence's beginning.

    Raises TimeoutError after `watchdog_s` seconds (None: never) without a byte: a peer that is
    gone says nothing, and neither does a cable half pulled. Raises OSError where it is lost.
    """
    silent_s = SILENCE_S
    while True:
        wait_s = TICK_S if silent_s < SILENCE_S else watchdog_s
        try:
            portion = await _read(reader, wait_s)
        except TimeoutError:
            if silent_s >= SILENCE_S:
                raise
            silent_s += TICK_S
            yield b""
            continue
        if not portion:
            return
        silent_s = 0.0
        yield portion


async def _read(reader: asyncio.StreamReader, within_s: float | None) -> bytes:
    """The next bytes, or none at the end; raises TimeoutError after a silence.

    Where others held up the loop, bytes may have come although the time is up: that is no silence.
    """
    try:
        async with asyncio.timeout(within_s):
            return await reader.read(READ_BYTES)
    except TimeoutError:
        async with asyncio.timeout(0):
            return await reader.read(READ_BYTES)
