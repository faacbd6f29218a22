"""A serial port by its path, read as bytes; an unplugged one is waited for."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Self

import serial

from ingest.arrival import Arrival
from ingest.clock import Clock

log = logging.getLogger(__name__)

READ_TIMEOUT_S = 0.5  # silence longer than this closes the open epoch
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
        self._port: serial.Serial | None = None

    async def __aenter__(self) -> Self:
        """Nothing yet: the port is opened, and opened again, while reading."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the port."""
        if self._port is not None:
            self._port.close()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come, cut anywhere; empty after a silence and at an unplugging."""
        wait_s = RETRY_FIRST_S
        while True:
            try:
                self._port = await asyncio.to_thread(self._open)
                log.info("reading %s", self._path)
                wait_s = RETRY_FIRST_S
                async for portion in self._portions(self._port):
                    yield [self._arrival(portion)]
            except (serial.SerialException, OSError) as error:
                log.warning("%s: %s; trying again in %.0f s", self._path, error, wait_s)
            yield [self._arrival(b"")]
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_LAST_S)

    def acknowledge(self, handles: Iterable[object]) -> None:
        """A serial line has nobody to tell."""

    def _open(self) -> serial.Serial:
        return serial.Serial(
            self._path, self._baud, timeout=READ_TIMEOUT_S, exclusive=True, rtscts=False
        )

    async def _portions(self, port: serial.Serial) -> AsyncIterator[bytes]:
        while True:
            yield await asyncio.to_thread(lambda: port.read(port.in_waiting or 1))

    def _arrival(self, portion: bytes) -> Arrival:
        return Arrival(
            payload=portion,
            received_at=self._clock.now(),
            department_ref=self._department_ref,
            device_ref=self._device_ref,
            whole=False,
            closes=None if portion else "silence",
        )
