"""One viewer of a scope: never a queue of frames, at most the next one."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from api.live.frames import Frame

#: Messages kept for a viewer that does not take them; more, and it must come again.
MESSAGES_KEPT: Final = 200
#: Close codes: the database is away or the viewer is too slow (come again), the token ended.
TRY_AGAIN: Final = 1013
SIGNED_OUT: Final = 4401


@dataclass(frozen=True, slots=True)
class End:
    """Why a viewer is sent away."""

    code: int
    reason: str


class Viewer:
    """What one connection is to be sent next."""

    def __init__(self, *, alerts: bool) -> None:
        #: Whether alerts may be told to it.
        self.alerts = alerts
        self.end: End | None = None
        self._greet = True
        self._wants_snapshot = True
        self._frame: Frame | None = None
        self._messages: list[str] = []
        self._woken = asyncio.Event()

    def offer(self, frame: Frame) -> bool:
        """Give the next delta. False: it lags, so it will get a snapshot instead."""
        lags = self._frame is not None or self._wants_snapshot
        self._frame = None if lags else frame
        self._wants_snapshot = lags
        self._woken.set()
        return not lags

    def tell(self, message: str) -> None:
        """Give a message that may not be skipped, only said once."""
        if message in self._messages:
            return
        if len(self._messages) >= MESSAGES_KEPT:
            self.send_away(End(TRY_AGAIN, "too slow"))
            return
        self._messages.append(message)
        self._woken.set()

    def resync(self) -> None:
        """It asks for a snapshot."""
        self._wants_snapshot = True
        self._woken.set()

    def begin_anew(self) -> None:
        """Nothing that it was sent holds any more."""
        self._greet = True
        self.resync()

    def send_away(self, end: End) -> None:
        """Let the connection close."""
        self.end = self.end or end
        self._woken.set()

    async def woken(self, within_s: float) -> None:
        """Return when there is something to take, or after that time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._woken.wait()
        self._woken.clear()

    def take(self, hello: str, snapshot: Frame) -> list[Frame | str]:
        """What to send now, in order."""
        items: list[Frame | str] = [hello] if self._greet else []
        frame = snapshot if self._wants_snapshot else self._frame
        if frame is not None:
            items.append(frame)
        items += self._messages
        self._greet = self._wants_snapshot = False
        self._frame = None
        self._messages = []
        return items
