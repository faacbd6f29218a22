"""What processes that `milepost run` starts do alike: their log, how they wait, begin and end."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import Any, Final, TypeVar

from tracker.errors import DatabaseUnreachable

log = logging.getLogger(__name__)

#: Names the file in which a process writes its pid once it is at work.
READY_FILE: Final = "MILEPOST_READY_FILE"

_Opened = TypeVar("_Opened")


def begin_log() -> None:
    """Log to stderr, with times."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    # The pool tells each try with a traceback; that the database is away stands in our own words.
    logging.getLogger("asyncpg.pool").setLevel(logging.ERROR)


def calm_the_collector() -> None:
    """Leave what is there and stays out of the cyclic collector's rounds, and let it go round less.

    Reference counts free nearly all that a batch or a request makes. The default goes over
    everything that lives each few thousand new objects: a third of the CPU of ingest, in pauses of
    a fifth of a second, and of an answer with ten thousand positions five sixths. So many new
    objects are some tens of MB; at 50,000 it still took a tenth of ingest's CPU.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(300_000, 20, 50)


def announce() -> None:
    """Tell whoever started us that we are at work."""
    if told_file := os.environ.get(READY_FILE):
        Path(told_file).write_text(f"{os.getpid()}\n", encoding="ascii")


async def until_stopped(work: Coroutine[Any, Any, None], stopped: str = "stopped") -> None:
    """Do the work until SIGTERM or SIGINT cancels it, which is logged as `stopped`."""
    running = asyncio.create_task(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, running.cancel)
    try:
        await running
    except asyncio.CancelledError:
        log.info("%s", stopped)


async def patiently(open_: Callable[[], Awaitable[_Opened]], every_s: float) -> _Opened:
    """What `open_` opens, tried until the database is there."""
    said = False
    while True:
        try:
            return await open_()
        except DatabaseUnreachable as error:
            if not said:
                log.warning("waiting: %s", error)
                said = True
            await asyncio.sleep(every_s)
