"""What was refused of the departments' devices, and reading it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request

from api.caller import InCaller, InScope, needs, who
from api.changing import may_change
from api.inline import inline
from api.looking import InLookingBack
from api.registry_models import Reject, Rejects, RejectText, RejectTexts, Replay, ReplayAsked
from api.service import InService
from tracker import rejects as domain
from tracker.audit import Entry
from tracker.moments import Moment
from tracker.reads import Row, Scope
from tracker.rejects import Which

router = APIRouter(prefix="/v1", tags=["devices"], dependencies=[needs("devices:read")])
#: What was sent tells where a vehicle was.
texts = APIRouter(prefix="/v1", tags=["devices"], dependencies=[needs("tracks:read")])
changes = APIRouter(prefix="/v1", tags=["devices"], dependencies=[needs("devices:admin")])

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)


class _Asked:
    """Which of them: by query parameters."""

    def __init__(
        self,
        device: Annotated[str | None, Query(max_length=130, description="full ref")] = None,
        reason: Annotated[list[str] | None, Query(max_length=50)] = None,
        since: Moment | None = None,
        limit: Annotated[int, Query(ge=1, le=1_000)] = 200,
    ) -> None:
        self.which = Which(device=device, reasons=reason, since=since)
        self.limit = limit

    async def rows(self, scope: Scope) -> list[Row]:
        """The newest first."""
        found = await domain.rejects(scope, self.which, self.limit)
        return list(reversed(found))


InAsked = Annotated[_Asked, Depends(inline(_Asked))]


@router.get("/rejects")
async def rejects(scope: InScope, asked: InAsked) -> Rejects:
    """What was refused, from whom and why. Nobody's devices are shown to the platform office."""
    return Rejects(rejects=[Reject.model_validate(row) for row in await asked.rows(scope)])


@texts.get("/rejects/raw")
async def raw(scope: InScope, asked: InAsked, looking: InLookingBack) -> RejectTexts:
    """The same with what was sent, for a stated purpose: it tells where vehicles were."""
    since = asked.which.since or EARLIEST
    await looking.each("reject.read", window=(since, datetime.now(UTC)))
    rows = await asked.rows(scope)
    return RejectTexts(rejects=[RejectText.model_validate(_as_text(row)) for row in rows])


@changes.post("/rejects/replay")
async def replay(
    request: Request, scope: InScope, caller: InCaller, service: InService, asked: ReplayAsked
) -> Replay:
    """Let ingest read again what was refused of a device: once it is in a vehicle, say."""
    department_id = may_change(caller, asked.device.partition("/")[0], "device")
    which = Which(device=asked.device, reasons=asked.reasons, since=asked.since)
    by = who(request, caller)
    await service.auditor.add(
        Entry(by=by, what="reject.replay", departments=(department_id,), detail=asked.device)
    )
    ids = await domain.ask_replay(scope, which)
    return Replay(asked=len(ids))


def _as_text(row: Row) -> Row:
    return {**row, "raw": bytes(row["raw"]).decode("utf-8", "backslashreplace")}
