"""How much the callers' keys ask."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query

from api.audit_models import Usage, UsageRow
from api.caller import InCaller, InScope, needs
from api.errors import BadParameter
from api.service import InService
from api.window import Day
from tracker import reads
from tracker.usage import usage as asked

router = APIRouter(prefix="/v1", tags=["usage"], dependencies=[needs("audit:read")])

_MOST: Final = timedelta(days=366)


@router.get("/usage")
async def usage(
    service: InService,
    scope: InScope,
    caller: InCaller,
    first: Annotated[Day | None, Query(alias="from", description="today")] = None,
    last: Annotated[Day | None, Query(alias="to", description="included; today")] = None,
) -> Usage:
    """What keys asked by day and kind: those that see no more than the caller does."""
    await service.quotas.write()
    until = last or await reads.today(scope)
    since = first or until
    if not timedelta() <= until - since <= _MOST:
        raise BadParameter(f"`from` to `to` is a day to {_MOST.days} days.")
    rows = await asked(scope, since=since, until=until)
    told = [
        UsageRow(
            **{name: row[name] for name in UsageRow.model_fields if name in row},
            departments=[caller.refs[d] for d in row["department_ids"] if d in caller.refs],
        )
        for row in rows
    ]
    return Usage(rows=told)
