"""Compression by `Accept-Encoding`: zstd, else gzip; streaming answers too, never the WebSocket."""

from __future__ import annotations

from starlette.types import ASGIApp
from starlette_compress import CompressMiddleware, add_compress_type

#: What we send beside the usual types.
for _media_type in (
    "application/problem+json",
    "application/cloudevents+json",
    "application/schema+json",
    "application/vnd.oai.openapi+json",
    "application/vnd.google-earth.kml+xml",
    "text/csv",
):
    add_compress_type(_media_type)


class Compression(CompressMiddleware):
    """Without Brotli: at a level that keeps up with a live answer it is no smaller than zstd."""

    __slots__ = ()

    def __init__(self, app: ASGIApp) -> None:
        super().__init__(app, brotli=False)
