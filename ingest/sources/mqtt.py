"""MQTT: a persistent session whose messages are acknowledged only when they are durable.

paho is driven by the event loop itself, without a thread of its own: a thread would fight for the
interpreter at each of its small reads. A packet id belongs to one connection: an acknowledgement
of an earlier connection is dropped, for it would acknowledge another message (MQTT contract 3).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.contract import PAYLOAD_LIMIT_BYTES, parse_topic
from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.mqtt_client import Published, QuickClient

if TYPE_CHECKING:
    from paho.mqtt.client import SocketLike

log = logging.getLogger(__name__)

SUBSCRIPTIONS = ("gov/1/+/+/nmea", "gov/1/+/+/fix", "gov/1/+/+/state")
RECEIVE_MAXIMUM = 20_000  # messages in flight; also the bound of what waits here
SESSION_EXPIRY_S = 24 * 3600
KEEPALIVE_S = 20
MISC_EVERY_S = 1.0  # how often paho looks whether a ping is due
RETRY_FIRST_S, RETRY_LAST_S = 0.5, 8.0
DEFAULT_PORT = 1883
TOPICS_KEPT = 200_000
WAITING_BYTES = 4 * 2**20  # read and not fetched: more is left in the socket, so with the broker


class Handle(NamedTuple):
    """Which message of which connection."""

    connection: int
    mid: int


class _Topic(NamedTuple):
    """A topic, and what it says."""

    text: str
    department_ref: str = ""
    device_ref: str = ""
    refused: str | None = None


class MqttSource:
    """Messages of all devices of the shard from one broker."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        clock: Clock,
        name: str = "mqtt",
        topics: Sequence[str] = SUBSCRIPTIONS,
    ) -> None:
        """`url` is `mqtt://[user[:password]@]host[:port]`; the session belongs to `client_id`."""
        self.name = name
        self._subscriptions = topics
        self._parts = urlsplit(url)
        self.client_id = client_id
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._waiting: list[Arrival] = []
        self._waiting_bytes = 0
        #: The socket that is not read because too much waits; None while it is.
        self._paused: SocketLike | None = None
        self._wake = asyncio.Event()
        self._lost = asyncio.Event()
        #: Set once the broker keeps messages for us: from then on none is missed.
        self.subscribed = asyncio.Event()
        #: Whether the broker answers now.
        self.is_connected = False
        self._connection = 0
        self._topics: dict[bytes, _Topic] = {}
        #: Departments to read, and others whose topics an earlier session may still be given.
        self._departments: tuple[frozenset[str], frozenset[str]] | None = None
        self._client = self._make_client(client_id)
        self._keeper: asyncio.Task[None] | None = None

    def _make_client(self, client_id: str) -> QuickClient:
        client = QuickClient(client_id)
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
        self.is_connected = False
        self._client.disconnect()
        self._client.loop_write()

    def follow(self, departments: Iterable[str], others: Iterable[str]) -> None:
        """Read these departments' topics and no longer those of others; at first: everything."""
        wanted = (frozenset(departments), frozenset(others))
        if wanted != self._departments:
            self._departments = wanted
            if self.is_connected:
                self._subscribe()

    def _subscribe(self) -> None:
        if self._departments is None:
            self._client.subscribe([(topic, 1) for topic in self._subscriptions])
            return
        ours, others = (list(_topics(each)) for each in self._departments)
        if others:
            self._client.unsubscribe(others)
        if ours:
            self._client.subscribe([(topic, 1) for topic in ours])
        else:
            self.subscribed.set()

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Bursts, as large as what came since the last one."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            burst, self._waiting, self._waiting_bytes = self._waiting, [], 0
            self._resume()
            if burst:
                yield burst

    def acknowledge(self, handles: Iterable[object]) -> None:
        """Send PUBACK for messages of the connection that is up; drop those of an earlier one."""
        if self.is_connected:
            self._client.acknowledge(
                handle.mid
                for handle in handles
                if isinstance(handle, Handle) and handle.connection == self._connection
            )

    def publish(self, messages: Iterable[tuple[str, bytes]]) -> None:
        """Send (topic, payload) pairs down at QoS 0; nothing is kept while the broker is away."""
        if self.is_connected:
            self._client.send(messages)

    def health(self) -> dict[str, object]:
        """Whether the broker answers."""
        return {"connected": self.is_connected}

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
            if self._paused is not None:
                self._client.expect_no_answer()
            self._client.loop_misc()
            with suppress(TimeoutError):
                async with asyncio.timeout(MISC_EVERY_S):
                    await self._lost.wait()

    def _on_socket_open(self, client: Client, userdata: object, connection: SocketLike) -> None:
        self._loop.call_soon_threadsafe(self._loop.add_reader, connection.fileno(), self._read)

    def _on_socket_close(self, client: Client, userdata: object, connection: SocketLike) -> None:
        self._paused = None
        self._loop.remove_reader(connection.fileno())
        self._loop.remove_writer(connection.fileno())

    def _on_socket_register_write(
        self, client: Client, userdata: object, connection: SocketLike
    ) -> None:
        self._loop.call_soon_threadsafe(self._watch_writes, connection)

    def _watch_writes(self, connection: SocketLike) -> None:
        if connection.fileno() >= 0:  # what there was to write may be gone, and the socket with it
            self._loop.add_writer(connection.fileno(), self._client.loop_write)

    def _on_socket_unregister_write(
        self, client: Client, userdata: object, connection: SocketLike
    ) -> None:
        self._loop.remove_writer(connection.fileno())

    def _read(self) -> None:
        self._client.loop_read()
        if burst := self._client.take():
            now = self._clock.now()
            self._waiting += [self._arrival(each, now) for each in burst]
            self._waiting_bytes += sum(len(each.payload) for each in burst)
            self._wake.set()
        connection = self._client.socket()
        if self._waiting_bytes > WAITING_BYTES and connection is not None:
            self._loop.remove_reader(connection.fileno())
            self._paused = connection

    def _resume(self) -> None:
        connection, self._paused = self._paused, None
        if connection is not None and connection.fileno() >= 0:
            self._loop.add_reader(connection.fileno(), self._read)

    def _arrival(self, message: Published, now: datetime) -> Arrival:
        topic = self._topics.get(message.topic) or self._learn(message.topic)
        refused = topic.refused
        if refused is None and len(message.payload) > PAYLOAD_LIMIT_BYTES:
            refused = "oversized"
        return Arrival(
            payload=message.payload,
            received_at=now,
            department_ref=topic.department_ref,
            device_ref=topic.device_ref,
            whole=True,
            topic=topic.text,
            handle=Handle(self._connection, message.mid) if message.mid else None,
            refused=refused,
        )

    def _learn(self, sent: bytes) -> _Topic:
        """What a topic says; devices use one or two for years, so that is remembered."""
        text = sent.decode(errors="replace")
        parsed = parse_topic(text)
        if parsed is None:
            return _Topic(text, refused="topic")
        if len(self._topics) >= TOPICS_KEPT:
            self._topics.clear()
        topic = _Topic(text, parsed.department_ref, parsed.device_ref)
        self._topics[sent] = topic
        return topic

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
        self._subscribe()

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


def _topics(departments: Iterable[str]) -> Iterator[str]:
    for department in sorted(departments):
        for topic in SUBSCRIPTIONS:
            yield topic.replace("+", department, 1)
