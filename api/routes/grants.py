"""Grants between departments: asked for, approved, ended."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter, Response

from api.caller import InCaller, InScope, needs
from api.errors import NotFound
from api.looking import InLooking
from api.routes.alert_changes import InOnce
from api.sharing_models import FencePresence, FencePresences, Grant, Grants, Revocation
from tracker import grants as domain
from tracker import reads
from tracker.grants import NewGrant
from tracker.reads import Scope

router = APIRouter(prefix="/v1", tags=["sharing"], dependencies=[needs("grants:read")])
changes = APIRouter(prefix="/v1", tags=["sharing"], dependencies=[needs("grants:write")])
presences = APIRouter(prefix="/v1", tags=["sharing"], dependencies=[needs("positions:read")])


@router.get("/grants")
async def grants(scope: InScope) -> Grants:
    """What the caller's departments granted, and what was granted to them, the newest first."""
    return Grants(grants=[Grant.model_validate(row) for row in await domain.grants(scope)])


@changes.post("/grants", status_code=201)
async def ask(scope: InScope, caller: InCaller, new: NewGrant, response: Response) -> Grant:
    """Ask for a grant, as its owner or as who is to see. Nothing is seen before it is approved."""
    if not {new.owner, new.viewer} & set(caller.refs.values()):
        raise NotFound(f"(department {new.owner})")
    return await _one(scope, await domain.ask(scope, new, by=caller.id), response)


@router.get("/grants/{grant_id}")
async def grant(scope: InScope, grant_id: UUID, response: Response) -> Grant:
    """One grant. Its ETag is its revision."""
    return await _one(scope, grant_id, response)


@changes.post("/grants/{grant_id}/approve")
async def approve(
    scope: InScope, caller: InCaller, once: InOnce, grant_id: UUID, response: Response
) -> Grant:
    """Say yes, for its owner, as another person than asked: it is in force from now on."""
    await domain.approve(scope, grant_id, by=caller.id, expected=once.expected)
    return await _one(scope, grant_id, response)


@changes.post("/grants/{grant_id}/revoke")
async def revoke(
    scope: InScope,
    caller: InCaller,
    once: InOnce,
    grant_id: UUID,
    response: Response,
    said: Revocation | None = None,
) -> Grant:
    """End it, for its owner: the next frame, page and delivery shows nothing of it."""
    why = None if said is None else said.why
    await domain.revoke(scope, grant_id, by=caller.id, why=why, expected=once.expected)
    return await _one(scope, grant_id, response)


@presences.get("/presence")
async def presence(scope: InScope, looking: InLooking) -> FencePresences:
    """Inside which fences others' vehicles are, of which the caller is told no more than that."""
    await looking.live("presence.view")
    rows = await reads.shared_presence(scope)
    return FencePresences(presence=[FencePresence.model_validate(row) for row in rows])


async def _one(scope: Scope, grant_id: UUID, response: Response) -> Grant:
    rows = await domain.grants(scope, grant_id=grant_id)
    if not rows:
        raise NotFound(f"(grant {grant_id})")
    found = Grant.model_validate(rows[0])
    response.headers["ETag"] = f'"{found.revision}"'
    return found
