"""Legal holds: what nobody may delete until they are lifted. Every function as the owner, in the
caller's transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import BadInput, Unknown
from tracker.keeping.who import department_id_of, vehicle_of
from tracker.models import Department, LegalHold, PrivateInterval, Vehicle


async def place(
    connection: AsyncConnection, who: str, *, since: datetime, until: datetime, reason: str, by: str
) -> int:
    """Hold what a department (`FSD`) or a vehicle (`FSD/AMB-1`) left behind; since <= t < until.

    Returns the hold's number. From the caller's commit on nothing of it is deleted. Raises Unknown,
    or BadInput for an empty time or no reason.
    """
    if since >= until:
        raise BadInput("The hold would end before it begins.")
    if not reason.strip():
        raise BadInput("A hold needs a reason.")
    vehicle_id: int | None = None
    if "/" in who:
        department_id, vehicle_id = await vehicle_of(connection, who)
    else:
        department_id = await department_id_of(connection, who)
    values = {
        "department_id": department_id,
        "vehicle_id": vehicle_id,
        "during": Range(since, until),
        "reason": reason.strip(),
        "placed_by": by,
    }
    placed = await connection.execute(insert(LegalHold).values(values).returning(LegalHold.id))
    return placed.scalar_one()


async def lift(connection: AsyncConnection, number: int, *, by: str) -> None:
    """End a hold: what it kept goes when past, and what is private at once. Raises Unknown."""
    lifted = await connection.execute(
        update(LegalHold)
        .where(LegalHold.id == number, LegalHold.lifted_at.is_(None))
        .values(lifted_at=func.milepost_now(), lifted_by=by)
        .returning(LegalHold.department_id, LegalHold.vehicle_id, LegalHold.during)
    )
    hold = lifted.one_or_none()
    if hold is None:
        raise Unknown(f"No hold in force has the number {number}.")
    again = update(PrivateInterval).where(
        PrivateInterval.department_id == hold.department_id,
        func.tstzrange(PrivateInterval.starts_at, PrivateInterval.ends_at).op("&&")(hold.during),
    )
    if hold.vehicle_id is not None:
        again = again.where(PrivateInterval.vehicle_id == hold.vehicle_id)
    # `keeps` as it is: what is written makes ingest look.
    await connection.execute(again.values(applied_at=None, keeps=PrivateInterval.keeps))


async def holds(connection: AsyncConnection, *, lifted: bool = False) -> list[dict[str, Any]]:
    """Those in force, and the lifted ones too if told so, by number.

    id, on (full ref of the vehicle, or the department's), since, until, reason, placed_by,
    placed_at, lifted_at, lifted_by.
    """
    query = (
        select(
            LegalHold.id,
            func.concat(Department.ref, "/" + Vehicle.ref).label("on"),
            func.lower(LegalHold.during).label("since"),
            func.upper(LegalHold.during).label("until"),
            *(LegalHold.reason, LegalHold.placed_by, LegalHold.placed_at),
            *(LegalHold.lifted_at, LegalHold.lifted_by),
        )
        .join(Department, Department.id == LegalHold.department_id)
        .outerjoin(Vehicle, Vehicle.id == LegalHold.vehicle_id)
        .order_by(LegalHold.id)
    )
    if not lifted:
        query = query.where(LegalHold.lifted_at.is_(None))
    return [dict(row) for row in (await connection.execute(query)).mappings()]
