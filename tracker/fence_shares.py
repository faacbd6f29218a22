"""Fences that another department's vehicles are watched by too, for a time (rule R32).

The other department gets a fence of its own that follows the first (`follow_shares` in
security.sql): so events, alerts, groups and rules there are all its own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.edits import Name, not_past
from tracker.errors import BadInput, Taken, Unknown
from tracker.fence_rows import NOBODY, Author, locked, must_be_own
from tracker.models import Department, FenceShare
from tracker.rows import id_of


async def share(
    connection: AsyncConnection,
    fence: Name,
    to: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    author: Author = NOBODY,
) -> int:
    """Let another department's vehicles be watched by a fence, from now or later on; an id.

    Raises Unknown, NotNow (it follows another's itself), or Taken where they share already.
    """
    found = await locked(connection, fence)
    must_be_own(found)
    during = Range(await not_past(connection, since), until)
    if until is not None and during.lower is not None and until <= during.lower:
        raise BadInput("(it would end before it begins)")
    to_id = await id_of(connection, Department, to)
    if to_id == found.department_id:
        raise BadInput(f"({to} has the fence itself)")
    standing = select(FenceShare.id).where(
        FenceShare.fence_id == found.id,
        FenceShare.to_department_id == to_id,
        FenceShare.during.overlaps(during),
    )
    if await connection.scalar(standing) is not None:
        raise Taken(f"({fence[0]}/{fence[1]} is shared with {to} at that time)")
    span = func.tstzrange(during.lower, during.upper)
    made = select(func.share_fence(found.id, to, span, author.by, author.why))
    share_id = await connection.scalar(made)
    if share_id is None:
        raise Unknown(f"(fence {fence[0]}/{fence[1]})")
    return int(share_id)


async def unshare(
    connection: AsyncConnection,
    fence: Name,
    to: str,
    *,
    at: datetime | None = None,
    author: Author = NOBODY,
) -> None:
    """End the sharing with a department, by default now; raises Unknown where there is none."""
    found = await locked(connection, fence)
    to_id = await id_of(connection, Department, to)
    which = (FenceShare.fence_id == found.id) & (FenceShare.to_department_id == to_id)
    await end_shares(connection, which, await not_past(connection, at), author)


async def end_shares(
    connection: AsyncConnection,
    which: Any,  # noqa: ANN401  a condition of SQLAlchemy
    at: datetime,
    author: Author,
) -> None:
    """End what lasts beyond a time of the shares that a condition chooses; raises Unknown."""
    lasting = func.coalesce(func.upper(FenceShare.during) > at, True)
    query = select(FenceShare.id).where(which, ~func.isempty(FenceShare.during), lasting)
    ids = list((await connection.execute(query)).scalars())
    if not ids:
        raise Unknown("(it is not shared)")
    for share_id in ids:
        ended = select(func.end_share(share_id, at, author.by, author.why))
        await connection.execute(ended)
