"""Devices on MQTT as a test needs them: what they publish, and every `ack` that comes back."""

from __future__ import annotations

import json
import threading
import time
from collections import defaultdict
from functools import reduce
from operator import xor
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from devices.contract import parse_topic
from devices.simulator.sender import Sender

Ack = dict[str, Any]


class Boxes:
    """One connection to the broker, shared by any number of devices."""

    def __init__(self, mqtt_url: str) -> None:
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"boxes-{time.time_ns()}")
        self._client.on_message = self._on_ack
        self._subscribed = threading.Event()
        self._client.on_connect = lambda client, *_: client.subscribe("gov/1/+/+/ack", qos=0)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._parts = urlsplit(mqtt_url)
        self._senders: dict[str, Sender] = {}
        self._acks: dict[str, list[Ack]] = defaultdict(list)
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self._client.connect(self._parts.hostname or "", self._parts.port or 1883)
        self._client.loop_start()
        assert self._subscribed.wait(30)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.disconnect()
        self._client.loop_stop()

    def sender(self, department: str, device: str) -> Sender:
        """A well-behaved device, with a boot of its own."""
        sender = Sender(self._client, department, device, f"b{time.time_ns()}")
        with self._lock:
            self._senders[sender.ack_topic] = sender
        return sender

    def publish(self, topic: str, payload: bytes) -> None:
        """Whatever it is; returns when the broker has it."""
        self._client.publish(topic, payload, qos=1).wait_for_publish(30)

    def unacked(self) -> int:
        """Messages of all senders that are not acknowledged; what is overdue is sent again."""
        with self._lock:
            for sender in self._senders.values():
                sender.resend()
            return sum(len(sender.unacked()) for sender in self._senders.values())

    def ack(self, device: str, boot: str) -> Ack:
        """The newest acknowledgement of a device and boot; empty before the first."""
        with self._lock:
            said = [each for each in self._acks[device] if each["boot"] == boot]
        return said[-1] if said else {}

    def is_dealt(self, device: str, boot: str, seq: int) -> bool:
        """Whether the service says that it has a message for good."""
        ack = self.ack(device, boot)
        ranges = [(1, ack["upto"]), *ack["also"]] if ack else []
        return any(first <= seq <= last for first, last in ranges)

    def _on_ack(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        assert topic is not None
        with self._lock:
            self._acks[topic.device_ref].append(json.loads(message.payload))
            if (sender := self._senders.get(message.topic)) is not None:
                sender.on_ack(bytes(message.payload))


def say(*bodies: str) -> bytes:
    """Sentences with their checksums, a line each."""
    return b"".join(f"${body}*{reduce(xor, body.encode(), 0):02X}\r\n".encode() for body in bodies)
