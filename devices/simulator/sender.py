"""The reference of a well-behaved device: it keeps each message until the service has it for good.

A broker's PUBACK is no promise that a message is stored; the `ack` topic is. So a message is
deleted on `ack` alone, and sent again while none comes. The store has a limit. When it is full, new
messages are refused rather than old ones lost: a gap in the numbers could never be acknowledged.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client, MQTTMessageInfo

from devices.contract import State, Topic, state_payload
from devices.simulator.errors import AckError, StoreFullError

#: Wait for the first acknowledgement; doubled at each repetition.
FIRST_WAIT_S = 20.0
LONGEST_WAIT_S = 160.0
#: What the client could not take now is offered again after so long.
BUSY_WAIT_S = 1.0
#: At most so many repetitions a call, oldest first: a backlog must not drown what is new.
REPEATS_A_CALL = 20

#: What the simulated boxes run.
FIRMWARE = "simulator 1"

StateValue = bool | float | str


@dataclass(slots=True)
class _Message:
    payload: bytes
    due_s: float
    wait_s: float = FIRST_WAIT_S


class Sender:
    """One device and one boot of it, over an MQTT client that may be shared by many."""

    def __init__(
        self,
        client: Client,
        department: str,
        device: str,
        boot: str,
        *,
        capacity: int = 1_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.boot = boot
        topic = Topic(department_ref=department, device_ref=device, kind="nmea")
        self.topic = str(topic)
        self.ack_topic = str(replace(topic, kind="ack"))
        self.state_topic = str(replace(topic, kind="state"))
        #: Number of the newest message; 0 before the first.
        self.seq = 0
        #: Numbers of messages that the service refused (at least a line of).
        self.bad: set[int] = set()
        self._client = client
        self._capacity = capacity
        self._clock = clock
        self._store: dict[int, _Message] = {}

    def state(self, *, online: bool) -> bytes:
        """The birth of this boot, or its last will: for `will_set` of a connection of its own."""
        if not online:
            return state_payload(State(online=False, boot=self.boot))
        return state_payload(State(online=True, boot=self.boot, firmware=FIRMWARE, protocol=1))

    def announce(self, *, online: bool) -> MQTTMessageInfo:
        """Tell that the device is there, or that it goes; the broker keeps the last word."""
        payload = self.state(online=online)
        return self._client.publish(self.state_topic, payload, qos=1, retain=True)

    def publish(self, lines: Sequence[str], state: Mapping[str, StateValue] | None = None) -> int:
        """Send whole epochs of NMEA lines, with the device's state beside; returns their number.

        Without a connection the message waits in the store. Raises StoreFullError.
        """
        if len(self._store) >= self._capacity:
            raise StoreFullError(value=self.topic)
        self.seq += 1
        head = "".join(f",{key}={_text(value)}" for key, value in (state or {}).items())
        payload = "\r\n".join([f"#{self.boot},{self.seq}{head}", *lines, ""]).encode("ascii")
        message = _Message(payload, due_s=self._clock())
        self._store[self.seq] = message
        self._offer(message)
        return self.seq

    def on_ack(self, payload: bytes) -> int:
        """Delete what the service has; returns how many that were. Raises AckError."""
        try:
            ack = json.loads(payload)
            if ack["boot"] != self.boot:
                return 0
            settled = {seq for seq in self._store if seq <= int(ack["upto"])}
            for first, last in ack.get("also", []):
                settled |= self._store.keys() & set(range(int(first), int(last) + 1))
            self.bad.update(map(int, ack.get("bad", [])))
        except (ValueError, KeyError, TypeError) as error:
            raise AckError(value=f"{self.ack_topic} {payload[:200]!r}") from error
        for seq in settled:
            del self._store[seq]
        return len(settled)

    def resend(self) -> int:
        """Send what is overdue, oldest first; returns how many of them had been sent before."""
        now_s = self._clock()
        overdue = (message for message in self._store.values() if message.due_s <= now_s)
        repeated = 0
        for message in islice(overdue, REPEATS_A_CALL):
            before = message.wait_s > FIRST_WAIT_S
            repeated += self._offer(message) and before
        return repeated

    def acked(self, seq: int) -> bool:
        """The service has message `seq` for good."""
        return 0 < seq <= self.seq and seq not in self._store

    def unacked(self) -> list[int]:
        """Numbers of the messages still in the store, ascending."""
        return list(self._store)

    def _offer(self, message: _Message) -> bool:
        taken = (
            self._client.is_connected()
            and self._client.publish(self.topic, message.payload, qos=1).rc == MQTT_ERR_SUCCESS
        )
        message.due_s = self._clock() + (message.wait_s if taken else BUSY_WAIT_S)
        if taken:
            message.wait_s = min(2 * message.wait_s, LONGEST_WAIT_S)
        return taken


def _text(value: StateValue) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
