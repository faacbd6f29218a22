"""Shards of ingest, each a set of departments: how they come to be, and how a department moves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from tracker import models
from tracker.errors import Unknown

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncConnection


async def ensure(connection: AsyncConnection, shard: int) -> None:
    """Make the shard where it is not there yet; the processes of ingest find it by themselves."""
    await connection.execute(insert(models.Feed).values(id=shard).on_conflict_do_nothing())


async def move(connection: AsyncConnection, department: str, shard: int) -> None:
    """Let another shard serve a department from the caller's commit on. Raises Unknown.

    Both shards are free for a moment: nobody commits for either before having read anew what the
    other wrote. What still waits for the old one is handed over by it, or sent again.
    """
    found = await connection.scalar(
        select(models.Department.shard).where(models.Department.ref == department)
    )
    if found is None:
        raise Unknown(f"No department is called {department}.")
    await ensure(connection, shard)
    both = models.Feed.id.in_((found, shard))
    # Waits for commits under way, always in the same order.
    await connection.execute(select(models.Feed.id).where(both).order_by("id").with_for_update())
    await connection.execute(
        update(models.Feed)
        .where(both)
        .values(token=models.Feed.token + 1, holder=None, since=func.milepost_now())
    )
    await connection.execute(
        update(models.Department).where(models.Department.ref == department).values(shard=shard)
    )
