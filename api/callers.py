"""Callers by what they show, remembered for some seconds."""

from __future__ import annotations

import hashlib
import time
from typing import Final

from api.identity.bearer import Bearers
from tracker import secrets
from tracker.reads import Caller, Reader, caller_of

#: A key that was revoked goes on for so long at most.
REMEMBERED_S: Final = 3.0
#: Above this everything is forgotten, so that memory stays bounded.
REMEMBERED: Final = 10_000


class Callers:
    """Says who somebody is: by a key or a session, of the database; by a JWT, of its issuer."""

    def __init__(self, reader: Reader, bearers: Bearers | None) -> None:
        self._reader = reader
        self._bearers = bearers
        self._known: dict[bytes, tuple[float, Caller]] = {}

    async def of(self, token: str) -> Caller | None:
        """Who it is; None for what is unknown, has expired or was revoked."""
        key = _key(token)
        until_s, caller = self._known.get(key, (float("-inf"), None))
        if caller is not None and time.monotonic() < until_s:
            return caller
        self._known.pop(key, None)
        caller = await self._ask(token)
        if caller is not None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            lasts_s = REMEMBERED_S
            if caller.expires_at is not None:
                lasts_s = min(lasts_s, caller.expires_at.timestamp() - time.time())
            self._known[key] = (time.monotonic() + lasts_s, caller)
        return caller

    async def _ask(self, token: str) -> Caller | None:
        if secret := secrets.read(token):
            return await caller_of(self._reader, secret)
        return await self._bearers.caller_of(token) if self._bearers is not None else None

    def forget(self, token: str) -> None:
        """Ask again the next time."""
        self._known.pop(_key(token), None)

    def forget_all(self) -> None:
        """Ask again of everybody."""
        self._known.clear()


def _key(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
