"""What everybody may ask, without sign-in: the open feed."""

from __future__ import annotations

from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.caller import OPEN
from api.gtfs_rt import JSON, PROTOBUF
from api.service import InService, Service

router = APIRouter(prefix="/open/gtfs-rt", tags=["open"])

#: For pages of any origin; a proxy may answer for a second by itself.
_HEADERS: Final = {
    "Cache-Control": "public, max-age=1",
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}


def _answers(media_type: str, schema: dict[str, str]) -> dict[int | str, dict[str, Any]]:
    return {
        200: {"content": {media_type: {"schema": schema}}},
        304: {"description": "As it was"},
        404: {"description": "None is published"},
        429: {"description": "Too often"},
    }


@router.get(
    "/vehicle-positions.pb",
    openapi_extra=OPEN,
    response_class=Response,
    responses=_answers(PROTOBUF, {"type": "string", "format": "binary"}),
)
async def vehicle_positions(request: Request, service: InService) -> Response:
    """Vehicles of published applications as GTFS-Realtime 2.0, where they were some time ago."""
    return await _feed(request, service, PROTOBUF)


@router.get(
    "/vehicle-positions.json",
    openapi_extra=OPEN,
    response_class=Response,
    responses=_answers(JSON, {"type": "object"}),
)
async def vehicle_positions_as_json(request: Request, service: InService) -> Response:
    """The same message in protobuf's JSON."""
    return await _feed(request, service, JSON)


async def _feed(request: Request, service: Service, media_type: str) -> Response:
    service.addresses.take(request)
    feed = await service.open_feed.now()
    headers = {"ETag": feed.tags[media_type], **_HEADERS}
    known = request.headers.get("if-none-match", "")
    if known == "*" or feed.tags[media_type] in (each.strip() for each in known.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(feed.bodies[media_type], media_type=media_type, headers=headers)
