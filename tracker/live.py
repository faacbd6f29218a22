"""What changes while people watch: one scope read with a vector cursor, and the wake-up for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import asyncpg

from tracker import sql
from tracker.connect import ApiConnection
from tracker.errors import DatabaseUnreachable, SchemaMissing
from tracker.packed import PLACED, Placed, by_id, unpacked
from tracker.reads import Granted, Reader, Row, Scope, alerts_by_id, told

#: Rows as frames carry them.
LIVE_ROW: Final = PLACED
#: Rows of LIVE_ROW, by id.
LiveRows = Placed


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What a scope has new since it was read before."""

    #: The installation's feed: another one after a restore.
    epoch: UUID
    #: The database's clock.
    now: datetime
    #: Nothing of earlier readings holds: the first reading, or the database was restored.
    anew: bool
    #: Devices, vehicles, fences or rules changed.
    registry_changed: bool
    #: Other grants are in force, or of other vehicles.
    grants_changed: bool
    #: Others' vehicles that the scope sees by grants.
    granted: Granted
    #: `positions` holds every vehicle of the scope, not only those with a new fix.
    whole: bool
    positions: LiveRows
    #: New and changed alerts, as `tracker.reads.alerts` has them.
    alerts: list[Row]
    #: What vehicles (full refs) of which somebody said it do now.
    duties: Mapping[str, str]


class ScopeFeed:
    """Reads what changes for some departments; nothing is missed and nothing comes out of order.

    Not for use by two tasks at once.
    """

    def __init__(
        self,
        reader: Reader,
        department_ids: Collection[int],
        contractor_ids: Collection[int] = (),
    ) -> None:
        self._reader = reader
        self._sight = (frozenset(department_ids), frozenset(contractor_ids))
        #: The number read up to, by feed; empty before the first reading.
        self._cursor: dict[int, int] = {}
        self._epoch: UUID | None = None
        self._registry_version = 0
        #: Grants in force at the last reading: while there are any, each one reads every position,
        #: for hours, areas, expiry and revocation hide a vehicle without writing its row.
        self._grants: tuple[str, ...] = ()

    async def changes(self) -> Changes:
        """What is new since the last call. Raises DatabaseUnreachable, SchemaMissing or TooSlow;
        the next call then gives what this one would have given."""
        async with self._reader.scope(*self._sight) as scope:
            found = await _read(scope, self._cursor, whole=bool(self._grants))
            heads = _heads(found)
            anew = found.feed_epoch != self._epoch or any(
                heads.get(feed, -1) < n for feed, n in self._cursor.items()
            )
            registry_changed = found.registry_version != self._registry_version
            grants = tuple(found.grants or ())
            grants_changed = grants != self._grants
            is_whole = anew or registry_changed or grants_changed or bool(self._grants)
            whole = found
            if is_whole and self._cursor and not self._grants:
                whole = await _read(scope, self._cursor, whole=True)
            alert_ids = [] if anew else found.alert_ids or []
            alerts = await alerts_by_id(scope, alert_ids) if alert_ids else []
        # Of two readings the older heads: what was committed between them comes once more.
        self._cursor = _heads(whole) if anew else heads
        self._epoch, self._registry_version = found.feed_epoch, found.registry_version
        self._grants = grants
        return Changes(
            epoch=found.feed_epoch,
            now=whole.now,
            anew=anew,
            registry_changed=registry_changed and not anew,
            grants_changed=grants_changed and not anew,
            granted=_granted(found) | _granted(whole),
            whole=is_whole,
            positions=by_id(unpacked(whole.positions or b"")),
            alerts=alerts,
            duties={} if anew else found.duties or {},
        )


async def _read(scope: Scope, cursor: dict[int, int], *, whole: bool) -> Any:  # noqa: ANN401  a row of the driver
    result = await scope.exec_driver_sql(
        sql.text("live_changes"), (list(cursor), list(cursor.values()), whole)
    )
    row = result.one_or_none()
    if row is None:
        raise SchemaMissing
    return row


def _heads(row: Any) -> dict[int, int]:  # noqa: ANN401  a row of the driver
    return dict(zip(row.feeds or (), row.heads or (), strict=True))


def _granted(row: Any) -> Granted:  # noqa: ANN401  a row of the driver
    return frozenset((number, ref) for ref, number in (row.granted or {}).items())


class Wakeups:
    """Tells when something may have changed: LISTEN on a connection of its own."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._noticed = asyncio.Event()
        self._lost = False

    def notice(self, *_told: object) -> None:
        """Wake whoever waits."""
        self._noticed.set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Hear the database's notices inside the block; raises DatabaseUnreachable."""
        with told():
            connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(
                self._dsn, connection_class=ApiConnection, timeout=10
            )
        try:
            self._lost = False
            connection.add_termination_listener(self._on_loss)
            for channel in ("live", "registry"):
                await connection.add_listener(channel, self.notice)
            yield
        finally:
            connection.terminate()

    async def wait(self, within_s: float) -> None:
        """Return at a notice or after that time; raises DatabaseUnreachable once it is gone."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._noticed.wait()
        self._noticed.clear()
        if self._lost:
            raise DatabaseUnreachable

    def _on_loss(self, *_told: object) -> None:
        self._lost = True
        self._noticed.set()
