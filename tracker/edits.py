"""What all edits of managed things share: one row for one transaction, at which revision, when."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import models
from tracker.errors import Stale, Unknown
from tracker.rows import id_of, table_of

#: Department and ref.
Name = tuple[str, str]


async def locked(
    connection: AsyncConnection,
    model: type[models.Base],
    name: Name,
    *columns: str,
    what: str,
    expected: int | None = None,
) -> Any:  # noqa: ANN401  a row of the driver
    """A department's row of that name, for this transaction alone: id, revision, `columns`.

    Raises Unknown, saying `what` it is not, or Stale at another revision than expected.
    """
    table = table_of(model)
    department_id = await id_of(connection, models.Department, name[0])
    query = (
        select(*(table.c[each] for each in ("id", "revision", *columns)))
        .where(table.c.department_id == department_id, table.c.ref == name[1])
        .with_for_update()
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        raise Unknown(f"({what} {name[0]}/{name[1]})")
    must_be_at(found.revision, expected)
    return found


def must_be_at(revision: int, expected: int | None) -> None:
    """Raise Stale where it is not at the revision that is expected; None: whichever it is at."""
    if expected is not None and revision != expected:
        raise Stale(f"(revision {revision}, not {expected})")


async def clock(connection: AsyncConnection) -> datetime:
    """The service's time."""
    asked = select(func.milepost_now(type_=models.FenceVersion.made_at.type))
    found: datetime = (await connection.execute(asked)).scalar_one()
    return found


async def not_past(connection: AsyncConnection, at: datetime | None) -> datetime:
    """That time; now where it has passed, or none is given."""
    now = await clock(connection)
    return max(at or now, now)
