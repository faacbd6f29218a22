"""Backtests, and how rules on trial go: what would have been raised."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from api.backtest_models import Backtest, Backtests, RuleFigures
from api.caller import InCaller, InScope, needs
from api.changing import may_change
from api.errors import NotFound
from api.looking import InLooking, InLookingBack, Looking
from tracker import reads
from tracker.backtest import Asked, jobs
from tracker.reads import Caller, Scope

router = APIRouter(prefix="/v1", tags=["backtests"], dependencies=[needs("fences:write")])
figures_of = APIRouter(prefix="/v1", tags=["backtests"], dependencies=[needs("fences:read")])


@router.post("/backtests", status_code=202)
async def ask(
    scope: InScope, caller: InCaller, looking: InLookingBack, asked: Asked, response: Response
) -> Backtest:
    """Ask what a rule or a fence would have raised over stored history, at most 93 days.

    Nothing comes of it but the answer, which is kept for a week. Ask for it at `Location`.
    """
    department_id = may_change(caller, asked.department, "backtests")
    window = (asked.since, asked.until)
    await looking.each("backtest.ask", department_id=department_id, window=window)
    made = await jobs.ask(scope, asked, caller.label)
    response.headers["Location"] = f"/v1/backtests/{made}"
    return await _one(scope, made)


@router.get("/backtests")
async def backtests(
    scope: InScope, limit: Annotated[int, Query(ge=1, le=1_000)] = 100
) -> Backtests:
    """What was asked in the last week."""
    rows = await jobs.backtests(scope, limit=limit)
    return Backtests(backtests=[Backtest.model_validate(row) for row in rows])


@router.get("/backtests/{id}")
async def backtest(scope: InScope, caller: InCaller, looking: InLooking, id: UUID) -> Backtest:
    """How far one has come, and its answer."""
    found = await _one(scope, id)
    if found.result is not None:
        await _note(found, caller, looking)
    return found


@router.post("/backtests/{id}/cancel")
async def cancel(scope: InScope, id: UUID) -> Backtest:
    """End one that waits or is worked on; that it was asked stays known."""
    await _one(scope, id)
    await jobs.cancel(scope, id)
    return await _one(scope, id)


@figures_of.get("/rules/{department}/{ref}/figures")
async def figures(
    scope: InScope, department: str, ref: str, days: Annotated[int, Query(ge=1, le=400)] = 30
) -> RuleFigures:
    """What a rule raised in the last days, and what it would have raised while it was on trial."""
    row = await reads.rule_figures(scope, department=department, ref=ref, days=days)
    if row is None:
        raise NotFound(f"(rule {department}/{ref})")
    return RuleFigures.model_validate(dict(row))


async def _note(found: Backtest, caller: Caller, looking: Looking) -> None:
    """Its answer says where vehicles were: for what, stands where it was asked for."""
    asked = Asked.model_validate(found.question)
    await looking.each(
        "backtest.read",
        department_id=may_change(caller, asked.department, "backtests"),
        window=(asked.since, asked.until),
    )


async def _one(scope: Scope, id_: UUID) -> Backtest:
    rows = await jobs.backtests(scope, limit=1, id_=id_)
    if not rows:
        raise NotFound(f"(backtest {id_})")
    return Backtest.model_validate(rows[0])
