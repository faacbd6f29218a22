"""Edits of the registry, each one row of input checked whole: departments, vehicles, devices, …

A `New…` is what a person gives, by option, by CSV column or by API; `add` stores it in the
caller's transaction, so that an import is all or nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy import and_, exists, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import models, shards
from tracker.errors import Taken
from tracker.fence_edits import NewFence
from tracker.models.base import MMSI_PATTERN
from tracker.moments import Moment
from tracker.rows import New, Ref, add, id_of, insert_new, table_of
from tracker.rule_edits import NewRule

__all__ = [
    "DeviceTerms",
    "New",
    "NewApplication",
    "NewCluster",
    "NewContractor",
    "NewDepartment",
    "NewDevice",
    "NewFence",
    "NewRule",
    "NewVehicle",
    "Ref",
    "VehicleTerms",
    "add",
    "assign",
    "contract",
    "device_values",
    "move",
    "refs",
    "vehicle_values",
]

EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
#: Nothing in the open feed is later than a day.
LATEST_OPEN_S = 24 * 3600


class NewDepartment(New):
    """A department: the owner of vehicles, devices, fences and rules."""

    #: Which shard of ingest serves it; one that is not there yet is made.
    shard: Annotated[int, Field(gt=0, lt=1000)] = 1


class NewCluster(New):
    """A group of applications."""


class NewApplication(New):
    """A department's use of the platform."""

    department: Ref
    cluster: Ref | None = None
    stage: Literal["planned", "being_built", "implemented", "retired"] = "planned"
    #: In the open feed, so many seconds late; by default not in it.
    open_delay_s: Annotated[int, Field(ge=0, le=LATEST_OPEN_S)] | None = None


class NewContractor(New):
    """A firm that drives vehicles of a department, and sees those only."""

    department: Ref


Interval = Annotated[int, Field(gt=0, le=7 * 86_400)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]


class VehicleTerms(BaseModel):
    """What may change of a vehicle, beside its names."""

    model_config = ConfigDict(frozen=True)

    application: Ref | None = None
    #: Who drives it, if not the department itself.
    contractor: Ref | None = None
    plate: Label | None = None
    vehicle_class: Label = "vehicle"
    #: Separated by spaces in CSV.
    capabilities: str | Annotated[Sequence[Label], Field(max_length=50)] = ()
    moving_interval_s: Interval = 10
    stopped_interval_s: Interval = 60
    #: How often it reports at rest with its ignition off.
    heartbeat_s: Interval = 3600
    #: By default what its class cannot exceed.
    max_speed_mps: Annotated[float, Field(gt=0, lt=2_000)] | None = None


class NewVehicle(New, VehicleTerms):
    """A vehicle of a department."""

    department: Ref
    duty_status: Literal["available", "assigned", "en_route", "at_scene", "leaving", "off_duty"] = (
        "available"
    )


class DeviceTerms(BaseModel):
    """What may change of a device. With an MMSI it is an AIS transponder, which other devices of
    the department hear."""

    model_config = ConfigDict(frozen=True)

    #: Fixes before this are refused: the clock of a receiver that has not seen the sky.
    accept_from: Moment = EARLIEST
    rollover: Literal["auto", "on", "off"] = "auto"
    #: Of an AIS transponder: nine digits.
    mmsi: Annotated[str, StringConstraints(pattern=MMSI_PATTERN)] | None = None


class NewDevice(New, DeviceTerms):
    """A device of a department, put into a vehicle of it at once where one is named."""

    department: Ref
    vehicle: Ref | None = None
    #: Since when it has been in the vehicle; by default always.
    since: Moment | None = None


@add.register
async def _department(new: NewDepartment, connection: AsyncConnection) -> int:
    await shards.ensure(connection, new.shard)
    return await insert_new(connection, models.Department, new, {"shard": new.shard})


@add.register
async def _cluster(new: NewCluster, connection: AsyncConnection) -> int:
    return await insert_new(connection, models.Cluster, new, {})


@add.register
async def _application(new: NewApplication, connection: AsyncConnection) -> int:
    cluster_id = None
    if new.cluster is not None:
        cluster_id = await id_of(connection, models.Cluster, new.cluster)
    return await insert_new(
        connection,
        models.Application,
        new,
        {
            "department_id": await id_of(connection, models.Department, new.department),
            "cluster_id": cluster_id,
            "stage": new.stage,
            "open_delay_s": new.open_delay_s,
        },
    )


@add.register
async def _contractor(new: NewContractor, connection: AsyncConnection) -> int:
    department_id = await id_of(connection, models.Department, new.department)
    return await insert_new(connection, models.Contractor, new, {"department_id": department_id})


