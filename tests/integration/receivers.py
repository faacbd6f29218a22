"""Receivers of webhooks as a test needs them: real HTTP servers that can be away, slow or wrong."""

from __future__ import annotations

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks.webhooks import Webhook

from tracker.child import wait_for

DEADLINE_S = 60.0


@dataclass(frozen=True)
class Got:
    """A request that came."""

    headers: dict[str, str]
    body: bytes
    at_s: float = field(default_factory=time.monotonic)

    @property
    def json(self) -> dict[str, Any]:
        """Its body."""
        said: dict[str, Any] = json.loads(self.body)
        return said

    @property
    def id(self) -> str:
        """By which repeats are known."""
        return self.headers["webhook-id"]


class Receiver:
    """Answers what `answer` says; remembers what it took, and everything that came."""

    def __init__(self, port: int = 0) -> None:
        self.port = port
        self.came: list[Got] = []
        self.taken: list[Got] = []
        #: The status for a request; may wait, or raise to break the connection.
        self.answer: Callable[[Got], int] = lambda _got: 204
        self.headers: dict[str, str] = {}
        self.tls: ssl.SSLContext | None = None
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def start(self) -> None:
        """Listen, at the port of before where there was one."""
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                headers = {name.lower(): value for name, value in self.headers.items()}
                got = Got(headers, self.rfile.read(length))
                receiver.came.append(got)
                status = receiver.answer(got)
                if status < 300:
                    receiver.taken.append(got)
                self.send_response(status)
                for name, value in receiver.headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *said: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", self.port), Handler)
        self.port = self._server.server_address[1]
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        """Be away: connections are refused."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def ids(self, vehicle: str | None = None) -> list[str]:
        """What it took, each once, in the order of its first coming."""
        taken = list(self.taken)
        ids = [each.id for each in taken if vehicle is None or each.json["subject"] == vehicle]
        return list(dict.fromkeys(ids))

    def expect(self, count: int, within_s: float = DEADLINE_S) -> None:
        """Wait until it has taken so many different ones."""
        assert wait_for(lambda: len(self.ids()) >= count, within_s), (len(self.ids()), count)

    def verify(self, *secrets: str) -> None:
        """Every request that came is signed by each of these."""
        assert self.came
        for got in list(self.came):
            for secret in secrets:
                Webhook(secret).verify(got.body, got.headers)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that gave up waiting is no news."""


@contextmanager
def receiving(count: int = 1) -> Iterator[list[Receiver]]:
    """So many receivers, listening."""
    made = [Receiver() for _ in range(count)]
    for each in made:
        each.start()
    try:
        yield made
    finally:
        for each in made:
            each.stop()
