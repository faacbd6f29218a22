"""Kept rejects that somebody asked to be read again: `milepost rejects replay`.

The verb only marks rows; reading and storing them is the business of the shard's one writer.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from ingest.arrival import Arrival
from ingest.sources.stream import LazySource
from tracker.commit import Committer
from tracker.errors import DatabaseUnreachable
from tracker.message import Replay

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
#: What no reading can change: the bytes are of no topic, or too many.
REFUSED_BY_SOURCE = ("topic", "oversized")
AT_ONCE = 500  # so that what is live need not wait for a commit of old things


class ReplaySource(LazySource):
    """The rejects that are marked, in the order in which they came."""

    name = "replay"

    def __init__(self, committer: Committer) -> None:
        self._committer = committer
        self._unsettled: set[object] = set()
        self._settled = asyncio.Event()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts; the next one when the last one is committed."""
        while True:
            rows = await self._marked()
            if not rows:
                await asyncio.sleep(LOOK_EVERY_S)
                continue
            log.info("reading %d rejects again", len(rows))
            self._unsettled = {row["id"] for row in rows}
            self._settled.clear()
            yield [_arrival(row) for row in rows]
            await self._settled.wait()

    def acknowledge(self, handles: Iterable[object]) -> None:
        """These are committed, and no longer marked."""
        self._unsettled.difference_update(handles)
        if not self._unsettled:
            self._settled.set()

    def health(self) -> dict[str, object]:
        """How many are being read again."""
        return {"connected": True, "unsettled": len(self._unsettled)}

    async def _marked(self) -> list[Mapping[str, Any]]:
        try:
            return await self._committer.replays(AT_ONCE)
        except DatabaseUnreachable:
            log.debug("no rejects are read again while the database is away")
            return []


def _arrival(row: Mapping[str, Any]) -> Arrival:
    """The bytes as if they came now, received when they were."""
    department_ref, _, device_ref = (row["claimed_ref"] or "").partition("/")
    return Arrival(
        payload=row["raw"],
        received_at=row["received_at"],
        department_ref=department_ref,
        device_ref=device_ref,
        whole=True,
        topic=row["topic"],
        handle=row["id"],
        refused=row["reason"] if row["reason"] in REFUSED_BY_SOURCE else None,
        replay=Replay(reject_id=row["id"], reason=row["reason"]),
        origin=row["source"],
    )
