"""What is registered, for who manages it: vehicles and their firms, devices, departments.

Where vehicles are, and who may merely see which there are, is the matter of vehicles.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel
from starlette.responses import Response

from api.answers import Json, built
from api.caller import InCaller, InScope, needs
from api.changing import Expected, InOnce, Made, Own, may_change, own
from api.errors import NotFound
from api.registry_models import (
    ContractorGiven,
    DepartmentGiven,
    DeviceEdit,
    DeviceGiven,
    DevicePlace,
    DevicesGiven,
    EnrolledDevice,
    EnrolledDevices,
    Names,
    RegisteredContractor,
    RegisteredContractors,
    RegisteredDepartment,
    RegisteredDepartments,
    RegisteredDevice,
    RegisteredDevices,
    RegisteredVehicle,
    RegisteredVehicles,
    VehicleEdit,
    VehicleGiven,
)
from api.service import InService
from tracker import accounts, reads, registry_edits
from tracker.connect import set_scope
from tracker.errors import BadInput, TrackerError
from tracker.reads import Caller, Registered, Row, Scope
from tracker.registry import (
    DeviceTerms,
    NewContractor,
    NewDepartment,
    NewDevice,
    NewVehicle,
    VehicleTerms,
    add,
)

vehicles = APIRouter(
    prefix="/v1/registry", tags=["registry"], dependencies=[needs("vehicles:write")]
)
devices = APIRouter(prefix="/v1/registry", tags=["registry"], dependencies=[needs("devices:admin")])
departments = APIRouter(
    prefix="/v1/registry", tags=["registry"], dependencies=[needs("departments:admin")]
)

OwnVehicle = Annotated[Own, Depends(own("vehicle"))]
OwnDevice = Annotated[Own, Depends(own("device"))]
OwnContractor = Annotated[Own, Depends(own("contractor"))]

#: A scope of everything while there is nothing (sql/callers.sql).
_BEFORE_THE_FIRST: Final = (0,)
_MODELS: Final[dict[Registered, type[BaseModel]]] = {
    "vehicle": RegisteredVehicle,
    "device": RegisteredDevice,
    "contractor": RegisteredContractor,
    "department": RegisteredDepartment,
}


@vehicles.get("/vehicles", response_model=RegisteredVehicles, response_class=Json)
async def list_vehicles(scope: InScope) -> Json:
    """The vehicles of the caller's departments as they are registered, also retired ones."""
    rows = await reads.registered(scope, "vehicle")
    return await built(Json, lambda: RegisteredVehicles.model_validate({"vehicles": rows}))


@vehicles.post("/vehicles", status_code=201, response_model=RegisteredVehicle)
async def register_vehicle(
    scope: InScope, caller: InCaller, once: InOnce, given: VehicleGiven
) -> Response:
    """Register a vehicle of a department. Its ref is never used twice."""
    department_id = may_change(caller, given.department, "vehicle")
    terms = given.model_dump(include=set(VehicleTerms.model_fields))

    async def act() -> Made:
        new = {**_named(given), "department": given.department, **terms}
        await add(NewVehicle.model_validate(new), scope)
        return await _made(scope, "vehicle", (given.department, given.ref), new=True)

    return await once.do(department_id, act)


@vehicles.get("/vehicles/{department}/{ref}", response_model=RegisteredVehicle)
async def vehicle(thing: OwnVehicle) -> Response:
    """One vehicle as it is registered. Its ETag is its revision."""
    return (await _made(thing.scope, "vehicle", thing.name)).response()


@vehicles.put("/vehicles/{department}/{ref}", response_model=RegisteredVehicle)
async def edit_vehicle(thing: OwnVehicle, expected: Expected, given: VehicleEdit) -> Response:
    """Let a vehicle be so; what is not said is as in a new one."""
    await registry_edits.edit_vehicle(
        thing.scope, thing.name, given, given.names(thing.name[1]), expected=expected
    )
    return (await _made(thing.scope, "vehicle", thing.name)).response()


@vehicles.post("/vehicles/{department}/{ref}/retire", response_model=RegisteredVehicle)
async def retire_vehicle(thing: OwnVehicle, expected: Expected) -> Response:
    """Take a vehicle out of service: it is shown and watched no more. Its past stays its own."""
    await registry_edits.retire_vehicle(thing.scope, thing.name, expected=expected)
    return (await _made(thing.scope, "vehicle", thing.name)).response()


@vehicles.post("/vehicles/{department}/{ref}/restore", response_model=RegisteredVehicle)
async def restore_vehicle(thing: OwnVehicle, expected: Expected) -> Response:
    """Put a vehicle back into service, as it was."""
    await registry_edits.restore_vehicle(thing.scope, thing.name, expected=expected)
    return (await _made(thing.scope, "vehicle", thing.name)).response()


