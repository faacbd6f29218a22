"""The registry as managed things: edited at a revision, retired and restored, never deleted.

Each works in the caller's transaction: the owner's, or the API's in its scope; what that does not
hold is Unknown. Additions are in registry.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import and_, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import accounts, models
from tracker.edits import Name, clock, locked, must_be_at
from tracker.errors import NotNow, Unknown
from tracker.registry import (
    DeviceTerms,
    NewDepartment,
    VehicleTerms,
    device_values,
    move,
    vehicle_values,
)
from tracker.rows import insert_new, refusal, table_of

ASSIGNMENT = models.DeviceAssignment


async def edit_vehicle(
    connection: AsyncConnection,
    name: Name,
    terms: VehicleTerms,
    names: dict[str, str],
    *,
    expected: int | None = None,
) -> None:
    """Let a vehicle be so. Raises Unknown (also an application or a contractor) or Stale."""
    found = await locked(
        connection, models.Vehicle, name, "department_id", what="vehicle", expected=expected
    )
    values = await vehicle_values(connection, found.department_id, terms)
    await _write(connection, models.Vehicle, found.id, name=names, **values)


async def edit_device(
    connection: AsyncConnection, name: Name, terms: DeviceTerms, *, expected: int | None = None
) -> None:
    """Let a device be so. Raises Unknown, Stale, or Taken for an MMSI in use."""
    found = await locked(connection, models.Device, name, what="device", expected=expected)
    await _write(connection, models.Device, found.id, **device_values(terms))


async def rename_contractor(
    connection: AsyncConnection, name: Name, names: dict[str, str], *, expected: int | None = None
) -> None:
    """Give a contractor other names. Raises Unknown or Stale."""
    found = await locked(connection, models.Contractor, name, what="contractor", expected=expected)
    await _write(connection, models.Contractor, found.id, name=names)


async def rename_department(
    connection: AsyncConnection, ref: str, names: dict[str, str], *, expected: int | None = None
) -> None:
    """Give a department other names. Raises Unknown or Stale."""
    department = models.Department
    query = select(department.id, department.revision).where(department.ref == ref)
    found = (await connection.execute(query.with_for_update())).one_or_none()
    if found is None:
        raise Unknown(f"(department {ref})")
    must_be_at(found.revision, expected)
    await _write(connection, department, found.id, name=names)


async def add_department(connection: AsyncConnection, new: NewDepartment) -> int:
    """A department in the first shard of ingest, as the API makes them. Raises Taken."""
    return await insert_new(connection, models.Department, new, {})


async def retire_vehicle(
    connection: AsyncConnection, name: Name, *, expected: int | None = None
) -> None:
    """No longer shown, nor watched, from now on; its past stays, and its device in it.

    Raises Unknown, Stale or NotNow.
    """
    found = await _in_state(connection, models.Vehicle, name, expected, retired=False)
    await _write(connection, models.Vehicle, found.id, retired_at=await clock(connection))


async def restore_vehicle(
    connection: AsyncConnection, name: Name, *, expected: int | None = None
) -> None:
    """In service again as it was. Raises Unknown, Stale or NotNow."""
    found = await _in_state(connection, models.Vehicle, name, expected, retired=True)
    await _write(connection, models.Vehicle, found.id, retired_at=None)


async def retire_device(
    connection: AsyncConnection, name: Name, *, expected: int | None = None
) -> None:
    """It signs in no more and its vehicle is free. Raises Unknown, Stale or NotNow."""
    await _in_state(connection, models.Device, name, expected, retired=False)
    await accounts.retire(connection, "/".join(name))


async def restore_device(
    connection: AsyncConnection, name: Name, *, expected: int | None = None
) -> None:
    """In service again with the password that it had, and in its vehicle, as if it had never been
    out of it, where that has no other device since.

    Raises Unknown, Stale, NotNow, or Taken where another has its MMSI now.
    """
    found = await _in_state(connection, models.Device, name, expected, retired=True)
    await _write(connection, models.Device, found.id, retired_at=None)
    during = ASSIGNMENT.during
    its_last = and_(ASSIGNMENT.device_id == found.id, func.upper(during) == found.retired_at)
    again = update(ASSIGNMENT).where(its_last)
    try:
        async with connection.begin_nested():
            await connection.execute(again.values(during=func.tstzrange(func.lower(during), None)))
    except IntegrityError:
        # Another device is in the vehicle: that one stays where it is.
        return


async def place(
    connection: AsyncConnection,
    name: Name,
    vehicle: str | None,
    *,
    since: datetime | None = None,
    expected: int | None = None,
) -> None:
    """Put a device into a vehicle (ref) of its department, as `move` does, or out of the one it is
    in. Raises Unknown, Stale, NotNow for a retired one, or Taken where the vehicle has another."""
    found = await _in_state(connection, models.Device, name, expected, retired=False)
    if vehicle is not None:
        await move(connection, device="/".join(name), vehicle=vehicle, since=since)
    else:
        at = since or await clock(connection)
        during = ASSIGNMENT.during
        runs = and_(ASSIGNMENT.device_id == found.id, during.contains(at), func.upper_inf(during))
        until_then = func.tstzrange(func.lower(during), at)
        await connection.execute(update(ASSIGNMENT).where(runs).values(during=until_then))
    await _write(connection, models.Device, found.id)


async def _in_state(
    connection: AsyncConnection,
    model: type[models.Vehicle | models.Device],
    name: Name,
    expected: int | None,
    *,
    retired: bool,
) -> Any:  # noqa: ANN401  a row of the driver
    what = model.__tablename__
    found = await locked(connection, model, name, "retired_at", what=what, expected=expected)
    if (found.retired_at is not None) is not retired:
        state = "in service" if retired else "retired already"
        raise NotNow(f"({what} {'/'.join(name)} is {state})")
    return found


async def _write(
    connection: AsyncConnection,
    model: type[models.Department | models.Contractor | models.Vehicle | models.Device],
    row_id: int,
    **values: object,
) -> None:
    try:
        await connection.execute(
            update(model).where(model.id == row_id).values(revision=model.revision + 1, **values)
        )
    except IntegrityError as error:
        raise refusal(error, table_of(model), str(row_id)) from error
