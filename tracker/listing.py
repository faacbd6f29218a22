"""What the registry's `list` verbs show, a row each, as the owner."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker import sql


async def listed(connection: AsyncConnection, kind: str) -> list[dict[str, Any]]:
    """The rows of one kind (`department`, `vehicle`, …), by department and ref, as text."""
    rows = await connection.execute(text(sql.text(f"list_{kind}")))
    return [dict(row) for row in rows.mappings()]
