"""UDP: whoever sends to a port; each datagram holds whole lines."""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio import DatagramProtocol, DatagramTransport
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.stream import SILENCE_S, TICK_S, Backoff, Sender, StreamSource
from ingest.sources.tcp import told

log = logging.getLogger(__name__)

#: Kept by the kernel while we are busy, and by us while the database is; then datagrams are lost,
#: as UDP loses them anywhere, but counted.
KERNEL_BYTES: Final = 4 * 1024 * 1024
WAITING_BYTES: Final = 4 * 1024 * 1024


class UdpSource(StreamSource):
    """A port that takes datagrams; sent twice, they are read once."""

    def __init__(self, host: str, port: int, *, sender: Sender, clock: Clock) -> None:
        """Bound to `host`, which may be loopback, one address of this machine, or all."""
        super().__init__(f"udp:{host}:{port}", sender, clock)
        self._host, self._port = host, port
        self._waiting: list[Arrival] = []
        self._waiting_bytes = 0
        self._wake = asyncio.Event()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts of datagrams; a port in use is waited for."""
        transport = await self._bind()
        silent_s = SILENCE_S
        try:
            while True:
                with suppress(TimeoutError):
                    async with asyncio.timeout(TICK_S if silent_s < SILENCE_S else None):
                        await self._wake.wait()
                self._wake.clear()
                burst, self._waiting, self._waiting_bytes = self._waiting, [], 0
                silent_s = 0.0 if burst else silent_s + TICK_S
                yield burst or [self.arrival(b"")]
        finally:
            self.is_connected = False
            transport.close()

    def take(self, datagram: bytes) -> None:
        """Keep a datagram until it is asked for; past the bound it is dropped and counted."""
        if self._waiting_bytes + len(datagram) > WAITING_BYTES:
            self.dropped += 1
            return
        self._waiting_bytes += len(datagram)
        # Its end ends the last line; the epoch may go on in the next one.
        whole = datagram if datagram.endswith((b"\n", b"\r")) else datagram + b"\r\n"
        self._waiting.append(self.arrival(whole))
        self._wake.set()

    async def _bind(self) -> DatagramTransport:
        backoff = Backoff()
        loop = asyncio.get_running_loop()
        while True:
            try:
                transport, _ = await loop.create_datagram_endpoint(
                    lambda: _Taker(self), local_addr=(self._host, self._port)
                )
            except OSError as error:
                log.warning("%s: %s; trying on", self.name, told(error))
                await backoff.wait()
            else:
                connection: socket.socket = transport.get_extra_info("socket")
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, KERNEL_BYTES)
                self.opened()
                return transport


class _Taker(DatagramProtocol):
    """Hands datagrams to their source."""

    def __init__(self, source: UdpSource) -> None:
        self._source = source

    def datagram_received(self, data: bytes, addr: tuple[str | Any, int]) -> None:
        if data:
            self._source.take(data)
