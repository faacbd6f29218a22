"""Writes reads into the audit: many at once, in one short transaction, each before its answer."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from tracker import audit
from tracker.audit import Entry
from tracker.reads import Reader

log = logging.getLogger(__name__)

#: Entries in one transaction, during which all other writers of the chain wait.
AT_ONCE: Final = 200
#: Sessions that are remembered; above this all are forgotten, and written once more.
REMEMBERED: Final = 10_000
#: A day's end is met a little late, never early: the row before covers the day that ended.
_SPARE_S: Final = 0.05

#: Who looks at which scope, and how.
Session = tuple[object, ...]


class Auditor:
    """The one writer of this process. While one transaction runs, what comes waits for the next:
    so the time of a row is shared by all that ask at once."""

    def __init__(self, dsn: str) -> None:
        # A connection of its own: those that wait here hold the reader's.
        self._reader = Reader(dsn, size=1)
        self._waiting: list[tuple[Entry, asyncio.Future[float]]] = []
        self._writing: asyncio.Task[None] | None = None
        self._sessions: dict[Session, asyncio.Task[float]] = {}

    async def close(self) -> None:
        """Write what waits, and give the connection back."""
        if self._writing is not None:
            with suppress(asyncio.CancelledError):
                await self._writing
        await self._reader.close()

    async def add(self, entry: Entry) -> float:
        """Return when it is durable: for how many seconds its day goes on.

        Raises DatabaseUnreachable, SchemaMissing or TooSlow; then nothing is written.
        """
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_all())
        return await done

    async def once(self, session: Session, make: Callable[[], Entry]) -> None:
        """The same, once a session and day, in this process."""
        task = self._sessions.get(session)
        if task is None or (task.done() and not _holds(task)):
            if len(self._sessions) >= REMEMBERED:
                self._sessions.clear()
            task = asyncio.create_task(self._until(make()))
            self._sessions[session] = task
        await asyncio.shield(task)

    async def _until(self, entry: Entry) -> float:
        return time.monotonic() + await self.add(entry) + _SPARE_S

    async def _write_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
                await self._write(batch)
        finally:
            self._writing = None

    async def _write(self, batch: list[tuple[Entry, asyncio.Future[float]]]) -> None:
        try:
            async with self._reader.scope(()) as scope:
                goes_on_s = await audit.append(scope, [entry for entry, _ in batch])
        except Exception as error:  # noqa: BLE001  told to each that waits: no audit, no answer
            for _, done in batch:
                if not done.done():
                    done.set_exception(error)
            return
        for _, done in batch:
            if not done.done():
                done.set_result(goes_on_s)


def _holds(task: asyncio.Task[float]) -> bool:
    """Whether its row is written, and of the day that still goes on."""
    return not task.cancelled() and task.exception() is None and time.monotonic() < task.result()
