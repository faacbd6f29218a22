"""Whether the service works, and its figures."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from api import metrics
from api.caller import OPEN, SIGNED_IN, InScope, needs
from api.models import Health, Warnings
from api.service import InService
from tracker import reads
from tracker.subscriptions import subscriptions

router = APIRouter(tags=["service"])


@router.get("/healthz", openapi_extra=OPEN)
async def healthz(service: InService) -> Health:
    """`ok`, or a problem with status 503 while the database is away or not set up."""
    await service.reader.check()
    return Health()


@router.get("/v1/health", dependencies=[SIGNED_IN])
async def health(scope: InScope) -> Warnings:
    """What operators should know of in time: the list of public holidays that ends."""
    return Warnings.model_validate({"warnings": await reads.warnings(scope)})


@router.get(
    "/metrics",
    dependencies=[needs("service:read")],
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def prometheus(service: InService, scope: InScope) -> Response:
    """Figures in Prometheus' text form; for the platform office only."""
    told = await subscriptions(scope)
    text = metrics.exposition(await reads.ingest_health(scope), told, service.hub)
    return Response(text, media_type=metrics.MEDIA_TYPE)
