"""Fences."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.answers import GeoJson, standing
from api.caller import ChosenDepartment, InScope, needs
from api.crs import AnswerCrs, Crs, geometry
from api.models import FenceFeature, FenceProperties, Fences
from tracker import reads

router = APIRouter(prefix="/v1", tags=["fences"], dependencies=[needs("fences:read")])


@router.get("/fences", response_model=Fences, response_class=GeoJson)
async def fences(
    request: Request,
    scope: InScope,
    department_id: ChosenDepartment,
    crs: AnswerCrs = Crs.CRS84,
) -> Response:
    """The fences in force now, in the shape that is in force."""
    rows = await reads.fences(scope, department_id=department_id)
    return await standing(
        request, GeoJson, lambda: Fences(features=[_feature(row, crs) for row in rows])
    )


def _feature(row: reads.Row, crs: Crs) -> FenceFeature:
    return FenceFeature(
        geometry=geometry(crs, row["geometry"]), properties=FenceProperties.model_validate(row)
    )
