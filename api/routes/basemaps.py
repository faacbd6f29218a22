"""The console's build and its base maps."""

from __future__ import annotations

import asyncio
import re
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import FileResponse, Response

from api.caller import SIGNED_IN, token_of
from api.console_models import Console
from api.errors import NotFound, NotSignedIn
from api.service import InService

_ASSET: Final = re.compile(r'(?:src|href)="(/assets/[^"]+\.(?:js|css))"')
#: A map changes when somebody puts another file there.
_KEPT: Final = {"Cache-Control": "private, max-age=86400"}

router = APIRouter(tags=["service"])


@router.get("/v1/console", dependencies=[SIGNED_IN])
async def console(service: InService) -> Console:
    """Which console is served, so that an open page knows when it is old, and its base maps."""
    assets = await asyncio.to_thread(_assets, service.settings.static / "index.html")
    maps = await service.basemaps.all()
    return Console(version=version("milepost"), assets=assets, basemaps=maps)


def _assets(page: Path) -> list[str]:
    return _ASSET.findall(page.read_text(encoding="utf-8")) if page.is_file() else []


async def _known(request: Request, service: InService) -> None:
    """Tiles are for whoever is signed in; a page asks for dozens at once, which no quota counts."""
    token = token_of(request)
    if not token or await service.callers.of(token) is None:
        raise NotSignedIn


tiles = APIRouter(prefix="/basemap", include_in_schema=False)
Known = Annotated[None, Depends(_known)]


@tiles.api_route("/file.pmtiles", methods=["GET", "HEAD"])
def file(service: InService, known: Known) -> FileResponse:
    """The operator's own file; a browser asks for ranges of it."""
    path = service.basemaps.file
    if path is None or path.suffix != ".pmtiles":
        raise NotFound("(no such base map)")
    return FileResponse(path, media_type="application/octet-stream", headers=_KEPT)


@tiles.get("/{z}/{x}/{y}")
def tile(service: InService, known: Known, z: int, x: int, y: int) -> Response:
    """A picture of the operator's own map; 204 where it has none."""
    found = service.basemaps.tile(z, x, y)
    if found is None:
        return Response(status_code=204, headers=_KEPT)
    return Response(found.body, media_type=found.media_type, headers=_KEPT)
