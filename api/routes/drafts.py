"""Drafts of fences and rules: judged and said in words before anything is saved."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from shapely.geometry import mapping

from api.caller import InCaller, InScope, needs
from api.changing import may_change
from api.crs import Crs, pairs
from api.draft_models import PositionsGiven, PositionsTold, RuleDraft, ShapeGiven, ShapeJudged
from api.models import Name
from geo import hk1980
from geo.places import definition_from_grid
from tracker import fence_edits
from tracker.rule_words import in_words

router = APIRouter(prefix="/v1/drafts", tags=["drafts"], dependencies=[needs("fences:write")])

BodyCrs = Annotated[Crs, Query(alias="crs", description="of the body")]


@router.post("/shape")
async def shape(scope: InScope, given: ShapeGiven, crs: BodyCrs = Crs.CRS84) -> ShapeJudged:
    """Whether a shape can be watched, else why not and where; nothing is saved."""
    said = given.model_dump(exclude_none=True)
    definition = said if crs is Crs.CRS84 else definition_from_grid(said)
    area = await fence_edits.built(scope, definition)
    return ShapeJudged(geometry=dict(mapping(area)))


@router.post("/positions")
async def positions(given: PositionsGiven, crs: BodyCrs = Crs.CRS84) -> PositionsTold:
    """Positions in degrees and in HK1980 Grid, whichever they came in."""
    xs, ys = [x for x, _ in given.positions], [y for _, y in given.positions]
    if crs is Crs.HK1980 and xs:
        hk1980.check(xs, ys)
        lons, lats = (each.tolist() for each in hk1980.from_grid(xs, ys))
    else:
        lons, lats = xs, ys
    return PositionsTold(
        degrees=pairs(Crs.CRS84, lons, lats),
        grid=pairs(Crs.HK1980, lons, lats) if lons else [],
    )


@router.post("/rule")
async def rule(scope: InScope, caller: InCaller, given: RuleDraft) -> Name:
    """What a rule would do, in words; nothing is saved."""
    may_change(caller, given.department, "rules")
    drawn = None if given.fence_name is None else given.fence_name.model_dump(by_alias=True)
    return Name.model_validate(await in_words(scope, given, drawn))
