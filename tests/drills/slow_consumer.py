"""Ingest is stopped (SIGSTOP) under load: the broker keeps what comes, and it is drained fast."""

from __future__ import annotations

import argparse
import os
import signal

from tests.drills import stage
from tests.drills.fleet import Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.service import Service

BROKER_LIMIT_MB = 200.0
DRAIN_AT_LEAST = 3.0
#: So far behind counts as drained.
DRAINED_MS = 1_500


def slow_consumer(service: Service, plan: Plan, seconds: float) -> Outcome:
    """The drill in a running service."""
    dsn = service.dsn("postgres")
    outcome = Outcome()
    with running_fleet(service.mqtt_url, plan) as fleet:
        stage.must_wait("fixes arrive", lambda: stage.oldest_latest_ms(dsn, fleet) > 0, 60)
        ingest = service.session.pid("ingest")
        say(f"ingest stands still for {seconds:g} s")
        os.kill(ingest, signal.SIGSTOP)
        stopped_ms = stage.now_ms()
        stage.run_for(seconds)
        outcome.figures["broker_mb"] = stage.memory_mb(service, "Mosquitto")
        os.kill(ingest, signal.SIGCONT)
        behind_s = (stage.now_ms() - stopped_ms) / 1000
        drain_s = stage.must_wait(
            "what waited is stored",
            lambda: stage.now_ms() - stage.oldest_latest_ms(dsn, fleet) < DRAINED_MS,
            120,
        )
        outcome.history(stage.finished(dsn, fleet))
    # Meanwhile as much came in as ever: what was drained is both.
    outcome.figures |= {
        "drain_s": drain_s,
        "drain_over_input": round((behind_s + drain_s) / max(drain_s, stage.LOOK_S), 1),
    }
    outcome.conditions["broker memory is bounded"] = outcome.figures["broker_mb"] < BROKER_LIMIT_MB
    outcome.conditions["drained fast"] = outcome.figures["drain_over_input"] > DRAIN_AT_LEAST
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    plan = Plan.steady(options.devices, options.rate)
    with stage.service_with(options.devices) as service:
        return slow_consumer(service, plan, options.seconds)


if __name__ == "__main__":
    stage.main("slow_consumer", __doc__, drill, devices=1000, rate=1000, seconds=30.0)
