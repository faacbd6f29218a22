"""The console's files."""

from __future__ import annotations

from typing import Final

from fastapi import APIRouter
from starlette.responses import FileResponse

from api.errors import ConsoleMissing, NotFound
from api.service import InService

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
    policy = service.basemaps.policy
    headers = {"Cache-Control": "no-cache", "Content-Security-Policy": policy}
    return FileResponse(page, headers=headers)


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
