"""Retention: what is past leaves, whole partitions at once and the rest in small transactions.

It runs as the schema's owner, on a connection of its own: `DETACH ... CONCURRENTLY` stands in no
function and no transaction, so the right to it cannot be lent to another role. No role that serves
anybody may delete a fix.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final

import asyncpg

from tracker import sql
from tracker.connect import told
from tracker.keeping.plan import Cutoff, Partition, cutoffs, oldest_cutoff, partitions

if TYPE_CHECKING:
    Connection = asyncpg.Connection[asyncpg.Record]

log = logging.getLogger(__name__)

#: Rows that one transaction deletes: some tenths of a second.
BATCH_ROWS: Final = 5000
#: How long a partition's leaving waits for readers that were there before. Nobody waits for it
#: meanwhile; what it does not end, the next run does.
DETACH_WITHIN_S: Final = 60.0
#: Beside fixes, in this order: each the name of an `expire_*.sql`.
KINDS: Final = (
    *(
        "motion",
        "checkpoint",
        "event",
        "withdrawn",
        "presence",
        "outbox",
        "reject",
        "reject_day",
        "receipt",
    ),
    *("device_notice", "private_interval", "duty_status"),
)

#: Rows by (what, department id).
Counts = Counter[tuple[str, int | None]]


@dataclass(slots=True)
class Outcome:
    """What one run did."""

    run_id: int
    #: Partitions that left as a whole, in order.
    left: list[str] = field(default_factory=list)
    rows: Counts = field(default_factory=Counter)
    #: What could not be done this time, in sentences.
    errors: list[str] = field(default_factory=list)


async def run(dsn: str, *, run_by: str) -> Outcome:
    """Let everything go that is past, as the owner at `dsn`; raises DatabaseUnreachable.

    Two runs at once do no harm: what one of them has done already the other does not find.
    """
    with told():
        connection = await asyncpg.connect(dsn, timeout=10)
    try:
        with told():
            return await _Run(connection).run(run_by)
    finally:
        await connection.close(timeout=5)


class _Run:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._outcome = Outcome(0)

    async def run(self, run_by: str) -> Outcome:
        connection = self._connection
        self._outcome.run_id = await connection.fetchval(
            "INSERT INTO retention_run (run_by) VALUES ($1) RETURNING id", run_by
        )
        known = await cutoffs(connection)
        of_departments = [each for each in known if each.department_id is not None]
        await self._let_partitions_go(oldest_cutoff(known).cutoff)
        await self._delete_fixes(of_departments)
        await self._expire_latest(of_departments)
        for kind in KINDS:
            await self._expire(kind, known)
        # A partition that a hold reached into may have become empty.
        await self._let_partitions_go(oldest_cutoff(known).cutoff)
        await connection.execute(
            "UPDATE retention_run SET ended_at = milepost_now(), error = $2 WHERE id = $1",
            self._outcome.run_id,
            "; ".join(self._outcome.errors) or None,
        )
        return self._outcome

    async def _let_partitions_go(self, cutoff: datetime) -> None:
        """One at a time may be on its way out, so what was broken off comes first."""
        found = await partitions(self._connection)
        for partition in sorted(found, key=lambda each: not each.pending):
            if partition.ends_at > cutoff and partition.attached and not partition.pending:
                continue
            try:
                await self._let_go(partition)
            except (asyncpg.QueryCanceledError, TimeoutError):
                self._fail(f"{partition.name} is in use: the next run ends its leaving")
                return
            except (asyncpg.ObjectNotInPrerequisiteStateError, asyncpg.UndefinedTableError):
                self._fail(f"{partition.name} is being detached by another run")
                return

    def _fail(self, sentence: str) -> None:
        log.warning(sentence)
        self._outcome.errors.append(sentence)

    async def _let_go(self, partition: Partition) -> None:
        """Detach and drop one, as far as an earlier run has not."""
        if partition.pending:
            await self._alter("finalize", partition)
        elif partition.attached:
            if await self._has_held_rows(partition):
                return
            await self._alter("detach", partition)
        await self._drop(partition)

    async def _alter(self, what: str, partition: Partition) -> None:
        statement = await self._statement(what, partition)
        await self._connection.execute(statement, timeout=DETACH_WITHIN_S)

    async def _has_held_rows(self, partition: Partition) -> bool:
        """Whether a hold reaches into it and anything is left there."""
        span = (partition.starts_at, partition.ends_at)
        reached = await self._connection.fetchval(sql.text("partition_is_held"), *span)
        return bool(
            reached
            and await self._connection.fetchval(
                "SELECT EXISTS (SELECT FROM fix WHERE fixed_at >= $1 AND fixed_at < $2)", *span
            )
        )

    async def _drop(self, partition: Partition) -> None:
        """Drop a detached one, unless a hold was placed since: then it comes back."""
        connection = self._connection
        # Alone it has no policy by which even its owner would see a row.
        await connection.execute(await self._statement("open", partition))
        counted = await connection.fetch(await self._statement("count", partition))
        async with connection.transaction():
            await connection.execute("LOCK TABLE legal_hold IN SHARE MODE")
            held = await connection.fetchval(
                sql.text("partition_is_held"), partition.starts_at, partition.ends_at
            )
            if held and counted:
                await connection.execute(await self._statement("close", partition))
                await connection.execute(await self._statement("attach", partition))
                return
            await connection.execute(await self._statement("drop", partition))
            await self._note(
                {("partition", row["department_id"]): row["rows"] for row in counted}
                or {("partition", None): 0},
                partition.name,
            )
        self._outcome.left.append(partition.name)
        log.info("%s has left with its fixes", partition.name)

    async def _statement(self, what: str, partition: Partition) -> str:
        text: str = await self._connection.fetchval(
            sql.text("partition_statement"),
            what,
            partition.name,
            partition.starts_at,
            partition.ends_at,
        )
        return text

    @asynccontextmanager
    async def _deleting(self) -> AsyncIterator[None]:
        """A transaction that knows every hold: one is placed before it, or after it."""
        async with self._connection.transaction():
            await self._connection.execute("LOCK TABLE legal_hold IN SHARE MODE")
            yield

    async def _delete_fixes(self, known: Sequence[Cutoff]) -> None:
        """By vehicle and partition, so that each batch reads one stretch of one index."""
        spans = [(each.starts_at, each.ends_at) for each in await partitions(self._connection)]
        for row in await self._connection.fetch(sql.text("vehicles_past"), *_columns(known)):
            for starts_at, ends_at in spans:
                if ends_at > row["oldest"] and starts_at < row["cutoff"]:
                    await self._delete_span(row, starts_at, min(ends_at, row["cutoff"]))

    async def _delete_span(
        self, vehicle: asyncpg.Record, starts_at: datetime, ends_at: datetime
    ) -> None:
        department_id, rows = vehicle["department_id"], BATCH_ROWS
        while rows == BATCH_ROWS:
            async with self._deleting():
                gone = await self._connection.fetchrow(
                    sql.text("expire_fix"),
                    *(vehicle["vehicle_id"], department_id, starts_at, ends_at, BATCH_ROWS),
                )
                assert gone is not None  # noqa: S101  an aggregate is always one row
                rows = gone["rows"]
                await self._note({("fix", department_id): rows})
            starts_at = gone["newest"] or ends_at

    async def _expire_latest(self, known: Sequence[Cutoff]) -> None:
        if await self._connection.fetchval(sql.text("any_latest_past"), *_columns(known)):
            async with self._deleting():
                await self._connection.execute(
                    "SELECT id FROM feed WHERE id > 0 ORDER BY id FOR UPDATE"
                )
                await self._expire_once("latest", known)

    async def _expire(self, kind: str, known: Sequence[Cutoff]) -> None:
        gone = 1
        while gone:
            async with self._deleting():
                gone = await self._expire_once(kind, known)

    async def _expire_once(self, kind: str, known: Sequence[Cutoff]) -> int:
        rows = await self._connection.fetch(
            sql.text(f"expire_{kind}"), *_columns(known), BATCH_ROWS
        )
        counts = {(row["what"], row["department_id"]): row["rows"] for row in rows}
        await self._note(counts)
        return sum(counts.values())

    async def _note(
        self, counts: dict[tuple[str, int | None], int], partition: str | None = None
    ) -> None:
        for (what, department_id), rows in counts.items():
            if rows or partition is not None:
                await self._connection.execute(
                    sql.text("log_retention"),
                    *(self._outcome.run_id, what, partition, department_id, rows),
                )
                self._outcome.rows[what, department_id] += rows


def _columns(known: Sequence[Cutoff]) -> tuple[list[int | None], list[datetime]]:
    return [each.department_id for each in known], [each.cutoff for each in known]
