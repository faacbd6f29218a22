"""A broker that falls silent without closing: found within 1.5 keepalives, and no false alarm."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from ingest.sources.mqtt_client import QuickClient

KEEPALIVE_S = 2
CONNACK = b"\x20\x03\x00\x00\x00"
PINGREQ, PINGRESP = b"\xc0\x00", b"\xd0\x00"


class Broker(threading.Thread):
    """Greets one client, and answers its pings while it is told to."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self._door = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._door.getsockname()[1]
        self.answers = True
        self.pings = 0

    def run(self) -> None:
        client, _ = self._door.accept()
        with client, self._door:
            client.recv(1000)
            client.sendall(CONNACK)
            while said := client.recv(1000):
                self.pings += said.count(PINGREQ)
                if self.answers:
                    client.sendall(PINGRESP)


@pytest.fixture
def broker() -> Iterator[Broker]:
    broker = Broker()
    broker.start()
    yield broker
    broker.join(10)


def drive(client: QuickClient, lost: threading.Event, seconds: float) -> float:
    """Do what the source does until the connection is lost or the time is over; how long it was."""
    started_s = time.monotonic()
    while (passed_s := time.monotonic() - started_s) < seconds and not lost.wait(0.05):
        client.loop_read()
        client.loop_write()
        client.loop_misc()
    return passed_s


def test_a_silent_broker_is_found_out(broker: Broker) -> None:
    client, lost = QuickClient("ears"), threading.Event()
    client.on_disconnect = lambda *_: lost.set()
    client.connect("127.0.0.1", broker.port, keepalive=KEEPALIVE_S)
    drive(client, lost, 1.5 * KEEPALIVE_S)
    assert client.is_connected()
    assert broker.pings
    broker.answers = False
    silent_s = drive(client, lost, 5 * KEEPALIVE_S)
    assert lost.is_set()
    assert silent_s < 1.5 * KEEPALIVE_S
