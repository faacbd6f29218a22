"""TCP, both ways: calling a host that sends NMEA, and listening for those that call."""

from __future__ import annotations

import asyncio
import logging
import socket
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.stream import READ_BYTES, Backoff, Sender, StreamSource, portions

log = logging.getLogger(__name__)

CONNECT_WITHIN_S: Final = 10.0
#: Keepalive finds a peer that is gone within 30 + 3 × 10 s, also where it is never written to.
KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
#: Portions of all connections that wait to be read; a full one leaves the rest with the sender.
WAITING: Final = 4


class TcpSource(StreamSource):
    """A host that sends NMEA to whoever connects; connected again whenever it is lost."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: Sender,
        silence_s: float,
        clock: Clock,
    ) -> None:
        """After `silence_s` seconds without a byte the connection is given up for a new one."""
        super().__init__(f"tcp:{host}:{port}", sender, clock)
        self._host, self._port = host, port
        self._silence_s = silence_s

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come; what was open is closed when a connection ends."""
        backoff = Backoff()
        while True:
            try:
                reader, writer = await connect(self._host, self._port)
            except (OSError, TimeoutError) as error:
                log.warning("%s: %s; trying on", self.name, told(error))
            else:
                self.opened()
                try:
                    async for portion in portions(reader, self._silence_s):
                        backoff.reset()
                        yield [self.arrival(portion)]
                    log.warning("%s: the other end closed; connecting again", self.name)
                except (OSError, TimeoutError) as error:
                    log.warning("%s: %s; connecting again", self.name, told(error))
                finally:
                    self.is_connected = False
                    writer.close()
                yield [self.arrival(b"", "break")]
            await backoff.wait()


class TcpListener(StreamSource):
    """A port where devices or gateways connect and send; each connection is a stream of its own."""

    def __init__(
        self,
        host: str,
        port: int,
        *,
        sender: Sender,
        connections: int,
        silence_s: float,
        clock: Clock,
    ) -> None:
        """At most `connections` at a time; one that says nothing for `silence_s` is closed."""
        super().__init__(f"tcp-listen:{host}:{port}", sender, clock)
        self._host, self._port = host, port
        self._most = connections
        self._silence_s = silence_s
        self._open: set[asyncio.Task[None]] = set()
        self._arrived: asyncio.Queue[Arrival] = asyncio.Queue(WAITING)

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions of all connections as they come; a port in use is waited for."""
        backoff = Backoff()
        while True:
            try:
                server = await asyncio.start_server(self._serve, self._host, self._port)
                break
            except OSError as error:
                log.warning("%s: %s; trying on", self.name, told(error))
                await backoff.wait()
        self.opened()
        try:
            while True:
                yield [await self._arrived.get()]
        finally:
            self.is_connected = False
            server.close()
            for task in tuple(self._open):
                task.cancel()

    def health(self) -> dict[str, object]:
        """With the number of connections."""
        return super().health() | {"connections": len(self._open)}

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        task = asyncio.current_task()
        if len(self._open) >= self._most or task is None:
            self.dropped += 1
            log.warning("%s: more than %d connections; one is refused", self.name, self._most)
            writer.close()
            return
        keep_alive(writer)
        host, port = writer.get_extra_info("peername")[:2]
        stream = f"{host}:{port}"
        self._open.add(task)
        try:
            async for portion in portions(reader, self._silence_s):
                await self._arrived.put(self.arrival(portion, stream=stream))
        except (OSError, TimeoutError) as error:
            log.info("%s: %s: %s; closed", self.name, stream, told(error))
        finally:
            self._open.discard(task)
            writer.close()
        await self._arrived.put(self.arrival(b"", "input", stream=stream))


async def connect(
    host: str, port: int, *, limit: int = READ_BYTES
) -> tuple[StreamReader, StreamWriter]:
    """A connection with keepalive that holds `limit` bytes; raises OSError or TimeoutError."""
    async with asyncio.timeout(CONNECT_WITHIN_S):
        reader, writer = await asyncio.open_connection(host, port, limit=limit)
    keep_alive(writer)
    return reader, writer


def keep_alive(writer: StreamWriter) -> None:
    """Find out when the other end is gone without a word."""
    connection = writer.get_extra_info("socket")
    with suppress(OSError):  # gone already: reading will tell
        for level, option, value in KEEPALIVE:
            connection.setsockopt(level, option, value)


def told(error: Exception) -> str:
    """The error in words; a timeout has none of its own."""
    return str(error) or "nothing came for too long"
