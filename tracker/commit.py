"""The commit: ONE transaction for all that a batch of messages changes.

Whoever gets its result may acknowledge; whoever gets an exception may not.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import asyncpg
import numpy as np

from geo.crossing import VehicleState, renewed
from geo.fix import unix_ms
from tracker import (
    behind,
    device_news,
    erasing,
    judging,
    leases,
    past_work,
    presence,
    private_times,
    sql,
    staging,
)
from tracker import directory as registry
from tracker.alerting import Stamp
from tracker.beside import Beside
from tracker.clockwork import Clockwork
from tracker.committed import Committed
from tracker.connect import open_pool, told
from tracker.errors import DatabaseUnreachable, LeaseLost
from tracker.judging import Judgement
from tracker.leases import LEASE_S, Claim
from tracker.memories import state_of
from tracker.message import Message, read_up_to
from tracker.nearness import Nearby
from tracker.partitions import Partitions
from tracker.past import Window
from tracker.past_work import Work
from tracker.sorting import Sorted, receipt_keys, sort
from tracker.telling import tell

if TYPE_CHECKING:
    from tracker.connect import Connection, Pool

log = logging.getLogger(__name__)

#: How often the registry may change under one commit before that is called an error.
REGISTRY_TRIES = 20
#: Private times whose stored fixes are erased before one commit; the rest waits for the next.
ERASED_AT_ONCE = 20
STATEMENT_WITHIN_S = 30


class _RegistryChanged(Exception):
    """The registry changed since the snapshot; nothing was written."""


class Committer(Beside):
    """The one writer of a shard. Not for use by two tasks at once."""

    def __init__(self, pool: Pool, *, shard: int = 1) -> None:
        super().__init__(pool, shard)
        self._token = 0
        self._states: dict[int, VehicleState] = {}
        self._clockwork = Clockwork()
        self._nearby = Nearby()
        self._partitions = Partitions(pool)
        self._since = datetime.now(UTC)
        #: What is sent arrives, so that silence means something.
        self.hears = True
        #: Fences changed since the last commit: vehicles that stand still are judged anew.
        self._rejudge_from_ms: int | None = None
        #: Vehicles that the last commit went through although no fix came.
        self._waited: list[int] = []
        #: By vehicle, what earlier commits left to be gone over.
        self._waiting: dict[int, Work] = {}
        #: Up to when fences that change by themselves have been judged anew.
        self._passed_ms = 0

    @classmethod
    async def open(cls, dsn: str, *, shard: int = 1, claim: Claim | None = None) -> Committer:
        """Connect, take the shard (any earlier holder cannot commit any more), read the registry.

        Without a claim it is taken whoever holds it. Raises LeaseLost when the claim came too late,
        DatabaseUnreachable, or SchemaMissing before `milepost init`.
        """
        # A paused process must not keep its successor waiting for a lock; in the middle of a COPY
        # only the second one ends it.
        patience = {
            "idle_in_transaction_session_timeout": f"{LEASE_S:g}s",
            "statement_timeout": f"{STATEMENT_WITHIN_S}s",
        }
        self = cls(await open_pool(dsn, size=3, server_settings=patience), shard=shard)
        try:
            with told():
                async with self._pool.acquire() as connection:
                    self._token = await leases.take(connection, shard, claim)
            await self.reload()
        except BaseException:
            self._pool.terminate()
            raise
        return self

    async def close(self) -> None:
        """Give the shard back, where it is still ours, and the connections."""
        try:
            with told():
                async with self._pool.acquire() as connection:
                    await connection.execute(sql.text("give_shard"), self._shard, self._token)
        except DatabaseUnreachable:
            log.warning(
                "shard %d could not be given back: it is free in %g s", self._shard, LEASE_S
            )
        await self._pool.close()

    def abandon(self) -> None:
        """Break off as a killed process does: the shard stays taken until somebody takes it."""
        self._pool.terminate()

    @property
    def waiting(self) -> int:
        """Of how many vehicles a stretch of the past is still to be gone over."""
        return len(self._waiting)

    async def reload(self) -> None:
        """Read the registry and the states anew: at the start, and after anything went wrong."""
        with told():
            async with (
                self._pool.acquire() as connection,
                connection.transaction(isolation="repeatable_read", readonly=True),
            ):
                rows = await connection.fetch(sql.text("load_states"), self._shard)
                self._directory = await registry.load(connection, self._shard)
                await self._nearby.begin(connection, self._shard)
                self._waiting = await past_work.load(connection, self._shard)
                watches = self._directory.watches
                self._states = {row["vehicle_id"]: state_of(row, watches) for row in rows}
                checked_ms = {
                    row["vehicle_id"]: unix_ms(row["checked_at"])
                    for row in rows
                    if row["checked_at"] is not None
                }
                self._clockwork.begin(self._states, checked_ms, watches)
                self._receipts.forget()
                self._rejudge_from_ms = 0

    async def commit(self, messages: Sequence[Message]) -> Committed:
        """Make the messages durable, all or none.

        Raises LeaseLost, DatabaseUnreachable, or the driver's error when one of them cannot be
        stored. An exception may come although the database committed (the connection broke while it
        answered): committing the same messages again then changes nothing.
        """
        try:
            with told():
                for _ in range(REGISTRY_TRIES):
                    try:
                        return await self._commit(messages)
                    except _RegistryChanged:
                        await self._reload_registry()
                    except asyncpg.CheckViolationError:
                        # Retention may have taken a partition away that was there.
                        if not self._partitions.forget():
                            raise
        except BaseException:
            self._directory = None
            raise
        raise RuntimeError("the registry changes faster than a commit takes")

    async def refresh(self) -> Committed | None:
        """Look whether the registry changed or a timer ran out; if so, judge whom it concerns.

        Raises LeaseLost when another process has taken the shard.
        """
        with told():
            async with self._pool.acquire() as connection:
                row = await connection.fetchrow(sql.text("look"), self._shard)
        if row is None or row["token"] != self._token:
            raise LeaseLost
        known = self._directory
        current = known is not None and row["registry_version"] == known.version
        now_ms = unix_ms(row["now"])
        due = row["closing"] or self._clockwork.due(now_ms) or self._fences_change(now_ms)
        waits = current and (self.directory.private.pending or self._nearby.is_due(now_ms, known))
        if current and self._rejudge_from_ms is None and not due and not waits:
            return None
        return await self.commit([])

    async def go_over_past(self) -> Committed | None:
        """Go over a portion of what earlier commits left for later; None where nothing is left.

        Raises as `commit` does.
        """
        work = next(iter(self._waiting.values()), None)
        if work is None:
            return None
        try:
            with told():
                return await self._go_over(work)
        except _RegistryChanged:
            await self.commit([])
            return Committed(now=datetime.now(UTC))
        except BaseException:
            self._directory = None
            raise

    async def _reload_registry(self) -> None:
        before = self.directory.fences.moments_ms
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            self._directory = await registry.load(connection, self._shard, self._directory)
            self._waiting = await past_work.load(connection, self._shard)
        watches = self._directory.watches
        self._states = {v: renewed(state, watches) for v, state in self._states.items()}
        self._clockwork.adopt(self._states, watches)
        changed = set(self.directory.fences.moments_ms.tolist()) ^ set(before.tolist())
        if changed:
            due = min(changed)
            earlier = self._rejudge_from_ms
            self._rejudge_from_ms = due if earlier is None else min(due, earlier)

    async def _commit(self, messages: Sequence[Message]) -> Committed:
        if self._directory is None:
            await self.reload()
        await self._erase()
        await self._know_receipts(messages)
        await self._know_private(messages)
        batch = sort(messages, self.directory, self._receipts.dealt)
        await self._partitions.ensure(batch.days())
        async with self._pool.acquire() as connection, connection.transaction():
            stamp, now = await self._begin(connection)
            judgement = await self._judge(connection, batch, read_up_to(messages, stamp.now_ms))
            self._nearby.judge(self._states, judgement, self.directory, stamp.now_ms)
            stored = await self._store_fixes(connection, judgement, stamp)
            checkpoints = await self._store_states(connection, judgement)
            await past_work.store(connection, judgement.later)
            await presence.store(connection, batch.present, self.directory.fences)
            anew = self._rejudge_from_ms is not None
            events, alerts = await tell(
                connection, judgement, self.directory, stamp, fences_changed=anew
            )
            receipts = await self._receipts.store(connection, batch.dealt)
            await staging.store_rejects(connection, batch.rejects)
            await staging.settle_replays(connection, batch.replayed)
            await device_news.store(connection, batch.news)
            await connection.execute("NOTIFY live")
        self._adopt(judgement)
        self._waiting |= {work.vehicle_id: work for work in judgement.later}
        self._rejudge_from_ms = None
        self._receipts.adopt(receipts)
        self._clockwork.kept(checkpoints)
        return Committed(
            receipts=list(receipts.values()),
            stored=stored,
            late=judgement.late,
            implausible=judgement.found_implausible,
            suppressed=batch.suppressed,
            repeated=batch.repeated + len(batch.placed) - stored,
            events=events,
            alerts=alerts,
            refused=Counter(str(each.reason) for each in batch.rejects),
            ais=batch.news.ais,
            rejects=batch.rejects,
            now=now,
        )

    async def _erase(self) -> None:
        """Erase what is stored of private times that were declared since; all before the commit
        that knows of them, so nothing of them comes behind."""
        pending = self.directory.private.pending
        for _ in range(min(len(pending), ERASED_AT_ONCE)):
            async with self._pool.acquire() as connection, connection.transaction():
                stamp, _ = await self._begin(connection)
                state = self._states.get(pending[0].vehicle_id)
                judged_ms = 0 if state is None else state.judged_ms
                erased = await erasing.erase(connection, pending[0], self.directory, judged_ms)
                if (judgement := erased.judgement) is not None:
                    await self._store_fixes(connection, judgement, stamp)
                    await self._store_states(connection, judgement)
                    await tell(connection, judgement, self.directory, stamp)
                    await connection.execute("NOTIFY live")
            if erased.judgement is not None:
                self._adopt(erased.judgement)
            del pending[: erased.settled]
            if erased.version == self.directory.version + 1:
                # Nobody else changed it: what is known of it stands.
                self.directory.version += 1

    async def _go_over(self, work: Work) -> Committed:
        async with self._pool.acquire() as connection, connection.transaction():
            stamp, now = await self._begin(connection)
            live = self._states.get(work.vehicle_id)
            judgement, left = await behind.go_on(
                connection, work, self.directory, live, stamp.now_ms
            )
            await self._store_fixes(connection, judgement, stamp)
            checkpoints = await self._store_states(connection, judgement)
            events, alerts = await tell(connection, judgement, self.directory, stamp)
            await past_work.settle(connection, work, left)
            await connection.execute("NOTIFY live")
        self._adopt(judgement)
        self._clockwork.kept(checkpoints)
        del self._waiting[work.vehicle_id]
        if left is not None:
            self._waiting[work.vehicle_id] = left
        return Committed(
            implausible=judgement.found_implausible, events=events, alerts=alerts, now=now
        )

    async def _store_fixes(self, connection: Connection, judgement: Judgement, stamp: Stamp) -> int:
        stored = await staging.store_fixes(
            connection, judgement.fresh, judgement.implausible, stamp.feed, stamp.n
        )
        newest_ms = {v: judgement.states[v].fixed_ms for v in sorted(judgement.went_back)}
        await staging.store_marks(connection, judgement.marks, newest_ms, stamp.feed, stamp.n)
        await staging.note_past(connection, judgement.past)
        await staging.note_duty(connection, judgement.fresh, stamp.feed, stamp.n)
        return stored

    async def _store_states(
        self, connection: Connection, judgement: Judgement
    ) -> dict[int, VehicleState]:
        """Returns those that were kept as checkpoints."""
        await staging.store_states(connection, judgement.states, self._states)
        checkpoints = self._clockwork.checkpoints(judgement.states, self.directory.limits)
        await staging.store_checkpoints(connection, judgement.kept | checkpoints, judgement.untrue)
        return checkpoints

    async def _begin(self, connection: Connection) -> tuple[Stamp, datetime]:
        row = await connection.fetchrow(sql.text("begin_commit"), self._shard, self._token)
        if row is None:
            raise LeaseLost
        if row["registry_version"] != self.directory.version:
            raise _RegistryChanged
        return Stamp(feed=self._shard, n=row["n"], now_ms=unix_ms(row["now"])), row["now"]

    def _fences_change(self, now_ms: int) -> bool:
        """Whether a change of fences, written down earlier, has come since the last look."""
        if self._directory is None:
            return False
        moments_ms = self._directory.fences.moments_ms
        first, last = np.searchsorted(moments_ms, (self._passed_ms, now_ms), "right").tolist()
        return bool(last > first)

    async def _judge(self, connection: Connection, batch: Sorted, until_ms: int) -> Judgement:
        judgement = await judging.judge(
            connection,
            batch.by_vehicle(),
            self._states,
            self.directory,
            until_ms,
            self._waiting,
        )
        if self._rejudge_from_ms is None and self._fences_change(until_ms):
            self._rejudge_from_ms = 0
        self._passed_ms = max(self._passed_ms, until_ms)
        due = self._rejudge_from_ms
        waiting = {v: self._states[v] for v in self._clockwork.due(until_ms)}
        if due is not None:
            waiting = self._states
            overtaken = [
                Window(vehicle_id, due + 1, late=False, judged_ms=state.judged_ms)
                for vehicle_id, state in self._states.items()
                if 0 < due < state.fixed_ms and vehicle_id not in judgement.states
            ]
            await judging.go_again(connection, overtaken, self.directory, judgement, until_ms)
        judging.rejudge(waiting, self.directory, until_ms, judgement, hears=self.hears)
        self._waited = list(waiting)
        return judgement

    def _adopt(self, judgement: Judgement) -> None:
        self._states.update(judgement.states)
        for vehicle_id in judgement.gone:
            self._states.pop(vehicle_id, None)
        self._clockwork.adopt(judgement.states, self.directory.watches)
        self._clockwork.look_closer(self._waited, self._states, self.directory)
        self._clockwork.went_back(judgement.went_back, self._states)
        self._clockwork.forget(judgement.gone)

    async def _know_receipts(self, messages: Sequence[Message]) -> None:
        unknown = self._receipts.unknown(receipt_keys(messages, self.directory))
        if unknown:
            async with self._pool.acquire() as connection:
                await self._receipts.load(connection, unknown)

    async def _know_private(self, messages: Sequence[Message]) -> None:
        """Old fixes may fall into private times that are not remembered."""
        if unknown := self.directory.not_known_private(messages):
            async with self._pool.acquire() as connection:
                await private_times.load_whole(connection, self.directory.private, unknown)
