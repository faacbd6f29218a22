"""One ingest process from start to end."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from pathlib import Path

from ingest.clock import Clock
from ingest.errors import NoSource
from ingest.settings import IngestSettings
from ingest.worker import Worker
from tracker.directory import FIRST_SHARD
from tracker.errors import DatabaseUnreachable
from tracker.leases import Leases
from tracker.settings import DatabaseSettings

log = logging.getLogger(__name__)

RETRY_S = 1.0
#: Names the file in which a process writes its pid once it is ready.
READY_FILE = "MILEPOST_READY_FILE"


async def serve(settings: IngestSettings) -> None:
    """Run until SIGTERM or SIGINT; then finish what has been read.

    Raises NoSource, or as `IngestSettings.open_sources` does.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    if not settings.open_sources(Clock(), FIRST_SHARD, lambda department_ref: True):
        raise NoSource
    dsn = DatabaseSettings().require("milepost_ingest")
    running = asyncio.create_task(_run(settings, dsn))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        log.info("stopped; all that was acknowledged is stored")


async def _run(settings: IngestSettings, dsn: str) -> None:
    leases = await _open(dsn)
    try:
        await Worker(settings, dsn, leases).run(_announce)
    finally:
        await leases.close()


def _announce() -> None:
    """Tell whoever started us that nothing published from now on is missed."""
    if told_file := os.environ.get(READY_FILE):
        Path(told_file).write_text(f"{os.getpid()}\n", encoding="ascii")


async def _open(dsn: str) -> Leases:
    """Connect, waiting for a database that is still starting."""
    said = False
    while True:
        try:
            return await Leases.open(dsn)
        except DatabaseUnreachable as error:
            if not said:
                log.warning("waiting: %s", error)
                said = True
            await asyncio.sleep(RETRY_S)