@vehicles.get("/contractors")
async def list_contractors(scope: InScope) -> RegisteredContractors:
    """The firms that drive vehicles of the caller's departments."""
    rows = await reads.registered(scope, "contractor")
    return RegisteredContractors.model_validate({"contractors": rows})


@vehicles.post("/contractors", status_code=201, response_model=RegisteredContractor)
async def register_contractor(
    scope: InScope, caller: InCaller, once: InOnce, given: ContractorGiven
) -> Response:
    """Register a firm, whose users see the vehicles that it drives and no other."""
    department_id = may_change(caller, given.department, "contractor")

    async def act() -> Made:
        new = {**_named(given), "department": given.department}
        await add(NewContractor.model_validate(new), scope)
        return await _made(scope, "contractor", (given.department, given.ref), new=True)

    return await once.do(department_id, act)


@vehicles.get("/contractors/{department}/{ref}", response_model=RegisteredContractor)
async def contractor(thing: OwnContractor) -> Response:
    """One firm. Its ETag is its revision."""
    return (await _made(thing.scope, "contractor", thing.name)).response()


@vehicles.put("/contractors/{department}/{ref}", response_model=RegisteredContractor)
async def rename_contractor(thing: OwnContractor, expected: Expected, given: Names) -> Response:
    """Give a firm other names."""
    names = given.names(thing.name[1])
    await registry_edits.rename_contractor(thing.scope, thing.name, names, expected=expected)
    return (await _made(thing.scope, "contractor", thing.name)).response()


@devices.get("/devices", response_model=RegisteredDevices, response_class=Json)
async def list_devices(scope: InScope) -> Json:
    """The devices of the caller's departments as they are registered, also retired ones."""
    rows = await reads.registered(scope, "device")
    return await built(Json, lambda: RegisteredDevices.model_validate({"devices": rows}))


@devices.post("/devices", status_code=201, response_model=EnrolledDevice)
async def enrol(scope: InScope, caller: InCaller, once: InOnce, given: DeviceGiven) -> Response:
    """Register a device. The answer alone has its password; asked again with the same key, null."""
    department_id = may_change(caller, given.department, "device")

    async def act() -> Made:
        return await _secretly(scope, (given.department, given.ref), await _enrol(scope, given))

    return await once.do(department_id, act)


@devices.post("/devices/batch", status_code=201, response_model=EnrolledDevices)
async def enrol_all(
    scope: InScope, caller: InCaller, once: InOnce, given: DevicesGiven
) -> Response:
    """Register up to 500 devices, all of them or none. The answer alone has their passwords."""
    ids = [may_change(caller, each.department, "device") for each in given.devices]

    async def act() -> Made:
        passwords = [
            await _enrol_row(scope, number, each) for number, each in enumerate(given.devices, 1)
        ]
        full_refs = [f"{each.department}/{each.ref}" for each in given.devices]
        found = {row["device"]: row for row in await reads.registered(scope, "device")}
        rows = [found[full_ref] for full_ref in full_refs]
        kept = _enrolled(rows, [None] * len(rows))
        return Made(kept, first=_enrolled(rows, passwords))

    return await once.do(ids[0], act)


@devices.get("/devices/{department}/{ref}", response_model=RegisteredDevice)
async def device(thing: OwnDevice) -> Response:
    """One device as it is registered. Its ETag is its revision."""
    return (await _made(thing.scope, "device", thing.name)).response()


@devices.put("/devices/{department}/{ref}", response_model=RegisteredDevice)
async def edit_device(thing: OwnDevice, expected: Expected, given: DeviceEdit) -> Response:
    """Let a device be so; what is not said is as in a new one."""
    await registry_edits.edit_device(thing.scope, thing.name, given, expected=expected)
    return (await _made(thing.scope, "device", thing.name)).response()


@devices.put("/devices/{department}/{ref}/vehicle", response_model=RegisteredDevice)
async def place_device(thing: OwnDevice, expected: Expected, given: DevicePlace) -> Response:
    """Put a device into a vehicle of its department, or out of the one it is in."""
    await registry_edits.place(
        thing.scope, thing.name, given.vehicle, since=given.since, expected=expected
    )
    return (await _made(thing.scope, "device", thing.name)).response()


@devices.post("/devices/{department}/{ref}/password", response_model=EnrolledDevice)
async def new_password(thing: OwnDevice, once: InOnce) -> Response:
    """Make another password of a device, told this once. The old one is refused at once."""
    department_id = may_change(thing.caller, thing.name[0], "device")

    async def act() -> Made:
        password = await accounts.set_password(thing.scope, thing.full_ref)
        return await _secretly(thing.scope, thing.name, password, new=False)

    return await once.do(department_id, act)


