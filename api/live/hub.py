"""The hub: reads each watched scope once a tick and hands the same frame to all its viewers."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from api.alert_models import Alert, AlertsMessage
from api.live.frames import Frame
from api.live.picture import NOBODY, NONE_REMOVED, difference, merged
from api.live.viewer import TRY_AGAIN, End, Viewer
from api.live_models import LiveDuty
from tracker.errors import TrackerError
from tracker.live import Changes, ScopeFeed, Wakeups
from tracker.reads import MOTIONS, Granted, Reader, Sight

log = logging.getLogger(__name__)

#: At most one frame a scope in this time.
TICK_S: Final = 0.5
#: Without a notice the database is asked so often.
POLL_S: Final = 1.0
#: After the database was away.
RETRY_S: Final = 0.5

_AWAY: Final = End(TRY_AGAIN, "database away")
_FAULT: Final = End(TRY_AGAIN, "internal error")
STATIC_CHANGED: Final = ('{"type":"vehicles"}', '{"type":"fences"}')
GRANTS_CHANGED: Final = ('{"type":"grants"}', '{"type":"vehicles"}')


@dataclass
class Tally:
    """What the hub has done, for the metrics."""

    frames: int = 0
    #: Deltas that a lagging viewer was not given.
    skipped: int = 0
    #: How old the oldest arrival in the last frame was when it was made.
    lag_s: float = 0.0


class Channel:
    """One scope that somebody watches."""

    def __init__(self, feed: ScopeFeed, tally: Tally) -> None:
        self.viewers: set[Viewer] = set()
        self._feed = feed
        self._tally = tally
        self._rows = NOBODY
        self._tick = 0
        self._last: Changes | None = None
        self._read_at_s = 0.0
        self._snapshot: Frame | None = None

    @property
    def now(self) -> datetime | None:
        """The database's clock; None before the first reading."""
        if self._last is None:
            return None
        return self._last.now + timedelta(seconds=time.monotonic() - self._read_at_s)

    @property
    def granted(self) -> Granted:
        """Others' vehicles that the picture may hold."""
        return frozenset() if self._last is None else self._last.granted

    def items_for(self, viewer: Viewer) -> list[Frame | str]:
        """What to send to that viewer now; nothing before the first reading."""
        if self._last is None:
            return []
        self._snapshot = self._snapshot or Frame(
            kind="snapshot",
            tick=self._tick,
            now=self._last.now,
            rows=self._rows,
            removed=NONE_REMOVED,
        )
        return viewer.take(_hello(self._last), self._snapshot)

    async def read(self) -> None:
        """Read what changed and offer it."""
        changes = await self._feed.changes()
        self._last, self._read_at_s = changes, time.monotonic()
        self._snapshot = None
        if changes.anew:
            self._rows = changes.positions
            self._tick += 1
            for viewer in self.viewers:
                viewer.begin_anew()
            return
        self._offer_positions(changes)
        if changes.registry_changed:
            self._tell(*STATIC_CHANGED)
        if changes.grants_changed:
            self._tell(*GRANTS_CHANGED)
        if changes.alerts:
            alerts = [Alert.model_validate(row) for row in changes.alerts]
            message = AlertsMessage(alerts=alerts).model_dump_json(by_alias=True)
            self._tell(message, to=[each for each in self.viewers if each.alerts])
        if changes.duties:
            self._tell(LiveDuty.of(changes.duties).model_dump_json())

    def _offer_positions(self, changes: Changes) -> None:
        changed, removed = changes.positions, NONE_REMOVED
        if changes.whole:
            changed, removed = difference(self._rows, changes.positions)
            self._rows = changes.positions
        else:
            self._rows = merged(self._rows, changed)
        if not len(changed) and not len(removed):
            return
        self._tick += 1
        delta = Frame(kind="delta", tick=self._tick, now=changes.now, rows=changed, removed=removed)
        self._tally.frames += 1
        if len(changed):
            oldest_s = int(changed["received_us"].min()) / 1e6
            self._tally.lag_s = max(0.0, changes.now.timestamp() - oldest_s)
        self._tally.skipped += sum(not viewer.offer(delta) for viewer in self.viewers)

    def _tell(self, *messages: str, to: Iterable[Viewer] | None = None) -> None:
        """Each of the messages to those viewers, or to all."""
        for viewer in self.viewers if to is None else to:
            for message in messages:
                viewer.tell(message)


def _hello(changes: Changes) -> str:
    hello = {
        "type": "hello",
        "epoch": str(changes.epoch),
        "tick_ms": round(TICK_S * 1000),
        "motions": MOTIONS,
    }
    return json.dumps(hello, separators=(",", ":"))


class Hub:
    """All channels of this process."""

    def __init__(self, reader: Reader) -> None:
        self.tally = Tally()
        self._reader = reader
        self._channels: dict[Sight, Channel] = {}
        self._wakeups = Wakeups(reader.dsn)
        #: Set when something may have changed; then there is another one.
        self.woken = asyncio.Event()

    @property
    def viewers(self) -> int:
        """How many watch."""
        return sum(len(channel.viewers) for channel in self._channels.values())

    @property
    def scopes(self) -> int:
        """How many different scopes they watch."""
        return len(self._channels)

    @contextmanager
    def watching(self, sight: Sight, *, alerts: bool) -> Iterator[tuple[Channel, Viewer]]:
        """A viewer of what is in sight, for as long as the block lasts; `alerts`: of these too."""
        channel = self._channels.get(sight)
        if channel is None:
            channel = Channel(ScopeFeed(self._reader, *sight), self.tally)
            self._channels[sight] = channel
            self._wakeups.notice()
        viewer = Viewer(alerts=alerts)
        channel.viewers.add(viewer)
        try:
            yield channel, viewer
        finally:
            channel.viewers.discard(viewer)
            if not channel.viewers and self._channels.get(sight) is channel:
                del self._channels[sight]

    async def run(self) -> None:
        """Go on until cancelled. While the database is away nobody is left with an old picture
        that looks live: every viewer is sent away, and comes again."""
        while True:
            try:
                await self._follow()
            except TrackerError as error:
                log.warning("The live feed stops for now: %s", error)
                self._send_all_away(_AWAY)
            except Exception:  # one bad tick must not end every map for good; told to the log
                log.exception("The live feed stops for now")
                self._send_all_away(_FAULT)
            await asyncio.sleep(RETRY_S)

    async def _follow(self) -> None:
        async with self._wakeups.listening():
            while True:
                for channel in list(self._channels.values()):
                    await channel.read()
                await asyncio.sleep(TICK_S)
                await self._wakeups.wait(POLL_S)
                self._wake()

    def _wake(self) -> None:
        self.woken.set()
        self.woken = asyncio.Event()

    def _send_all_away(self, end: End) -> None:
        for channel in self._channels.values():
            for viewer in channel.viewers:
                viewer.send_away(end)
        self._channels.clear()
