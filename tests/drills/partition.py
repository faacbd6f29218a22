"""The ways ingest-broker and ingest-database are cut without a word, and reset, under load."""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from ingest.accounts import write_accounts
from ingest.broker import PrivateBroker
from ingest.sources.mqtt import KEEPALIVE_S
from tests.drills import stage
from tests.drills.fleet import Plan, running_fleet
from tests.drills.proxy import Proxy, tcp_proxy, unix_proxy
from tests.drills.stage import Outcome, say
from tests.integration.processes import passing_folder
from tests.integration.service import Service, served
from tracker.accounts import Accounts
from tracker.postgres import PrivatePostgres

FOUND_WITHIN_S = 1.5 * KEEPALIVE_S
GONE = "the broker is gone"
RESETS = 5


@dataclass(frozen=True)
class Divided:
    """A service whose ingest reaches both servers over ways that can be cut."""

    service: Service
    #: The servers themselves, as the fleet and the checker reach them.
    mqtt_url: str
    dsn: str
    broker_way: Proxy
    database_way: Proxy

    def said(self, what: str) -> int:
        """How often ingest's log says it."""
        log = self.service.data.log / "ingest.log"
        return len(re.findall(what, log.read_text(encoding="utf-8")))


@contextmanager
def divided(devices: int) -> Iterator[Divided]:
    """Both servers outside the service, each behind a way of its own."""
    with stage.data_with(devices) as servers, passing_folder() as data:
        postgres, broker = PrivatePostgres(servers), PrivateBroker(servers)
        write_accounts(servers, Accounts(anonymous=True))
        postgres.start()
        broker.start()
        try:
            target = _socket(postgres.dsn("postgres"))
            way = data.path.parent / target.name
            with tcp_proxy(broker.port) as broker_way, unix_proxy(way, target) as database_way:
                owner = postgres.dsn("milepost_owner")
                through = re.sub(r"host=[^&]*", f"host={way.parent}", owner)
                with (
                    stage.environment(
                        MILEPOST_DATABASE_URL=through,
                        MILEPOST_MQTT_URL=f"mqtt://127.0.0.1:{broker_way.port}",
                    ),
                    served(data) as service,
                ):
                    yield Divided(
                        service, broker.url, postgres.dsn("postgres"), broker_way, database_way
                    )
        finally:
            broker.stop()
            postgres.stop()


def _socket(dsn: str) -> Path:
    query = parse_qs(urlsplit(dsn).query)
    return Path(query["host"][0]) / f".s.PGSQL.{query.get('port', ['5432'])[0]}"


def partition(world: Divided, plan: Plan, seconds: float) -> Outcome:
    """Each way is held and then reset a few times, under one fleet."""
    outcome = Outcome()
    with running_fleet(world.mqtt_url, plan) as fleet:

        def stored_again() -> float:
            return stage.recovery_s(world.dsn, fleet)

        stored_again()
        if seconds > FOUND_WITHIN_S:
            gone = world.said(GONE)
            say("the broker's way is held")
            world.broker_way.hold()
            outcome.figures["half_open_found_s"] = stage.must_wait(
                "the dead connection is found", lambda: world.said(GONE) > gone, FOUND_WITHIN_S
            )
            world.broker_way.reset()
            world.broker_way.release()
            outcome.figures["broker_way_back_s"] = stored_again()
        say("the database's way is held")
        world.database_way.hold()
        stage.run_for(seconds)
        world.database_way.release()
        outcome.figures["database_way_back_s"] = stored_again()
        say("both ways are reset again and again")
        for _ in range(RESETS):
            world.broker_way.reset()
            stage.run_for(1)
            world.database_way.reset()
            stage.run_for(1)
        outcome.figures["after_resets_s"] = stored_again()
        outcome.history(stage.finished(world.dsn, fleet))
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    plan = Plan.steady(options.devices, options.rate)
    with divided(options.devices) as world:
        return partition(world, plan, options.seconds)


if __name__ == "__main__":
    stage.main("partition", __doc__, drill, devices=500, rate=1000, seconds=31.0)
