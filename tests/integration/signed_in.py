"""A device at a real broker, as a firmware engineer would write it."""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from devices.simulator.nmea import Dialect, sentences
from geo.fix import Fix
from tracker.child import wait_for

DIALECT = Dialect(talker="GN", sentences=["RMC", "GGA"], time_decimals=2, minute_decimals=5)
WITHIN_S = 20.0


@dataclass
class Box:
    """A client and what happened to it, in order."""

    client: paho.Client
    #: "Success" or why not, an entry each time the broker answered.
    answers: list[str] = field(default_factory=list)
    lost: int = 0
    #: By topic.
    heard: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    #: Reasons of PUBACKs, of MQTT 5 only.
    refusals: list[str] = field(default_factory=list)
    published: int = 0

    def is_in(self) -> bool:
        """Whether it is connected within the time."""
        return wait_for(self.client.is_connected, WITHIN_S)

    def is_refused(self) -> bool:
        """Whether the broker's newest word comes to be a refusal."""
        return wait_for(lambda: "Not authorized" in self.answers[-1:], WITHIN_S)

    def report(self, full_ref: str, boot: str) -> bool:
        """Publish where it is as this device; whether the service says that it has it for good."""
        self.published += 1
        payload = f"#{boot},{self.published}\n{position()}"
        self.client.publish(f"gov/1/{full_ref}/nmea", payload, qos=1)
        return wait_for(lambda: self._upto(full_ref, boot) >= self.published, WITHIN_S)

    def _upto(self, full_ref: str, boot: str) -> int:
        acks = self.heard.get(f"gov/1/{full_ref}/ack", [])
        return max((ack["upto"] for ack in acks if ack["boot"] == boot), default=0)


def position() -> str:
    """What a receiver says now."""
    fix = Fix(fixed_at=datetime.now(UTC), lon=114.17, lat=22.3)
    return "\n".join(sentences(fix, DIALECT))


@contextmanager
def box(
    port: int,
    name: str = "",
    password: str = "",
    *,
    client_id: str = "any",
    protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
    authority: Path | None = None,
) -> Iterator[Box]:
    """A client that tries to come in, again and again, and listens to all that it may hear."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=protocol)
    made = Box(client)
    if name:
        client.username_pw_set(name, password)
    if authority is not None:
        client.tls_set(ca_certs=str(authority), tls_version=ssl.PROTOCOL_TLS_CLIENT)

    def on_connect(*event: Any) -> None:  # noqa: ANN401  paho's five arguments
        made.answers.append(str(event[3]))
        client.subscribe("gov/#")

    def on_disconnect(*_event: object) -> None:
        made.lost += 1

    def on_message(_client: object, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.endswith("/ack"):
            made.heard.setdefault(message.topic, []).append(json.loads(message.payload))
        else:
            made.heard.setdefault(message.topic, []).append({})

    def on_publish(*event: Any) -> None:  # noqa: ANN401  paho's five arguments
        if event[3].is_failure:
            made.refusals.append(str(event[3]))

    client.on_connect, client.on_disconnect = on_connect, on_disconnect
    client.on_message, client.on_publish = on_message, on_publish
    client.reconnect_delay_set(min_delay=1, max_delay=1)
    client.connect_async("127.0.0.1", port)
    client.loop_start()
    try:
        yield made
    finally:
        client.disconnect()
        client.loop_stop()
