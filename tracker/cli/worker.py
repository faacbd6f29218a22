"""`milepost worker`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracker.install import Status


#: Ingest and the API go first where processors are short: nothing here is waited for.
NICENESS = 10


def worker() -> None:
    """Make tracks, trips, stops and days of what is stored, and do other work behind the scenes.

    `milepost run` starts this by itself. On its own it needs MILEPOST_DATABASE_URL. Several may
    run, also on other machines: each job is done by one at a time.
    """
    import asyncio
    import os

    from tracker.settings import DatabaseSettings
    from tracker.worker import work

    settings = DatabaseSettings()
    # Retention detaches partitions, which only their owner may: without its address it stands by.
    owner = settings.require("milepost_owner") if settings.url or not settings.worker_url else None
    os.nice(NICENESS)
    # So do backtests without the address of the API's role, as which they read.
    api = settings.require("milepost_api") if settings.api_url or not settings.worker_url else None
    asyncio.run(work(settings.require("milepost_worker"), owner, api))


def told_of(found: Status) -> list[str]:
    """How the jobs go, for `milepost status`."""
    return list(_lines(found)) or ["worker     nothing done yet"]


def _lines(found: Status) -> Iterator[str]:
    for job in found.jobs:
        ago_s = (found.now - job["at"]).total_seconds()
        done = ", ".join(f"{value} {name}" for name, value in job["counters"].items())
        yield f"worker     {job['name']} {ago_s:.0f} s ago, {job['took_s']:.1f} s long: {done}"
        if job["error"]:
            yield f"           it waits: {job['error']}"
    if found.unworked:
        yield f"           {found.unworked} vehicles are yet to be worked through"