@devices.post("/devices/{department}/{ref}/retire", response_model=RegisteredDevice)
async def retire_device(thing: OwnDevice, expected: Expected) -> Response:
    """End a device's service: it signs in no more, its vehicle is free, its fixes stay."""
    await registry_edits.retire_device(thing.scope, thing.name, expected=expected)
    return (await _made(thing.scope, "device", thing.name)).response()


@devices.post("/devices/{department}/{ref}/restore", response_model=RegisteredDevice)
async def restore_device(thing: OwnDevice, expected: Expected) -> Response:
    """Put a device back into service with its password, and into its vehicle where that is free."""
    await registry_edits.restore_device(thing.scope, thing.name, expected=expected)
    return (await _made(thing.scope, "device", thing.name)).response()


@departments.get("/departments")
async def list_departments(scope: InScope) -> RegisteredDepartments:
    """All departments, and what each has in service."""
    rows = await reads.registered(scope, "department")
    return RegisteredDepartments.model_validate({"departments": rows})


@departments.post("/departments", status_code=201, response_model=RegisteredDepartment)
async def register_department(
    scope: InScope, caller: InCaller, service: InService, once: InOnce, given: DepartmentGiven
) -> Response:
    """Make a department: an owner of vehicles, devices, fences and rules."""
    english, chinese = given.name.en, given.name.zh_hant
    new = NewDepartment(ref=given.department, name_en=english, name_zh_hant=chinese)

    async def act() -> Made:
        if not caller.refs:
            await set_scope(scope, _BEFORE_THE_FIRST)
        await registry_edits.add_department(scope, new)
        return await _made(scope, "department", (given.department,), new=True)

    answer = await once.do(_any_of(caller), act)
    service.callers.forget_all()
    return answer


@departments.get("/departments/{department}", response_model=RegisteredDepartment)
async def department(scope: InScope, department: str) -> Response:
    """One department. Its ETag is its revision."""
    return (await _made(scope, "department", (department,))).response()


@departments.put("/departments/{department}", response_model=RegisteredDepartment)
async def rename_department(
    scope: InScope, department: str, expected: Expected, given: Names
) -> Response:
    """Give a department other names."""
    names = given.names(department)
    await registry_edits.rename_department(scope, department, names, expected=expected)
    return (await _made(scope, "department", (department,))).response()


def _any_of(caller: Caller) -> int | None:
    """A department under which what is of none is remembered: always the same while it is there."""
    return min(caller.refs, default=None)


def _named(given: VehicleGiven | ContractorGiven) -> dict[str, str]:
    return {"ref": given.ref, "name_en": given.name.en, "name_zh_hant": given.name.zh_hant}


async def _enrol(scope: Scope, given: DeviceGiven) -> str | None:
    """Store it; its password, if it gets one."""
    terms = given.model_dump(include=set(DeviceTerms.model_fields))
    place = given.model_dump(include={"department", "ref", "vehicle", "since"})
    await add(NewDevice(**place, **terms), scope)
    if not given.password or given.mmsi is not None:
        return None
    return await accounts.set_password(scope, f"{given.department}/{given.ref}")


async def _enrol_row(scope: Scope, number: int, given: DeviceGiven) -> str | None:
    try:
        return await _enrol(scope, given)
    except TrackerError as error:
        raise BadInput(f"(row {number}, {given.department}/{given.ref}: {error})") from error


async def _secretly(
    scope: Scope, name: tuple[str, str], password: str | None, *, new: bool = True
) -> Made:
    """A device with a password that only the first answer has."""
    made = await _made(scope, "device", name, new=new)
    [kept] = _enrolled([made.model.model_dump()], [None]).devices
    first = kept.model_copy(update={"password": password})
    return Made(
        kept, first=first, location=made.location, revision=made.revision, status=made.status
    )


def _enrolled(rows: Sequence[Row], passwords: Sequence[str | None]) -> EnrolledDevices:
    devices = [
        EnrolledDevice.model_validate({**row, "password": password})
        for row, password in zip(rows, passwords, strict=True)
    ]
    return EnrolledDevices(devices=devices)


async def _made(
    scope: Scope, kind: Registered, name: tuple[str, ...], *, new: bool = False
) -> Made:
    full_ref = "/".join(name)
    rows = await reads.registered(scope, kind, name=name)
    if not rows:
        raise NotFound(f"({kind} {full_ref})")
    return Made(
        _MODELS[kind].model_validate(rows[0]),
        location=f"/v1/registry/{kind}s/{full_ref}" if new else None,
        revision=rows[0]["revision"],
        status=HTTPStatus.CREATED if new else HTTPStatus.OK,
    )
