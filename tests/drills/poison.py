"""Random bytes, wrong checksums and one message of 10 MB: every good fix is stored all the same."""

from __future__ import annotations

import argparse
import socket
import struct
from urllib.parse import urlsplit

from ingest.broker import CONNECT
from tests.bench.processes import cpu_seconds
from tests.drills import stage
from tests.drills.fleet import Plan, running_fleet
from tests.drills.stage import Outcome, say
from tests.integration.service import Service

LOSS_LIMIT = 0.10
HUGE_BYTES = 10 * 2**20
#: Refused pieces of devices: rows, and what was only counted beyond the bound of rows.
REFUSED = """
SELECT coalesce(sum(refused), 0)::bigint FROM reject_day
WHERE sender IN (SELECT 'device:' || i FROM generate_series($1::int, $2::int) AS i)
"""


def huge_message(mqtt_url: str) -> bool:
    """Publish 10 MB; whether the broker hangs up on it."""
    url = urlsplit(mqtt_url)
    topic = b"gov/1/D/b00001/nmea"
    body = struct.pack("!H", len(topic)) + topic + b"\x00\x01" + bytes(HUGE_BYTES)
    length, head = len(body), b"\x32"
    while length:
        length, low = divmod(length, 128)
        head += bytes([low | 128 if length else low])
    with socket.create_connection((url.hostname or "", url.port or 1883), 10) as client:
        client.sendall(CONNECT)
        client.recv(4)
        try:
            client.sendall(head + body)
            return client.recv(4) == b""
        except ConnectionError:
            return True


def stored_a_second(service: Service, plan: Plan, outcome: Outcome, name: str) -> float:
    """Run a fleet to its end; good fixes a second until the last one was stored."""
    dsn = service.dsn("postgres")
    ingest = service.session.pid("ingest")
    before_s = cpu_seconds(ingest)
    with running_fleet(service.mqtt_url, plan) as fleet:
        started_ms = stage.now_ms()
        if plan.bad_permille:
            outcome.conditions["10 MB are refused by the broker"] = huge_message(service.mqtt_url)
        stage.must_wait(
            "the last fixes",
            lambda: (
                stage.oldest_latest_ms(dsn, fleet) >= started_ms + (plan.fixes - 10) * plan.step_ms
            ),
            plan.fixes * plan.step_ms / 1000 + 120,
        )
        took_s = (stage.now_ms() - started_ms) / 1000
        used_s = cpu_seconds(ingest) - before_s
        found = stage.finished(dsn, fleet)
    outcome.history(found, name)
    outcome.figures[f"{name}_cpu_us_a_fix"] = round(used_s / found.stored * 1e6)
    if plan.bad_permille:
        wrong = sum(len(fleet.bad_messages(device)) for device in fleet.devices)
        refused = stage.ask(dsn, REFUSED, plan.devices.start, plan.devices.stop - 1)
        outcome.figures |= {"bad_messages": wrong, "noise": fleet.noise, "refused": refused}
        # Each bad message is two sentences.
        outcome.conditions["everything bad is counted"] = refused == 2 * wrong + fleet.noise
    outcome.conditions["ingest lives on"] = service.session.pid("ingest") == ingest
    say(f"{name}: {found}")
    return found.stored / took_s


def poison(service: Service, clean: Plan, poisoned: Plan) -> Outcome:
    """The drill in a running service: a clean fleet, then one as large that is poisoned."""
    outcome = Outcome()
    clean_rate = stored_a_second(service, clean, outcome, "clean")
    poisoned_rate = stored_a_second(service, poisoned, outcome, "poisoned")
    good = 1 - poisoned.bad_permille / 1000
    loss = 1 - poisoned_rate / (clean_rate * good)
    outcome.figures["throughput_loss"] = round(loss, 3)
    outcome.conditions["throughput holds"] = loss < LOSS_LIMIT
    return outcome


def drill(options: argparse.Namespace) -> Outcome:
    """At full size."""
    sizes = {
        "count": options.devices,
        "fixes": int(options.seconds * options.rate / options.devices),
        "step_ms": 1000 * options.devices // options.rate,
    }
    with stage.service_with(2 * options.devices) as service:
        return poison(
            service,
            Plan(**sizes),
            Plan(first=1 + options.devices, bad_permille=50, noise_permille=50, **sizes),
        )


if __name__ == "__main__":
    stage.main("poison", __doc__, drill, devices=500, rate=1000, seconds=30.0)
