"""The track index of days that are over: their fixes once more, by vehicle and time.

In the table the fixes of one vehicle lie a page apart, as they were committed; its track of a day
would read thousands of pages. The index holds all that a track tells, so those are some sixty. It
is built beside commits and readers, none of whom waits (CREATE INDEX CONCURRENTLY), so it runs as
the schema's owner, outside of any transaction.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from typing import TYPE_CHECKING, Final

import asyncpg

from tracker import sql
from tracker.connect import told
from tracker.errors import TrackIndexFailed

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

log = logging.getLogger(__name__)

TRACK_INDEX_EVERY_S: Final = 300.0
#: After a failure (a full disk), for each attempt writes gigabytes.
AGAIN_AFTER_S: Final = 1800.0


class TrackIndexJob:
    """The worker's job: one partition a run. Without the owner's address it does nothing."""

    def __init__(self, owner_dsn: str | None) -> None:
        self._dsn = owner_dsn
        self._failed: TrackIndexFailed | None = None
        self._failed_at = 0.0
        self.counters: Counter[str] = Counter()

    async def run(self) -> bool:
        """Give the newest day without one its index; whether there may be more.

        Raises DatabaseUnreachable, and TrackIndexFailed: also for a while after, without trying.
        """
        if self._dsn is None:
            return False
        if self._failed and time.monotonic() - self._failed_at < AGAIN_AFTER_S:
            raise self._failed
        self._failed = None
        with told():
            connection = await asyncpg.connect(self._dsn, timeout=10)
        try:
            with told():
                return await self._give_next(connection)
        finally:
            await connection.close(timeout=5)

    async def _give_next(self, connection: Connection) -> bool:
        due = await connection.fetchrow(sql.text("track_index_due"))
        if due is None:
            return False
        try:
            for statement in due["statements"]:
                await connection.execute(statement)
        except (asyncpg.UndefinedTableError, asyncpg.DuplicateTableError):
            # It left by retention meanwhile, or another worker was there first.
            return False
        except (asyncpg.OperatorInterventionError, asyncpg.PostgresConnectionError):
            raise  # The server is going away.
        except asyncpg.PostgresError as error:
            self._failed = TrackIndexFailed(f"({due['name']}: {error})")
            self._failed_at = time.monotonic()
            raise self._failed from error
        self.counters["days"] += 1
        log.info("%s has its track index", due["name"])
        return True
