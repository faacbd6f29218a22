"""Rules."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.alert_models import Rule, Rules
from api.answers import Json, standing
from api.caller import InScope, needs
from tracker import reads

router = APIRouter(prefix="/v1", tags=["rules"], dependencies=[needs("fences:read")])


@router.get("/rules", response_model=Rules, response_class=Json)
async def rules(request: Request, scope: InScope) -> Response:
    """Which events want a person, and how often that was worth it."""
    rows = await reads.rules(scope)
    return await standing(
        request, Json, lambda: Rules(rules=[Rule.model_validate(row) for row in rows])
    )
