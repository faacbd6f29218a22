"""What the ingest processes say of themselves."""

from __future__ import annotations

from sqlalchemy import select

from tracker.install import warnings
from tracker.models import IngestHealth
from tracker.reads.session import Row, Scope, rows_of

__all__ = ["ingest_health", "warnings"]


async def ingest_health(scope: Scope) -> list[Row]:
    """A row a shard: shard, started_at, at (when it last spoke), counters (a JSON object)."""
    columns = (IngestHealth.shard, IngestHealth.started_at, IngestHealth.at, IngestHealth.counters)
    return await rows_of(scope, select(*columns).order_by(IngestHealth.shard))
