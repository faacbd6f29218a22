"""Who looked at the departments' vehicles, and who changed what is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query

from api.audit_models import AuditRow, AuditRows, WhoSaw
from api.caller import InCaller, InScope, needs
from api.errors import BadParameter
from api.found import OwnVehicle
from api.window import Day
from tracker import audit, reads
from tracker.reads import Caller, Row, Scope

router = APIRouter(prefix="/v1/audit", tags=["audit"], dependencies=[needs("audit:read")])

_Day = Annotated[Day | None, Query(description="in the service's own time zone")]
_What = Annotated[str | None, Query(max_length=60, description="what begins so: `track.`")]
_Limit = Annotated[int, Query(ge=1, le=1_000)]
_Before = Annotated[
    str | None, Query(max_length=40, description="day,n: give the rows before that one")
]


@router.get("")
async def rows(
    scope: InScope,
    caller: InCaller,
    day: _Day = None,
    what: _What = None,
    limit: _Limit = 200,
    before: _Before = None,
) -> AuditRows:
    """What was read and written of the caller's departments, the newest first."""
    asked = audit.Asked(limit=limit + 1, day=day, what=what, before=_place(before))
    found = await audit.rows(scope, asked)
    page = await _told(scope, caller, found[:limit])
    beyond = None
    if len(found) > limit:
        last = found[limit - 1]
        given = {"day": day, "what": what, "limit": limit, "before": f"{last['day']},{last['n']}"}
        query = {name: value for name, value in given.items() if value is not None}
        beyond = f"/v1/audit?{urlencode(query)}"
    return AuditRows(rows=page, next=beyond)


@router.get("/vehicles/{department}/{ref}")
async def who_saw(
    scope: InScope, caller: InCaller, vehicle: OwnVehicle, day: _Day = None
) -> WhoSaw:
    """Who saw where a vehicle was, or could have, on one day; today without `day`.

    Complete: live views, tiles and polled positions count where the vehicle was in what they show.
    """
    on = day or await reads.today(scope)
    found = await audit.who_saw(scope, vehicle["id"], on)
    named = vehicle["vehicle"]
    return WhoSaw(vehicle=named, day=on, rows=await _told(scope, caller, found))


def _place(before: str | None) -> tuple[date, int] | None:
    if before is None:
        return None
    day, _, n = before.partition(",")
    try:
        return date.fromisoformat(day), int(n)
    except ValueError:
        raise BadParameter("`before` is day,n: 2026-11-27,17.") from None


async def _told(scope: Scope, caller: Caller, rows: Sequence[Row]) -> list[AuditRow]:
    """With refs in place of ids, without what is of others; an id that is none is left out."""
    ids = {number for row in rows for number in row["vehicle_ids"]}
    refs = await reads.vehicle_refs(scope, ids)
    return [
        AuditRow(
            **{name: row[name] for name in AuditRow.model_fields if name in row},
            departments=[caller.refs[d] for d in row["department_ids"] if d in caller.refs],
            vehicles=[refs[v] for v in row["vehicle_ids"] if v in refs],
            whole_scope=row["scope"] is not None,
        )
        for row in rows
    ]
