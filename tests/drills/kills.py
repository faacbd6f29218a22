"""kill -9 of ingest, of the broker (half with ingest down and a backlog) and of PostgreSQL."""

from __future__ import annotations

import argparse
import os
import signal

from tests.drills import stage
from tests.drills.fleet import Fleet, Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.service import Service

LAG_LIMIT_MS = 5_000
POSTGRES_LIMIT_S = 10.0
#: Ingest stands still so long, and the broker gathers a backlog for its session.
BACKLOG_S = 4.0
#: Fleets are stopped long before.
LONGEST_S = 600


def kill_ingest(service: Service, kills: int, every_s: float) -> None:
    """So many kills, evenly spread; the last one is the caller's."""
    for kill in range(kills):
        stage.run_for(every_s)
        service.kill("ingest")
        say(f"ingest killed, {kill + 1} of {kills}")


def kill_broker(service: Service, kills: int, every_s: float) -> None:
    """Every second time ingest does not read, so that the broker holds a backlog when it dies."""
    for kill in range(kills):
        stage.run_for(every_s)
        ingest = service.session.pid("ingest")
        if kill % 2:
            os.kill(ingest, signal.SIGSTOP)
            stage.run_for(BACKLOG_S)
        service.kill("Mosquitto")
        if kill % 2:
            os.kill(ingest, signal.SIGCONT)
        say(f"broker killed, {kill + 1} of {kills}")


def kill_postgres(service: Service, kills: int, every_s: float) -> None:
    """The whole process group."""
    for kill in range(kills):
        stage.run_for(every_s)
        service.kill("PostgreSQL")
        say(f"PostgreSQL killed, {kill + 1} of {kills}")


def recovered(service: Service, fleet: Fleet, outcome: Outcome, victim: str) -> None:
    """How long it takes after the last kill, and how far the slowest device is behind then."""
    dsn = service.dsn("postgres")
    took_s = stage.recovery_s(dsn, fleet)
    stage.must_wait(
        "the lag is small again",
        lambda: stage.now_ms() - stage.oldest_latest_ms(dsn, fleet) < LAG_LIMIT_MS,
        60,
    )
    outcome.figures[f"{victim}_recovery_s"] = took_s
    say(f"{victim}: stored again {took_s} s after the last kill")


def drill(options: argparse.Namespace) -> Outcome:
    """Each victim in turn, in one service; each with a fleet of its own."""
    outcome = Outcome()
    victims = {
        "ingest": (kill_ingest, options.ingest_kills, options.ingest_rate),
        "broker": (kill_broker, options.broker_kills, options.broker_rate),
        "postgres": (kill_postgres, options.postgres_kills, options.postgres_rate),
    }
    with stage.service_with(options.devices * len(victims)) as service:
        for number, (victim, (kill, kills, rate)) in enumerate(victims.items()):
            plan = Plan(
                first=1 + number * options.devices,
                count=options.devices,
                fixes=LONGEST_S * rate // options.devices,
                step_ms=1000 * options.devices // rate,
            )
            with running_fleet(service.mqtt_url, plan) as fleet:
                kill(service, kills, options.every_s)
                recovered(service, fleet, outcome, victim)
                found = stage.finished(service.dsn("postgres"), fleet)
                outcome.figures[f"{victim}_resent"] = fleet.progress.resent
            outcome.history(found, victim)
            say(f"{victim}: {found}")
    outcome.conditions["PostgreSQL is back in time"] = (
        outcome.figures["postgres_recovery_s"] < POSTGRES_LIMIT_S
    )
    return outcome


if __name__ == "__main__":
    stage.main(
        "kills",
        __doc__,
        drill,
        devices=1000,
        ingest_kills=20,
        ingest_rate=3000,
        broker_kills=6,
        broker_rate=1000,
        postgres_kills=5,
        postgres_rate=1000,
        every_s=1.75,
    )
