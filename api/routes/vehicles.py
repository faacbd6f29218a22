"""Vehicles, and where they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import GeoJson, Json, built
from api.caller import SCHEMES, ChosenDepartment, InCaller, InScope
from api.errors import BadParameter, NotFound
from api.geojson import bounding_box, position_feature
from api.models import (
    Duty,
    DutyChange,
    Positions,
    Vehicle,
    VehicleDetails,
    Vehicles,
)
from api.private_models import PrivateTime, PrivateTimes
from tracker import reads
from tracker.duty import set_duty

router = APIRouter(prefix="/v1", tags=["vehicles"], dependencies=SCHEMES)

#: So far may a caller's clock be ahead of ours.
CLOCKS_DIFFER = timedelta(seconds=60)

BoxText = Annotated[str | None, Query(alias="bbox", description="west,south,east,north in degrees")]


@router.get("/vehicles", response_model=Vehicles, response_class=Json)
async def vehicles(scope: InScope, department_id: ChosenDepartment) -> Json:
    """What stays the same about vehicles while they move."""
    rows = await reads.vehicles(scope, department_id=department_id)
    return await built(
        Json, lambda: Vehicles(vehicles=[Vehicle.model_validate(row) for row in rows])
    )


@router.get("/positions", response_model=Positions, response_class=GeoJson)
async def positions(
    scope: InScope, department_id: ChosenDepartment, box: BoxText = None
) -> GeoJson:
    """The latest fix of each vehicle."""
    rows = await reads.positions(
        scope, department_id=department_id, box=bounding_box(box) if box is not None else None
    )
    return await built(GeoJson, lambda: Positions(features=[position_feature(row) for row in rows]))


@router.get("/vehicles/{department}/{ref}")
async def vehicle(scope: InScope, department: str, ref: str) -> VehicleDetails:
    """One vehicle, also a retired one, and where it is."""
    row = await reads.vehicle(scope, department=department, ref=ref)
    if row is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    latest = await reads.positions(scope, vehicle_id=row["id"])
    position = position_feature(latest[0]) if latest else None
    return VehicleDetails.model_validate({**row, "position": position})


@router.get("/vehicles/{department}/{ref}/private", response_model=PrivateTimes)
async def private_times(scope: InScope, department: str, ref: str) -> PrivateTimes:
    """When no position of a vehicle is kept, and why."""
    row = await reads.vehicle(scope, department=department, ref=ref)
    if row is None:
        raise NotFound(f"(vehicle {department}/{ref})")
    times = await reads.private_times(scope, vehicle=row["vehicle"])
    return PrivateTimes(
        vehicle=row["vehicle"],
        private_times=[
            PrivateTime.model_validate({**each, "from": each["since"], "to": each["until"]})
            for each in times
        ],
    )


@router.put("/vehicles/{department}/{ref}/duty")
async def duty(
    scope: InScope, caller: InCaller, department: str, ref: str, change: DutyChange
) -> Duty:
    """Say what a vehicle of the caller's departments is doing. The newest `since` holds."""
    if change.since is not None and change.since > datetime.now(UTC) + CLOCKS_DIFFER:
        raise BadParameter("(since is in the future)")
    since = await set_duty(
        scope,
        department=department,
        ref=ref,
        status=change.status,
        since=change.since,
        by=caller.label,
    )
    return Duty(vehicle=f"{department}/{ref}", status=change.status, since=since)
