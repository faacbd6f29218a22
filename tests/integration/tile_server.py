"""A server of map tiles on this machine, standing in for one on the internet."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

#: A picture of one blue pixel.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c6360f8"
    "ff1f000301017f2b6d7b0f0000000049454e44ae426082"
)


class TileServer:
    """Answers at a port of its own until it is told to fail."""

    def __init__(self) -> None:
        self.fails = False
        self.asked: list[str] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.asked.append(self.path)
                self.send_response(503 if outer.fails else 200)
                self.send_header("Access-Control-Allow-Origin", "*")
                self.send_header("Content-Type", "image/png")
                self.end_headers()
                self.wfile.write(b"" if outer.fails else PNG)

            def log_message(self, *_said: object) -> None:
                """Nothing: the test says what it saw."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    @property
    def origin(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    @property
    def tiles(self) -> str:
        """Its tiles, as a setting has them."""
        return f"{self.origin}/{{z}}/{{x}}/{{y}}.png"

    @contextmanager
    def running(self) -> Iterator[TileServer]:
        """Until the block ends."""
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self._server.shutdown()
            self._server.server_close()
            thread.join()
