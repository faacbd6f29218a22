"""MQTT: a persistent session whose messages are acknowledged only when they are durable.

paho is driven by the event loop itself, without a thread of its own: a thread would fight for the
interpreter at each of its small reads. A packet id belongs to one connection: an acknowledgement
of an earlier connection is dropped, for it would acknowledge another message (MQTT contract 3).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.contract import PAYLOAD_LIMIT_BYTES, parse_topic
from ingest.arrival import Arrival
from ingest.clock import Clock

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

log = logging.getLogger(__name__)

SUBSCRIPTIONS = ("gov/1/+/+/nmea", "gov/1/+/+/fix")
RECEIVE_MAXIMUM = 20_000  # messages in flight; also the bound of what waits here
SESSION_EXPIRY_S = 24 * 3600
KEEPALIVE_S = 20
MISC_EVERY_S = 1.0  # how often paho looks whether a ping is due
RETRY_FIRST_S, RETRY_LAST_S = 0.5, 8.0
DEFAULT_PORT = 1883
#: Packets read at one go, before the other tasks have a turn.
PACKETS_AT_ONCE = 200


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
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Arrival] = []
        self._wake = asyncio.Event()
        self._lost = asyncio.Event()
        #: Set once the broker keeps messages for us: from then on none is missed.
        self.subscribed = asyncio.Event()
        #: Whether the broker answers now.
        self.is_connected = False
        self._connection = 0
        self._client = self._make_client(client_id)
        self._keeper: asyncio.Task[None] | None = None

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
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho's own
        properties.SessionExpiryInterval = SESSION_EXPIRY_S
        properties.ReceiveMaximum = RECEIVE_MAXIMUM
        client.connect_async(
            self._parts.hostname or "127.0.0.1",
            self._parts.port or DEFAULT_PORT,
            keepalive=KEEPALIVE_S,
            clean_start=False,
            properties=properties,
        )
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        client.on_subscribe = self._on_subscribe
        client.on_socket_open = self._on_socket_open
        client.on_socket_close = self._on_socket_close
        client.on_socket_register_write = self._on_socket_register_write
        client.on_socket_unregister_write = self._on_socket_unregister_write
        return client

    async def __aenter__(self) -> Self:
        """Begin to connect; the broker may be away still."""
        self._keeper = asyncio.create_task(self._keep_connected())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; the session stays, so what comes meanwhile waits at the broker."""
        if self._keeper is not None:
            self._keeper.cancel()
        self._client.disconnect()
        self._client.loop_write()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts, as large as what came since the last one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            burst, self._waiting = self._waiting, []
            if burst:
                yield burst

    def acknowledge(self, handles: Iterable[object]) -> None:
        """Send PUBACK for messages of the connection that is up; drop those of an earlier one."""
        for handle in handles:
            if (
                self.is_connected
                and isinstance(handle, Handle)
                and handle.connection == self._connection
            ):
                self._client.ack(handle.mid, 1)

    def health(self) -> dict[str, object]:
        """Whether the broker answers."""
        return {"connected": self.is_connected}

    def publish(self, topic: str, payload: bytes) -> None:
        """Send down at QoS 0; nothing is kept for later when the broker is away."""
        if self.is_connected:
            self._client.publish(topic, payload, qos=0)

    async def _keep_connected(self) -> None:
        wait_s, said = RETRY_FIRST_S, False
        while True:
            self._lost.clear()
            try:
                # Looking up a name and connecting may block; the callbacks of both are ours.
                await asyncio.to_thread(self._client.reconnect)
            except OSError as error:
                if not said:
                    log.warning("the broker does not answer: %s; trying on", error)
                said = True
            else:
                await self._look_after_connection()
                wait_s, said = RETRY_FIRST_S, False
            await asyncio.sleep(wait_s)
            wait_s = min(wait_s * 2, RETRY_LAST_S)

    async def _look_after_connection(self) -> None:
        """Until it is lost: paho sends its pings, and finds out when one is not answered."""
        while not self._lost.is_set():
            self._client.loop_misc()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._lost.wait(), MISC_EVERY_S)

    def _on_socket_open(self, client: Client, userdata: object, connection: SocketLike) -> None:
        self._loop.call_soon_threadsafe(self._loop.add_reader, connection.fileno(), self._read)

    def _on_socket_close(self, client: Client, userdata: object, connection: SocketLike) -> None:
        self._loop.remove_reader(connection.fileno())
        self._loop.remove_writer(connection.fileno())

    def _on_socket_register_write(
        self, client: Client, userdata: object, connection: SocketLike
    ) -> None:
        self._loop.call_soon_threadsafe(
            self._loop.add_writer, connection.fileno(), client.loop_write
        )

    def _on_socket_unregister_write(
        self, client: Client, userdata: object, connection: SocketLike
    ) -> None:
        self._loop.remove_writer(connection.fileno())

    def _read(self) -> None:
        """Read packets until none is whole, or so many that others must have their turn."""
        for _ in range(PACKETS_AT_ONCE):
            before = len(self._waiting)
            self._client.loop_read()
            if len(self._waiting) == before:
                break
        if self._waiting:
            self._wake.set()

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
        self._connection += 1
        self.is_connected = True
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
        self.subscribed.set()

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        if self.is_connected:
            log.warning("the broker is gone: %s; what was not acknowledged comes again", reason)
        self.is_connected = False
        self._lost.set()

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        topic = parse_topic(message.topic)
        refused = None
        if topic is None:
            refused = "topic"
        elif len(message.payload) > PAYLOAD_LIMIT_BYTES:
            refused = "oversized"
        self._waiting.append(
            Arrival(
                payload=bytes(message.payload),
                received_at=self._clock.now(),
                department_ref=topic.department_ref if topic else "",
                device_ref=topic.device_ref if topic else "",
                whole=True,
                topic=message.topic,
                handle=Handle(self._connection, message.mid) if message.qos else None,
                refused=refused,
            )
        )
