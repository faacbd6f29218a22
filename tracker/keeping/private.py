"""Private times of vehicles: no position is kept of a fix whose time falls into one.

Edits as the owner, in the caller's transaction. Ingest learns of them with its next commit at the
latest, and erases what it had stored before.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, delete, func, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import BadInput, Unknown
from tracker.keeping.who import vehicle_of
from tracker.models import PrivateInterval

Keeps = Literal["presence", "nothing"]


async def declare(
    connection: AsyncConnection,
    vehicle: str,
    *,
    since: datetime,
    until: datetime | None,
    keeps: Keeps,
    by: str,
) -> int:
    """Make a vehicle (full ref) private for since <= fixed_at < until; returns the number of it.

    Without `until` it stays private until `end`. Raises Unknown, or BadInput for an empty time.
    """
    if until is not None and _whole_ms(since) >= _whole_ms(until):
        raise BadInput("The private time would end before it begins.")
    department_id, vehicle_id = await vehicle_of(connection, vehicle)
    values: dict[str, Any] = {
        "department_id": department_id,
        "vehicle_id": vehicle_id,
        "starts_at": _whole_ms(since),
        "why": "private",
        "keeps": keeps,
        "declared_by": by,
    }
    if until is not None:
        values["ends_at"] = _whole_ms(until)
    made = await connection.execute(
        insert(PrivateInterval).values(values).returning(PrivateInterval.id)
    )
    return made.scalar_one()


def _whole_ms(moment: datetime) -> datetime:
    """Fixes have whole milliseconds, and a bound between two would be on both sides."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


async def end(connection: AsyncConnection, number: int, *, vehicle: str | None = None) -> None:
    """End a private time now; one that has not begun is gone. What was not kept does not come back.

    Raises Unknown where none of that number (and vehicle) is under way or to come, or where it
    follows the duty status, which alone ends it.
    """
    interval = PrivateInterval
    its: tuple[ColumnElement[bool], ...] = (
        interval.id == number,
        interval.why == "private",
        interval.ends_at > func.milepost_now(),
    )
    if vehicle is not None:
        _, vehicle_id = await vehicle_of(connection, vehicle)
        its = (*its, interval.vehicle_id == vehicle_id)
    gone = await connection.execute(
        delete(interval)
        .where(*its, interval.starts_at >= func.milepost_now())
        .returning(interval.id)
    )
    if gone.first() is None:
        ended = await connection.execute(
            update(interval).where(*its).values(ends_at=func.milepost_now()).returning(interval.id)
        )
        if ended.first() is None:
            raise Unknown(f"No private time {number} that could be ended.")
