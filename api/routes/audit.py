"""Who looked at the departments' vehicles, and who changed what is theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query

from api.audit_models import AuditRow, AuditRows, ChainHead, ChainState, WhoSaw
from api.caller import InCaller, InScope, needs
from api.errors import BadParameter
from api.found import OwnVehicle, vehicle_named
from api.inline import inline
from tracker import audit, reads
from tracker.moments import Day
from tracker.reads import Caller, Row, Scope

router = APIRouter(prefix="/v1/audit", tags=["audit"], dependencies=[needs("audit:read")])

_Day = Annotated[Day | None, Query(description="in the service's own time zone")]


class _Asked:
    """Which rows: by query parameters."""

    def __init__(
        self,
        day: _Day = None,
        what: Annotated[
            str | None, Query(max_length=60, description="what begins so: `track.`")
        ] = None,
        who: Annotated[
            str | None, Query(max_length=200, description="whose key, name or label has this in it")
        ] = None,
        vehicle: Annotated[
            str | None, Query(max_length=130, description="full ref: rows that name this vehicle")
        ] = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
        before: Annotated[
            str | None, Query(max_length=40, description="day,n: give the rows before that one")
        ] = None,
    ) -> None:
        self.limit = limit
        self._vehicle = vehicle
        # One more than are asked for, where there are more.
        self._asked = audit.Asked(
            limit=limit + 1, day=day, what=what, who=who, before=_place(before)
        )

    async def rows(self, scope: Scope) -> Sequence[Row]:
        """Up to one more than `limit`. Raises NotFound."""
        named = await vehicle_named(scope, self._vehicle)
        vehicle = None if named is None else named["id"]
        return await audit.rows(scope, replace(self._asked, vehicle=vehicle))

    def beyond(self, last: Row) -> str:
        """Where the rows before that one are."""
        asked = self._asked
        given = {
            **{"day": asked.day, "what": asked.what, "who": asked.who, "vehicle": self._vehicle},
            **{"limit": self.limit, "before": f"{last['day']},{last['n']}"},
        }
        query = {name: value for name, value in given.items() if value is not None}
        return f"/v1/audit?{urlencode(query)}"


@router.get("")
async def rows(
    scope: InScope, caller: InCaller, asked: Annotated[_Asked, Depends(inline(_Asked))]
) -> AuditRows:
    """What was read and written of the caller's departments, the newest first."""
    found = await asked.rows(scope)
    page = found[: asked.limit]
    beyond = asked.beyond(page[-1]) if len(found) > asked.limit else None
    return AuditRows(rows=await _told(scope, caller, page), next=beyond)


@router.get("/chain")
async def chain(scope: InScope) -> ChainState:
    """Whether the audit is whole, up to which row, and when its end was signed."""
    found = await audit.chain_state(scope)
    head = found["head"]
    signed = None if head is None else ChainHead(**{**head, "hash": head["hash"].hex()})
    verdict = found["verdict"]
    if verdict is None:
        nothing = dict.fromkeys(("whole", "day", "n", "began_at", "checked_at"))
        return ChainState.model_validate(
            {**nothing, "rows": 0, "found": 0, "faults": [], "signed": signed}
        )
    return ChainState.model_validate({**verdict, "whole": not verdict["found"], "signed": signed})


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
