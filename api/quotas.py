"""How much a key, and its departments, may ask a minute; and how much they asked.

Buckets stand in the database, for several processes share them. A process takes some requests at a
time out of them and spends these by itself, so most requests cost no transaction; what it has taken
and not spent is lost when it ends, and no more.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import defaultdict
from collections.abc import MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

from api.envelope import add_header
from api.errors import TooManyRequests
from api.settings import ApiSettings
from tracker import usage
from tracker.errors import TrackerError
from tracker.reads import Caller, Reader

log = logging.getLogger(__name__)

Kind = Literal["requests", "history"]
#: Of a bucket that is full, a process takes this share at a time.
_SHARE: Final = 0.05
_MOST_AT_ONCE: Final = 50
#: What was asked is written down so often.
_WRITTEN_EVERY_S: Final = 5.0
#: Keys that are remembered; above this what they had taken is forgotten.
_REMEMBERED: Final = 10_000


@dataclass(slots=True)
class _Purse:
    """What this process has taken for one key and kind, and has not spent."""

    left: int = 0
    #: Until then there is none in the bucket either.
    empty_until_s: float = 0.0


class Quotas:
    """The quotas of one API. Its methods raise as a Reader's scope does."""

    def __init__(self, dsn: str, settings: ApiSettings) -> None:
        # Connections of its own: those that wait here may hold the reader's.
        self._reader = Reader(dsn, size=2)
        self._sizes: dict[Kind, tuple[int, int]] = {
            "requests": (settings.key_requests, settings.department_requests),
            "history": (settings.key_history, settings.department_history),
        }
        self._purses: dict[tuple[str, Kind], _Purse] = {}
        self._locks: defaultdict[tuple[str, Kind], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._asked: dict[tuple[str, Kind], usage.Asked] = {}

    async def take(self, scope: MutableMapping[str, Any], caller: Caller, kind: Kind) -> None:
        """Spend one of a kind for the request of that ASGI scope; raises TooManyRequests."""
        key = caller.id
        async with self._locks[key, kind]:
            purse = self._purse(key, kind)
            now_s = time.monotonic()
            if purse.left < 1 and now_s >= purse.empty_until_s:
                await self._fill(purse, caller, kind)
            granted = purse.left >= 1
            purse.left -= granted
        self._count(caller, kind, granted)
        size = self._sizes[kind][0]
        wait_s = 0 if granted else max(1, math.ceil(purse.empty_until_s - now_s))
        # RateLimit fields of the IETF draft: the policy, and what is surely left of it.
        add_header(scope, "RateLimit-Policy", f'"{kind}";q={size};w=60')
        add_header(scope, "RateLimit", f'"{kind}";r={purse.left};t={wait_s}')
        if not granted:
            raise TooManyRequests(f"({size} {kind} a minute; try again in {wait_s} s)", wait_s)

    async def close(self) -> None:
        """Write down what is left to count, if the database takes it."""
        with suppress(TrackerError):
            await self.write()
        await self._reader.close()

    async def run(self) -> None:
        """Write down what was asked, until cancelled."""
        while True:
            await asyncio.sleep(_WRITTEN_EVERY_S)
            try:
                await self.write()
            except TrackerError as error:
                log.warning("What was asked is not written down for now: %s", error)

    async def write(self) -> None:
        """Write down what was asked; what cannot be written is kept for the next time."""
        asked, self._asked = self._asked, {}
        if not asked:
            return
        try:
            async with self._reader.scope(()) as scope:
                await usage.add(scope, list(asked.values()))
        except TrackerError:
            for at, each in asked.items():
                self._asked[at] = each.with_more(self._asked.get(at))
            raise

    def _purse(self, key: str, kind: Kind) -> _Purse:
        if len(self._purses) >= _REMEMBERED:
            self._purses.clear()
            self._locks.clear()
        return self._purses.setdefault((key, kind), _Purse())

    async def _fill(self, purse: _Purse, caller: Caller, kind: Kind) -> None:
        of_key, of_departments = self._sizes[kind]
        departments = ",".join(map(str, sorted(caller.department_ids)))
        buckets = {f"{caller.id} {kind}": of_key}
        if not caller.platform:
            buckets[f"departments:{departments} {kind}"] = of_departments
        wanted = max(1, min(_MOST_AT_ONCE, int(min(buckets.values()) * _SHARE)))
        async with self._reader.scope(()) as scope:
            granted, wait_s = await usage.take(scope, buckets, wanted)
        purse.left += granted
        purse.empty_until_s = 0.0 if granted else time.monotonic() + wait_s

    def _count(self, caller: Caller, kind: Kind, granted: bool) -> None:
        one = usage.Asked(
            who=caller.id,
            kind=kind,
            label=caller.label,
            department_ids=sorted(caller.department_ids),
            asked=1,
            refused=int(not granted),
        )
        self._asked[caller.id, kind] = one.with_more(self._asked.get((caller.id, kind)))
