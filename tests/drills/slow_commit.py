"""Another session holds a lock that every commit needs: ingest waits, says so, and catches up."""

from __future__ import annotations

import argparse
import asyncio

import asyncpg

from tests.drills import stage
from tests.drills.fleet import Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.service import Service

SAID_WITHIN_S = 10.0
MEMORY_LIMIT_MB = 400.0


async def hold(dsn: str, seconds: float, service: Service) -> tuple[float, float]:
    """Hold the table of fixes; how long the commit says it waits, and ingest's most memory."""
    connection = await asyncpg.connect(dsn)
    watcher = await asyncpg.connect(dsn)
    said_s = memory_mb = 0.0
    async with connection.transaction():
        await connection.execute("LOCK TABLE latest IN ACCESS EXCLUSIVE MODE")
        end_s = asyncio.get_running_loop().time() + seconds
        while asyncio.get_running_loop().time() < end_s:
            waits = await watcher.fetchval(
                "SELECT max((counters->>'commit_waits_s')::float) FROM ingest_health"
            )
            said_s = max(said_s, waits or 0.0)
            memory_mb = max(memory_mb, stage.memory_mb(service, "ingest"))
            await asyncio.sleep(stage.LOOK_S)
    await connection.close()
    await watcher.close()
    return said_s, memory_mb


def slow_commit(service: Service, plan: Plan, seconds: float) -> Outcome:
    """The drill in a running service."""
    dsn = service.dsn("postgres")
    outcome = Outcome()
    with running_fleet(service.mqtt_url, plan) as fleet:
        stage.must_wait("fixes arrive", lambda: stage.oldest_latest_ms(dsn, fleet) > 0, 60)
        acked = fleet.progress.acked
        say(f"the table is held for {seconds:g} s")
        said_s, memory_mb = asyncio.run(hold(dsn, seconds, service))
        outcome.figures["acked_meanwhile"] = fleet.progress.acked - acked
        outcome.figures["recovery_s"] = stage.recovery_s(dsn, fleet)
        outcome.history(stage.finished(dsn, fleet))
    outcome.figures |= {"longest_wait_told_s": said_s, "ingest_mb": memory_mb}
    outcome.conditions["health tells of the wait"] = said_s > min(seconds / 2, SAID_WITHIN_S)
    outcome.conditions["memory is bounded"] = memory_mb < MEMORY_LIMIT_MB
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    plan = Plan.steady(options.devices, options.rate)
    with stage.service_with(options.devices) as service:
        return slow_commit(service, plan, options.seconds)


if __name__ == "__main__":
    stage.main("slow_commit", __doc__, drill, devices=1000, rate=1000, seconds=30.0)
