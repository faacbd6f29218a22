"""What for a verb reads where vehicles were: it stands in the audit."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection

    from tracker.reads import Row

PurposeOption = Annotated[
    str | None,
    typer.Option(
        metavar="WORDS",
        envvar="MILEPOST_PURPOSE",
        help="What for you read where vehicles were; needed, for it stands in the audit.",
    ),
]


async def note_read(
    connection: AsyncConnection,
    what: str,
    purpose: str | None,
    window: tuple[datetime, datetime] | None,
    *,
    vehicle: Row | None = None,
    department: str | None = None,
) -> None:
    """Note a read of positions: of a vehicle (a row of `reads.vehicle`), a department, or of all.

    `window` is of a read of history, which needs a purpose: raises NoPurpose without one.
    """
    from sqlalchemy import select

    from tracker import audit
    from tracker.cli.shared import me
    from tracker.errors import NoPurpose
    from tracker.models import Department

    if window is not None and not (purpose or "").strip():
        raise NoPurpose
    query = select(Department.ref, Department.id)
    only = vehicle["department"] if vehicle is not None else department
    if only is not None:
        query = query.where(Department.ref == only)
    ids = {row.ref: row.id for row in await connection.execute(query)}
    entry = audit.Entry(
        by=audit.Who(who=f"shell:{me()}", label=me(), path=f"milepost {what}"),
        what=f"{what}.read",
        departments=list(ids.values()),
        vehicles=[vehicle["id"]] if vehicle is not None else [],
        scope=None if vehicle is not None else {"departments": sorted(ids), "vehicles": "all"},
        since=window[0] if window else None,
        until=window[1] if window else None,
        purpose=purpose,
    )
    await audit.note(connection, entry)
