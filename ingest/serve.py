"""One ingest process from start to end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from pathlib import Path

from ingest.accounts import follow_registry
from ingest.clock import Clock
from ingest.errors import NoSource
from ingest.loop import Ingest
from ingest.settings import IngestSettings
from ingest.sources.replay import ReplaySource
from tracker.commit import Committer
from tracker.data_folder import DataFolder
from tracker.errors import DatabaseUnreachable
from tracker.health_file import SUFFIX, HealthFile
from tracker.settings import DatabaseSettings

log = logging.getLogger(__name__)

RETRY_S = 1.0
HEALTH_EVERY_S = 1.0
#: Names the file in which a process writes its pid once it is ready.
READY_FILE = "MILEPOST_READY_FILE"


async def serve(settings: IngestSettings, *, shard: int) -> None:
    """Run until SIGTERM or SIGINT; then finish what has been read. Raises LeaseLost, NoSource."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # The pool tells each try with a traceback; that the database is away stands in our own words.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)
    clock = Clock()
    sources = settings.open_sources(clock, shard)
    if not sources:
        raise NoSource
    committer = await _open(shard)
    _calm_the_collector()
    worker = Ingest(committer, [*sources, ReplaySource(committer)], clock)
    ingest = asyncio.create_task(worker.run())
    beside = [asyncio.create_task(_announce(worker)), asyncio.create_task(_tell_health(worker))]
    if settings.private_broker:
        beside.append(asyncio.create_task(follow_registry(DataFolder(), committer)))
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ingest.cancel)
    log.info("reading from %s", ", ".join(source.name for source in sources))
    try:
        await ingest
    except asyncio.CancelledError:
        log.info("stopped; all that was acknowledged is stored")
    finally:
        for task in beside:
            task.cancel()
        await committer.close()


def _calm_the_collector() -> None:
    """Leave the registry and the states, which stay, out of the cyclic collector's rounds.

    Reference counts free nearly all that a batch makes. The default goes over everything that
    lives each few thousand new objects: a third of the CPU, in pauses of a fifth of a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


async def _announce(worker: Ingest) -> None:
    """Tell whoever started us that nothing published from now on is missed."""
    await worker.ready()
    if told_file := os.environ.get(READY_FILE):
        await asyncio.to_thread(Path(told_file).write_text, f"{os.getpid()}\n", encoding="ascii")


async def _tell_health(worker: Ingest) -> None:
    """Say each second how it goes, beside the ready file: the database may be away."""
    told_file = os.environ.get(READY_FILE)
    if told_file is None:
        return
    file, said = HealthFile(Path(told_file).with_suffix(SUFFIX)), False
    try:
        while True:
            try:
                file.write(worker.health())
            except OSError as error:
                if not said:
                    log.error("the health file cannot be written: %s", error)
                said = True
            await asyncio.sleep(HEALTH_EVERY_S)
    finally:
        file.close()


async def _open(shard: int) -> Committer:
    """Open the committer, waiting for a database that is still starting."""
    dsn = DatabaseSettings().require("milepost_ingest")
    said = False
    while True:
        try:
            return await Committer.open(dsn, shard=shard)
        except DatabaseUnreachable as error:
            if not said:
                log.warning("waiting: %s", error)
                said = True
            await asyncio.sleep(RETRY_S)
