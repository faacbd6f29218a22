"""A server of map tiles on this machine, standing in for one on the internet."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import mapbox_vector_tile


def _chunk(kind: bytes, body: bytes) -> bytes:
    checked = kind + body
    return struct.pack(">I", len(body)) + checked + struct.pack(">I", zlib.crc32(checked))


#: A picture of one blue pixel.
PNG = (
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\x00\x00\x00\xff"))
    + _chunk(b"IEND", b"")
)


#: What a PMTiles file calls tiles that are vectors, and those that are pictures.
VECTORS, PICTURES = 1, 2


def shapes() -> bytes:
    """A vector tile that a park covers."""
    corners = "(0 0, 4096 0, 4096 4096, 0 4096, 0 0)"
    park = {"geometry": f"POLYGON({corners})", "properties": {}}
    road = {"geometry": "LINESTRING(0 2048, 4096 2048)", "properties": {}}
    encoded: bytes = mapbox_vector_tile.encode(
        [{"name": "parks", "features": [park]}, {"name": "roads", "features": [road]}]
    )
    return encoded


def pmtiles(tile: bytes = PNG, max_zoom: int = 11, *layers: str) -> bytes:
    """A PMTiles file, version 3, of one tile everywhere: a picture, or shapes in these layers."""
    told = json.dumps({"vector_layers": [{"id": each, "fields": {}} for each in layers]}).encode()
    every = (4 ** (max_zoom + 1) - 1) // 3
    directory = b"".join(map(_varint, (1, 0, every, len(tile), 1)))
    at, kind = 127 + len(directory), VECTORS if layers else PICTURES
    header = struct.pack(
        "<7sB11Q6B4iB2i",
        *(b"PMTiles", 3, 127, len(directory), at, len(told), 0, 0, at + len(told), len(tile)),
        *(every, 1, 1, 1, 1, 1, kind, 0, max_zoom),
        *(-1_800_000_000, -850_000_000, 1_800_000_000, 850_000_000, 0, 0, 0),
    )
    return header + directory + told + tile


def _varint(number: int) -> bytes:
    low, rest = number & 0x7F, number >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


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
