"""Share links of one vehicle, and the page that shows where it is to whoever has one."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse

import maps
from api.caller import OPEN, InCaller, InScope, needs, who_asks
from api.errors import NotFound
from api.service import InService, Service
from api.sharing_models import Followed, MadeShare, Share, Shares
from tracker import shares as domain
from tracker.audit import Entry
from tracker.reads import MOTIONS, motion_codes
from tracker.shares import NewShare

router = APIRouter(prefix="/v1", tags=["sharing"], dependencies=[needs("shares:write")])
#: Without a token of the API: the link is all that its holder has.
followed = APIRouter(prefix="/v1", tags=["sharing"])
page = APIRouter(include_in_schema=False)

_PAGE: Final = Path(maps.__file__).parent / "share"
_LAND: Final = Path(maps.__file__).parent / "basemap" / "land.geojson"
_FILES: Final = {
    "share.js": "text/javascript",
    "share.css": "text/css",
    "leaflet.js": "text/javascript",
    "leaflet.css": "text/css",
    "land.geojson": "application/geo+json",
}


@router.get("/shares")
async def shares(scope: InScope) -> Shares:
    """Links to the caller's vehicles, open and ended ones, the newest first."""
    return Shares(shares=[Share.model_validate(row) for row in await domain.shares(scope)])


@router.post("/shares", status_code=201)
async def share(scope: InScope, caller: InCaller, new: NewShare) -> MadeShare:
    """Make a link to where one vehicle is, for 1 to 24 hours. The answer alone has its token."""
    made = await domain.make(scope, new, by=caller.id)
    row = (await domain.shares(scope, share_id=made.id))[0]
    return MadeShare.model_validate({**row, "token": made.token, "path": f"/share/#{made.token}"})


@router.delete("/shares/{share}")
async def revoke(scope: InScope, caller: InCaller, share: UUID) -> Share:
    """End a link at once, by its id."""
    await domain.revoke(scope, share, by=caller.id)
    return Share.model_validate((await domain.shares(scope, share_id=share))[0])


@followed.get("/shares/{share}", openapi_extra=OPEN)
async def follow(request: Request, service: InService, share: str) -> Followed:
    """Where the vehicle of a link is, by its token; 404 if it is unknown, expired or revoked."""
    found = await domain.follow(service.reader, share)
    if found is None:
        raise NotFound("(share)")
    await _note(request, service, found)
    speed = np.array([np.nan if found.speed_mps is None else found.speed_mps])
    ignition = np.array([-1 if found.ignition is None else int(found.ignition)])
    motion = MOTIONS[int(motion_codes(speed, ignition)[0])]
    told = {**asdict(found), "class": found.vehicle_class, "server_time": found.now}
    return Followed.model_validate({**told, "motion": motion})


async def _note(request: Request, service: Service, found: domain.Followed) -> None:
    """Whoever has the link looks at its vehicle: one row a link, address and day."""
    link = f"share:{found.share_id}"
    by = who_asks(request, link, "share link")
    # The address has the token in it.
    by = replace(by, path="GET /v1/shares/…")

    def made() -> Entry:
        return Entry(
            by=by,
            what="share.view",
            departments=(found.department_id,),
            vehicles=(found.vehicle_id,),
        )

    await service.auditor.once((link, by.address), made)


@page.get("/share/")
def share_page() -> FileResponse:
    """The page; the token is in its fragment, which no browser sends and no log keeps."""
    return FileResponse(_PAGE / "index.html", headers={"Cache-Control": "no-cache"})


@page.get("/share/{name}")
def share_file(service: InService, name: str) -> FileResponse:
    """What the page is made of."""
    kind = _FILES.get(name)
    built = service.settings.static / "views" / name
    path = _LAND if name == "land.geojson" else built if "leaflet" in name else _PAGE / name
    if kind is None or not path.is_file():
        raise NotFound(f"(file {name})")
    return FileResponse(path, media_type=kind, headers={"Cache-Control": "no-cache"})
