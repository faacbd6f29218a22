"""MQTT: a persistent session whose messages are acknowledged only when they are durable.

paho runs a thread of its own; what it brings is handed over in bursts, one wake-up a burst.
A packet id belongs to one connection: an acknowledgement of an earlier connection is dropped,
because it would acknowledge another message (MQTT contract 3).
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.contract import PAYLOAD_LIMIT_BYTES, parse_topic
from ingest.arrival import Arrival
from ingest.clock import Clock

log = logging.getLogger(__name__)

SUBSCRIPTIONS = ("gov/1/+/+/nmea", "gov/1/+/+/fix")
RECEIVE_MAXIMUM = 20_000  # messages in flight; also the bound of what waits here
SESSION_EXPIRY_S = 24 * 3600
KEEPALIVE_S = 20
DEFAULT_PORT = 1883


class Handle(NamedTuple):
    """Which message of which connection."""

    connection: int
    mid: int


class MqttSource:
    """Messages of all devices of the shard from one broker."""

    name = "mqtt"

    def __init__(self, url: str, *, client_id: str, clock: Clock) -> None:
        """`url` is `mqtt://[user[:password]@]host[:port]`; the session belongs to `client_id`."""
        self._parts = urlsplit(url)
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: deque[Arrival] = deque()
        self._wake = asyncio.Event()
        self._wake_is_due = False
        self._loop = asyncio.get_running_loop()
        #: Set once the broker keeps messages for us: from then on none is missed.
        self.subscribed = asyncio.Event()
        #: Grows with each connection; odd while one is up.
        self._connection = 0
        self._client = self._make_client(client_id)

    @property
    def is_connected(self) -> bool:
        """Whether the broker answers now."""
        return self._connection % 2 == 1

    def _make_client(self, client_id: str) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            protocol=MQTTProtocolVersion.MQTTv5,
            manual_ack=True,
        )
        if self._parts.username:
            client.username_pw_set(
                unquote(self._parts.username), unquote(self._parts.password or "")
            )
        client.reconnect_delay_set(min_delay=1, max_delay=8)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        return client

    async def __aenter__(self) -> Self:
        """Begin to connect; the broker may be away still."""
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        self._client.connect_async(
            self._parts.hostname or "127.0.0.1",
            self._parts.port or DEFAULT_PORT,
            keepalive=KEEPALIVE_S,
            clean_start=False,
            properties=properties,
        )
        self._client.loop_start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; the session stays, so what comes meanwhile waits at the broker."""
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts, as large as what came since the last one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            with self._lock:
                burst = list(self._waiting)
                self._waiting.clear()
                self._wake_is_due = False
            if burst:
                yield burst

    def acknowledge(self, handles: Iterable[object]) -> None:
        """Send PUBACK for messages of the connection that is up; drop those of an earlier one."""
        with self._lock:
            for handle in handles:
                if isinstance(handle, Handle) and handle.connection == self._connection:
                    self._client.ack(handle.mid, 1)

    def publish(self, topic: str, payload: bytes) -> None:
        """Send down at QoS 0; nothing is kept for later when the broker is away."""
        if self.is_connected:
            self._client.publish(topic, payload, qos=0)

    def _on_connect(
        self,
        client: Client,
        userdata: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if reason.is_failure:
            log.warning("the broker refuses us: %s", reason)
            return
        with self._lock:
            self._connection += 1
        log.info("connected to the broker, session %s", "kept" if flags.session_present else "new")
        client.subscribe([(topic, 1) for topic in SUBSCRIPTIONS])

    def _on_subscribe(
        self,
        client: Client,
        userdata: object,
        mid: int,
        reasons: list[ReasonCode],
        properties: Properties | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self.subscribed.set)

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        with self._lock:
            if self.is_connected:
                self._connection += 1
        log.warning("the broker is gone: %s; what was not acknowledged comes again", reason)

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        with self._lock:
            self._waiting.append(self._arrival(message))
            if self._wake_is_due:
                return
            self._wake_is_due = True
        self._loop.call_soon_threadsafe(self._wake.set)

    def _arrival(self, message: MQTTMessage) -> Arrival:
        topic = parse_topic(message.topic)
        refused = None
        if topic is None:
            refused = "topic"
        elif len(message.payload) > PAYLOAD_LIMIT_BYTES:
            refused = "oversized"
        return Arrival(
            payload=bytes(message.payload),
            received_at=self._clock.now(),
            department_ref=topic.department_ref if topic else "",
            device_ref=topic.device_ref if topic else "",
            whole=True,
            topic=message.topic,
            handle=Handle(self._connection, message.mid) if message.qos else None,
            refused=refused,
        )
