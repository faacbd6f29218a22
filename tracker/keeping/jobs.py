"""What the worker does for keeping: retention once a day, and word of private times that turn."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from tracker import sql
from tracker.connect import told
from tracker.keeping.retention import run

if TYPE_CHECKING:
    from tracker.connect import Pool

#: How often it is looked whether retention is due, and whether a private time has turned.
RETENTION_EVERY_S: Final = 300.0
TURNS_EVERY_S: Final = 5.0


class RetentionJob:
    """Lets go what is past, once each day (UTC), as the owner at `dsn`.

    Without an address it only stands by: then an administrator runs `milepost retention run`.
    """

    def __init__(self, pool: Pool, dsn: str | None) -> None:
        self._pool = pool
        self._dsn = dsn
        self.counters: Counter[str] = Counter()

    async def run(self) -> bool:
        """Run it when today's run is missing; raises DatabaseUnreachable. Never more to do."""
        if self._dsn is None or not await self._is_due():
            return False
        outcome = await run(self._dsn, run_by="worker")
        self.counters["runs"] += 1
        self.counters["partitions"] += len(outcome.left)
        self.counters["rows"] += outcome.rows.total()
        self.counters["put off"] += len(outcome.errors)
        return False

    async def _is_due(self) -> bool:
        with told():
            ended_at: datetime | None = await self._pool.fetchval(
                "SELECT max(ended_at) FROM retention_run WHERE error IS NULL"
            )
        return ended_at is None or ended_at.date() < datetime.now(UTC).date()


class PrivateTurns:
    """Private times that begin or end by the clock: viewers are made to look anew."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self.counters: Counter[str] = Counter()

    async def run(self) -> bool:
        """Tell of those that turned since they were told of last; raises DatabaseUnreachable."""
        with told():
            turned: int = await self._pool.fetchval(sql.text("tell_private_turns"))
        self.counters["turned"] += turned
        return False
