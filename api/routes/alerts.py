"""Alerts."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query

from api.caller import SCHEMES, InScope
from api.errors import NotFound
from api.models import Alert, Alerts, AlertState
from tracker import reads

router = APIRouter(prefix="/v1", tags=["alerts"], dependencies=SCHEMES)

Limit = Annotated[int, Query(ge=1, le=1_000)]
Before = Annotated[UUID | None, Query(description="an alert's id: give those opened before it")]


@router.get("/alerts")
async def alerts(
    scope: InScope, state: AlertState | None = None, limit: Limit = 200, before: Before = None
) -> Alerts:
    """Alerts, the newest first, by pages."""
    if before is not None and not await reads.has_alert(scope, before):
        raise NotFound(f"(alert {before})")
    rows = await reads.alerts(scope, state=state, before=before, limit=limit + 1)
    page = [Alert.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Alerts(alerts=page, next=_next(state, page[-1].id, limit) if more else None)


def _next(state: str | None, last: UUID, limit: int) -> str:
    query = {"state": state} if state is not None else {}
    return f"/v1/alerts?{urlencode({**query, 'limit': limit, 'before': last})}"
