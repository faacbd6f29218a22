"""The console's files, and the headers that keep a browser from doing more than it should."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.datastructures import MutableHeaders
from starlette.responses import FileResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ConsoleMissing, NotFound
from api.service import InService

#: Styles are set by scripts (MapLibre), so inline.
CONTENT_SECURITY_POLICY: Final = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; "
    "worker-src 'self'; connect-src 'self'; frame-ancestors 'none'"
)
_HEADERS: Final = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
#: The system's list may lack them, and a browser told `nosniff` runs no script of another type.
_TYPES: Final = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".geojson": "application/geo+json",
}

router = APIRouter(include_in_schema=False)


@router.api_route("/", methods=["GET", "HEAD"])
def console(service: InService) -> FileResponse:
    """The console's page, asked for anew each time: it names the assets of its version."""
    page = service.settings.static / "index.html"
    if not page.is_file():
        raise ConsoleMissing
    return FileResponse(page, headers={"Cache-Control": "no-cache"})


@router.api_route("/assets/{name}", methods=["GET", "HEAD"])
def asset(service: InService, name: str) -> FileResponse:
    """A file whose name changes with its content, so it may be kept for ever."""
    path = service.settings.static / "assets" / name
    if not path.is_file():
        raise NotFound(f"(asset {name})")
    return FileResponse(
        path,
        media_type=_TYPES.get(path.suffix),
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )


class Headers:
    """Adds the headers to every answer that has none of its own; what the API says is not kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def sending(message: Message) -> None:
            if message["type"] in ("http.response.start", "websocket.http.response.start"):
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, sending)
