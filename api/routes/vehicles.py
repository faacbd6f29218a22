"""Vehicles, and where they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import GeoJson, Json, built
from api.caller import SCHEMES, ChosenDepartment, InScope
from api.crs import AnswerCrs, BoxCrs, Crs, asked_box, pairs
from api.errors import NotFound
from api.geojson import position_feature
from api.models import PositionFeature, Positions, Vehicle, VehicleDetails, Vehicles
from tracker import reads
from tracker.reads import Row

router = APIRouter(prefix="/v1", tags=["vehicles"], dependencies=SCHEMES)

BoxText = Annotated[str | None, Query(alias="bbox", description="west,south,east,north")]


@router.get("/vehicles", response_model=Vehicles, response_class=Json)
async def vehicles(scope: InScope, department_id: ChosenDepartment) -> Json:
    """What stays the same about vehicles while they move."""
    rows = await reads.vehicles(scope, department_id=department_id)
    return await built(
        Json, lambda: Vehicles(vehicles=[Vehicle.model_validate(row) for row in rows])
    )


@router.get("/positions", response_model=Positions, response_class=GeoJson)
async def positions(
    scope: InScope,
    department_id: ChosenDepartment,
    box: BoxText = None,
    box_crs: BoxCrs = Crs.CRS84,
    crs: AnswerCrs = Crs.CRS84,
) -> GeoJson:
    """The latest fix of each vehicle."""
    asked = asked_box(box, box_crs) if box is not None else None
    rows: Sequence[Row] = await reads.positions(
        scope, department_id=department_id, box=asked.degrees if asked is not None else None
    )
    if asked is not None:
        rows = asked.holding(rows)
    return await built(GeoJson, lambda: Positions(features=_features(rows, crs)))


@router.get("/vehicles/{department}/{ref}")
async def vehicle(
    scope: InScope, department: str, ref: str, crs: AnswerCrs = Crs.CRS84
) -> VehicleDetails:
    """One vehicle, also a retired one, and where it is."""
    row = await reads.vehicle(scope, department=department, ref=ref)
    if row is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    latest = await reads.positions(scope, vehicle_id=row["id"])
    position = next(iter(_features(latest, crs)), None)
    return VehicleDetails.model_validate({**row, "position": position})


def _features(rows: Sequence[Row], crs: Crs) -> list[PositionFeature]:
    coordinates = pairs(crs, [row["lon"] for row in rows], [row["lat"] for row in rows])
    return [position_feature(row, pair) for row, pair in zip(rows, coordinates, strict=True)]
