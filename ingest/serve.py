"""One ingest process from start to end."""

from __future__ import annotations

from ingest.clock import Clock
from ingest.errors import NoSource
from ingest.settings import IngestSettings
from ingest.worker import Worker
from tracker.directory import FIRST_SHARD
from tracker.leases import Leases
from tracker.process import announce, begin_log, patiently, until_stopped
from tracker.settings import DatabaseSettings

RETRY_S = 1.0


async def serve(settings: IngestSettings) -> None:
    """Run until SIGTERM or SIGINT; then finish what has been read.

    Raises NoSource, or as `IngestSettings.open_sources` does.
    """
    begin_log()
    if not settings.open_sources(Clock(), FIRST_SHARD, lambda department_ref: True):
        raise NoSource
    dsn = DatabaseSettings().require("milepost_ingest")
    await until_stopped(_run(settings, dsn), "stopped; all that was acknowledged is stored")


async def _run(settings: IngestSettings, dsn: str) -> None:
    leases = await patiently(lambda: Leases.open(dsn), RETRY_S)
    try:
        await Worker(settings, dsn, leases).run(announce)
    finally:
        await leases.close()
