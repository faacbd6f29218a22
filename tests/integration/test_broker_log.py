"""What the broker refuses is counted, by real clients at a real Mosquitto."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.accounts import write_accounts
from ingest.broker import PrivateBroker
from ingest.broker_log import BrokerLog
from tests.integration.processes import passing_folder
from tracker.accounts import Accounts
from tracker.child import wait_for
from tracker.passwords import hashed

OWN = ("-i", "FSD/box1", "-u", "FSD/box1", "-P", "right")
WRONG = ("-i", "FSD/box1", "-u", "FSD/box1", "-P", "wrong")


@pytest.fixture
def broker() -> Iterator[PrivateBroker]:
    with passing_folder() as data:
        data.create()
        write_accounts(data, Accounts(hashes={"FSD/box1": hashed("right")}))
        made = PrivateBroker(data)
        made.start()
        yield made
        made.stop()


def publish(broker: PrivateBroker, version: str, *options: str) -> None:
    command = ["mosquitto_pub", "-p", str(broker.port), "-q", "1", "-V", version, *options]
    subprocess.run(command, capture_output=True, timeout=30, check=False)  # noqa: S603  our own command


def test_refused_clients_and_oversized_payloads_are_counted(
    broker: PrivateBroker, tmp_path: Path
) -> None:
    log_file = broker.child.spec.log
    assert wait_for(lambda: "not authorised" in log_file.read_text(), 10), "our own greeting"
    log = BrokerLog(log_file)
    large = tmp_path / "large"
    large.write_bytes(b"x" * 263_000)
    topic = ("-t", "gov/1/FSD/box1/nmea")

    publish(broker, "mqttv311", *OWN, *topic, "-m", "x")
    publish(broker, "mqttv5", *OWN, *topic, "-m", "x")
    publish(broker, "mqttv311", *OWN, *topic, "-f", str(large))
    for version in ("mqttv311", "mqttv5"):
        publish(broker, version, *OWN, "-t", "gov/1/FSD/box2/nmea", "-m", "x")
    publish(broker, "mqttv5", *WRONG, *topic, "-m", "x")
    publish(broker, "mqttv311", *WRONG, *topic, "-m", "x")

    def counted() -> bool:
        log.look()
        return log.health()["not_authorised"] == 2

    assert wait_for(counted, 10), broker.child.spec.log.read_text()
    assert log.health() == {
        "oversized": 1,
        "not_authorised": 2,
        "denied": 2,
        "clients": {"FSD/box1": {"oversized": 1, "denied": 2}, "unknown": {"not_authorised": 2}},
    }
    assert "wrong" not in broker.child.spec.log.read_text()


def test_a_log_that_is_emptied_is_read_from_its_start(tmp_path: Path) -> None:
    line = "2026-11-24T19:47:40Z: Client a disconnected, not authorised.\n"
    path = tmp_path / "mosquitto.log"
    path.write_text(3 * line)
    log = BrokerLog(path)
    log.look()
    assert log.health()["not_authorised"] == 0, "what was before does not count"
    with path.open("a") as file:
        file.write(2 * line)
    log.look()
    path.write_text(line)
    log.look()
    with path.open("a") as file:
        file.write(line[:30])
        file.flush()
        log.look()
        file.write(line[30:])
    log.look()
    assert log.health()["not_authorised"] == 4


def test_invented_names_do_not_fill_the_memory(tmp_path: Path) -> None:
    path = tmp_path / "mosquitto.log"
    path.touch()
    log = BrokerLog(path)
    line = "2026-11-24T19:47:40Z: Client {} disconnected, not authorised.\n"
    path.write_text("".join(line.format(number) for number in range(999)))
    log.look()
    health = log.health()
    assert health["not_authorised"] == 999
    assert isinstance(health["clients"], dict)
    assert len(health["clients"]) == 200
