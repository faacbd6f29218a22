"""PostgreSQL's disk runs full: ingest stops acknowledging and says so; room again, nothing lost."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.drills import stage
from tests.drills.database_away import STANDS_STILL, status_of
from tests.drills.fleet import Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.service import Service, served
from tracker.data_folder import DataFolder
from tracker.health_file import read_health

ALARM_WITHIN_S = 10.0
DIED = r" died \("
#: Left free when the disk is filled: the write-ahead log takes the rest by itself.
LEFT_BYTES = 256 * 1024


@contextmanager
def small_disk(data: DataFolder, megabytes: int) -> Iterator[Path]:
    """The database's folder on a disk of its own; needs root. A file on it to fill it with."""
    cluster, copy = data.path / "pg", data.path / "pg.copy"
    cluster.rename(copy)
    cluster.mkdir()
    owner = copy.stat()
    _run("mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0700", "tmpfs", str(cluster))
    try:
        _run("cp", "-a", f"{copy}/.", str(cluster))
        os.chown(cluster, owner.st_uid, owner.st_gid)
        shutil.rmtree(copy)
        yield cluster / "ballast"
    finally:
        _run("umount", str(cluster))


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True)  # noqa: S603  our own command line


def fill(ballast: Path) -> None:
    """Take what is free but for a little."""
    free = shutil.disk_usage(ballast.parent).free
    with ballast.open("ab") as file:
        file.write(bytes(max(free - LEFT_BYTES, 0)))


def deaths(service: Service) -> int:
    """How often the supervisor said that something died."""
    return sum(bool(re.search(DIED, line)) for line in service.session.lines)


def held_up(service: Service) -> bool:
    """Whether ingest says that it acknowledges nothing."""
    return any(said.get("database_away_since") for said in read_health(service.data.run))


def disk_full(service: Service, ballast: Path, plan: Plan, seconds: float) -> Outcome:
    """The drill in a running service."""
    outcome, dsn = Outcome(), service.dsn("postgres")
    with running_fleet(service.mqtt_url, plan) as fleet:
        stage.recovery_s(dsn, fleet)
        before = deaths(service)
        fill(ballast)
        # What was free went to the log and the tables first; the alarm is for what follows.
        stage.must_wait("the disk is full", lambda: _is_full(ballast, service), 120)
        say("the disk is full")
        outcome.figures["alarm_s"] = stage.must_wait(
            "ingest says so", lambda: held_up(service), ALARM_WITHIN_S
        )
        acked = fleet.progress.acked
        stage.run_for(seconds)
        outcome.figures["acked_meanwhile"] = fleet.progress.acked - acked
        _, said = status_of(service)
        outcome.conditions["status says so"] = STANDS_STILL in said
        outcome.figures["deaths"] = deaths(service) - before
        outcome.conditions["no crash loop"] = outcome.figures["deaths"] <= seconds + ALARM_WITHIN_S
        ballast.unlink()
        say("there is room again")
        outcome.figures["recovery_s"] = stage.recovery_s(dsn, fleet)
        outcome.history(stage.finished(dsn, fleet))
    return outcome


def _is_full(ballast: Path, service: Service) -> bool:
    """Top up what is freed meanwhile; whether a write was refused."""
    fill(ballast)
    log = service.data.log / "postgres.log"
    return "No space left on device" in log.read_text(encoding="utf-8", errors="replace")


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    plan = Plan.steady(options.devices, options.rate)
    with (
        stage.data_with(options.devices) as data,
        small_disk(data, options.megabytes) as ballast,
        served(data) as service,
    ):
        return disk_full(service, ballast, plan, options.seconds)


if __name__ == "__main__":
    stage.main("disk_full", __doc__, drill, devices=500, rate=1000, seconds=30.0, megabytes=200)
