"""What rules said when: each change of one is its next version, as of fences."""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import sql
from tracker.fence_rows import Author


async def keep(connection: AsyncConnection, rule_id: int, author: Author) -> None:
    """Keep what a rule says now, if that is something else than its newest version says."""
    asked = (rule_id, author.by, author.why)
    await connection.exec_driver_sql(sql.text("keep_rule_version"), asked)
