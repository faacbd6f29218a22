"""A serial port by its path, read as bytes; an unplugged one is waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Literal, Self

import serial

from ingest.arrival import Arrival
from ingest.clock import Clock

log = logging.getLogger(__name__)

READ_BYTES = 4096
TICK_S = 0.2  # how often a silence is told of, for the shortest patience is that
SILENCE_S = 2.5  # told of no more after this, for the longest patience is shorter
RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0


class SerialSource:
    """Bytes of the one device on a port, such as /dev/serial/by-id/…"""

    def __init__(
        self, path: str, *, department_ref: str, device_ref: str, baud: int, clock: Clock
    ) -> None:
        """`baud` bits a second; a pseudo-terminal takes any."""
        self.name = f"serial:{path}"
        self._path = path
        self._baud = baud
        self._department_ref = department_ref
        self._device_ref = device_ref
        self._clock = clock

    async def __aenter__(self) -> Self:
        """Nothing yet: the port is opened, and opened again, while reading."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing: reading ends with the port closed."""

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come, cut anywhere; empty in a silence and at an unplugging."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                with await asyncio.to_thread(self._open) as port:
                    log.info("reading %s", self._path)
                    wait_s = RETRY_FIRST_S
                    async for portion in self._portions(port):
                        yield [self._arrival(portion, None if portion else "silence")]
            except (OSError, ValueError) as error:
                log.warning("%s: %s; trying again in %.0f s", self._path, error, wait_s)
            yield [self._arrival(b"", "break")]
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_LAST_S)

    def acknowledge(self, handles: Iterable[object]) -> None:
        """A serial line has nobody to tell."""

    def _open(self) -> serial.Serial:
        return serial.Serial(self._path, self._baud, timeout=0, exclusive=True, rtscts=False)

    async def _portions(self, port: serial.Serial) -> AsyncIterator[bytes]:
        """What is there to read, and nothing at each tick of a silence until it is a long one."""
        silent_s = SILENCE_S
        while True:
            if await _is_readable(port, TICK_S if silent_s < SILENCE_S else None):
                silent_s = 0.0
                yield port.read(READ_BYTES)
            else:
                silent_s += TICK_S
                yield b""

    def _arrival(self, portion: bytes, closes: Literal["silence", "break"] | None) -> Arrival:
        return Arrival(
            payload=portion,
            received_at=self._clock.now(),
            department_ref=self._department_ref,
            device_ref=self._device_ref,
            whole=False,
            closes=closes,
        )


async def _is_readable(port: serial.Serial, within_s: float | None) -> bool:
    """Wait for bytes or for the port's end; no thread, or a handful of ports would use them up."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    loop.add_reader(port.fileno(), ready.set)
    try:
        async with asyncio.timeout(within_s):
            return await ready.wait()
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(port.fileno())
