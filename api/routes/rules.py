"""Rules: which events want a person; made, replaced, ended."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.alert_models import Rule, Rules, RuleVersions
from api.answers import Json, Known, standing
from api.caller import InCaller, InScope, needs
from api.changing import MOST_WHY, Expected, InOnce, Made, Own, author, may_change, own
from api.errors import BadParameter, NotFound
from api.fence_models import RuleGiven
from tracker import reads, rule_edits
from tracker.reads import Scope

router = APIRouter(prefix="/v1", tags=["rules"], dependencies=[needs("fences:read")])
changes = APIRouter(prefix="/v1", tags=["rules"], dependencies=[needs("fences:write")])

OwnRule = Annotated[Own, Depends(own("rules"))]
Why = Annotated[str | None, Query(max_length=MOST_WHY, description="why it is switched off")]


@router.get("/rules", response_model=Rules, response_class=Json)
async def rules(scope: InScope, known: Known = None) -> Response:
    """Which events want a person, and how often that was worth it."""
    rows = await reads.rules(scope)
    return await standing(
        known, Json, lambda: Rules(rules=[Rule.model_validate(row) for row in rows])
    )


@changes.post("/rules", status_code=201, response_model=Rule)
async def make(scope: InScope, caller: InCaller, once: InOnce, given: RuleGiven) -> Response:
    """Make a rule; it asks for events from now on."""
    department_id = may_change(caller, given.department, "rules")

    async def act() -> Made:
        await rule_edits.create(scope, given, author(caller, given.why))
        return await _made(scope, (given.department, given.ref), status=201)

    return await once.do(department_id, act)


@router.get("/rules/{department}/{ref}", response_model=Rule)
async def rule(scope: InScope, department: str, ref: str) -> Response:
    """One rule, also one that is off."""
    return (await _made(scope, (department, ref))).response()


@changes.put("/rules/{department}/{ref}", response_model=Rule)
async def replace(rule: OwnRule, expected: Expected, given: RuleGiven) -> Response:
    """Let a rule be as the body says, and be on. Late data are judged by it as it is now."""
    if (given.department, given.ref) != rule.name:
        raise BadParameter(f"The body is of rule {given.department}/{given.ref}.")
    by = author(rule.caller, given.why)
    await rule_edits.replace(rule.scope, given, by, expected=expected)
    return (await _made(rule.scope, rule.name)).response()


@changes.delete("/rules/{department}/{ref}", response_model=Rule)
async def disable(rule: OwnRule, expected: Expected, why: Why = None) -> Response:
    """Let a rule raise nothing more. Its alerts stay; `PUT` switches it on again."""
    by = author(rule.caller, why)
    await rule_edits.disable(rule.scope, rule.name, by, expected=expected)
    return (await _made(rule.scope, rule.name)).response()


@router.get("/rules/{department}/{ref}/versions")
async def versions(scope: InScope, department: str, ref: str) -> RuleVersions:
    """All versions, the newest first: what it said, from when on, made by whom, and why."""
    await _made(scope, (department, ref))
    found = await reads.rule_versions(scope, department=department, ref=ref)
    return RuleVersions.model_validate({"rule": f"{department}/{ref}", "versions": found})


async def _made(scope: Scope, name: tuple[str, str], *, status: int = 200) -> Made:
    rows = await reads.rules(scope, department=name[0], ref=name[1])
    if not rows:
        raise NotFound(f"(rule {name[0]}/{name[1]})")
    found = Rule.model_validate(rows[0])
    location = f"/v1/rules/{found.rule}" if status == HTTPStatus.CREATED else None
    return Made(found, location=location, revision=found.revision, status=status)
