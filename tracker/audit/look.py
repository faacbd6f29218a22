"""Reading the audit: its rows, and who could see a vehicle on a day."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import sql
from tracker.models import Audit, AuditScope, AuditVerdict

Row = dict[str, Any]

_SHOWN: Final = (
    *(Audit.day, Audit.n, Audit.at, Audit.who, Audit.label, Audit.what, Audit.department_ids),
    *(Audit.vehicle_ids, Audit.since, Audit.until, Audit.purpose, Audit.path, Audit.trace_id),
    *(Audit.address, Audit.detail, Audit.scope, AuditScope.definition),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which rows; the newest first."""

    limit: int
    #: Only of this day in the installation's time zone.
    day: date | None = None
    #: Only of these kinds: `track.read`, or `track.` for all that begin so.
    what: str | None = None
    #: Only of those whose id or label has this in it.
    who: str | None = None
    #: Only those that name this vehicle, by id.
    vehicle: int | None = None
    #: Those before this row.
    before: tuple[date, int] | None = None


async def rows(connection: AsyncConnection, asked: Asked) -> list[Row]:
    """Rows of the audit in the connection's scope, each with its `definition` if it has a scope."""
    query = _shown().order_by(Audit.day.desc(), Audit.n.desc()).limit(asked.limit)
    if asked.day is not None:
        query = query.where(Audit.day == asked.day)
    if asked.what is not None:
        query = query.where(Audit.what.startswith(asked.what, autoescape=True))
    if asked.who is not None:
        query = query.where(
            or_(
                *(
                    column.icontains(asked.who, autoescape=True)
                    for column in (Audit.who, Audit.label)
                )
            )
        )
    if asked.vehicle is not None:
        query = query.where(Audit.vehicle_ids.contains([asked.vehicle]))
    if asked.before is not None:
        query = query.where(tuple_(Audit.day, Audit.n) < asked.before)
    return [dict(row._mapping) for row in await connection.execute(query)]


async def chain_state(connection: AsyncConnection) -> Row:
    """What the worker found of the chain, and its newest head: `verdict` (began_at, checked_at, day
    and n up to which, rows, faults, found: how many faults) and `head` (day, n, hash, key,
    signed_at); each None where there is none yet."""
    verdict = (await connection.execute(select(AuditVerdict.__table__))).mappings().one_or_none()
    newest = await connection.exec_driver_sql(sql.text("audit_newest_head"))
    return {"verdict": verdict, "head": newest.mappings().one_or_none()}


async def who_saw(connection: AsyncConnection, vehicle_id: int, day: date) -> list[Row]:
    """Every read on that day that showed the vehicle, or may have, the first first."""
    found = await connection.exec_driver_sql(sql.text("who_saw"), (vehicle_id, day))
    return [dict(row._mapping) for row in found]


def _shown() -> Select[*tuple[Any, ...]]:
    return select(*_SHOWN).outerjoin(AuditScope, AuditScope.hash == Audit.scope)
