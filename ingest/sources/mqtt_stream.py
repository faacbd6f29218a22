"""Bytes that a gateway forwards over MQTT as they come: cut anywhere, without numbers, without ack.

Each topic is a stream of its own. PUBACK follows the commit as for all messages, and is held back
while the last line of a payload has not come to its end.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Final, Self

from ingest.arrival import Arrival
from ingest.clock import Clock
from ingest.sources.mqtt import MqttSource
from ingest.sources.stream import SILENCE_S, TICK_S, Sender

#: Stands in a topic for the level that names the device.
DEVICE: Final = "{device}"
TOPICS_KEPT: Final = 4096


class MqttStreamSource:
    """The topics of one filter at one broker, each a stream."""

    def __init__(
        self,
        url: str,
        *,
        topic: str,
        sender: Sender,
        client_id: str,
        clock: Clock,
    ) -> None:
        """`topic` is a filter; a level `{device}` in it names the device, else the sender says it,
        or the tag blocks do."""
        host = url.rpartition("@")[2].removeprefix("mqtt://")
        self.name = f"mqtt:{host}/{topic}"
        self._sender = sender
        self._pattern = pattern(topic)
        self._clock = clock
        self._broker = MqttSource(
            url,
            client_id=client_id,
            clock=clock,
            name=self.name,
            topics=(topic.replace(DEVICE, "+"),),
        )
        #: The last portion of each topic, until its silence has been told of to the end.
        self._heard: dict[str, Arrival] = {}
        self._looked_at = clock.now()
        self._bytes = 0

    async def __aenter__(self) -> Self:
        """Begin to connect."""
        await self._broker.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Disconnect; what is not acknowledged waits at the broker."""
        await self._broker.__aexit__(kind, error, trace)

    async def arrivals(self) -> AsyncIterator[list[Arrival]]:
        """Portions as they come, and the silences of each topic."""
        bursts = self._broker.arrivals()
        coming = asyncio.ensure_future(anext(bursts))
        try:
            while True:
                within_s = TICK_S if self._heard else None
                done, _ = await asyncio.wait((coming,), timeout=within_s)
                portions = []
                if done:
                    portions = [self._portion(each) for each in coming.result()]
                    coming = asyncio.ensure_future(anext(bursts))
                if portions := portions + self._silences():
                    yield portions
        finally:
            coming.cancel()

    def acknowledge(self, handles: Iterable[object]) -> None:
        """Send PUBACK."""
        self._broker.acknowledge(handles)

    def health(self) -> dict[str, object]:
        """Whether the broker answers, and how many bytes came."""
        return self._broker.health() | {"bytes": self._bytes}

    def _portion(self, message: Arrival) -> Arrival:
        topic = message.topic or ""
        self._bytes += len(message.payload)
        named = self._pattern.fullmatch(topic)
        device_ref = named["device"] if named and named.groupdict() else self._sender.device_ref
        portion = self._arrival(message.payload, topic, device_ref, message.handle)
        if topic in self._heard or len(self._heard) < TOPICS_KEPT:
            self._heard[topic] = portion
        return portion

    def _silences(self) -> list[Arrival]:
        """Now and then a word for each topic of which nothing came, until its silence is long."""
        now = self._clock.now()
        if (now - self._looked_at).total_seconds() < TICK_S:
            return []
        self._looked_at = now
        told = []
        for topic, last in list(self._heard.items()):
            silent_s = (now - last.received_at).total_seconds()
            if silent_s >= TICK_S:
                told.append(self._arrival(b"", topic, last.device_ref, None))
            if silent_s > SILENCE_S:
                del self._heard[topic]
        return told

    def _arrival(self, payload: bytes, topic: str, device_ref: str, handle: object) -> Arrival:
        return Arrival(
            payload=payload,
            received_at=self._clock.now(),
            department_ref=self._sender.department_ref,
            device_ref=device_ref,
            whole=False,
            needs_checksum=self._sender.needs_checksum,
            handle=handle,
            closes=None if payload else "silence",
            stream=topic,
        )


def pattern(topic: str) -> re.Pattern[str]:
    """What a topic of the filter looks like, with a group `device` where a level names it."""
    levels = {DEVICE: "(?P<device>[^/]+)", "+": "[^/]*", "#": ".*"}
    return re.compile("/".join(levels.get(each, re.escape(each)) for each in topic.split("/")))
