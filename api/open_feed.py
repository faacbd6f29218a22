"""The open feed of this process: read once for all who ask within a second, and audited."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from api.auditor import Auditor
from api.errors import NotFound
from api.gtfs_rt import Feed, feed_of
from tracker.audit import Entry, Who
from tracker.publishing import Published, published
from tracker.reads import Reader

#: However many ask, the database is asked once in this time; what is not published any more is gone
#: after it.
FRESH_S: Final = 1.0
#: A picture in which nothing moved goes on under its old time, and old tag, for so long. Readers
#: warn of a feed whose time is 65 s old (W008 of the validator's rules).
STANDS_S: Final = 20.0
_EVERYBODY: Final = "everybody"


class OpenFeed:
    """Makes the feed; nothing is read before somebody asks."""

    def __init__(self, reader: Reader, auditor: Auditor) -> None:
        self._reader = reader
        self._auditor = auditor
        self._made: Feed | None = None
        self._made_at_s = self._read_at_s = float("-inf")
        self._reading: asyncio.Task[Feed] | None = None

    async def now(self) -> Feed:
        """The feed, a second old at the most.

        Raises NotFound where nothing is published, and as a Reader's scope and `Auditor.add` do.
        """
        if self._made is not None and time.monotonic() < self._read_at_s + FRESH_S:
            return self._made
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read())
        # Whoever goes away takes nobody else's reading along.
        return await asyncio.shield(self._reading)

    async def _read(self) -> Feed:
        begun_s = time.monotonic()
        found = await published(self._reader)
        if found.now is None:
            self._made = None
            raise NotFound("(no application is published)")
        await self._note(found)
        before = self._made if begun_s < self._made_at_s + STANDS_S else None
        self._made = await asyncio.to_thread(feed_of, found.now, found.vehicles, before)
        if self._made is not before:
            self._made_at_s = begun_s
        self._read_at_s = begun_s
        return self._made

    async def _note(self, found: Published) -> None:
        """Everybody may look: one row a day and set of applications, not one a poll."""
        shown = tuple(found.applications)

        def made() -> Entry:
            return Entry(
                by=Who(who=_EVERYBODY, label="open feed", path="GET /open/gtfs-rt"),
                what="open.vehicle_positions",
                departments=found.departments.values(),
                scope={
                    "departments": sorted(found.departments),
                    "vehicles": {"applications": list(shown)},
                },
            )

        await self._auditor.once((_EVERYBODY, shown), made)
