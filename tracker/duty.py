"""What vehicles are doing, as people say it: the duty status, with its history."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.connect import SET_SCOPE
from tracker.errors import Unknown
from tracker.models import Department

DutyStatus = Literal["available", "assigned", "en_route", "at_scene", "leaving", "off_duty"]


async def set_duty(
    connection: AsyncConnection,
    *,
    department: str,
    ref: str,
    status: DutyStatus,
    since: datetime | None = None,
    by: str,
) -> datetime:
    """Say what a vehicle of the scope is doing since a time (without: now); returns since when.

    Raises Unknown where the scope has no such vehicle.
    """
    call = select(func.set_duty(department, ref, status, since, by))
    found: datetime | None = await connection.scalar(call)
    if found is None:
        raise Unknown(f"(vehicle {department}/{ref})")
    return found


async def set_duty_as_owner(
    connection: AsyncConnection, *, department: str, ref: str, status: DutyStatus
) -> datetime:
    """`set_duty` for a verb: whoever may run it sees every department."""
    ids = (await connection.execute(select(Department.id))).scalars()
    scope = SET_SCOPE.format(",".join(str(int(number)) for number in ids))
    await connection.exec_driver_sql(scope)
    return await set_duty(
        connection, department=department, ref=ref, status=status, by="command line"
    )
