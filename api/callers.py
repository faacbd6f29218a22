"""Callers by their tokens, remembered for some seconds."""

from __future__ import annotations

import time
from typing import Final

from tracker import tokens
from tracker.reads import Caller, Reader, caller_of

#: A revoked token goes on for so long at most.
REMEMBERED_S: Final = 3.0
#: Above this everything is forgotten, so that memory stays bounded.
REMEMBERED: Final = 10_000


class Callers:
    """Asks the database who a token stands for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def of(self, token: str) -> Caller | None:
        """Who it is; None for a token that is unknown, expired or revoked."""
        key = tokens.digest(token)
        asked_at, caller = self._known.get(key, (float("-inf"), None))
        now = time.monotonic()
        if caller is not None and now - asked_at < REMEMBERED_S:
            return caller
        self._known.pop(key, None)
        caller = await caller_of(self._reader, key)
        if caller is not None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            self._known[key] = (now, caller)
        return caller

    def forget(self, token: str) -> None:
        """Ask the database again the next time."""
        self._known.pop(tokens.digest(token), None)
