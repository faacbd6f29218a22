"""Parts of files of history that wait in the database: `milepost import` puts them there.

They go through the backlog and the same commit as any message. A part's row goes right after its
commit; if that is missed, the receipt makes nothing of the part the second time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any, Final

from ingest.arrival import Arrival
from ingest.sources.stream import LazySource
from tracker.commit import Committer
from tracker.errors import DatabaseUnreachable

log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 1.0
AT_ONCE: Final = 40  # two megabytes, and some commits


class ImportSource(LazySource):
    """The parts that wait for this shard, in their order."""

    name = "import"

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._unsettled: set[object] = set()
        self._settled = asyncio.Event()
        self._dealt = 0

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts; the next one when the last one is committed and its rows are gone."""
        while True:
            rows = await self._waiting()
            if not rows:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            ids = [row["id"] for row in rows]
            self._unsettled = set(ids)
            self._settled.clear()
            yield [_arrival(row) for row in rows]
            await self._settled.wait()
            await self._drop(ids)
            self._dealt += len(ids)

    def acknowledge(self, handles: Iterable[object]) -> None:
        """These are committed."""
        self._unsettled.difference_update(handles)
        if not self._unsettled:
            self._settled.set()

    def health(self) -> dict[str, object]:
        """How many parts are being read, and have been since the start."""
        return {"connected": True, "unsettled": len(self._unsettled), "parts": self._dealt}

    async def _waiting(self) -> list[Mapping[str, Any]]:
        try:
            return await self._committer.import_parts(AT_ONCE)
        except DatabaseUnreachable:
            log.debug("nothing is imported while the database is away")
            return []

    async def _drop(self, ids: list[int]) -> None:
        try:
            await self._committer.drop_import_parts(ids)
        except DatabaseUnreachable:
            log.debug("parts that are dealt with will be read again")


def _arrival(row: Mapping[str, Any]) -> Arrival:
    """Received when it was handed in, by whichever process."""
    return Arrival(
        payload=row["payload"],
        received_at=row["asked_at"],
        department_ref=row["department_ref"],
        device_ref=row["device_ref"],
        whole=True,
        handle=row["id"],
        origin=row["source"],
    )
