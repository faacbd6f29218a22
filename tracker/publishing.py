"""What everybody sees: applications that an operator published, their vehicles shown late."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import BadInput
from tracker.models import Application
from tracker.reads import Reader, Row
from tracker.registry import LATEST_OPEN_S
from tracker.rows import id_of, table_of

#: A fix that was older than this, at the time that the feed shows, is not shown.
OLDEST_S: Final = 15 * 60
_COLUMNS: Final = (
    *("now", "application", "department_id", "department", "vehicle", "lon", "lat", "fixed_at"),
    *("speed_mps", "direction_deg"),
)


async def publish(connection: AsyncConnection, application: str, delay_s: int) -> None:
    """Show an application's vehicles to everybody, so many seconds late; raises Unknown or
    BadInput."""
    if not 0 <= delay_s <= LATEST_OPEN_S:
        raise BadInput("The feed shows where vehicles were a day ago at the most, and no future.")
    await _set_delay(connection, application, delay_s)


async def unpublish(connection: AsyncConnection, application: str) -> None:
    """Show them to nobody any more; raises Unknown."""
    await _set_delay(connection, application, None)


async def _set_delay(connection: AsyncConnection, application: str, delay_s: int | None) -> None:
    table = table_of(Application)
    number = await id_of(connection, Application, application)
    change = update(table).where(table.c.id == number).values(open_delay_s=delay_s)
    await connection.execute(change)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """All that everybody sees at one time; empty where nothing is published."""

    #: None where nothing is published.
    now: datetime | None
    #: Refs, in order; a published application may have no vehicle to show.
    applications: Sequence[str]
    #: Of the departments of these, in refs, their ids.
    departments: dict[str, int]
    #: vehicle (full ref), lon, lat, fixed_at, speed_mps, direction_deg; in order of the refs.
    vehicles: Sequence[Row]


async def published(reader: Reader) -> Published:
    """What is in the open feed now; raises as a Reader's scope does."""
    rows = func.open_positions(OLDEST_S).table_valued(*_COLUMNS)
    async with reader.scope(()) as scope:
        found: list[dict[str, Any]] = [
            row._asdict() for row in await scope.execute(select(rows).order_by(rows.c.vehicle))
        ]
    return Published(
        now=found[0]["now"] if found else None,
        applications=sorted({row["application"] for row in found}),
        departments={row["department"]: row["department_id"] for row in found},
        vehicles=[row for row in found if row["vehicle"] is not None],
    )
