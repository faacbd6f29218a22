"""The partitions of the fix table that a commit writes into."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.connect import Pool


class Partitions:
    """Makes those that are missing, and remembers which are there."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._days: set[date] = set()

    async def ensure(self, days: set[date]) -> None:
        """Have the partitions of these days."""
        missing = sorted(days - self._days)
        if not missing:
            return
        async with self._pool.acquire() as connection:
            for day in missing:
                await connection.execute("SELECT ensure_fix_partition($1)", day)
        self._days.update(missing)

    def forget(self) -> bool:
        """Make them anew at the next commit; whether any was remembered."""
        remembered = bool(self._days)
        self._days.clear()
        return remembered