@add.register
async def _vehicle(new: NewVehicle, connection: AsyncConnection) -> int:
    department_id = await id_of(connection, models.Department, new.department)
    values = {
        "department_id": department_id,
        **await vehicle_values(connection, department_id, new),
    }
    vehicle_id = await insert_new(connection, models.Vehicle, new, values)
    await connection.execute(
        insert(table_of(models.DutyStatus)).values(
            vehicle_id=vehicle_id,
            department_id=department_id,
            status=new.duty_status,
            set_by="registry",
        )
    )
    return vehicle_id


async def vehicle_values(
    connection: AsyncConnection, department_id: int, terms: VehicleTerms
) -> dict[str, object]:
    """The columns that say so; raises Unknown for an application or a contractor."""
    application_id = None
    if terms.application is not None:
        application_id = await id_of(connection, models.Application, terms.application)
    contractor_id = None
    if terms.contractor is not None:
        contractor_id = await id_of(connection, models.Contractor, terms.contractor, department_id)
    said = terms.capabilities
    return {
        "application_id": application_id,
        "contractor_id": contractor_id,
        "capabilities": said.split() if isinstance(said, str) else list(said),
        **terms.model_dump(include=_PLAIN),
    }


_PLAIN = {
    *("plate", "vehicle_class", "moving_interval_s", "stopped_interval_s"),
    *("heartbeat_s", "max_speed_mps"),
}


@add.register
async def _device(new: NewDevice, connection: AsyncConnection) -> int:
    department_id = await id_of(connection, models.Department, new.department)
    device_id = await insert_new(
        connection,
        models.Device,
        new,
        {"department_id": department_id, **device_values(new)},
    )
    if new.vehicle is not None:
        await assign(
            connection,
            department_id=department_id,
            device_id=device_id,
            vehicle_id=await id_of(connection, models.Vehicle, new.vehicle, department_id),
            since=new.since,
        )
    return device_id


def device_values(terms: DeviceTerms) -> dict[str, object]:
    """The columns that say so."""
    return terms.model_dump(include=set(DeviceTerms.model_fields))


async def refs(connection: AsyncConnection, kind: str) -> set[str]:
    """Names in use for a kind (`vehicle`): full refs, or bare ones of what no department owns."""
    table = models.Base.metadata.tables[kind]
    if "department_id" not in table.c or kind == "application":
        return set((await connection.execute(select(table.c.ref))).scalars())
    department = table_of(models.Department)
    found = select(department.c.ref + "/" + table.c.ref).join(
        department, department.c.id == table.c.department_id
    )
    return set((await connection.execute(found)).scalars())


async def assign(
    connection: AsyncConnection,
    *,
    department_id: int,
    device_id: int,
    vehicle_id: int,
    since: datetime | None,
) -> None:
    """Put a device into a vehicle from a time on; raises Taken when either is in use then."""
    try:
        await connection.execute(
            insert(table_of(models.DeviceAssignment)).values(
                department_id=department_id,
                device_id=device_id,
                vehicle_id=vehicle_id,
                during=Range(since, None),
            )
        )
    except IntegrityError as error:
        raise Taken("The device or the vehicle has another assignment at that time.") from error


async def move(
    connection: AsyncConnection, *, device: str, vehicle: str, since: datetime | None
) -> None:
    """Put a device (full ref) into a vehicle (ref) of its department from a time on.

    Where it was then, it was until then. Without a time: always when it was in none before, else
    now. Raises Unknown, or Taken when the vehicle has a device or a later assignment stands.
    """
    department, _, ref = device.partition("/")
    department_id = await id_of(connection, models.Department, department)
    device_id = await id_of(connection, models.Device, ref, department_id)
    vehicle_id = await id_of(connection, models.Vehicle, vehicle, department_id)
    table = table_of(models.DeviceAssignment)
    of_it = table.c.device_id == device_id
    if since is None and await connection.scalar(select(exists().where(of_it))):
        since = await connection.scalar(select(func.milepost_now()))
    if since is not None:
        starts = func.lower(table.c.during)
        runs = and_(of_it, table.c.during.contains(since), or_(starts.is_(None), starts < since))
        until_then = {"during": func.tstzrange(starts, since)}
        await connection.execute(update(table).where(runs).values(until_then))
    await assign(
        connection,
        department_id=department_id,
        device_id=device_id,
        vehicle_id=vehicle_id,
        since=since,
    )


async def contract(connection: AsyncConnection, vehicle: str, contractor: str | None) -> None:
    """Say who drives a vehicle (full ref): a contractor of its department, or None. Raises
    Unknown."""
    department, _, ref = vehicle.partition("/")
    department_id = await id_of(connection, models.Department, department)
    vehicle_id = await id_of(connection, models.Vehicle, ref, department_id)
    contractor_id = None
    if contractor is not None:
        contractor_id = await id_of(connection, models.Contractor, contractor, department_id)
    table = table_of(models.Vehicle)
    await connection.execute(
        update(table)
        .where(table.c.id == vehicle_id)
        .values(contractor_id=contractor_id, revision=table.c.revision + 1)
    )
