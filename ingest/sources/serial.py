"""A serial port by its path, read as bytes; an unplugged one is waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import serial

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.stream import (
    RETRY_FIRST_S,
    RETRY_LAST_S,
    SILENCE_S,
    TICK_S,
    Sender,
    StreamSource,
)

log = logging.getLogger(__name__)

READ_BYTES = 4096


class SerialSource(StreamSource):
    """Bytes of the one device on a port, such as /dev/serial/by-id/…"""

    def __init__(
        self, path: str, *, department_ref: str, device_ref: str, baud: int, clock: Clock
    ) -> None:
        """`baud` bits a second; a pseudo-terminal takes any."""
        super().__init__(f"serial:{path}", Sender(department_ref, device_ref), clock)
        self._path = path
        self._baud = baud

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come, cut anywhere; empty in a silence and at an unplugging."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                with await asyncio.to_thread(self._open) as port:
                    self.opened()
                    wait_s = RETRY_FIRST_S
                    async for portion in self._portions(port):
                        yield [self.arrival(portion)]
            except (OSError, ValueError) as error:
                log.warning("%s: %s; trying again in %.0f s", self._path, error, wait_s)
            self.is_connected = False
            yield [self.arrival(b"", "break")]
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_LAST_S)

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
