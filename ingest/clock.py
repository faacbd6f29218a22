"""The database's clock, kept beside our own so that each arrival need not ask for it."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class Clock:
    """`now()` is the database's time by our monotonic clock since it last told us."""

    def __init__(self) -> None:
        """Until the database has told its time, our own clock stands in."""
        self.tell(datetime.now(UTC))

    def tell(self, now: datetime) -> None:
        """The database says that it is `now`."""
        self._base = now
        self._told_s = time.monotonic()

    def now(self) -> datetime:
        """Aware UTC, in whole milliseconds."""
        moment = self._base + timedelta(seconds=time.monotonic() - self._told_s)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
