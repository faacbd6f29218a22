"""Alerts."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.alert_models import Alert, AlertDetails, Alerts, AlertState
from api.caller import InScope, needs
from api.errors import NotFound
from api.looking import InLooking
from tracker import reads
from tracker.reads import Scope

router = APIRouter(prefix="/v1", tags=["alerts"], dependencies=[needs("alerts:read")])

Limit = Annotated[int, Query(ge=1, le=1_000)]
Before = Annotated[UUID | None, Query(description="an alert's id: give those opened before it")]


@router.get("/alerts")
async def alerts(
    scope: InScope,
    looking: InLooking,
    state: AlertState | None = None,
    limit: Limit = 200,
    before: Before = None,
) -> Alerts:
    """Alerts, the newest first, by pages."""
    await looking.live("alerts.view")
    if before is not None and not await reads.has_alert(scope, before):
        raise NotFound(f"(alert {before})")
    rows = await reads.alerts(scope, state=state, before=before, limit=limit + 1)
    page = [Alert.model_validate(row) for row in rows[:limit]]
    more = len(rows) > limit
    return Alerts(alerts=page, next=_next(state, page[-1].id, limit) if more else None)


@router.get("/alerts/{alert_id:uuid}")
async def alert(
    scope: InScope, looking: InLooking, alert_id: UUID, response: Response
) -> AlertDetails:
    """One alert with all that was done to it. Its ETag is its revision."""
    await looking.live("alerts.view")
    found = await details(scope, alert_id)
    response.headers["ETag"] = etag(found)
    return found


async def details(scope: Scope, alert_id: UUID) -> AlertDetails:
    """That alert in this scope; raises NotFound."""
    rows = await reads.alerts_by_id(scope, [alert_id])
    if not rows:
        raise NotFound(f"(alert {alert_id})")
    changes = await reads.alert_changes(scope, alert_id)
    return AlertDetails.model_validate({**rows[0], "changes": changes})


def etag(alert: Alert) -> str:
    """What `If-Match` is to bring back."""
    return f'"{alert.revision}"'


def _next(state: str | None, last: UUID, limit: int) -> str:
    query = {"state": state} if state is not None else {}
    return f"/v1/alerts?{urlencode({**query, 'limit': limit, 'before': last})}"
