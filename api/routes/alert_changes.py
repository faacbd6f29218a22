"""What is done to alerts: acknowledge, assign, note, snooze, close, reopen; one or many."""

from __future__ import annotations

from typing import Annotated, NamedTuple
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Request, Response

from api.alert_models import (
    Acknowledge,
    Act,
    AddNote,
    AlertDetails,
    Assign,
    Bulk,
    BulkAlert,
    BulkResult,
    BulkResults,
    Close,
    Reopen,
    Snooze,
)
from api.caller import InCaller, InScope, needs, who
from api.changing import IfMatch, revision_of
from api.errors import BadParameter, problem_of
from api.inline import inline
from api.routes.alerts import details, etag
from api.service import InService
from tracker import alert_life
from tracker.alert_life import Change
from tracker.audit import Who, named
from tracker.errors import TrackerError
from tracker.reads import Caller, Reader

router = APIRouter(prefix="/v1", tags=["alerts"], dependencies=[needs("alerts:act")])

_Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        description="a request that comes twice with it is done once",
        min_length=1,
        max_length=200,
    ),
]


class _Once:
    """How a change is to be done: at which revision, under which key."""

    def __init__(self, if_match: IfMatch = None, idempotency_key: _Key = None) -> None:
        self.expected = None if if_match in (None, "*") else revision_of(if_match)
        self.key = idempotency_key


InOnce = Annotated[_Once, Depends(inline(_Once))]


class _Doing:
    """One change of one alert, and the alert as it stands then."""

    def __init__(self, scope: InScope, caller: InCaller, once: InOnce, response: Response) -> None:
        self._scope, self._caller, self._once = scope, caller, once
        self._response = response

    async def do(self, alert_id: UUID, act: Act) -> AlertDetails:
        """Do it; raises as `alert_life.change` does."""
        await alert_life.change(
            self._scope,
            alert_id,
            Change(**act.change),
            by=self._caller.label,
            expected=self._once.expected,
            key=self._once.key,
        )
        found = await details(self._scope, alert_id)
        self._response.headers["ETag"] = etag(found)
        return found


InDoing = Annotated[_Doing, Depends(inline(_Doing))]


@router.post("/alerts/bulk")
async def bulk(
    request: Request, service: InService, caller: InCaller, once: InOnce, asked: Bulk
) -> BulkResults:
    """The same change to up to 200 alerts, each by itself: one that fails stops no other."""
    if len(asked.acts) != 1:
        raise BadParameter("Give exactly one of acknowledge, assign, note, snooze, close, reopen.")
    change, by = Change(**asked.acts[0].change), who(request, caller)
    results = [
        await _one_of_many(_Writer(service.reader, caller, by), each, change, once.key)
        for each in asked.alerts
    ]
    return BulkResults(results=results)


class _Writer(NamedTuple):
    reader: Reader
    caller: Caller
    by: Who


async def _one_of_many(
    writer: _Writer, asked: BulkAlert, change: Change, key: str | None
) -> BulkResult:
    try:
        # A transaction each: nobody waits for two alerts at once.
        async with writer.reader.scope(*writer.caller.sight) as scope:
            await named(scope, writer.by)
            await alert_life.change(
                scope, asked.id, change, by=writer.by.label, expected=asked.revision, key=key
            )
    except TrackerError as error:
        problem = problem_of(error)
        return BulkResult(id=asked.id, status=problem.status, problem=problem.slug)
    return BulkResult(id=asked.id, status=200, problem=None)


@router.post("/alerts/{alert_id}/acknowledge")
async def acknowledge(doing: InDoing, alert_id: UUID, said: Acknowledge) -> AlertDetails:
    """Say that you have seen it. Where the vehicle has left already, that closes it too."""
    return await doing.do(alert_id, said)


@router.post("/alerts/{alert_id}/assign")
async def assign(doing: InDoing, alert_id: UUID, said: Assign) -> AlertDetails:
    """Say whose it is."""
    return await doing.do(alert_id, said)


@router.post("/alerts/{alert_id}/note")
async def note(doing: InDoing, alert_id: UUID, said: AddNote) -> AlertDetails:
    """Say something about it; also of a closed one."""
    return await doing.do(alert_id, said)


@router.post("/alerts/{alert_id}/snooze")
async def snooze(doing: InDoing, alert_id: UUID, said: Snooze) -> AlertDetails:
    """Let it sleep: until then it is not escalated."""
    return await doing.do(alert_id, said)


@router.post("/alerts/{alert_id}/close")
async def close(doing: InDoing, alert_id: UUID, said: Close) -> AlertDetails:
    """Close it with a reason; also what the service closed by itself."""
    return await doing.do(alert_id, said)


@router.post("/alerts/{alert_id}/reopen")
async def reopen(doing: InDoing, alert_id: UUID, said: Reopen) -> AlertDetails:
    """Open it again: its time to be escalated begins anew."""
    return await doing.do(alert_id, said)
