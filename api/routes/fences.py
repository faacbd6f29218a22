"""Fences: made, replaced, ended, shared; their versions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from api.answers import GeoJson, Known, built, standing
from api.caller import ChosenDepartment, InCaller, InScope, needs
from api.changing import MOST_WHY, Expected, InOnce, Made, Own, author, etag, may_change, own
from api.crs import AnswerCrs, Crs, geometry
from api.errors import BadParameter, NotFound
from api.exports import refuse_metres
from api.fence_models import (
    FenceFeature,
    FenceGiven,
    FenceProperties,
    Fences,
    FenceShares,
    FenceVersion,
    FenceVersions,
    ShareGiven,
)
from api.paging import after_of
from api.routes.fence_files import FileFormat, file_of
from geo.places import definition_from_grid, definition_to_grid
from tracker import fence_edits, fence_shares, reads
from tracker.reads import Row, Scope

router = APIRouter(prefix="/v1", tags=["fences"], dependencies=[needs("fences:read")])
changes = APIRouter(prefix="/v1", tags=["fences"], dependencies=[needs("fences:write")])

OwnFence = Annotated[Own, Depends(own("fences"))]
MEDIA_TYPE = GeoJson.media_type
Why = Annotated[str | None, Query(max_length=MOST_WHY, description="why it ends")]

_State = Literal["in_force", "planned", "ended", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Page:
    """Which part of the list is wanted."""

    state: _State
    limit: int | None
    after: tuple[str, str]

    def next(self, last: str) -> str:
        """Where the rest is, behind a fence."""
        return f"/v1/fences?state={self.state}&limit={self.limit}&after={last}"


async def _page(
    state: _State = "in_force",
    limit: Annotated[int | None, Query(ge=1, le=10_000)] = None,
    after: Annotated[
        str | None, Query(max_length=130, description="a full ref: give the fences after it")
    ] = None,
) -> _Page:
    return _Page(state=state, limit=limit, after=after_of(after))


@router.get("/fences", response_model=Fences, response_class=GeoJson)
async def fences(
    scope: InScope,
    department_id: ChosenDepartment,
    page: Annotated[_Page, Depends(_page)],
    crs: AnswerCrs = Crs.CRS84,
    known: Known = None,
    format: Annotated[
        FileFormat, Query(description="another than GeoJSON is a file of all, in degrees")
    ] = "geojson",
) -> Response:
    """The fences in force now, in the shape that is in force; others by `state`."""
    rows = await reads.fences(
        scope,
        department_id=department_id,
        state=None if page.state == "all" else page.state,
        after=page.after,
        limit=reads.MOST_FENCES if page.limit is None else page.limit + 1,
    )
    if format != "geojson":
        refuse_metres(crs)
        return await file_of(rows[: page.limit], format)
    return await standing(known, GeoJson, lambda: _collection(rows, crs, page))


def _collection(rows: list[Row], crs: Crs, page: _Page) -> Fences:
    shown = rows[: page.limit]
    return Fences(
        features=[_feature(row, crs) for row in shown],
        next=page.next(shown[-1]["fence"]) if len(rows) > len(shown) else None,
    )


@changes.post("/fences", status_code=201, response_model=FenceFeature, response_class=GeoJson)
async def add(
    scope: InScope, caller: InCaller, once: InOnce, given: FenceGiven, crs: AnswerCrs = Crs.CRS84
) -> Response:
    """Make a fence of a department, watched from now or from `valid_from` on.

    `crs` is that of the body too.
    """
    said = given.properties
    if said.department is None or said.ref is None:
        raise BadParameter("`properties` names no `department` or no `ref`.")
    department, ref = said.department, said.ref
    department_id = may_change(caller, department, "fences")

    async def make() -> Made:
        new = given.new(department, ref, _drawn(given, crs))
        await fence_edits.create(scope, new, author(caller, said.why))
        return await _made(scope, (department, ref), crs)

    return await once.do(department_id, make)


@router.get("/fences/{department}/{ref}", response_model=FenceFeature, response_class=GeoJson)
async def fence(scope: InScope, department: str, ref: str, crs: AnswerCrs = Crs.CRS84) -> GeoJson:
    """One fence, also a planned or an ended one; of another department while it is shared."""
    row = await _found(scope, department, ref)
    answer = await built(GeoJson, lambda: _feature(row, crs))
    answer.headers["ETag"] = etag(row["revision"])
    return answer


@changes.put("/fences/{department}/{ref}", response_model=FenceFeature, response_class=GeoJson)
async def replace(
    fence: OwnFence, expected: Expected, given: FenceGiven, crs: AnswerCrs = Crs.CRS84
) -> Response:
    """Let a fence be as the body says, from now or from `valid_from` on.

    Another shape is a new version, and vehicles are judged by it at once. `crs` is that of the body
    too.
    """
    new = given.new(*fence.name, _drawn(given, crs))
    by = author(fence.caller, given.properties.why)
    await fence_edits.put(fence.scope, new, by, expected=expected)
    return (await _made(fence.scope, fence.name, crs, status=200)).response()


@changes.delete("/fences/{department}/{ref}", response_model=FenceFeature, response_class=GeoJson)
async def end(fence: OwnFence, expected: Expected, why: Why = None) -> Response:
    """End a fence: vehicles in it are let go, its alerts close. Its name stays its for ever.

    Of one that follows another department's, the share ends.
    """
    by = author(fence.caller, why)
    await fence_edits.end(fence.scope, fence.name, author=by, expected=expected)
    return (await _made(fence.scope, fence.name, Crs.CRS84, status=200)).response()


@router.get("/fences/{department}/{ref}/versions")
async def versions(
    scope: InScope, department: str, ref: str, crs: AnswerCrs = Crs.CRS84
) -> FenceVersions:
    """All versions, the newest first: when in force, made when, by whom, and why."""
    row = await _found(scope, department, ref)
    found = await reads.fence_versions(scope, row["id"])
    return FenceVersions(
        fence=row["fence"],
        versions=[FenceVersion.model_validate(_shown(each, crs)) for each in found],
    )


@router.get("/fences/{department}/{ref}/shares")
async def shares(fence: OwnFence) -> FenceShares:
    """With which departments a fence is or was shared."""
    return await _shares(fence)


@changes.post("/fences/{department}/{ref}/shares", status_code=201, response_model=FenceShares)
async def share(fence: OwnFence, once: InOnce, given: ShareGiven) -> Response:
    """Let another department's vehicles be watched by the fence, from now or `since` on.

    It gets a fence of its own that follows this one, for its rules, groups and alerts.
    """
    department_id = may_change(fence.caller, fence.name[0], "fences")

    async def make() -> Made:
        await fence_shares.share(
            fence.scope,
            fence.name,
            given.to,
            since=given.since,
            until=given.until,
            author=author(fence.caller, given.why),
        )
        return Made(await _shares(fence))

    return await once.do(department_id, make)


@changes.delete("/fences/{department}/{ref}/shares/{to}")
async def unshare(fence: OwnFence, to: str, why: Why = None) -> FenceShares:
    """End the sharing with a department: its vehicles are let go."""
    by = author(fence.caller, why)
    await fence_shares.unshare(fence.scope, fence.name, to, author=by)
    return await _shares(fence)


async def _shares(fence: Own) -> FenceShares:
    row = await _found(fence.scope, *fence.name)
    found = await reads.fence_shares(fence.scope, row["id"])
    return FenceShares.model_validate({"fence": fence.full_ref, "shares": found})


async def _found(scope: Scope, department: str, ref: str) -> Row:
    row = await reads.fence(scope, department=department, ref=ref)
    if row is None:
        raise NotFound(f"(fence {department}/{ref})")
    return row


async def _made(scope: Scope, name: tuple[str, str], crs: Crs, *, status: int = 201) -> Made:
    row = await _found(scope, *name)
    return Made(
        _feature(row, crs),
        location=f"/v1/fences/{row['fence']}" if status == HTTPStatus.CREATED else None,
        revision=row["revision"],
        media_type=MEDIA_TYPE,
        status=status,
    )


def _drawn(given: FenceGiven, crs: Crs) -> dict[str, Any]:
    """The shape in degrees; raises OffGridError or MalformedShapeError."""
    definition = given.definition
    return definition if crs is Crs.CRS84 else definition_from_grid(definition)


def _shown(row: Row, crs: Crs) -> dict[str, Any]:
    """A row with its geometry, and its circle or corridor, as the answer has them."""
    drawn: Mapping[str, Any] = row["definition"]
    if crs is not Crs.CRS84 and "geometry" not in drawn:
        drawn = definition_to_grid(drawn)
    more = {key: drawn.get(key) for key in ("circle", "corridor")}
    return {**row, **more, "geometry": geometry(crs, row["geometry"])}


def _feature(row: Row, crs: Crs) -> FenceFeature:
    shown = _shown(row, crs)
    return FenceFeature(
        geometry=shown["geometry"], properties=FenceProperties.model_validate(shown)
    )
