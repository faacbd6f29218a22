"""A load of well-behaved devices whose truth is known: what they sent, and what must come of it."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import numpy as np
from paho.mqtt.client import Client, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion

from devices.nmea import Decoder
from devices.simulator.nmea import Dialect, sentences
from devices.simulator.sender import Sender
from geo.fix import Fix, FixBatch, error_m, unix_ms

HDOP = 0.9
DIALECT = Dialect(talker="GN", sentences=["RMC", "GGA"], time_decimals=2, minute_decimals=5)
#: The square that every vehicle drives in and out of: 114.10-114.11 E, 22.30-22.31 N.
SQUARE = {
    "type": "Polygon",
    "coordinates": [
        [[114.10, 22.30], [114.11, 22.30], [114.11, 22.31], [114.10, 22.31], [114.10, 22.30]]
    ],
}
PERIOD_S = 8.0
SWING_DEG = 0.0012  # about 130 m to either side of the border
#: The senders' waits run so many times faster, for an outage here lasts seconds, not minutes.
HASTE = 8.0


@dataclass
class Box:
    """One device and what it sent."""

    department: str
    ref: str
    sender: Sender
    offset_s: float
    #: Fix times in milliseconds, and the positions as any decoder reads them.
    sent: dict[int, tuple[float, float]] = field(default_factory=dict)


class Load:
    """Devices that report at a steady rate, and send again what is not acknowledged."""

    def __init__(self, mqtt_url: str, *, department: str, count: int, per_second: float) -> None:
        self.department = department
        self._interval_s = count / per_second
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=f"load-{time.time_ns()}")
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.max_inflight_messages_set(2000)
        acks = f"gov/1/{department}/+/ack"
        self._client.on_connect = lambda client, *_: client.subscribe(acks, qos=0)
        self._client.on_message = self._on_ack
        self._lock = threading.RLock()
        boot = f"b{time.time_ns()}"
        self.boxes = [
            Box(
                department=department,
                ref=box_ref(number),
                sender=Sender(
                    self._client,
                    department,
                    box_ref(number),
                    boot,
                    capacity=100_000,
                    clock=lambda: time.monotonic() * HASTE,
                ),
                offset_s=number * PERIOD_S / count,
            )
            for number in range(count)
        ]
        self._by_topic = {box.sender.ack_topic: box for box in self.boxes}
        parts = urlsplit(mqtt_url)
        self._client.connect(parts.hostname or "", parts.port or 1883)
        self._client.loop_start()
        self._ends = threading.Event()
        self._thread = threading.Thread(target=self._drive)

    def start(self) -> None:
        """Begin to report."""
        self._thread.start()

    def stop(self) -> None:
        """Report nothing new; what is not acknowledged is still sent again."""
        self._ends.set()
        self._thread.join()

    def close(self) -> None:
        """Leave the broker."""
        self._ends.set()
        self._client.disconnect()
        self._client.loop_stop()

    @property
    def sent(self) -> int:
        """How many fixes were sent, each counted once."""
        return sum(len(box.sent) for box in self.boxes)

    @property
    def unacked(self) -> int:
        """How many of them are not acknowledged yet."""
        with self._lock:
            return sum(len(box.sender.unacked()) for box in self.boxes)

    @property
    def acked(self) -> int:
        """How many are."""
        return self.sent - self.unacked

    def settle(self) -> int:
        """Offer again what is overdue; returns how many are not acknowledged yet."""
        with self._lock:
            for box in self.boxes:
                box.sender.resend()
            return self.unacked

    def _on_ack(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        with self._lock:
            self._by_topic[message.topic].sender.on_ack(bytes(message.payload))

    def _drive(self) -> None:
        while not self._ends.wait(self._interval_s):
            now = datetime.now(UTC)
            for number, box in enumerate(self.boxes):
                self._report(box, now + timedelta(milliseconds=10 * number))
            self.settle()

    def _report(self, box: Box, moment: datetime) -> None:
        moment = DIALECT.instant(moment)
        phase = (moment.timestamp() + box.offset_s) % PERIOD_S / PERIOD_S
        swing = 4 * abs(phase - 0.5) - 1
        lines = sentences(
            Fix(
                fixed_at=moment,
                lon=114.105,
                lat=22.30 + SWING_DEG * swing,
                speed_mps=30.0,
                hdop=HDOP,
                satellites=9,
                altitude_m=5.0,
            ),
            DIALECT,
        )
        [fix] = read(lines)
        with self._lock:
            box.sender.publish(lines)
            box.sent[unix_ms(fix.fixed_at)] = (fix.lon, fix.lat)


def read(lines: list[str]) -> list[Fix]:
    """What a decoder makes of one epoch's lines."""
    decoder = Decoder()
    decoded = decoder.feed("\r\n".join([*lines, ""]).encode())
    decoded.extend(decoder.end_epoch())
    return decoded.fixes


def box_ref(number: int) -> str:
    """The name of a device of the load."""
    return f"box{number:03d}"


def vehicle_ref(number: int) -> str:
    """The name of the vehicle that it is in."""
    return f"V{number:03d}"


def columns(sent: dict[int, tuple[float, float]]) -> FixBatch:
    """All that one device sent, for the fence engine; vehicle and department are 1."""
    times = sorted(sent)
    return FixBatch(
        vehicle_id=np.ones(len(times), dtype=np.int32),
        department_id=np.ones(len(times), dtype=np.int32),
        fixed_ms=np.array(times, dtype=np.int64),
        lon=np.array([sent[ms][0] for ms in times]),
        lat=np.array([sent[ms][1] for ms in times]),
        error_m=np.full(len(times), error_m(None, HDOP)),
    )
