"""A day's backlog is uploaded while others report live: the live ones do not wait for it."""

from __future__ import annotations

import argparse
import asyncio
import time

import asyncpg

from tests.drills import stage
from tests.drills.fleet import Fleet, Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.service import Service

DAY_MS = 24 * 3600 * 1000
P99_LIMIT_MS = 2000.0
WITHIN_S = 120.0
LOOK_S = 0.05
LATEST = """
SELECT vehicle_id, (extract(epoch FROM fixed_at) * 1000)::bigint AS ms FROM latest
WHERE vehicle_id BETWEEN $1 AND $2
"""


class Delays:
    """From the time of each live fix, which is when it is sent, until it is the latest."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._next = dict.fromkeys(fleet.plan.devices, 0)
        self.ms: list[float] = []

    def take(self, rows: list[asyncpg.Record]) -> None:
        """Note the fixes that can be seen now for the first time."""
        plan, now_ms = self._fleet.plan, stage.now_ms()
        for vehicle, latest_ms in rows:
            while (
                sent_ms := plan.moment_ms(self._fleet.base_ms, vehicle, self._next[vehicle])
            ) <= latest_ms:
                self.ms.append(now_ms - sent_ms)
                self._next[vehicle] += 1

    def percentile(self, share: float) -> float:
        """In milliseconds."""
        ordered = sorted(self.ms)
        return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


async def watch(dsn: str, live: Fleet, backlog: Fleet, within_s: float) -> tuple[Delays, float]:
    """Until the backlog is acknowledged: the live fixes' delays, and the seconds it took."""
    database = await asyncpg.connect(dsn)
    delays, started_s = Delays(live), time.monotonic()
    devices = live.plan.devices
    while backlog.process.poll() is None and time.monotonic() - started_s < within_s:
        delays.take(await database.fetch(LATEST, devices.start, devices.stop - 1))
        await asyncio.sleep(LOOK_S)
    took_s = time.monotonic() - started_s
    await database.close()
    return delays, took_s


def backlog(
    service: Service, live: Plan, old: Plan, within_s: float, p99_limit_ms: float
) -> Outcome:
    """The drill in a running service."""
    dsn = service.dsn("postgres")
    outcome = Outcome()
    with running_fleet(service.mqtt_url, live) as live_fleet:
        stage.must_wait("live ones", lambda: stage.oldest_latest_ms(dsn, live_fleet) > 0, 60)
        live_fleet.read_head()
        with running_fleet(service.mqtt_url, old) as old_fleet:
            delays, took_s = asyncio.run(watch(dsn, live_fleet, old_fleet, within_s))
            say(f"{took_s:.1f} s for the backlog")
            memory_mb = stage.memory_mb(service, "ingest")
            outcome.history(stage.finished(dsn, old_fleet), "backlog")
            outcome.history(stage.finished(dsn, live_fleet), "live")
    p99_ms = delays.percentile(0.99)
    outcome.figures |= {
        "backlog_s": round(took_s, 1),
        "live_p50_ms": delays.percentile(0.5),
        "live_p99_ms": p99_ms,
        "live_worst_ms": max(delays.ms),
        "ingest_mb": memory_mb,
    }
    outcome.conditions["live ones do not wait"] = p99_ms < p99_limit_ms
    outcome.conditions["the backlog is done in time"] = took_s < within_s
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    step_ms = DAY_MS // options.fixes
    live = Plan(count=options.devices, fixes=3600, step_ms=1000)
    old = Plan(
        first=1 + options.devices,
        count=options.devices,
        fixes=options.fixes,
        epochs=1 if options.one_epoch else 100,
        step_ms=step_ms,
        base_ms=stage.now_ms() - DAY_MS,
        rate=options.rate,
        newest_first=int(options.newest_first),
        resend_ms=60_000,
    )
    with stage.service_with(2 * options.devices) as service:
        return backlog(service, live, old, options.within_s, P99_LIMIT_MS)


if __name__ == "__main__":
    stage.main(
        "backlog",
        __doc__,
        drill,
        devices=100,
        fixes=8640,
        rate=100_000,
        within_s=WITHIN_S,
        newest_first=False,
        one_epoch=False,
    )
