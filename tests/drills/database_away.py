"""PostgreSQL is stopped for minutes: ingest stops acknowledging, says so, and catches up."""

from __future__ import annotations

import argparse
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.processes import resident_mb
from tests.drills import stage
from tests.drills.fleet import Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.processes import passing_folder
from tests.integration.service import MILEPOST, Service, served
from tracker.health_file import read_health
from tracker.postgres import PrivatePostgres

SAID_WITHIN_S = 10.0
INGEST_LIMIT_MB = 400.0
BROKER_LIMIT_MB = 2048.0
STANDS_STILL = "nothing is acknowledged"


@dataclass(frozen=True)
class Apart:
    """A service whose PostgreSQL is started and stopped by somebody else."""

    service: Service
    postgres: PrivatePostgres

    @property
    def status(self) -> tuple[int, str]:
        """What `milepost status` says, and its exit code."""
        return status_of(self.service)

    @property
    def away_since(self) -> str | None:
        """Since when ingest says that the database is away."""
        said = next(read_health(self.service.data.run))
        return None if said["database_away_since"] is None else str(said["database_away_since"])


def status_of(service: Service) -> tuple[int, str]:
    """The exit code of `milepost status`, and what it says."""
    done = subprocess.run(  # noqa: S603  the test's own command line
        [*MILEPOST, "status"],
        env=os.environ | {"MILEPOST_DATA": str(service.data.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@contextmanager
def apart(devices: int) -> Iterator[Apart]:
    """The service and its database, both running."""
    with stage.data_with(devices) as servers, passing_folder() as data:
        postgres = PrivatePostgres(servers)
        postgres.start()
        try:
            with (
                stage.environment(MILEPOST_DATABASE_URL=postgres.dsn("milepost_owner")),
                served(data) as service,
            ):
                yield Apart(service, postgres)
        finally:
            postgres.stop()


def database_away(world: Apart, plan: Plan, seconds: float) -> Outcome:
    """The drill, with the database running before and after."""
    outcome, dsn = Outcome(), world.postgres.dsn("postgres")
    ingest, broker = (world.service.session.pid(name) for name in ("ingest", "Mosquitto"))
    peak = {"ingest_mb": 0.0, "broker_mb": 0.0}

    def look() -> None:
        peak["ingest_mb"] = max(peak["ingest_mb"], resident_mb(ingest))
        peak["broker_mb"] = max(peak["broker_mb"], resident_mb(broker))

    with running_fleet(world.service.mqtt_url, plan) as fleet:
        stage.recovery_s(dsn, fleet)
        world.postgres.stop()
        say(f"PostgreSQL is away for {seconds:g} s")
        outcome.figures["said_after_s"] = stage.must_wait(
            "ingest says so", lambda: world.away_since is not None, SAID_WITHIN_S
        )
        stage.run_for(stage.UNTOLD_S)
        acked = fleet.progress.acked
        stage.run_for(seconds, look)
        code, said = world.status
        outcome.conditions["status says so"] = code == 1 and STANDS_STILL in said
        outcome.conditions["nothing is acknowledged meanwhile"] = fleet.progress.acked == acked
        outcome.conditions["the log says so"] = STANDS_STILL in (
            world.service.data.log / "ingest.log"
        ).read_text(encoding="utf-8")
        world.postgres.start()
        say("PostgreSQL is back")
        outcome.figures["recovery_s"] = stage.recovery_s(dsn, fleet, 300)
        look()
        found = stage.finished(dsn, fleet, max(seconds, stage.SETTLE_S))
        outcome.history(found)
    code, said = world.status
    outcome.conditions["status says that it is over"] = code == 0 and STANDS_STILL not in said
    outcome.conditions["ingest was never restarted"] = world.service.session.pid("ingest") == ingest
    outcome.figures |= peak
    outcome.conditions["memory is bounded"] = (
        peak["ingest_mb"] < INGEST_LIMIT_MB and peak["broker_mb"] < BROKER_LIMIT_MB
    )
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    seconds = options.minutes * 60
    plan = Plan(
        count=options.devices,
        fixes=int((seconds + 600) * options.rate / options.devices),
        step_ms=1000 * options.devices // options.rate,
        resend_ms=120_000,
    )
    with apart(options.devices) as world:
        return database_away(world, plan, seconds)


if __name__ == "__main__":
    stage.main("database_away", __doc__, drill, devices=1000, rate=1000, minutes=10.0)
