"""The outbox as the senders use it: planning deliveries, taking what is due, saying how it went.

At least once, in order a subscription and vehicle. Whoever dies in between loses nothing: what it
had taken is due again when its lease ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal, Self
from uuid import UUID, uuid5

from tracker import sql
from tracker.connect import open_pool, told

if TYPE_CHECKING:
    from tracker.connect import Pool

#: Rows of the outbox planned in one transaction.
PLANNED_AT_ONCE: Final = 500
#: What was sent, and what nobody was told of, is kept for so long.
KEPT_DAYS: Final = 30
PRUNED_AT_ONCE: Final = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """Who is to be told, and how."""

    id: int
    kind: Literal["webhook", "cap", "mqtt", "email"]
    target: str
    #: Those that sign now, the newest first; none for kinds that do not sign.
    secrets: Sequence[str]
    department: str
    department_name: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """One thing that left the house: an event as it stood, or what was done to its alert."""

    outbox_id: int
    type: str
    event_id: UUID
    revision: int
    body: Mapping[str, Any]
    created_at: datetime
    attempts: int
    #: False: it is of another department, whose grant has ended since it was planned.
    may_go: bool = True

    @property
    def id(self) -> UUID:
        """The event's id at its first telling; each revision has one that follows from it."""
        return telling_id(self.event_id, self.revision)


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What was told before of the same event, or of one that it amends."""

    id: UUID
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a delivery went; `waiting` is tried again."""

    outbox_id: int
    state: Literal["sent", "waiting", "dead"]
    error: str | None = None
    delay_s: float = 0.0


def telling_id(event_id: UUID, revision: int) -> UUID:
    """By which a receiver knows a repeat."""
    return event_id if revision == 0 else uuid5(event_id, str(revision))


class Outbox:
    """The senders' door, as the role `milepost_worker`. Its methods raise DatabaseUnreachable."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str) -> Self:
        """Connect."""
        return cls(await open_pool(dsn, size=4))

    async def close(self) -> None:
        """Give the connections back."""
        await self._pool.close()

    async def plan(self) -> int:
        """Plan the deliveries of some of what is new; how many rows of the outbox that were."""
        return await self._execute("plan_deliveries", PLANNED_AT_ONCE)

    async def subscriptions(self) -> list[Subscription]:
        """Those for which something waits."""
        rows = await self._fetch("waiting_subscriptions")
        return [
            Subscription(
                id=row["id"],
                kind=row["kind"],
                target=row["target"],
                secrets=[each for each in (row["secret"], row["old_secret"]) if each],
                department=row["department"],
                department_name=row["department_name"],
            )
            for row in rows
        ]

    async def claim(self, subscription_id: int, *, limit: int, lease_s: float) -> list[Telling]:
        """What is due, one a vehicle, and nobody else's before the lease ends."""
        rows = await self._fetch("claim_deliveries", subscription_id, limit, lease_s)
        return [Telling(**row) for row in rows]

    async def settle(
        self, subscription_id: int, outcomes: Sequence[Outcome], *, give_up_s: float
    ) -> None:
        """Write down how they went; what waits longer than `give_up_s` becomes a dead letter."""
        await self._execute(
            "settle_deliveries",
            subscription_id,
            [each.outbox_id for each in outcomes],
            [each.state for each in outcomes],
            [each.error for each in outcomes],
            [each.delay_s for each in outcomes],
            give_up_s,
        )

    async def hurry(self, subscription_id: int) -> None:
        """Its receiver is back: what failed is due now."""
        await self._execute("hurry_deliveries", subscription_id)

    async def disable(self, subscription_id: int, reason: str) -> None:
        """Tell it nothing more: the receiver asked for that."""
        with told():
            await self._pool.execute(
                "UPDATE subscription SET disabled_at = milepost_now(), disabled_reason = $2"
                " WHERE id = $1 AND disabled_at IS NULL",
                subscription_id,
                reason,
            )

    async def earlier(self, subscription_id: int, telling: Telling) -> list[Earlier]:
        """What this subscription took before of the event, and of those that it amends."""
        rows = await self._fetch(
            "earlier_tellings", subscription_id, telling.event_id, telling.outbox_id
        )
        return [
            Earlier(id=telling_id(row["event_id"], row["revision"]), created_at=row["created_at"])
            for row in rows
        ]

    async def fence_shape(self, fence: str, version: int) -> Mapping[str, Any] | None:
        """`definition` and `shape` (GeoJSON, lon, lat) of a fence's version, by full ref."""
        rows = await self._fetch("fence_shape", fence, version)
        return dict(rows[0]) if rows else None

    async def is_demo(self) -> bool:
        """Whether all this is an exercise."""
        with told():
            return bool(await self._pool.fetchval("SELECT demo FROM installation"))

    async def prune(self) -> int:
        """Remove some of what has been done with for long; how many rows."""
        gone = await self._execute("prune_deliveries", KEPT_DAYS, PRUNED_AT_ONCE)
        return gone + await self._execute("prune_outbox", KEPT_DAYS, PRUNED_AT_ONCE)

    async def _fetch(self, name: str, *values: object) -> list[Any]:
        with told():
            return await self._pool.fetch(sql.text(name), *values)

    async def _execute(self, name: str, *values: object) -> int:
        with told():
            done = await self._pool.execute(sql.text(name), *values)
        return int(done.rpartition(" ")[2])
