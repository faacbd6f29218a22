"""Clients of MQTT 3.1.1 and of 5, with a clean and with a kept session: the same contract."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import pytest
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.integration.boxes import say
from tests.integration.service import Service, running_service
from tracker.registry import NewDepartment, NewDevice, NewVehicle

WITHIN_S = 30
V311, V5 = MQTTProtocolVersion.MQTTv311, MQTTProtocolVersion.MQTTv5


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with running_service(
        NewDepartment(ref="D"),
        NewVehicle(ref="van", department="D"),
        NewDevice(ref="box", department="D", vehicle="van"),
    ) as running:
        yield running


@contextmanager
def device(
    service: Service, version: MQTTProtocolVersion, *, keeps_session: bool
) -> Iterator[tuple[Client, queue.Queue[dict[str, Any]]]]:
    """A connected device, and the acknowledgements that it gets."""
    acks: queue.Queue[dict[str, Any]] = queue.Queue()
    ready: queue.Queue[None] = queue.Queue()

    def on_message(client: Client, userdata: object, message: MQTTMessage) -> None:
        acks.put(json.loads(message.payload))

    def on_connect(client: Client, *_: object) -> None:
        client.subscribe("gov/1/D/box/ack", qos=0)

    name = f"box-{version}-{keeps_session}"
    options: dict[str, Any] = {}
    if version == V311:
        client = Client(
            CallbackAPIVersion.VERSION2, name, protocol=version, clean_session=not keeps_session
        )
    else:
        client = Client(CallbackAPIVersion.VERSION2, name, protocol=version)
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        properties.SessionExpiryInterval = 3600 if keeps_session else 0
        options = {"clean_start": not keeps_session, "properties": properties}
    client.on_message = on_message
    client.on_connect = on_connect
    client.on_subscribe = lambda *_: ready.put(None)
    client.connect("127.0.0.1", urlsplit(service.mqtt_url).port or 0, **options)
    client.loop_start()
    try:
        ready.get(timeout=WITHIN_S)
        yield client, acks
    finally:
        client.disconnect()
        client.loop_stop()


def payload(boot: str, seq: int, kind: str) -> bytes:
    """A message of one fix at this moment."""
    now = datetime.now(UTC)
    if kind == "fix":
        fix = {"t": now.isoformat(timespec="milliseconds"), "lat": 22.3, "lon": 114.17}
        return json.dumps({"boot": boot, "seq": seq, "fixes": [fix]}).encode()
    time = f"{now:%H%M%S}.{now.microsecond // 10_000:02d}"
    body = f"GNRMC,{time},A,2218.0,N,11410.2,E,,,{now:%d%m%y},,,A"
    return f"#{boot},{seq}\n".encode() + say(body)


@pytest.mark.parametrize("keeps_session", [False, True])
@pytest.mark.parametrize("version", [V311, V5])
def test_a_device_is_told_what_is_durable_also_after_it_came_back(
    service: Service, version: MQTTProtocolVersion, keeps_session: bool
) -> None:
    boot = f"b-{int(version)}-{keeps_session}"
    for seq, kind in enumerate(
        ("nmea", "fix"), 1
    ):  # a connection each: the session goes on, or not
        with device(service, version, keeps_session=keeps_session) as (client, acks):
            told = -1
            while told < seq:
                client.publish(f"gov/1/D/box/{kind}", payload(boot, seq, kind), qos=1)
                ack = acks.get(timeout=WITHIN_S)
                told = ack["upto"] if ack["boot"] == boot else -1
            assert ack["bad"] == []
    shown = service.milepost("device", "receipt", "D/box", "--boot", boot)
    assert "1-2" in shown
