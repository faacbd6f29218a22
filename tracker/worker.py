"""The worker: jobs behind the commits, each at its own pace. To add one, add it to `jobs_of`."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tracker import sql
from tracker.audit.chain import Signer
from tracker.audit.check import ChainCheck
from tracker.backtest.jobs import BacktestJob
from tracker.connect import open_pool, told
from tracker.data_folder import DataFolder
from tracker.errors import TrackerError
from tracker.keeping.jobs import (
    RETENTION_EVERY_S,
    TURNS_EVERY_S,
    PrivateTurns,
    RetentionJob,
)
from tracker.motion import MotionJob
from tracker.process import announce, begin_log, patiently, until_stopped
from tracker.track_index import TRACK_INDEX_EVERY_S, TrackIndexJob

if TYPE_CHECKING:
    from tracker.connect import Pool

log = logging.getLogger(__name__)

#: What is not signed yet could be cut off unseen.
SIGNED_EVERY_S: Final = 10.0
#: Behind the signing, so that what is signed is gone over soon.
CHECKED_EVERY_S: Final = 10.0
#: How long a job waits after it could not do its work.
RETRY_S: Final = 2.0
#: A job that always finds more to do says this often how it goes.
REPORT_EVERY_S: Final = 5.0
#: A transaction of the worker that stands still is ended, and so is a statement that takes so long.
PATIENCE: Final = {"idle_in_transaction_session_timeout": "10s", "statement_timeout": "30s"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that the worker does again and again, in short transactions."""

    #: Its row in `worker_job`.
    name: str
    #: How long it waits when it found nothing to do.
    every_s: float
    #: A small piece of the work; True if there may be more to do at once. Raises TrackerError.
    run: Callable[[], Awaitable[bool]]
    #: What it did since the start, by name: for `milepost status`.
    counters: Mapping[str, int] = field(default_factory=dict)


def jobs_of(pool: Pool, owner_dsn: str | None = None, api_dsn: str | None = None) -> list[Job]:
    """All jobs, with a pool of connections of the worker's role, and the addresses of the owner and
    of the API's role, as which backtests read; without that one nobody answers them."""
    motion = MotionJob(pool)
    signer = Signer(pool, DataFolder())
    check = ChainCheck(pool, DataFolder())
    retention, turns = RetentionJob(pool, owner_dsn), PrivateTurns(pool)
    tracks = TrackIndexJob(owner_dsn)
    asked = [] if api_dsn is None else [_backtests(BacktestJob(pool, api_dsn))]
    return [
        *asked,
        Job(name="motion", every_s=1.0, run=motion.run, counters=motion.counters),
        Job(
            name="retention",
            every_s=RETENTION_EVERY_S,
            run=retention.run,
            counters=retention.counters,
        ),
        Job(
            name="track index",
            every_s=TRACK_INDEX_EVERY_S,
            run=tracks.run,
            counters=tracks.counters,
        ),
        Job(name="private times", every_s=TURNS_EVERY_S, run=turns.run, counters=turns.counters),
        Job(name="audit", every_s=SIGNED_EVERY_S, run=signer.run, counters=signer.counters),
        Job(name="audit chain", every_s=CHECKED_EVERY_S, run=check.run, counters=check.counters),
    ]


def _backtests(job: BacktestJob) -> Job:
    return Job(name="backtests", every_s=1.0, run=job.run, counters=job.counters)


async def work(dsn: str, owner_dsn: str | None = None, api_dsn: str | None = None) -> None:
    """Do all jobs until SIGTERM or Ctrl-C."""
    begin_log()
    await until_stopped(_run(dsn, owner_dsn, api_dsn))


async def _run(dsn: str, owner_dsn: str | None, api_dsn: str | None) -> None:
    pool = await patiently(lambda: open_pool(dsn, size=4, server_settings=PATIENCE), RETRY_S)
    try:
        jobs = jobs_of(pool, owner_dsn, api_dsn)
        announce()
        async with asyncio.TaskGroup() as group:
            for job in jobs:
                group.create_task(keep_doing(job, pool))
    finally:
        pool.terminate()


async def keep_doing(job: Job, pool: Pool, *, retry_s: float = RETRY_S) -> None:
    """Do a job until cancelled; what keeps it from its work is told, and tried again."""
    said: str | None = None
    reported = 0.0
    while True:
        began = time.monotonic()
        try:
            more, error = await job.run(), None
        except TrackerError as found:
            more, error = False, str(found)
        took_s = time.monotonic() - began
        if error != said:
            log.warning("%s: %s", job.name, error or "goes on")
            said = error
        if not more or time.monotonic() - reported > REPORT_EVERY_S:
            reported = time.monotonic()
            await _report(pool, job, took_s, error)
        if not more:
            await asyncio.sleep(retry_s if error else job.every_s)


async def _report(pool: Pool, job: Job, took_s: float, error: str | None) -> None:
    try:
        with told():
            await pool.execute(sql.text("report_job"), job.name, took_s, dict(job.counters), error)
    except TrackerError:
        log.debug("%s cannot be reported", job.name)
