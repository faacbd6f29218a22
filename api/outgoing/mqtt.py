"""MQTT: `gov-out/1/{department}/{kind}`, QoS 1, taken when the broker says PUBACK."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final
from urllib.parse import urlsplit

from paho.mqtt.client import MQTT_ERR_SUCCESS, Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from api.outgoing import cloud_event
from api.outgoing.errors import TryLater
from api.outgoing.settings import MqttSettings
from tracker.outbox import Subscription, Telling

#: As its name at the private broker, where names are bound to client ids.
CLIENT_ID: Final = "milepost-teller"


class Mqtt:
    """One connection to the broker, made at the first sending and kept."""

    def __init__(self, settings: MqttSettings, *, timeout_s: float) -> None:
        self._settings = settings
        self._timeout_s = timeout_s
        self._session: _Session | None = None
        self._connecting = asyncio.Lock()

    async def send(self, telling: Telling, subscription: Subscription) -> None:
        """Return when the broker has it; raises TryLater."""
        body = cloud_event.as_json(telling, subscription)
        try:
            async with asyncio.timeout(self._timeout_s):
                async with self._connecting:
                    session = await self._connected()
                await session.publish(topic_of(telling, subscription), body)
        except (TimeoutError, OSError, ValueError) as error:
            self.close()
            raise TryLater(f"the broker: {type(error).__name__} {error}".rstrip()) from error

    def close(self) -> None:
        """End the connection; the next sending makes another."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    async def _connected(self) -> _Session:
        session = self._session
        if session is None:
            if self._settings.url is None:
                raise TryLater("no broker is named (MILEPOST_MQTT_URL)")
            session = self._session = _Session()
            await asyncio.to_thread(session.open, self._settings)
        await session.is_up.wait()
        return session


class _Session:
    """paho's client in its own thread, waited for from this loop."""

    def __init__(self) -> None:
        self.is_up = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._taken: dict[int, asyncio.Future[None]] = {}
        self._client = Client(
            CallbackAPIVersion.VERSION2, CLIENT_ID, protocol=MQTTProtocolVersion.MQTTv5
        )
        self._client.on_connect = lambda *said: self._tell(self._connected, said[3].is_failure)
        self._client.on_disconnect = lambda *_said: self._tell(self._lost)
        self._client.on_publish = lambda *said: self._tell(self._published, said[2])

    def open(self, settings: MqttSettings) -> None:
        """Connect, in a thread of its own; raises OSError."""
        assert settings.url is not None  # noqa: S101  the caller has asked
        url = urlsplit(settings.url.get_secret_value())
        password = url.password
        if settings.password_file is not None:
            password = settings.password_file.read_text(encoding="utf-8").strip()
        if url.username:
            self._client.username_pw_set(url.username, password)
        secure = url.scheme == "mqtts"
        if secure:
            self._client.tls_set()
        self._client.connect(url.hostname or "", url.port or (8883 if secure else 1883))
        self._client.loop_start()

    def close(self) -> None:
        """End it; who waits for it is told."""
        self._lost()
        self._client.disconnect()
        self._client.loop_stop()

    async def publish(self, topic: str, body: bytes) -> None:
        """Return at the PUBACK; raises OSError where the connection ends before."""
        info = self._client.publish(topic, body, qos=1, properties=_properties())
        if info.rc != MQTT_ERR_SUCCESS:
            raise ConnectionError(f"not sent ({info.rc})")
        # The notice comes over the loop, so never before this line.
        taken = self._taken[info.mid] = self._loop.create_future()
        try:
            await taken
        finally:
            self._taken.pop(info.mid, None)

    def _tell(self, what: Callable[..., None], *said: object) -> None:
        with suppress(RuntimeError):  # the loop has ended: nobody waits
            self._loop.call_soon_threadsafe(what, *said)

    def _connected(self, refused: bool) -> None:
        if not refused:
            self.is_up.set()

    def _lost(self) -> None:
        self.is_up.clear()
        for taken in self._taken.values():
            if not taken.done():
                taken.set_exception(ConnectionError("lost the connection"))

    def _published(self, number: int) -> None:
        taken = self._taken.get(number)
        if taken is not None and not taken.done():
            taken.set_result(None)


def topic_of(telling: Telling, subscription: Subscription) -> str:
    """Its kind is that of the event (`enter`), or `alert` for what was done to one."""
    of_alert = telling.type.startswith("milepost.alert.")
    return f"gov-out/1/{subscription.department}/{'alert' if of_alert else telling.body['kind']}"


def _properties() -> Properties:
    properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]  # paho has no types here
    properties.ContentType = cloud_event.CONTENT_TYPE
    return properties


@contextmanager
def open_mqtt(settings: MqttSettings, *, timeout_s: float) -> Iterator[Mqtt]:
    """The channel, closed at the end."""
    channel = Mqtt(settings, timeout_s=timeout_s)
    try:
        yield channel
    finally:
        channel.close()
