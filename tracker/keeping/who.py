"""Whose data are meant: refs to ids."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import Unknown
from tracker.models import Department, Vehicle


async def department_id_of(connection: AsyncConnection, ref: str) -> int:
    """Of the department of that ref; raises Unknown."""
    found = await connection.scalar(select(Department.id).where(Department.ref == ref))
    if found is None:
        raise Unknown(f"No department is called {ref}.")
    return found


async def vehicle_of(connection: AsyncConnection, full_ref: str) -> tuple[int, int]:
    """Department and id of the vehicle of that full ref; raises Unknown."""
    department, _, ref = full_ref.partition("/")
    found = await connection.execute(
        select(Vehicle.department_id, Vehicle.id)
        .join(Department, Department.id == Vehicle.department_id)
        .where(Department.ref == department, Vehicle.ref == ref)
    )
    row = found.one_or_none()
    if row is None:
        raise Unknown(f"No vehicle is called {full_ref}.")
    return row.department_id, row.id
