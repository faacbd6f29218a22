"""What a shard's writer is asked by other tasks while it commits, and how it says it goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tracker import directory as registry
from tracker import sql
from tracker.accounts import Accounts
from tracker.connect import told
from tracker.directory import Directory
from tracker.errors import SchemaMissing
from tracker.receipts import Receipts

if TYPE_CHECKING:
    from tracker.connect import Pool


class Beside:
    """The part of a writer that more tasks than one may use."""

    def __init__(self, pool: Pool, shard: int) -> None:
        self._pool = pool
        self._shard = shard
        self._directory: Directory | None = None
        self._since = datetime.now(UTC)
        self._receipts = Receipts()

    @property
    def directory(self) -> Directory:
        """The registry as of the last commit."""
        if self._directory is None:
            raise SchemaMissing
        return self._directory

    @property
    def known(self) -> Directory | None:
        """The same for those beside the writer; None while it is not known."""
        return self._directory

    @property
    def accounts(self) -> Accounts | None:
        """Who may sign in at the broker, as of the last commit; None while that is not known."""
        return self._directory.accounts if self._directory is not None else None

    def has_dealt(self, department_ref: str, device_ref: str, boot: str, number: int) -> bool:
        """Whether a message is known to be dealt with, durably; False where that is not known."""
        directory = self._directory
        device = directory.device(department_ref, device_ref) if directory is not None else None
        return device is not None and number in self._receipts.dealt.get((device.id, boot), ())

    async def replays(self, limit: int) -> list[Mapping[str, Any]]:
        """Rejects that are to be read again, oldest first; none while the registry is being read.

        id, received_at, source, topic, boot, seq, reason, raw, claimed_ref.
        """
        with told():
            async with self._pool.acquire() as connection:
                rows = await connection.fetch(sql.text("load_replays"), limit, self._shard)
                version = await registry.version_of(connection)
        known = self._directory is not None and self._directory.version == version
        return [dict(row) for row in rows] if known else []

    async def import_parts(self, limit: int) -> list[Mapping[str, Any]]:
        """Parts of files that wait to be imported, oldest first.

        id, department_ref, device_ref, boot, seq, source, payload, asked_at.
        """
        with told():
            async with self._pool.acquire() as connection:
                rows = await connection.fetch(sql.text("load_import_parts"), limit, self._shard)
        return [dict(row) for row in rows]

    async def drop_import_parts(self, ids: Sequence[int]) -> None:
        """Forget parts that are committed."""
        with told():
            async with self._pool.acquire() as connection:
                await connection.execute(sql.text("drop_import_parts"), ids, self._shard)

    async def report(self, counters: dict[str, Any]) -> None:
        """Write down how this process goes, for `milepost status` and /metrics."""
        with told():
            async with self._pool.acquire() as connection:
                await connection.execute(sql.text("report"), self._shard, self._since, counters)
