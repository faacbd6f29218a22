"""What a caller may ask twice and is done once: keys of requests, kept for a day.

A key belongs to a department. Who comes second with it waits for the first, and gets its answer;
where the first failed nothing was kept, and the second is done.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from tracker.errors import KeyReused
from tracker.models import Once

KEPT: Final = timedelta(days=1)


async def claim(
    connection: AsyncConnection, department_id: int, key: str, asked: bytes
) -> dict[str, Any] | None:
    """None for the first who asks this with the key, who then says `answered`; else the answer.

    `asked` is a hash of the request. Raises KeyReused for another request with the key.
    """
    old = Once.at < func.milepost_now() - KEPT
    await connection.execute(delete(Once).where(Once.department_id == department_id, old))
    mine = (Once.department_id == department_id, Once.key == key)
    row = {"department_id": department_id, "key": key, "asked": asked}
    made = insert(Once).values(row).on_conflict_do_nothing().returning(Once.key)
    if await connection.scalar(made) is not None:
        return None
    found = (await connection.execute(select(Once.asked, Once.answer).where(*mine))).one()
    if found.asked != asked:
        raise KeyReused(f"({key})")
    return dict(found.answer)


async def answered(
    connection: AsyncConnection, department_id: int, key: str, answer: dict[str, Any]
) -> None:
    """Keep what was answered to the first."""
    mine = (Once.department_id == department_id, Once.key == key)
    await connection.execute(update(Once).where(*mine).values(answer=answer))
