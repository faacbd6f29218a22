"""How long a department's data are kept, and what of its vehicles off duty: as the owner, in the
caller's transaction."""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import BadInput
from tracker.keeping.who import department_id_of
from tracker.models import Department, DutyStatus, Installation, RetentionLog, RetentionRun

Keeps = Literal["all", "presence", "nothing"]


async def keep_for(connection: AsyncConnection, department: str | None, days: int | None) -> None:
    """Keep a department's data so many days, or as long as the installation says (None).

    Without a department it is the installation's own number. Raises Unknown or BadInput.
    """
    if days is not None and days < 1:
        raise BadInput("What is kept is kept for a day at least.")
    if department is not None:
        department_id = await department_id_of(connection, department)
        await connection.execute(
            update(Department).where(Department.id == department_id).values(retention_days=days)
        )
    elif days is not None:
        await connection.execute(update(Installation).values(retention_days=days))


async def keep_off_duty(connection: AsyncConnection, department: str, keeps: Keeps) -> None:
    """Keep so much of a department's vehicles off duty from now on; raises Unknown.

    Vehicles that are off duty now become private now. What was kept before stays as it is.
    """
    department_id = await department_id_of(connection, department)
    await connection.execute(
        update(Department)
        .where(Department.id == department_id)
        .values(off_duty_keeps=keeps, off_duty_since=func.milepost_now())
    )
    vehicles = select(DutyStatus.vehicle_id).where(DutyStatus.department_id == department_id)
    followed = vehicles.distinct().subquery()
    await connection.execute(select(func.follow_duty(followed.c.vehicle_id)))


async def runs(connection: AsyncConnection, limit: int) -> list[dict[str, Any]]:
    """The last runs of retention with what left, newest last: a row a run, kind and department.

    id, started_at, ended_at, run_by, error, what, partition, department, rows; the last four None
    where nothing left.
    """
    newest = select(RetentionRun.id).order_by(RetentionRun.id.desc()).limit(limit).scalar_subquery()
    query = (
        select(
            *(RetentionRun.id, RetentionRun.started_at, RetentionRun.ended_at),
            *(RetentionRun.run_by, RetentionRun.error, RetentionLog.what, RetentionLog.partition),
            Department.ref.label("department"),
            RetentionLog.rows,
        )
        .outerjoin(RetentionLog, RetentionLog.run_id == RetentionRun.id)
        .outerjoin(Department, Department.id == RetentionLog.department_id)
        .where(RetentionRun.id.in_(newest))
        .order_by(RetentionRun.id, RetentionLog.id)
    )
    return [dict(row) for row in (await connection.execute(query)).mappings()]
