"""Device clocks an hour ahead and an hour behind: refused as `clock`; latest never goes back."""

from __future__ import annotations

import argparse

from tests.drills import stage
from tests.drills.fleet import HOUR_MS, Fleet, Plan, running_fleet
from tests.drills.stage import Outcome
from tests.integration.service import Service

REFUSED = """
SELECT count(*) FROM reject AS r JOIN device AS d ON d.id = r.device_id
WHERE r.reason = 'clock' AND d.id BETWEEN $1 AND $2
"""


class Watch:
    """The latest of the device that is furthest behind, looked at again and again."""

    def __init__(self, dsn: str, fleet: Fleet) -> None:
        self._dsn, self._fleet = dsn, fleet
        self.newest_ms = 0
        self.went_back = 0
        self.ahead = 0

    def look(self) -> bool:
        """Look once; whether the fleet is through."""
        latest_ms = stage.oldest_latest_ms(self._dsn, self._fleet)
        self.went_back += latest_ms < self.newest_ms
        self.ahead += latest_ms > stage.now_ms() + HOUR_MS // 2
        self.newest_ms = max(latest_ms, self.newest_ms)
        return self._fleet.process.poll() is not None


def clock(service: Service, plan: Plan) -> Outcome:
    """The drill in a running service; the fleet goes through its four quarters."""
    dsn = service.dsn("postgres")
    outcome = Outcome()
    with running_fleet(service.mqtt_url, plan) as fleet:
        watch = Watch(dsn, fleet)
        stage.must_wait("the fleet is through", watch.look, plan.fixes * plan.step_ms / 1000 + 60)
        outcome.history(stage.finished(dsn, fleet))
        expected = sum(len(fleet.bad_messages(device)) for device in fleet.devices)
    refused = stage.ask(dsn, REFUSED, plan.devices.start, plan.devices.stop - 1)
    outcome.figures |= {"refused": refused, "an_hour_ahead": expected}
    outcome.conditions["each fix from an hour ahead is a reject"] = refused == expected > 0
    outcome.conditions["latest never goes back"] = not watch.went_back
    outcome.conditions["latest is never in the future"] = not watch.ahead
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    plan = Plan(count=options.devices, fixes=options.fixes, step_ms=options.step_ms, skew=1)
    with stage.service_with(options.devices) as service:
        return clock(service, plan)


if __name__ == "__main__":
    stage.main("clock", __doc__, drill, devices=500, fixes=120, step_ms=500)
