"""Groups of vehicles and of fences, who is in them, and which fences watch which vehicles."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.caller import InCaller, InScope, needs
from api.changing import Expected, InOnce, Made, Own, may_change, own
from api.errors import NotFound
from api.fence_models import (
    Group,
    GroupGiven,
    GroupNames,
    Groups,
    MembersGiven,
    Watching,
    WatchingGiven,
    Watchings,
)
from api.inline import inline
from tracker import group_edits, reads
from tracker.group_edits import Kind
from tracker.moments import Moment
from tracker.reads import Scope
from tracker.rows import add
from tracker.rule_edits import NewFenceGroup, NewScope, NewVehicleGroup

router = APIRouter(prefix="/v1", tags=["groups"], dependencies=[needs("fences:read")])
changes = APIRouter(prefix="/v1", tags=["groups"], dependencies=[needs("fences:write")])

OwnGroup = Annotated[Own, Depends(own("groups"))]
At = Annotated[Moment | None, Query(description="when; by default now")]


async def _kind(request: Request) -> Kind:
    """Of which of the two kinds the path is."""
    path: str = request.scope["route"].path
    return "vehicle" if path.startswith("/v1/vehicle-groups") else "fence"


OfKind = Annotated[Kind, Depends(_kind)]


@router.get("/fence-groups")
@router.get("/vehicle-groups")
async def groups(scope: InScope, kind: OfKind) -> Groups:
    """The groups of the caller's departments, and who is in them now or will be."""
    return Groups.model_validate({"groups": await reads.groups(scope, kind)})


@changes.post("/fence-groups", status_code=201, response_model=Group)
@changes.post("/vehicle-groups", status_code=201, response_model=Group)
async def make(
    scope: InScope, caller: InCaller, kind: OfKind, once: InOnce, given: GroupGiven
) -> Response:
    """Make a group of a department, empty."""
    department_id = may_change(caller, given.department, "groups")
    names = {"name_en": given.name.en, "name_zh_hant": given.name.zh_hant}
    model = NewVehicleGroup if kind == "vehicle" else NewFenceGroup
    new = model(ref=given.ref, department=given.department, **names)

    async def act() -> Made:
        await add(new, scope)
        return await _made(scope, kind, (given.department, given.ref), status=201)

    return await once.do(department_id, act)


@router.get("/fence-groups/{department}/{ref}", response_model=Group)
@router.get("/vehicle-groups/{department}/{ref}", response_model=Group)
async def group(scope: InScope, kind: OfKind, department: str, ref: str) -> Response:
    """One group."""
    return (await _made(scope, kind, (department, ref))).response()


@changes.put("/fence-groups/{department}/{ref}", response_model=Group)
@changes.put("/vehicle-groups/{department}/{ref}", response_model=Group)
async def rename(group: OwnGroup, kind: OfKind, expected: Expected, given: GroupNames) -> Response:
    """Give a group other names."""
    names = given.name.model_dump(by_alias=True)
    await group_edits.rename(group.scope, kind, group.name, names, expected=expected)
    return (await _made(group.scope, kind, group.name)).response()


@changes.delete("/fence-groups/{department}/{ref}", response_model=Group)
@changes.delete("/vehicle-groups/{department}/{ref}", response_model=Group)
async def end(group: OwnGroup, kind: OfKind, expected: Expected) -> Response:
    """End a group: nobody is in it any more, and no scope goes by it."""
    await group_edits.end_group(group.scope, kind, group.name, expected=expected)
    return (await _made(group.scope, kind, group.name)).response()


@changes.post("/fence-groups/{department}/{ref}/members", status_code=201, response_model=Group)
@changes.post("/vehicle-groups/{department}/{ref}/members", status_code=201, response_model=Group)
async def add_members(group: OwnGroup, kind: OfKind, once: InOnce, given: MembersGiven) -> Response:
    """Put vehicles or fences of the department into a group, from now or `since` on."""
    department_id = may_change(group.caller, group.name[0], "groups")

    async def act() -> Made:
        await group_edits.add_members(
            group.scope, kind, group.name, given.members, since=given.since
        )
        return await _made(group.scope, kind, group.name, status=201)

    return await once.do(department_id, act)


@changes.delete("/fence-groups/{department}/{ref}/members/{member}", response_model=Group)
@changes.delete("/vehicle-groups/{department}/{ref}/members/{member}", response_model=Group)
async def remove_member(group: OwnGroup, kind: OfKind, member: str, at: At = None) -> Response:
    """Take a vehicle or fence, by its ref, out of a group."""
    await group_edits.remove_member(group.scope, kind, group.name, member, at=at)
    return (await _made(group.scope, kind, group.name)).response()


@router.get("/scopes")
async def scopes(scope: InScope) -> Watchings:
    """Which groups of fences watch which groups of vehicles, now or later.

    In a department that has any, nothing else is watched.
    """
    return Watchings.model_validate({"scopes": await reads.scopes(scope)})


@changes.post("/scopes", status_code=201, response_model=Watching)
async def watch(scope: InScope, caller: InCaller, once: InOnce, given: WatchingGiven) -> Response:
    """Let the fences of a group watch the vehicles of another, from now or `since` on."""
    department_id = may_change(caller, given.department, "groups")

    async def act() -> Made:
        await group_edits.begin_scope(scope, _scope_of(given), since=given.since)
        prefix = f"{given.department}/"
        pair = {"vehicles": prefix + given.vehicles, "fences": prefix + given.fences}
        found = [each for each in await reads.scopes(scope) if pair.items() <= each.items()]
        return Made(Watching.model_validate(found[-1]))

    return await once.do(department_id, act)


@changes.delete("/scopes/{department}/{vehicles}/{fences}")
async def end_scope(
    scope: InScope,
    caller: InCaller,
    path: Annotated[NewScope, Depends(inline(NewScope))],
    at: At = None,
) -> Watchings:
    """End a scope, by the refs of its two groups."""
    may_change(caller, path.department, "groups")
    await group_edits.end_scope(scope, path, at=at)
    return Watchings.model_validate({"scopes": await reads.scopes(scope)})


def _scope_of(given: WatchingGiven) -> NewScope:
    return NewScope(department=given.department, vehicles=given.vehicles, fences=given.fences)


async def _made(scope: Scope, kind: Kind, name: tuple[str, str], *, status: int = 200) -> Made:
    rows = await reads.groups(scope, kind, department=name[0], ref=name[1])
    if not rows:
        raise NotFound(f"({kind} group {name[0]}/{name[1]})")
    found = Group.model_validate(rows[0])
    location = f"/v1/{kind}-groups/{found.group}" if status == HTTPStatus.CREATED else None
    return Made(found, location=location, revision=found.revision, status=status)
