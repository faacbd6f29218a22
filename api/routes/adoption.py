"""How far the government has come with the platform."""

from __future__ import annotations

from fastapi import APIRouter

from api.caller import InScope, needs
from api.models import Adoption
from tracker import reads

router = APIRouter(prefix="/v1", tags=["adoption"], dependencies=[needs("figures:read")])


@router.get("/adoption")
async def adoption(scope: InScope) -> Adoption:
    """Applications by stage, and departments and vehicles counted."""
    return Adoption.model_validate(await reads.adoption(scope))
