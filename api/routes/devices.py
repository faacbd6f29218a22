"""Devices, and the receipts of their messages."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.answers import Json, built
from api.caller import ChosenDepartment, InScope, needs
from api.errors import NotFound
from api.models import Device, DeviceDetails, Devices, Receipts
from tracker import reads

router = APIRouter(prefix="/v1", tags=["devices"], dependencies=[needs("devices:read")])

Boot = Annotated[
    str | None, Query(max_length=64, description="only this start of the device; without: all")
]


@router.get("/devices", response_model=Devices, response_class=Json)
async def devices(scope: InScope, department_id: ChosenDepartment) -> Json:
    """The boxes that report: in which vehicle each is now, and when it was last heard."""
    rows = await reads.devices(scope, department_id=department_id)
    return await built(Json, lambda: Devices(devices=[Device.model_validate(row) for row in rows]))


@router.get("/devices/{department}/{ref}")
async def device(scope: InScope, department: str, ref: str) -> DeviceDetails:
    """One device: whether it is online, and how its receiver went in the last day."""
    row = await reads.device(scope, department=department, ref=ref)
    if row is None:
        raise NotFound(f"(device {department}/{ref})")
    health = await reads.device_health(scope, device_id=row["id"])
    notices = [each._asdict() for each in health["notices"]]
    return DeviceDetails.model_validate({**row, **health, "notices": notices})


@router.get("/devices/{department}/{ref}/receipts", response_model=Receipts, response_class=Json)
async def receipts(scope: InScope, department: str, ref: str, boot: Boot = None) -> Json:
    """Which messages of a device are dealt with for good: of every boot of it, the last first.

    A number in `upto` or `also` is in the database, or was refused and kept with its reason.
    """
    device = await reads.device(scope, department=department, ref=ref)
    if device is None:
        raise NotFound(f"(device {department}/{ref})")
    rows = await reads.receipts(scope, device_id=device["id"], boot=boot)
    return await built(Json, lambda: Receipts.model_validate({**device, "boots": rows}))
