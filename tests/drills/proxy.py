"""A way to a server that can be held (bytes stay away, sockets stay open) or reset."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PORTION_BYTES = 64 * 1024
#: SO_LINGER of no seconds: closing sends a reset.
RESET = struct.pack("ii", 1, 0)

Target = Callable[[], Awaitable[tuple[asyncio.StreamReader, asyncio.StreamWriter]]]


class Proxy:
    """Serves in a thread of its own; `hold`, `release` and `reset` may be called from any."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._writers: set[asyncio.StreamWriter] = set()
        self._flows = asyncio.Event()
        self._flows.set()
        self.loop = asyncio.new_event_loop()
        self.port = 0

    def hold(self) -> None:
        """Nothing passes from now on, and nobody is told."""
        self.loop.call_soon_threadsafe(self._flows.clear)

    def release(self) -> None:
        """What was held goes on."""
        self.loop.call_soon_threadsafe(self._flows.set)

    def reset(self) -> None:
        """All connections end at once, with a reset where the network knows one."""
        self.loop.call_soon_threadsafe(self._reset)

    def _reset(self) -> None:
        for writer in self._writers:
            plug: socket.socket = writer.get_extra_info("socket")
            if plug.family == socket.AF_INET:
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, until either side ends it."""
        await self._flows.wait()
        far_reader, far_writer = await self._target()
        both = {writer, far_writer}
        self._writers |= both
        await asyncio.gather(
            self._pass_on(reader, far_writer),
            self._pass_on(far_reader, writer),
            return_exceptions=True,
        )
        self._writers -= both

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(PORTION_BYTES):
                await self._flows.wait()
                writer.write(piece)
                await writer.drain()
        finally:
            writer.close()


@contextmanager
def tcp_proxy(port: int) -> Iterator[Proxy]:
    """To a port of this machine; its own is `port`."""
    way = Proxy(lambda: asyncio.open_connection("127.0.0.1", port))

    async def listen() -> asyncio.Server:
        server = await asyncio.start_server(way.serve, "127.0.0.1", 0)
        way.port = server.sockets[0].getsockname()[1]
        return server

    with _served(way, listen):
        yield way


@contextmanager
def unix_proxy(path: Path, target: Path) -> Iterator[Proxy]:
    """From one Unix socket to another."""
    way = Proxy(lambda: asyncio.open_unix_connection(target))
    with _served(way, lambda: asyncio.start_unix_server(way.serve, path)):
        yield way


@contextmanager
def _served(way: Proxy, listen: Callable[[], Awaitable[asyncio.Server]]) -> Iterator[None]:
    loop = way.loop
    server = loop.run_until_complete(listen())
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def end() -> None:
        server.close()
        way._reset()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(end(), loop).result(30)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
