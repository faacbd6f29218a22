"""Whether the service works, and its figures."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api import metrics
from api.caller import OPEN, InScope, needs
from api.models import Health
from api.service import InService
from tracker.reads import ingest_health

router = APIRouter(tags=["service"])


@router.get("/healthz", openapi_extra=OPEN)
async def healthz(service: InService) -> Health:
    """`ok`, or a problem with status 503 while the database is away or not set up."""
    await service.reader.check()
    return Health()


@router.get(
    "/metrics",
    dependencies=[needs("service:read")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def prometheus(service: InService, scope: InScope) -> Response:
    """Figures in Prometheus' text form; for the platform office only."""
    text = metrics.exposition(await ingest_health(scope), service.hub)
    return Response(text, media_type=metrics.MEDIA_TYPE)
