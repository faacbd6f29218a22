"""An HTTP server inside the process of ingest, which it must not be able to harm."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol, RequestResponseCycle

from ingest.errors import PushCertificate, PushOutside
from ingest.listener import check_certificate
from tracker.hosts import is_loopback

log = logging.getLogger(__name__)

#: Files are scarce in this process, and its database and broker need theirs.
CONNECTIONS_MOST: Final = 300
#: A connection that makes no request for so long is closed.
IDLE_S: Final = 60.0
FINISH_WITHIN_S: Final = 3
RETRY_FIRST_S, RETRY_LAST_S = 1.0, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """Where to listen."""

    host: str = "127.0.0.1"
    port: int
    #: PEM files: the certificate with what it hangs on, and its private key.
    cert_file: Path | None = None
    key_file: Path | None = None
    #: Said by whoever runs it: TLS ends at a proxy on this machine or in its protected network.
    behind_proxy: bool = False

    def check(self) -> None:
        """Raise PushOutside or PushCertificate where passwords could not come in safely."""
        if self.cert_file is None or self.key_file is None:
            if not (self.behind_proxy or is_loopback(self.host)):
                raise PushOutside
            return
        try:
            check_certificate(self.cert_file, self.key_file)
        except OSError as error:
            raise PushCertificate(f"({error})") from error

    @property
    def url(self) -> str:
        """Where it is found."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.cert_file else 'http'}://{host}:{self.port}"


class HttpServer:
    """Serves an application at a place, as soon as the place is free."""

    def __init__(self, app: ASGIApp, listener: Listener) -> None:
        """`listener` has been checked."""
        self._listener = listener
        self._server = _Server(
            uvicorn.Config(
                app,
                http=_Connection,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="warning",
                access_log=False,
                server_header=False,
                proxy_headers=listener.behind_proxy,
                timeout_graceful_shutdown=FINISH_WITHIN_S,
                ssl_certfile=listener.cert_file,
                ssl_keyfile=listener.key_file,
            )
        )
        #: Why it does not listen, while it does not.
        self.problem: str | None = None

    @property
    def is_listening(self) -> bool:
        """Whether requests come in."""
        return self._server.started and not self._server.should_exit

    async def run(self) -> None:
        """Until `stop`."""
        listening = await self._bind()
        self.problem = None
        log.info("taking pushes at %s", self._listener.url)
        await self._server.serve(sockets=[listening])

    def stop(self) -> None:
        """Take no more requests; those that are being answered have a moment to end."""
        self._server.should_exit = True

    async def _bind(self) -> socket.socket:
        wait_s = RETRY_FIRST_S
        host, port = self._listener.host, self._listener.port
        while True:
            try:
                found = await asyncio.get_running_loop().getaddrinfo(
                    host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
                )
                family, _, _, _, address = found[0]
                return socket.create_server(address[:2], family=family, backlog=CONNECTIONS_MOST)
            except OSError as error:
                if self.problem != str(error):
                    log.warning("no pushes are taken at %s: %s", self._listener.url, error)
                self.problem = str(error)
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_LAST_S)


class _Server(uvicorn.Server):
    """Leaves the signals to the process that it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing."""
        yield


class _Connection(H11Protocol):
    """Bounded in number, and in how long it may say nothing."""

    _last: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # uvicorn's own narrows it too
        """One too many is closed at once."""
        super().connection_made(transport)
        if len(self.connections) > CONNECTIONS_MOST:
            transport.abort()
        else:
            self.loop.call_later(IDLE_S, self._look)

    def _look(self) -> None:
        """Close it unless a request is being answered, or one came since the last look."""
        if self.transport.is_closing():
            return
        if self.cycle is self._last and (self._last is None or self._last.response_complete):
            self.transport.close()
            return
        self._last = self.cycle
        self.loop.call_later(IDLE_S, self._look)
