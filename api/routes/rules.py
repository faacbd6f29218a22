"""Rules."""

from __future__ import annotations

from fastapi import APIRouter

from api.alert_models import Rule, Rules
from api.caller import InScope, needs
from tracker import reads

router = APIRouter(prefix="/v1", tags=["rules"], dependencies=[needs("fences:read")])


@router.get("/rules")
async def rules(scope: InScope) -> Rules:
    """Which events want a person, and how often that was worth it."""
    return Rules(rules=[Rule.model_validate(row) for row in await reads.rules(scope)])
